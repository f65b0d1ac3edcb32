/**
 * Pass: what administration commands name has numbers that the standard keeps for device types.
 *
 * @module
 */

import type { Draft } from "./draft.ts";

/** Numbers of device types, both ends included (VIRTIO 1.4, 2.12.1.2, 2.12.1.3 and 2.14). */
const RANGES = [
  ["capabilities", 0x800, 0xfff],
  ["objects", 0x200, 0x4ff],
  ["parts", 0x200, 0x5ff],
] as const;

/** Reports enumerations that are not described, and members that all device types or nobody may have. */
export function numbersOwn(draft: Draft): void {
  const { adminQueue } = draft.device ?? {};
  for (const [kind, first, last] of RANGES) {
    for (const [i, name] of (adminQueue?.[kind] ?? []).entries()) {
      const path = `adminQueue.${kind}[${i}]`;
      const enumeration = draft.enums.get(name);
      if (enumeration === undefined) {
        draft.unknown("V031", path, name, "an enumeration", draft.enums.keys());
        continue;
      }
      for (const { member, value } of enumeration.members) {
        if (value >= first && value <= last) continue;
        const found = `${member} of ${name}, ${hex(value)}`;
        draft.report("V096", path, found, `numbers from ${hex(first)} to ${hex(last)}`);
      }
    }
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/**
 * Pass: modules are distinct. Of all descriptions of one run, no two share a name or a device id.
 *
 * @module
 */

import type { Draft } from "./draft.ts";

/** Reports a description that shares its name, class prefix or device id with one before it. */
export function modulesDistinct(draft: Draft, all: readonly Draft[]): void {
  const before = all.slice(0, all.indexOf(draft))
    .filter((other) => (other.device === null) === (draft.device === null));
  for (const key of ["name", "prefix", "id"] as const) {
    const value = valueOf(draft, key);
    const other = before.find((one) => value !== undefined && valueOf(one, key) === value);
    if (other === undefined) continue;
    const hint = `${other.description.name} of ${other.source} has it too`;
    draft.report("V020", key, JSON.stringify(value), "one of its own", hint);
  }
}

function valueOf({ device, description }: Draft, key: "name" | "prefix" | "id") {
  return key === "name" ? description.name : device?.[key];
}

/**
 * Passes: registers and shared memory regions are apart.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Draft, entries } from "./draft.ts";

/** Reports registers that share bytes with another one that is read, or written, as well. */
export function registersApart(draft: Draft): void {
  if (!("registers" in draft.description)) return;
  for (const [file, { registers }] of entries(draft.description.registers)) {
    const all = entries(registers);
    for (const [i, [name, register]] of all.entries()) {
      const other = all.slice(0, i).find(([, one]) => overlap(one, register));
      if (other === undefined) continue;
      const path = `registers.${file}.registers.${name}`;
      const found = `bytes ${register.offset} to ${register.offset + register.size - 1}`;
      draft.report("V094", path, found, "bytes of its own", `"${other[0]}" has some of them`);
    }
  }
}

function overlap(a: dsl.Register, b: dsl.Register): boolean {
  const both = [...a.access].some((way) => b.access.includes(way));
  return both && a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

/** Reports shared memory regions with the id of another, or one that does not exist. */
export function sharedMemoryApart(draft: Draft): void {
  const taken = new Map<number, string>();
  for (const [name, { id }] of entries(draft.device?.sharedMemory)) {
    const path = `sharedMemory.${name}.id`;
    const other = taken.get(id);
    if (id > 255) draft.report("V095", path, `${id}`, "0 to 255");
    if (other === undefined) taken.set(id, name);
    else draft.report("V095", path, `${id}`, "an id of its own", `it is also that of "${other}"`);
  }
}

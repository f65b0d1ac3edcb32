/**
 * How wide the fields of a configuration space are, for buses on which accesses have their widths.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { scalarText } from "./scalars.ts";

/** Bytes of a field, and how many such fields follow each other. */
type Run = readonly [width: number, count: number];

/** The fields as text, one run behind the other: `[8, 1], [4, 2]`; what has no width of its own is bytes. */
export function configWidthsText(fields: readonly FieldModel[]): string {
  const runs: Run[] = [];
  for (const [width, count] of fields.flatMap(runsOf)) {
    const last = runs.at(-1);
    if (last?.[0] === width) runs[runs.length - 1] = [width, last[1] + count];
    else runs.push([width, count]);
  }
  return runs.map(([width, count]) => `[${width}, ${count}]`).join(", ");
}

function runsOf({ field, struct, size }: FieldModel): readonly Run[] {
  if (field.kind === "scalar" || field.kind === "bits") return [[scalarText(field.type).size, 1]];
  if (field.kind === "struct" && struct !== null) return struct.fields.flatMap(runsOf);
  if (field.kind === "array" && typeof field.of === "string" && size !== null) {
    const width = scalarText(field.of).size;
    return [[width, size / width]];
  }
  return size === null ? [] : [[1, size]];
}

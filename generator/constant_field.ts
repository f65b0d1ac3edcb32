/**
 * Numbers at places of a message that are the same in all of them.
 *
 * @module
 */

import type { FieldModel } from "./model.ts";

/** A scalar, and its offset from the start of the message in bytes. */
export interface ConstantField {
  readonly field: FieldModel;
  readonly at: number;
}

/** The scalar that a path through structs leads to, also from inside an inlined one, unless its place depends on what stands before it. */
export function constantField(
  fields: readonly FieldModel[],
  path: readonly string[],
): ConstantField | undefined {
  const [first, ...rest] = path;
  const field = fields.find(({ name }) => name === first);
  if (field !== undefined) {
    return rest.length > 0 ? inside(field, rest) : scalarAt(field);
  }
  for (const one of fields) {
    if (one.field.kind !== "struct" || one.field.inline !== true) continue;
    const inner = inside(one, path);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function inside(field: FieldModel, path: readonly string[]): ConstantField | undefined {
  const inner = constantField(field.struct?.fields ?? [], path);
  if (inner === undefined || field.offset === null) return undefined;
  return { field: inner.field, at: field.offset + inner.at };
}

function scalarAt(field: FieldModel): ConstantField | undefined {
  if (field.offset === null || field.field.kind !== "scalar") return undefined;
  return { field, at: field.offset };
}

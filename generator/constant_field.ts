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

/** The scalar that a path through structs leads to, unless its place depends on what stands before it. */
export function constantField(
  fields: readonly FieldModel[],
  path: readonly string[],
): ConstantField | undefined {
  const [first, ...rest] = path;
  const field = fields.find(({ name }) => name === first);
  if (field === undefined || field.offset === null) return undefined;
  const at = field.offset;
  if (rest.length === 0) return field.field.kind === "scalar" ? { field, at } : undefined;
  const inner = constantField(field.struct?.fields ?? [], rest);
  return inner === undefined ? undefined : { field: inner.field, at: at + inner.at };
}

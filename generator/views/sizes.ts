/**
 * Sizes of fields that can be said before a message is read or written, as text.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { lengthOf, pathOf } from "./paths.ts";
import { scalarSize } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated, structShape } from "./shape.ts";
import type { Siblings } from "./siblings.ts";
import { operandText, sumText } from "./text.ts";

/** Bytes of one element of a field with a length; null for elements of several sizes. */
export function elementSize(scope: Scope, field: FieldModel["field"]): number | null {
  if (field.kind === "bytes" || field.kind === "payload" || field.kind === "sequence") return 1;
  if (field.kind !== "array") return null;
  if (typeof field.of === "string") return scalarSize(field.of);
  return "bytes" in field.of ? field.of.bytes : scope.struct(field.of.struct).size;
}

/** Bytes of a field, as if it were there; null where that can't be said beforehand. */
export function sizeText(scope: Scope, siblings: Siblings, model: FieldModel): string | null {
  const { field } = model;
  if (field.kind === "struct") {
    const struct = scope.struct(field.struct);
    if (structShape(scope, struct) === "grown") return scope.sessionSize(struct);
  }
  const length = lengthOf(field);
  const size = elementSize(scope, field);
  if (typeof length === "object" && length !== null && "config" in length && size !== null) {
    return timesText(siblings.length(model, length).count, size);
  }
  return model.size === null ? null : String(model.size);
}

/** The same for a writable field whose size the request, or the caller, tells. */
export function extentText(scope: Scope, siblings: Siblings, model: FieldModel): string | null {
  const { field } = model;
  const known = sizeText(scope, siblings, model);
  const length = lengthOf(field);
  if (known !== null || typeof length !== "object" || length === null) return known;
  const outside = "given" in length ||
    "field" in length && siblings.find(pathOf(length.field)[0]!) === undefined;
  if (!outside || field.kind === "payload") return null;
  const { count } = siblings.length(model, length);
  if (field.kind === "array" && field.stride !== undefined) {
    return timesText(count, siblings.reference(pathOf(field.stride.field), model).decode);
  }
  const size = elementSize(scope, field);
  return size === null ? null : timesText(count, size);
}

/** Bytes of all of these fields, with what gates say; null where that can't be said beforehand. */
export function sumOf(
  scope: Scope,
  fields: readonly FieldModel[],
  text: (model: FieldModel) => string | null,
): string | null {
  let known = 0;
  const more: string[] = [];
  for (const model of fields) {
    const size = text(model);
    if (size === null) return null;
    if (isGated(model)) more.push(`(${scope.fieldGate(model)} ? ${size} : 0)`);
    else if (/^\d+$/.test(size)) known += Number(size);
    else more.push(size);
  }
  return sumText(...more, String(known));
}

/** Bytes behind a field. */
export function behindText(scope: Scope, siblings: Siblings, model: FieldModel): string {
  const behind = siblings.flat.slice(siblings.flat.indexOf(model) + 1);
  return sumOf(scope, behind, (each) => sizeText(scope, siblings, each)) ?? "0";
}

function timesText(count: string, size: number | string): string {
  return size === 1 ? count : `${operandText(count)} * ${size}`;
}

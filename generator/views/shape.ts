/**
 * Which layouts can be read at constant offsets, and which must be walked.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import type { Scope } from "./scope.ts";

/**
 * `fixed`: every field at a constant offset. `grown`: the same, cut short by what was negotiated.
 * `walked`: read field by field.
 */
export type Shape = "fixed" | "grown" | "walked";

/** The shape of a struct. */
export function structShape(scope: Scope, struct: StructModel): Shape {
  if (!struct.fields.every((field) => isPlain(scope, field))) return "walked";
  if (struct.grows) return "grown";
  return struct.fields.some(isGated) ? "walked" : "fixed";
}

/** Whether the field is not always there. */
export function isGated({ when, unless, legacyWhen, field }: FieldModel): boolean {
  return [when, unless, legacyWhen].some((gate) => gate.length > 0) || field.strict === false;
}

/** Whether the field stands elsewhere by the text. */
export function hasTwoPlaces({ field }: FieldModel): boolean {
  return field.kind === "bytes" && field.strictBefore !== undefined;
}

/** Whether what stands in the field fills an area of a known size, with zeroes behind it. */
export function fillsArea({ length }: dsl.Sequence): boolean {
  return typeof length === "number" || typeof length === "object" && "config" in length;
}

/** Whether the field has a size, no alternatives, and nothing that only a walk can tell. */
export function isPlain(scope: Scope, model: FieldModel): boolean {
  const { field } = model;
  if (hasTwoPlaces(model)) return false;
  switch (field.kind) {
    case "scalar":
      return !field.type.startsWith("session") && field.value === undefined &&
        field.reserved !== "zero" && field.echoes === undefined &&
        typeof field.max !== "object" &&
        (field.enum === undefined || scope.enumeration(field.enum).unknown === "keep");
    case "bits":
      return !field.type.startsWith("session") &&
        Object.values(field.fields).every((bit) => bit.reserved !== "zero");
    case "bytes":
      return typeof field.length === "number" && field.reserved !== "zero" &&
        (field.text === undefined || field.text === "padded");
    case "struct":
      return structShape(scope, scope.struct(field.struct)) === "fixed";
    default:
      return false;
  }
}

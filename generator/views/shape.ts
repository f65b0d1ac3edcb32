/**
 * Which layouts can be read at constant offsets, and which must be walked.
 *
 * @module
 */

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

/** Whether the field always stands there. */
export function isGated(field: FieldModel): boolean {
  return field.when.length > 0 || field.unless.length > 0;
}

/** Whether the field has a size, no alternatives, and nothing that a reader could refuse. */
export function isPlain(scope: Scope, { field }: FieldModel): boolean {
  switch (field.kind) {
    case "scalar":
      return !field.type.startsWith("session") && field.value === undefined &&
        field.reserved !== "zero" &&
        (field.enum === undefined || scope.enumeration(field.enum).unknown === "keep");
    case "bits":
      return Object.values(field.fields).every((bit) => bit.reserved !== "zero");
    case "bytes":
      return typeof field.length === "number" && field.reserved !== "zero" &&
        (field.text === undefined || field.text === "padded");
    case "struct":
      return structShape(scope, scope.struct(field.struct)) === "fixed";
    default:
      return false;
  }
}

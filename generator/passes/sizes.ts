/**
 * Sizes of fields, as far as a description fixes them.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { ArmModel, FieldModel, StructModel } from "../model.ts";

/** Bytes of a scalar. */
export function scalarSize(type: dsl.ScalarType): number {
  return type === "u8" ? 1 : Number(type.replace(/^\D+/, "")) / 8;
}

/** What the size of a composed field depends on. */
export interface Inner {
  readonly struct: StructModel | null;
  readonly arms: readonly ArmModel[];
}

/** Bytes of a field that is there; null when that varies. */
export function sizeOf(field: FieldModel["field"], inner: Inner): number | null {
  switch (field.kind) {
    case "scalar":
    case "bits":
      return scalarSize(field.type);
    case "bytes":
    case "payload":
      return fixed(field.length);
    case "array": {
      const count = fixed(field.length);
      const element = elementSize(field, inner.struct);
      return count === null || element === null ? null : count * element;
    }
    case "struct":
      return constantSize(inner.struct);
    case "union":
      return field.size ?? commonSize(field, inner.arms);
    case "sequence":
      return field.length === undefined ? null : fixed(field.length);
  }
}

/** Bytes of one element of an array; null when that varies. */
export function elementSize(field: dsl.ArrayField, struct: StructModel | null): number | null {
  if (typeof field.of === "string") return scalarSize(field.of);
  return "bytes" in field.of ? field.of.bytes : constantSize(struct);
}

/** Fewest bytes of a field that is there. */
export function minSizeOf(field: FieldModel["field"], inner: Inner): number {
  const size = sizeOf(field, inner);
  if (size !== null) return size;
  switch (field.kind) {
    case "bytes":
    case "payload":
      return fewest(field.length);
    case "array": {
      const element = typeof field.of === "string"
        ? scalarSize(field.of)
        : "bytes" in field.of
        ? field.of.bytes
        : inner.struct?.minSize ?? 0;
      const counts = typeof field.length === "object" && "bytes" in field.length;
      return fewest(field.length) * (counts ? 1 : element);
    }
    case "struct":
      return inner.struct?.minSize ?? 0;
    case "union":
      return field.otherwise === "raw" ? 0 : leastArm(inner.arms);
    default:
      return 0;
  }
}

/** Whether the field takes what its part has left. */
export function takesRest(field: FieldModel["field"], inner: Inner): boolean {
  switch (field.kind) {
    case "bytes":
    case "payload":
    case "array":
      return field.length === "rest";
    case "sequence":
      return (field.length ?? "rest") === "rest";
    case "struct":
      return inner.struct !== null && endsInRest(inner.struct.fields);
    case "union":
      return field.size === undefined &&
        (field.otherwise === "raw" || isStateful(field) ||
          inner.arms.some((arm) => endsInRest(arm.fields)));
    default:
      return false;
  }
}

/** Whether some field of a list takes what is left. */
export function endsInRest(fields: readonly FieldModel[]): boolean {
  return fields.some((model) => takesRest(model.field, model));
}

/** Whether a union's selector stands outside the message. */
export function isStateful(
  field: dsl.Union,
): field is dsl.Union & { readonly by: { readonly state: string } } {
  return typeof field.by === "object" && "state" in field.by;
}

function fixed(length: dsl.Length): number | null {
  return typeof length === "number" ? length : null;
}

function fewest(length: dsl.Length): number {
  if (typeof length === "number") return length;
  if (length === "rest" || "given" in length) return 0;
  return Math.max(0, length.plus ?? 0);
}

function constantSize(struct: StructModel | null): number | null {
  return struct !== null && struct.minSize === struct.size ? struct.size : null;
}

function commonSize(field: dsl.Union, arms: readonly ArmModel[]): number | null {
  const first = arms[0];
  if (first === undefined || field.otherwise === "raw" || isStateful(field)) return null;
  return arms.every((arm) => arm.size === first.size) ? first.size : null;
}

function leastArm(arms: readonly ArmModel[]): number {
  const sizes = arms.map((arm) => leastSize(arm.fields));
  return sizes.length === 0 ? 0 : Math.min(...sizes);
}

/** Fewest bytes of fields in a row: gates shut, variable parts empty. */
export function leastSize(fields: readonly FieldModel[]): number {
  return fields.filter((field) => !isGated(field))
    .reduce((sum, model) => sum + minSizeOf(model.field, model), 0);
}

/** Bytes of fields in a row with every gate open; null when variable. */
export function fullSize(fields: readonly FieldModel[]): number | null {
  let sum = 0;
  for (const { size, struct, field } of fields) {
    const full = size ?? (field.kind === "struct" ? struct?.size ?? null : null);
    if (full === null) return null;
    sum += full;
  }
  return sum;
}

/** Whether a field may be absent. */
export function isGated(
  { when, unless, legacyWhen }: Pick<FieldModel, "when" | "unless" | "legacyWhen">,
): boolean {
  return [when, unless, legacyWhen].some((gate) => gate.length > 0);
}

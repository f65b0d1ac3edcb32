/**
 * Fields as rows of a table for a person.
 *
 * @module
 */

import type * as dsl from "../spec/types.ts";
import type { Alternatives, ArmModel, FieldModel } from "./model.ts";

/** Names of features as a condition: `A and B, or C`. */
export function gateText(alternatives: Alternatives): string {
  return alternatives.map((all) => all.join(" and ")).join(", or ");
}

/** Rows as lines with columns of equal width; those at `right` are set to the right. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, i) => {
      const width = widths[i] ?? 0;
      if (right.includes(i)) return cell.padStart(width);
      return i === row.length - 1 ? cell : cell.padEnd(width);
    }).join("  ").trimEnd()
  );
}

/** Where fields stand, and how their gates are told. */
export interface FieldContext {
  /** Bytes before the first field; null when not known. */
  readonly from: number | null;
  /** What stands before the names of features: "with". */
  readonly gate: string;
}

/** Lines for fields, those of structs and arms indented below them. */
export function fieldRows(fields: readonly FieldModel[], context: FieldContext): string[] {
  return table(rowsOf(fields, context, ""), [0, 1]);
}

type Row = readonly [at: string, size: string, type: string, name: string, doc: string];

function rowsOf(fields: readonly FieldModel[], context: FieldContext, pad: string): Row[] {
  return fields.flatMap((model): Row[] => {
    const { field } = model;
    const row: Row = [
      placeText(model, context.from),
      model.size === null ? "…" : String(model.size),
      pad + typeText(field),
      pad + model.name,
      docText(model, context.gate),
    ];
    const from = context.from === null || model.offset === null
      ? null
      : context.from + model.offset;
    return [row, ...innerRows(model, { ...context, from }, `${pad}  `)];
  });
}

function innerRows(model: FieldModel, context: FieldContext, pad: string): Row[] {
  const { field, struct, arms } = model;
  switch (field.kind) {
    case "bits":
      return bitRows(field, pad);
    case "struct":
      return struct === null ? [] : rowsOf(struct.fields, context, pad);
    case "array":
      return struct === null ? [] : rowsOf(struct.fields, { ...context, from: null }, pad);
    case "union":
      return arms.flatMap((arm) => armRows(arm, context, pad));
    case "sequence": {
      const inside = { ...context, from: null };
      const header = struct === null ? [] : rowsOf(struct.fields, inside, pad);
      return [...header, ...arms.flatMap((arm) => armRows(arm, inside, pad))];
    }
    default:
      return [];
  }
}

function armRows(arm: ArmModel, context: FieldContext, pad: string): Row[] {
  const size = arm.size === null ? "…" : String(arm.size);
  const row: Row = ["", size, `${pad}if ${arm.tags.join(", ")}`, pad + arm.name, arm.doc];
  return [row, ...rowsOf(arm.struct?.fields ?? arm.fields, context, `${pad}  `)];
}

function bitRows(field: dsl.Bits, pad: string): Row[] {
  let shift = 0;
  return Object.entries(field.fields).map(([name, { width, doc, reserved }]): Row => {
    const last = shift + width - 1;
    const type = `${pad}bit${width === 1 ? ` ${shift}` : `s ${shift}-${last}`}`;
    shift += width;
    return ["", "", type, pad + name, doc ?? (reserved === undefined ? "" : "reserved")];
  });
}

/** Offset from the start, or from the end of the part; "…" behind something variable. */
function placeText({ offset, offsetFromEnd }: FieldModel, from: number | null): string {
  if (from !== null && offset !== null) return String(from + offset);
  if (offsetFromEnd !== null) return `end-${offsetFromEnd}`;
  return offset === null || from !== null ? "…" : `+${offset}`;
}

function typeText(field: FieldModel["field"]): string {
  switch (field.kind) {
    case "scalar":
    case "bits":
      return field.type;
    case "bytes":
      return `${field.text === undefined ? "u8" : "char"}[${lengthText(field.length)}]`;
    case "payload":
      return `data[${lengthText(field.length)}]`;
    case "array":
      return `${elementText(field.of)}[${lengthText(field.length)}]`;
    case "struct":
      return `struct ${field.struct}`;
    case "union":
      return typeof field.by === "object" && "state" in field.by
        ? `union by ${field.by.state}`
        : `union by ${pathText(field.by)}`;
    case "sequence":
      return `sequence by ${field.by}`;
  }
}

function elementText(of: dsl.ArrayField["of"]): string {
  if (typeof of === "string") return of;
  return "struct" in of ? `struct ${of.struct}` : `u8[${of.bytes}]`;
}

function lengthText(length: dsl.Length): string {
  if (typeof length === "number") return String(length);
  if (length === "rest") return "rest";
  if ("given" in length) return length.given;
  const plus = length.plus === undefined ? "" : ` + ${length.plus}`;
  if ("config" in length) return `config.${length.config}${plus}`;
  if ("bytes" in length) return `${pathText(length.bytes)} bytes${plus}`;
  const times = length.times === undefined ? "" : `${length.times} * `;
  return `${times}${pathText(length.field)}${plus}`;
}

function pathText(path: dsl.Path): string {
  return typeof path === "string" ? path : path.join(".");
}

/** What the field is, and in brackets what holds for it. */
function docText({ doc, field, when, unless }: FieldModel, gate: string): string {
  const notes = [
    ...(when.length === 0 ? [] : [`${gate} ${gateText(when)}`]),
    ...(unless.length === 0 ? [] : [`without ${gateText(unless)}`]),
    ...("driverWrites" in field && field.driverWrites !== undefined
      ? ["the driver writes it"]
      : []),
    ...("value" in field && field.value !== undefined ? [`always ${field.value}`] : []),
    ...("enum" in field && field.enum !== undefined ? [field.enum] : []),
    ...("strictBefore" in field && field.strictBefore !== undefined
      ? [`before ${field.strictBefore} by the text of the standard`]
      : []),
    ..."reserved" in field && field.reserved !== undefined ? ["reserved"] : [],
  ];
  return [doc, notes.length === 0 ? "" : `[${notes.join("; ")}]`].filter(Boolean).join(" ");
}

/**
 * Fields on the reference page: drawn, and in tables.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { Alternatives, FieldModel, MessagesModel } from "../model.ts";
import { byteTable } from "./byte_table.ts";
import { anchor, code, paragraph, plain, table, where } from "./markdown.ts";

/** A gate in words: `FLUSH`, `MQ or RSS`, `A and B, or C`. */
export function gateWords(alternatives: Alternatives): string {
  const several = alternatives.some((all) => all.length > 1);
  return alternatives.map((all) => all.map(code).join(" and ")).join(several ? ", or " : " or ");
}

/** The layout, drawn. */
export function drawing(fields: readonly FieldModel[]): string[] {
  return ["```text", ...byteTable(fields), "```"];
}

/** The table of the fields of a struct. */
export function fieldTable(fields: readonly FieldModel[]): string[] {
  if (fields.length === 0) return [];
  return table(["Offset", "Field", "Type", "With", "Meaning"], fields.flatMap(rowsOf));
}

/** What fields of a configuration have to be beside each other. */
export function ruleLines(checks: readonly dsl.ConfigCheck[]): string[] {
  if (checks.length === 0) return [];
  const rules = checks.flatMap(({ of, doc, section }) =>
    paragraph(`- ${pathText(of.config)} is ${plain(doc)}${where(section ?? "none")}`, "  ")
  );
  return ["", "A device is made with nothing else, and a driver takes nothing else:", "", ...rules];
}

/** The table of the fields of a message; none when there are no fields. */
export function partTable(
  readable: readonly FieldModel[],
  writable: readonly FieldModel[],
): string[] {
  const rows = [
    ...readable.flatMap((field) => rowsOf(field).map((row) => ["readable", ...row])),
    ...writable.flatMap((field) => rowsOf(field).map((row) => ["writable", ...row])),
  ];
  if (rows.length === 0) return [];
  return table(["Part", "Offset", "Field", "Type", "With", "Meaning"], rows);
}

/** Fields that all cases have, by their places in the description. */
export function commonFields(set: MessagesModel): ReadonlySet<string> {
  const paths = set.cases.map((one) =>
    new Set([...one.readable.fields, ...one.writable.fields].map((field) => field.path))
  );
  const [first = new Set<string>(), ...others] = paths;
  return new Set([...first].filter((path) => others.every((each) => each.has(path))));
}

/** The table of the fields that all cases have; those at the end that do not stand at one place, by the end. */
export function commonTable(set: MessagesModel, common: ReadonlySet<string>): string[] {
  const [first, ...others] = set.cases;
  if (first === undefined) return [];
  const { readable, writable } = first;
  const placed = writable.fields.map((model, at): FieldModel => {
    const moves = others.some((one) =>
      one.writable.fields.some(({ path, offset }) => path === model.path && offset !== model.offset)
    );
    if (!moves) return model;
    const offsetFromEnd = writable.fields.slice(at)
      .reduce<number | null>(
        (sum, { size }) => sum === null || size === null ? null : sum + size,
        0,
      );
    return { ...model, offset: null, offsetFromEnd };
  });
  return partTable(
    readable.fields.filter(({ path }) => common.has(path)),
    placed.filter(({ path }) => common.has(path)),
  );
}

/** A row for the field, and one for each of its bit-fields. */
function rowsOf(model: FieldModel): string[][] {
  const { field } = model;
  const gates = [
    gateWords(model.when),
    model.unless.length === 0 ? "" : `not ${gateWords(model.unless)}`,
    model.legacyWhen.length === 0 ? "" : `over a legacy interface ${gateWords(model.legacyWhen)}`,
  ];
  const row = [
    placeText(model),
    code(model.name),
    typeText(model),
    gates.filter((text) => text !== "").join(", "),
    meaningText(model),
  ];
  return field.kind === "bits" ? [row, ...bitRows(field)] : [row];
}

function bitRows(field: dsl.Bits): string[][] {
  let shift = 0;
  return Object.entries(field.fields).map(([name, { width, enum: named, reserved, doc }]) => {
    const place = width === 1 ? `bit ${shift}` : `bits ${shift} to ${shift + width - 1}`;
    shift += width;
    const type = named === undefined ? "" : link(named, named);
    return [
      place,
      code(name),
      type,
      "",
      doc === undefined && reserved ? "Reserved" : plain(doc ?? ""),
    ];
  });
}

function placeText({ offset, offsetFromEnd }: FieldModel): string {
  if (offset !== null) return String(offset);
  return offsetFromEnd === null ? "…" : `end − ${offsetFromEnd}`;
}

function meaningText({ field, doc }: FieldModel): string {
  const notes: string[] = [];
  if ("reserved" in field && field.reserved !== undefined && doc === "") notes.push("Reserved");
  if ("driverWrites" in field && field.driverWrites !== undefined) {
    notes.push("The driver may write it");
  }
  if (field.kind === "bytes" && field.strictBefore !== undefined) {
    notes.push(`With \`strict\` it stands before ${code(field.strictBefore)}, as in the text`);
  }
  if (field.kind === "scalar" && field.reserved === undefined) notes.push(...boundsText(field));
  return [...(doc === "" ? [] : [plain(doc)]), ...notes].join(". ");
}

/** Which values there are: `1 to 16, a multiple of 4`. */
function boundsText({ min, max, multipleOf, powerOfTwo, oneOf }: dsl.Bounds): string[] {
  const most = typeof max === "object" ? code(`config.${max.config}`) : max;
  const texts = [
    ...(oneOf === undefined ? [] : [`One of ${oneOf.join(", ")}`]),
    ...(min !== undefined && most !== undefined
      ? [`${min} to ${most}`]
      : min !== undefined
      ? [`At least ${min}`]
      : most !== undefined
      ? [`At most ${most}`]
      : []),
    ...(multipleOf === undefined ? [] : [`A multiple of ${multipleOf}`]),
    ...(powerOfTwo === undefined ? [] : ["A power of two"]),
  ];
  return texts;
}

function link(text: string, heading: string): string {
  return `[${code(text)}](#${anchor(heading)})`;
}

function typeText(model: FieldModel): string {
  const { field } = model;
  switch (field.kind) {
    case "scalar":
      return code(field.type) +
        (field.enum === undefined ? "" : `, ${link(field.enum, field.enum)}`);
    case "bits":
      return code(field.type);
    case "bytes":
    case "payload":
      return `${bytesText(field.length)}${field.kind === "bytes" && field.text ? ", text" : ""}`;
    case "array":
      return `${elementText(field.of)} × ${countText(field.length)}`;
    case "struct":
      return link(field.struct, field.struct);
    case "union":
      return unionText(model, selectorText(field.by));
    case "sequence":
      return unionText(model, code(field.by));
  }
}

function elementText(of: dsl.ArrayField["of"]): string {
  if (typeof of === "string") return code(of);
  return "struct" in of ? link(of.struct, of.struct) : `${of.bytes} bytes`;
}

function bytesText(length: dsl.Length): string {
  if (length === "rest") return "all that is left";
  return `${countText(length)} ${length === 1 ? "byte" : "bytes"}`;
}

function countText(length: dsl.Length): string {
  if (typeof length === "number") return String(length);
  if (length === "rest") return "as many as there are";
  if ("given" in length) return plain(length.given);
  const { plus = 0 } = length;
  const more = plus === 0 ? "" : ` + ${plus}`;
  if ("config" in length) return `${code(`config.${length.config}`)}${more}`;
  if ("bytes" in length) return `${pathText(length.bytes)}${more} bytes`;
  return `${pathText(length.field)}${
    length.times === undefined ? "" : ` × ${length.times}`
  }${more}`;
}

function pathText(path: dsl.Path): string {
  return code(typeof path === "string" ? path : path.join("."));
}

function selectorText(by: dsl.Union["by"]): string {
  return typeof by === "object" && "state" in by ? plain(by.state) : pathText(by);
}

/** What each arm stands for: `op_type` 1: `cipher`; 2: `chain`. */
function unionText(model: FieldModel, selector: string): string {
  const arms = model.arms.map(({ name, tags, struct, fields }) => {
    const body = struct === null
      ? fields.map((field) => `${code(field.name)} ${typeText(field)}`).join(", ") || "nothing"
      : link(struct.name, struct.name);
    return `${tags.join(" or ")} ${code(name)}: ${body}`;
  });
  return `by ${selector}: ${arms.join("; ")}`;
}

/**
 * How bytes, text, payload and arrays are printed.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import { localName, propertyName } from "../names.ts";
import { type FieldView, NOTHING, property } from "./field.ts";
import { structText } from "./field_groups.ts";
import { pathOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import type { LengthText, Siblings } from "./siblings.ts";
import { behindText } from "./sizes.ts";

/** The view of bytes or text. */
export function bytesView(
  model: FieldModel,
  field: dsl.Bytes,
  siblings: Siblings,
  at: string,
): FieldView {
  const length = siblings.length(model, field.length);
  if (field.reserved !== undefined) return reservedView(model, field, length);
  return field.text === undefined
    ? rawView(model, field, length, at)
    : textView(model, field.text, length, at);
}

function reservedView(
  { name }: FieldModel,
  field: dsl.Bytes,
  { count, encoded }: LengthText,
): FieldView {
  return {
    ...NOTHING,
    decodes: [
      field.reserved === "zero" ? `d.zeroes(${count}, "${name}");` : `d.skip(${count}, "${name}");`,
    ],
    encodes: encoded === null ? [] : [`e.put(${encoded});`],
  };
}

function rawView(model: FieldModel, field: dsl.Bytes, length: LengthText, at: string): FieldView {
  const { name } = model;
  const key = propertyName(name);
  const { count, encoded } = length;
  const upTo = typeof field.length === "object" && "config" in field.length;
  const value = isGated(model)
    ? `value.${key} ?? new Uint8Array(${upTo || encoded === null ? 0 : encoded})`
    : `value.${key}`;
  const put = upTo
    ? `e.bytesUpTo(${value}, ${encoded}, "${name}");`
    : `e.bytesOf(${value}, "${name}"${encoded === null ? "" : `, ${encoded}`});`;
  return {
    ...NOTHING,
    properties: [
      property(
        model,
        "Uint8Array",
        `new Uint8Array(${typeof field.length === "number" ? count : 0})`,
      ),
    ],
    reads: [`into.${key} = getBytes(view, ${at}, ${count});`],
    writes: [`setBytes(view, ${at}, ${value}, ${count}, "${name}");`],
    decodes: [`const ${localName(key)} = d.bytes(${count}, "${name}");`],
    encodes: [put],
  };
}

function textView(
  model: FieldModel,
  form: NonNullable<dsl.Bytes["text"]>,
  { count, encoded }: LengthText,
  at: string,
): FieldView {
  const { name } = model;
  const key = propertyName(name);
  const zero = form === "list" ? "[]" : '""';
  const value = isGated(model) ? `value.${key} ?? ${zero}` : `value.${key}`;
  const forms = {
    padded: [`d.text(${count}, "${name}")`, `e.padded(${value}, ${encoded ?? count}, "${name}")`],
    terminated: /^\d+$/.test(count)
      ? [`d.text(${count}, "${name}")`, `e.padded(${value}, ${count}, "${name}", 1)`]
      : [`d.terminated("${name}")`, `e.terminated(${value}, "${name}")`],
    list: [`d.texts(${count}, "${name}")`, `e.texts(${value}, "${name}")`],
    utf8: [`d.text(${count}, "${name}")`, `e.utf8(${value}, "${name}")`],
  } as const;
  const [decode, encode] = forms[form];
  const local = localName(key);
  const area = form !== "list" || encoded === null ? null : encoded;
  return {
    ...NOTHING,
    properties: [property(model, form === "list" ? "readonly string[]" : "string", zero)],
    reads: [`into.${key} = getText(view, ${at}, ${count});`],
    writes: [`setText(view, ${at}, ${value}, ${count}, "${name}");`],
    decodes: [`const ${local} = ${decode};`],
    encodes: area === null
      ? [encode + ";"]
      : [`const ${local}At = e.length;`, encode + ";", `e.pad(${local}At, ${area}, "${name}");`],
  };
}

/** Payload is not decoded: where it lies is noted in `ranges`, its bytes stay in guest memory. */
export function payloadView(
  model: FieldModel,
  field: dsl.Payload,
  siblings: Siblings,
): FieldView {
  const { count } = siblings.length(model, field.length);
  return {
    ...NOTHING,
    decodes: [`ranges.push(d.skip(${count}, "${model.name}"), d.position);`],
    encodes: [`e.mark();`],
  };
}

/** The view of an array. */
export function arrayView(
  scope: Scope,
  model: FieldModel,
  field: dsl.ArrayField,
  siblings: Siblings,
): FieldView {
  const { name } = model;
  const key = propertyName(name);
  const { encoded } = siblings.length(model, field.length);
  const element = elementText(scope, model, field, siblings);
  const given = isGated(model) ? `value.${key} ?? []` : `value.${key}`;
  return {
    ...NOTHING,
    properties: [property(model, `readonly ${element.type}[]`, "[]")],
    decodes: [
      `const ${localName(key)} = ${arrayDecode(scope, model, field, siblings, element)};`,
    ],
    encodes: [
      ...(encoded === null
        ? []
        : [`sameLength(${encoded}, ${isGated(model) ? `(${given})` : given}.length, "${name}");`]),
      `for (const element of ${given}) {`,
      ...element.encodes,
      "}",
    ],
  };
}

function arrayDecode(
  scope: Scope,
  model: FieldModel,
  field: dsl.ArrayField,
  siblings: Siblings,
  element: ElementText,
): string {
  const { name } = model;
  let { count } = siblings.length(model, field.length);
  if (count.startsWith("d.remaining")) {
    if (element.size === null) return `d.all(() => ${element.decode})`;
    const behind = behindText(scope, siblings, model);
    count = `d.count(${element.size}, "${name}"${behind === "0" ? "" : `, ${behind}`})`;
  }
  const { max } = field;
  if (max !== undefined) {
    const limit = typeof max === "number" ? String(max) : scope.sessionField(max.config);
    count = `d.atMost(${count}, ${limit}, "${name}")`;
  }
  return `d.array(${count}, () => ${element.decode})`;
}

interface ElementText {
  readonly type: string;
  /** Bytes from one element to the next. */
  readonly size: number | string | null;
  readonly decode: string;
  readonly encodes: readonly string[];
}

function elementText(
  scope: Scope,
  { name }: FieldModel,
  field: dsl.ArrayField,
  siblings: Siblings,
): ElementText {
  if (typeof field.of === "string") {
    const { type, size, decode, encode } = scalarText(field.of, field.as);
    return { type, size, decode: decode(name), encodes: [encode("element", name) + ";"] };
  }
  if ("bytes" in field.of) {
    const size = field.of.bytes;
    return {
      type: "Uint8Array",
      size,
      decode: `d.bytes(${size}, "${name}")`,
      encodes: [`e.bytesOf(element, "${name}", ${size});`],
    };
  }
  const struct = scope.struct(field.of.struct);
  const type = scope.structType(struct.name);
  const outer = siblings.outerText(struct);
  const { decode, encode } = structText(scope, struct, name, "element", outer);
  if (field.stride === undefined) {
    return { type, size: struct.size, decode, encodes: [encode + ";"] };
  }
  const stride = siblings.reference(pathOf(field.stride.field));
  return {
    type,
    size: stride.decode,
    decode: decode.replace(
      /\bd\b(?=[.,])/,
      `d.padded(${stride.decode}, ${struct.minSize}, "${name}")`,
    ),
    encodes: ["const start = e.length;", encode + ";", `e.fit(start, ${stride.encode});`],
  };
}

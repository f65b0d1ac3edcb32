/**
 * What templates print of one field: its property, and the statements that read and write it.
 *
 * Statements speak of fixed names: `view`, `at`, `into`, `value` at constant offsets; a decoder
 * `d`, an encoder `e`, a session `s` and `value` where a layout is walked.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated, structShape } from "./shape.ts";
import type { Siblings } from "./siblings.ts";

/** One property of an interface. */
export interface PropertyView {
  readonly property: string;
  readonly doc: string;
  readonly type: string;
  /** May be left out when written: it exists with some features only. */
  readonly optional: boolean;
  /** The value of an empty object. */
  readonly zero: string;
}

/** One field, ready to print. */
export interface FieldView {
  readonly properties: readonly PropertyView[];
  /** Statements that set properties of `into` from `view` at `at`. */
  readonly reads: readonly string[];
  /** Statements that set bytes of `view` at `at` from `value`. */
  readonly writes: readonly string[];
  /** Statements that declare a local for each property, from `d`. */
  readonly decodes: readonly string[];
  /** Statements for behind the field that selects it, from `d`. */
  readonly late: readonly string[];
  /** Statements that write `value` to `e`. */
  readonly encodes: readonly string[];
}

const NOTHING: FieldView = {
  properties: [],
  reads: [],
  writes: [],
  decodes: [],
  late: [],
  encodes: [],
};

/** The view of a field among its siblings. */
export function fieldView(scope: Scope, field: FieldModel, siblings: Siblings): FieldView {
  const at = field.offset === null ? "at" : offsetText(field.offset);
  const bare = bareView(scope, field, siblings, at);
  if (!isGated(field)) return bare;
  const gate = scope.gateText(field.when, field.unless);
  return {
    ...bare,
    properties: bare.properties.map((each) => ({ ...each, optional: true })),
    decodes: gatedDecodes(bare, gate),
    encodes: [`if (${gate}) {`, ...bare.encodes, "}"],
  };
}

/** The view of a configuration field: it has its place whatever its gate says, which decides about the property only. */
export function configFieldView(scope: Scope, field: FieldModel, siblings: Siblings): FieldView {
  const view = bareView(scope, field, siblings, "at");
  return isGated(field)
    ? { ...view, properties: view.properties.map((each) => ({ ...each, optional: true })) }
    : view;
}

/** `at`, or `at + 4`. */
export function offsetText(offset: number): string {
  return offset === 0 ? "at" : `at + ${offset}`;
}

function gatedDecodes(bare: FieldView, gate: string): string[] {
  if (bare.properties.length === 0) {
    const [only = ""] = bare.decodes;
    const [, local, expression] = /^const (\w+) = (.*);$/.exec(only) ?? [];
    if (local !== undefined) return [`const ${local} = ${gate} ? ${expression} : 0;`];
    return [`if (${gate}) {`, ...bare.decodes, "}"];
  }
  const [only] = bare.properties;
  const simple = bare.properties.length === 1 && bare.decodes.length === 1 && only !== undefined &&
    bare.decodes[0]!.startsWith(`const ${localName(only.property)} = `);
  if (simple) {
    const local = localName(only.property);
    const expression = bare.decodes[0]!.slice(`const ${local} = `.length).replace(/;$/, "");
    return [`const ${local} = ${gate} ? ${expression} : undefined;`];
  }
  const locals = bare.properties.map((each) => localName(each.property));
  return [
    ...bare.properties.map((each) =>
      `let ${localName(each.property)}: ${each.type} | undefined = undefined;`
    ),
    `if (${gate}) {`,
    ...bare.decodes.map((line) =>
      locals.reduce((text, local) => text.replace(`const ${local} = `, `${local} = `), line)
    ),
    "}",
  ];
}

function bareView(
  scope: Scope,
  model: FieldModel,
  siblings: Siblings,
  at: string,
): FieldView {
  const { field } = model;
  switch (field.kind) {
    case "scalar":
      return scalarView(scope, model, field, siblings, at);
    case "bits":
      return bitsView(scope, model, field, at);
    case "bytes":
      return bytesView(scope, model, field, siblings, at);
    case "payload":
      return payloadView(scope, model, field, siblings);
    case "array":
      return arrayView(scope, model, field, siblings);
    case "struct":
      return structFieldView(scope, model, field, siblings, at);
    case "union":
    case "sequence":
      return unionView(scope, model, field, siblings);
  }
}

function property(model: FieldModel, type: string, zero: string): PropertyView {
  return { property: propertyName(model.name), doc: model.doc, type, optional: false, zero };
}

function scalarView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Scalar,
  siblings: Siblings,
  at: string,
): FieldView {
  const text = scalarText(field.type, field.as);
  const name = model.name;
  const key = field.property ?? propertyName(name);
  const local = localName(key);
  const fixedValue = field.value !== undefined ? String(field.value) : field.reserved ? "0" : null;
  const literal = fixedValue === null ? null : fixedValue + (text.type === "bigint" ? "n" : "");
  if (literal !== null || field.tag === true) {
    const constant = literal ?? siblings.tagText(model.name);
    const demanded = field.value !== undefined || field.reserved === "zero";
    const read = text.decode(name);
    return {
      ...NOTHING,
      writes: [text.set(at, constant, name) + ";"],
      decodes: [
        demanded ? `d.mustBe(${read}, ${literal}, "${name}");` : `d.skip(${text.size}, "${name}");`,
      ],
      encodes: [text.encode(constant, name) + ";"],
    };
  }
  const derived = siblings.derivedText(model);
  if (derived !== null) {
    return {
      ...NOTHING,
      decodes: [`const ${local} = ${text.decode(name)};`],
      encodes: [text.encode(text.type === "bigint" ? `BigInt(${derived})` : derived, name) + ";"],
    };
  }
  const value = `value.${key}`;
  const given = isGated(model) ? `${value} ?? ${text.zero}` : value;
  const enumeration = field.enum === undefined ? null : scope.enumeration(field.enum);
  let type: string = text.type;
  let decode = text.decode(name);
  if (enumeration !== null && enumeration.unknown !== "keep") {
    type = scope.enumType(enumeration.name);
    const fallback = enumeration.unknown === "refuse" ? "" : `, ${type}.${enumeration.unknown.as}`;
    decode = `knownValue(${type}, ${decode}, "${name}"${fallback})`;
  }
  const into = `into.${key}`;
  return {
    ...NOTHING,
    properties: [{ ...property(model, type, text.zero), property: key }],
    reads: [`${into} = ${text.get(at)};`],
    writes: [text.set(at, given, name) + ";"],
    decodes: [`const ${local} = ${decode};`],
    encodes: [text.encode(given, name) + ";"],
  };
}

function bitsView(scope: Scope, model: FieldModel, field: dsl.Bits, at: string): FieldView {
  const text = scalarText(field.type);
  const word = `${localName(propertyName(model.name))}Word`;
  const properties: PropertyView[] = [];
  const reads = [`const ${word} = ${text.get(at)};`];
  const decodes = [`const ${word} = ${text.decode(model.name)};`];
  const parts: string[] = [];
  let low = 0;
  for (const [name, bit] of Object.entries(field.fields)) {
    const mask = `0x${(2 ** bit.width - 1).toString(16)}`;
    const got = low === 0 ? `${word} & ${mask}` : `(${word} >>> ${low}) & ${mask}`;
    const unsigned = low + bit.width === 32 ? `(${got}) >>> 0` : got;
    if (bit.reserved === "zero") decodes.push(`d.mustBe(${unsigned}, 0, "${name}");`);
    if (bit.reserved === undefined) {
      const key = propertyName(name);
      properties.push({
        property: key,
        doc: bit.doc ?? name,
        type: "number",
        optional: false,
        zero: "0",
      });
      reads.push(`into.${key} = ${unsigned};`);
      decodes.push(`const ${localName(key)} = ${unsigned};`);
      const value = `within(value.${key}${isGated(model) ? " ?? 0" : ""}, ${mask}, "${name}")`;
      parts.push(low === 0 ? value : `(${value} << ${low})`);
    }
    low += bit.width;
  }
  if (scope.words.has(model.name)) {
    const key = propertyName(model.name);
    const doc = "The whole word, as it was read";
    properties.push({ property: key, doc, type: "number", optional: true, zero: "0" });
    reads.push(`into.${key} = ${word};`);
    decodes.push(`const ${localName(key)} = ${word};`);
  }
  const whole = parts.length === 0 ? "0" : `(${parts.join(" | ")}) >>> 0`;
  return {
    ...NOTHING,
    properties,
    reads,
    writes: [text.set(at, whole, model.name) + ";"],
    decodes,
    encodes: [text.encode(whole, model.name) + ";"],
  };
}

function bytesView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Bytes,
  siblings: Siblings,
  at: string,
): FieldView {
  const name = model.name;
  const local = localName(propertyName(name));
  const length = siblings.length(model, field.length);
  if (field.reserved !== undefined) {
    const size = length.count;
    return {
      ...NOTHING,
      decodes: [
        field.reserved === "zero" ? `d.zeroes(${size}, "${name}");` : `d.skip(${size}, "${name}");`,
      ],
      encodes: [`e.put(${size});`],
    };
  }
  const value = `value.${propertyName(name)}`;
  const into = `into.${propertyName(name)}`;
  if (field.text === undefined) {
    const given = isGated(model) ? `${value} ?? new Uint8Array(${length.encoded})` : value;
    const put = typeof field.length === "object" && "config" in field.length
      ? `e.bytesUpTo(${given}, ${length.encoded}, "${name}");`
      : `e.bytesOf(${given}, "${name}"${length.encoded === null ? "" : `, ${length.encoded}`});`;
    return {
      ...NOTHING,
      properties: [
        property(
          model,
          "Uint8Array",
          `new Uint8Array(${typeof field.length === "number" ? length.count : "0"})`,
        ),
      ],
      reads: [`${into} = getBytes(view, ${at}, ${length.count});`],
      writes: [`setBytes(view, ${at}, ${given}, ${length.count}, "${name}");`],
      decodes: [`const ${local} = d.bytes(${length.count}, "${name}");`],
      encodes: [put],
    };
  }
  const given = isGated(model) ? `${value} ?? ${field.text === "list" ? "[]" : '""'}` : value;
  const forms = {
    padded: [
      `d.text(${length.count}, "${name}")`,
      `e.padded(${given}, ${length.encoded ?? length.count}, "${name}")`,
    ],
    terminated: [`d.terminated("${name}")`, `e.terminated(${given}, "${name}")`],
    list: [`d.texts(${length.count}, "${name}")`, `e.texts(${given}, "${name}")`],
    utf8: [`d.text(${length.count}, "${name}")`, `e.utf8(${given}, "${name}")`],
  } as const;
  const [decode, encode] = forms[field.text];
  const type = field.text === "list" ? "readonly string[]" : "string";
  return {
    ...NOTHING,
    properties: [property(model, type, field.text === "list" ? "[]" : '""')],
    reads: [`${into} = getText(view, ${at}, ${length.count});`],
    writes: [`setText(view, ${at}, ${given}, ${length.count}, "${name}");`],
    decodes: [`const ${local} = ${decode};`],
    encodes: [encode + ";"],
  };
}

/** Payload is not decoded: where it lies is noted in `ranges`, its bytes stay in guest memory. */
function payloadView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Payload,
  siblings: Siblings,
): FieldView {
  const length = siblings.length(model, field.length);
  return {
    ...NOTHING,
    decodes: [`ranges.push(d.skip(${length.count}, "${model.name}"), d.position);`],
    encodes: [`e.mark();`],
  };
}

function arrayView(
  scope: Scope,
  model: FieldModel,
  field: dsl.ArrayField,
  siblings: Siblings,
): FieldView {
  const name = model.name;
  const local = localName(propertyName(name));
  const value = `value.${propertyName(name)}`;
  const length = siblings.length(model, field.length);
  const element = elementText(scope, model, field);
  let count = length.count;
  if (field.length === "rest") {
    count = element.size === null ? "" : `d.count(${element.size}, "${name}")`;
  }
  if (field.max !== undefined && count !== "") {
    count = `d.atMost(${count}, ${limitText(scope, field.max)}, "${name}")`;
  }
  const decode = count === ""
    ? `d.all(() => ${element.decode})`
    : `d.array(${count}, () => ${element.decode})`;
  const given = isGated(model) ? `${value} ?? []` : value;
  const encodes = [`for (const element of ${given}) {`, `${element.encode};`, "}"];
  if (length.encoded !== null) {
    encodes.unshift(`sameLength(${length.encoded}, (${given}).length, "${name}");`);
  }
  return {
    ...NOTHING,
    properties: [property(model, `readonly ${element.type}[]`, "[]")],
    decodes: [`const ${local} = ${decode};`],
    encodes,
  };
}

function limitText(scope: Scope, max: number | { readonly config: string }): string {
  if (typeof max === "number") return String(max);
  scope.sizes.add(max.config);
  return `s.${propertyName(max.config)}`;
}

interface ElementText {
  readonly type: string;
  readonly size: number | null;
  readonly decode: string;
  readonly encode: string;
}

function elementText(scope: Scope, model: FieldModel, field: dsl.ArrayField): ElementText {
  const name = model.name;
  if (typeof field.of === "string") {
    const text = scalarText(field.of, field.as);
    return {
      type: text.type,
      size: text.size,
      decode: text.decode(name),
      encode: text.encode("element", name),
    };
  }
  if ("bytes" in field.of) {
    return {
      type: "Uint8Array",
      size: field.of.bytes,
      decode: `d.bytes(${field.of.bytes}, "${name}")`,
      encode: `e.bytesOf(element, "${name}", ${field.of.bytes})`,
    };
  }
  const struct = scope.struct(field.of.struct);
  const text = structText(scope, struct, name, "element");
  return { type: scope.structType(struct.name), size: struct.size, ...text };
}

/** Calls that read and write one struct where a layout is walked. */
export function structText(
  scope: Scope,
  struct: StructModel,
  field: string,
  value: string,
  outer: { readonly decode: string; readonly encode: string } = { decode: "", encode: "" },
): { readonly decode: string; readonly encode: string } {
  const type = className(struct.name);
  const shape = structShape(scope, struct);
  if (shape === "fixed") {
    return {
      decode: `d.struct(${struct.size}, read${type}, empty${type}(), "${field}")`,
      encode: `e.struct(${struct.size}, write${type}, ${value})`,
    };
  }
  if (shape === "grown") {
    const size = scope.sessionSize(struct);
    return {
      decode:
        `d.struct(${size}, (view, at, into) => read${type}(view, at, into, ${size}), empty${type}(), "${field}")`,
      encode:
        `e.struct(${size}, (view, at, value) => write${type}(view, at, value, ${size}), ${value})`,
    };
  }
  return {
    decode: `decode${type}(d, s${outer.decode})`,
    encode: `encode${type}(e, ${value}, s${outer.encode})`,
  };
}

function structFieldView(
  scope: Scope,
  model: FieldModel,
  field: dsl.StructField,
  siblings: Siblings,
  at: string,
): FieldView {
  const struct = scope.struct(field.struct);
  const type = scope.structType(struct.name);
  const value = `value.${propertyName(model.name)}`;
  const shape = structShape(scope, struct);
  const empty = shape === "walked" ? "undefined" : `empty${type}()`;
  const given = isGated(model) && shape !== "walked" ? `${value} ?? ${empty}` : value;
  const text = structText(scope, struct, model.name, given, siblings.outerText(struct));
  const into = `into.${propertyName(model.name)}`;
  const size = shape === "grown" ? `, ${scope.sessionSize(struct)}` : "";
  return {
    ...NOTHING,
    properties: [property(model, type, empty)],
    reads: [`read${type}(view, ${at}, ${into}${size});`],
    writes: [`write${type}(view, ${at}, ${given}${size});`],
    decodes: [`const ${localName(propertyName(model.name))} = ${text.decode};`],
    encodes: [text.encode + ";"],
  };
}

/** A union or sequence has a type and functions of its own, printed beside its struct. */
function unionView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Union | dsl.Sequence,
  siblings: Siblings,
): FieldView {
  const type = siblings.unionType(model);
  const local = localName(propertyName(model.name));
  const value = `value.${propertyName(model.name)}`;
  const outer = siblings.outerOf(model);
  if (field.kind === "sequence") {
    const area = field.length === undefined || field.length === "rest"
      ? "d"
      : `d.slot(${siblings.length(model, field.length).count}, "${model.name}")`;
    return {
      ...NOTHING,
      properties: [property(model, `readonly ${type}[]`, "[]")],
      decodes: [`const ${local} = decode${type}List(${area}, s);`],
      encodes: [`encode${type}List(e, ${value}, s);`],
    };
  }
  if (typeof field.by === "object" && "state" in field.by) {
    const length = field.size === undefined ? "d.remaining" : String(field.size);
    return {
      ...NOTHING,
      properties: [property(model, "Uint8Array", "new Uint8Array(0)")],
      decodes: [`const ${local} = d.bytes(${length}, "${model.name}");`],
      encodes: [
        `e.bytesOf(${value}, "${model.name}"${field.size === undefined ? "" : `, ${field.size}`});`,
      ],
    };
  }
  const tag = siblings.selectorText(model);
  const area = field.size === undefined
    ? "d"
    : siblings.isLate(model)
    ? `${local}Slot`
    : `d.slot(${field.size}, "${model.name}")`;
  const decode = `const ${local} = decode${type}(${area}, ${tag}, s${outer.decode});`;
  const slot = `const ${local}Slot = d.slot(${field.size}, "${model.name}");`;
  return {
    ...NOTHING,
    properties: [property(model, type, "undefined")],
    decodes: [siblings.isLate(model) ? slot : decode],
    late: siblings.isLate(model) ? [decode] : [],
    encodes: [`encode${type}(e, ${value}, s${outer.encode});`],
  };
}

/**
 * How numbers and words of bit-fields are printed.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import { localName, propertyName } from "../names.ts";
import { numberText } from "./docs.ts";
import { type Bounded, type FieldView, NOTHING, property, type PropertyView } from "./field.ts";
import { keyOf } from "./paths.ts";
import { type ScalarText, scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import type { Siblings } from "./siblings.ts";

/** The view of a number. */
export function scalarView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Scalar,
  siblings: Siblings,
  at: string,
  bounds: Bounded,
): FieldView {
  const text = scalarText(field.type, field.as);
  const constant = constantText(model, field, siblings, text);
  if (constant !== null) return constantView(model, field, text, constant, at);
  const { name } = model;
  const echo = field.echoes === undefined ? null : siblings.requestText(field.echoes);
  if (echo !== null) {
    return {
      ...NOTHING,
      decodes: [`d.skip(${text.size}, "${name}");`],
      encodes: [text.encode(echo, name) + ";"],
    };
  }
  const key = keyOf(model);
  const local = localName(key);
  const read = (value: string) =>
    bounds === "written" ? value : boundedText(scope, field, value, name);
  const derived = siblings.derivedText(model);
  if (derived !== null) {
    const value = text.type === "bigint" ? `BigInt(${derived})` : derived;
    return {
      ...NOTHING,
      decodes: [`const ${local} = ${read(text.decode(name))};`],
      encodes: [text.encode(value, name) + ";"],
    };
  }
  const given = bounds === "written"
    ? settingText(model, field, text)
    : bounds === "both"
    ? answerText(scope, model, field, text)
    : isGated(model)
    ? `value.${key} ?? ${text.zero}`
    : `value.${key}`;
  const { type, decode } = enumerationText(scope, field, text, name);
  const shown = property(model, type, text.zero);
  return {
    ...NOTHING,
    properties: [{ ...shown, doc: shown.doc + enumDoc(scope, field.enum) }],
    reads: [`into.${key} = ${read(text.get(at))};`],
    writes: [text.set(at, given, name) + ";"],
    decodes: [`const ${local} = ${read(decode)};`],
    encodes: [text.encode(given, name) + ";"],
  };
}

/** The only value that a field is written with; null where it has none. */
function constantText(
  model: FieldModel,
  field: dsl.Scalar,
  siblings: Siblings,
  text: ScalarText,
): string | null {
  if (field.tag === true) return siblings.tagText(model.name);
  const value = field.value ?? (field.reserved === undefined ? null : 0);
  return value === null ? null : `${value}${text.type === "bigint" ? "n" : ""}`;
}

function constantView(
  { name }: FieldModel,
  field: dsl.Scalar,
  text: ScalarText,
  constant: string,
  at: string,
): FieldView {
  const demanded = field.value !== undefined || field.reserved === "zero";
  return {
    ...NOTHING,
    writes: [text.set(at, constant, name) + ";"],
    decodes: [
      demanded
        ? `d.mustBe(${text.decode(name)}, ${constant}, "${name}");`
        : `d.skip(${text.size}, "${name}");`,
    ],
    encodes: [text.encode(constant, name) + ";"],
  };
}

/** Where the values of a number come from. */
function enumDoc(scope: Scope, name: string | undefined): string {
  return name === undefined ? "" : ` ({@linkcode ${scope.enumType(name)}})`;
}

/** Type of a number from an enumeration, and how it is decoded. */
function enumerationText(scope: Scope, field: dsl.Scalar, text: ScalarText, name: string) {
  const enumeration = field.enum === undefined ? null : scope.enumeration(field.enum);
  const decode = text.decode(name);
  if (enumeration === null || enumeration.unknown === "keep") return { type: text.type, decode };
  const type = scope.enumType(enumeration.name);
  const fallback = enumeration.unknown === "refuse" ? "" : `, ${type}.${enumeration.unknown.as}`;
  return { type, decode: `knownValue(${type}, ${decode}, "${name}"${fallback})` };
}

/** What a device is configured with; a field that may be left out starts at its value after a reset. */
function settingText(model: FieldModel, field: dsl.Scalar, text: ScalarText): string {
  const value = `value.${keyOf(model)}`;
  const checked = allowedText(field, value, model.name);
  if (!isGated(model) && field.driverWrites === undefined) return checked;
  const reset = `${field.reset ?? 0}${text.type === "bigint" ? "n" : ""}`;
  return checked === value
    ? `${value} ?? ${reset}`
    : `${value} === undefined ? ${reset} : ${checked}`;
}

/** What a device answers with. */
function answerText(scope: Scope, model: FieldModel, field: dsl.Scalar, text: ScalarText): string {
  const value = `value.${keyOf(model)}`;
  const bounds = boundsText(field, limitIn(scope));
  const gated = isGated(model);
  if (bounds === "") return gated ? `${value} ?? ${text.zero}` : value;
  const checked = `allowed(${value}, ${bounds}, "${model.name}")`;
  return gated ? `${value} === undefined ? ${text.zero} : ${checked}` : checked;
}

/** A value of the user, checked against constant bounds of its field; the value alone where it has none. */
export function allowedText(field: dsl.Scalar, value: string, name: string): string {
  const bounds = boundsText(field, (bound) => typeof bound === "number" ? bound : null);
  return bounds === "" ? value : `allowed(${value}, ${bounds}, "${name}")`;
}

/** A value that is checked against the bounds of its field; the value alone where it has none. */
function boundedText(scope: Scope, field: dsl.Scalar, value: string, name: string): string {
  const bounds = boundsText(field, limitIn(scope));
  return bounds === "" ? value : `bounded(${value}, ${bounds}, "${name}")`;
}

/** A bound, which the session may know. */
function limitIn(scope: Scope): (max: number | { readonly config: string }) => number | string {
  return (bound) => typeof bound === "number" ? bound : scope.sessionField(bound.config);
}

/** The bounds of a field as an object; empty where it has none. */
function boundsText(
  { min, max, multipleOf, powerOfTwo, oneOf }: dsl.Scalar,
  limit: (max: number | { readonly config: string }) => number | string | null,
): string {
  const most = max === undefined ? null : limit(max);
  const bounds = [
    ...(min === undefined || min === 0 ? [] : [`min: ${numberText(min)}`]),
    ...(most === null ? [] : [`max: ${typeof most === "number" ? numberText(most) : most}`]),
    ...(multipleOf === undefined ? [] : [`multipleOf: ${numberText(multipleOf)}`]),
    ...(powerOfTwo === undefined ? [] : ["powerOfTwo: true"]),
    ...(oneOf === undefined ? [] : [`oneOf: [${oneOf.join(", ")}]`]),
  ];
  return bounds.length === 0 ? "" : `{ ${bounds.join(", ")} }`;
}

/** The view of a word, whose bit-fields are properties. */
export function bitsView(scope: Scope, model: FieldModel, field: dsl.Bits, at: string): FieldView {
  const text = scalarText(field.type);
  const word = `${localName(propertyName(model.name))}Word`;
  const properties: PropertyView[] = [];
  const reads: string[] = [];
  const decodes: string[] = [];
  const parts: string[] = [];
  let low = 0;
  for (const [name, bit] of Object.entries(field.fields)) {
    const mask = `0x${(2 ** bit.width - 1).toString(16)}`;
    const got = low === 0 ? `${word} & ${mask}` : `(${word} >>> ${low}) & ${mask}`;
    const unsigned = low + bit.width === 32 ? `(${got}) >>> 0` : got;
    if (bit.reserved === "zero") decodes.push(`d.mustBe(${unsigned}, 0, "${name}");`);
    if (bit.reserved === undefined) {
      const key = propertyName(name);
      properties.push(numberProperty(key, (bit.doc ?? name) + enumDoc(scope, bit.enum), false));
      reads.push(`into.${key} = ${unsigned};`);
      decodes.push(`const ${localName(key)} = ${unsigned};`);
      const value = `within(value.${key}${isGated(model) ? " ?? 0" : ""}, ${mask}, "${name}")`;
      parts.push(low === 0 ? value : `(${value} << ${low})`);
    }
    low += bit.width;
  }
  if (scope.words.has(model.name)) {
    const key = propertyName(model.name);
    properties.push(numberProperty(key, "The whole word, as it was read", true));
    reads.push(`into.${key} = ${word};`);
    decodes.push(`const ${localName(key)} = ${word};`);
  }
  const whole = parts.length === 0 ? "0" : `(${parts.join(" | ")}) >>> 0`;
  const idle = decodes.length === 0;
  return {
    ...NOTHING,
    properties,
    reads: reads.length === 0 ? [] : [`const ${word} = ${text.get(at)};`, ...reads],
    writes: [text.set(at, whole, model.name) + ";"],
    decodes: idle
      ? [`d.skip(${text.size}, "${model.name}");`]
      : [`const ${word} = ${text.decode(model.name)};`, ...decodes],
    encodes: [text.encode(whole, model.name) + ";"],
  };
}

function numberProperty(property: string, doc: string, optional: boolean): PropertyView {
  return { property, doc, type: "number", optional, zero: "0" };
}

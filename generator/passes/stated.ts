/**
 * Passes: sizes are as stated, slots hold their arms, words are filled, numbers fit.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { EnumModel, FieldModel, StructModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";
import { places } from "./fields.ts";
import { fullSize, leastSize, scalarSize } from "./sizes.ts";

/** Reports structs and configuration spaces whose fields do not add up to the stated size. */
export function sizesStated(draft: Draft): void {
  for (const struct of draft.structs.values()) {
    const stated = draft.description.structs?.[struct.name]?.size;
    if (stated !== undefined) compareSize(draft, struct, stated);
  }
  const stated = draft.device?.config?.size;
  if (stated !== undefined && draft.config !== null) compareSize(draft, draft.config, stated);
}

function compareSize(draft: Draft, struct: StructModel, stated: number): void {
  if (draft.broken.has(struct.fields) || struct.size === stated) return;
  const variable = struct.fields.find((model) => fullSize([model]) === null);
  const found = variable === undefined
    ? `fields of ${struct.size} bytes in all`
    : `the field "${variable.name}", whose size varies`;
  draft.report("V051", `${struct.path}.size`, found, `${stated} bytes, as stated`);
}

/** Reports arms that are larger than the slot of their union. */
export function slotsFit(draft: Draft): void {
  for (const { model } of places(draft)) {
    const { field, path, arms } = model;
    if (field.kind !== "union" || field.size === undefined) continue;
    for (const arm of arms) {
      const size = Math.max(leastSize(arm.fields), arm.size ?? 0);
      if (size <= field.size) continue;
      draft.report(
        "V052",
        `${path}.arms.${arm.name}`,
        `${size} bytes`,
        `at most ${field.size} bytes, the slot of the union`,
      );
    }
  }
}

/** Reports words whose bit-fields are too many or too few. */
export function wordsFilled(draft: Draft): void {
  for (const { model: { field, path } } of places(draft)) {
    if (field.kind !== "bits") continue;
    const width = entries(field.fields).reduce((sum, [, bit]) => sum + bit.width, 0);
    const bits = scalarSize(field.type) * 8;
    if (width === bits) continue;
    const found = `bit-fields of ${width} bits in all`;
    draft.report("V053", `${path}.fields`, found, `${bits} bits, the width of ${field.type}`);
  }
}

/** Reports bounds, values and members that their fields cannot hold. */
export function numbersFit(draft: Draft): void {
  for (const { model } of places(draft)) {
    const { field } = model;
    if (field.kind === "scalar") scalarFits(draft, model, field);
    if (field.kind === "array" && typeof field.of === "string") {
      membersFit(draft, `${model.path}.enum`, field.enum, scalarSize(field.of) * 8);
    }
    if (field.kind !== "bits") continue;
    for (const [name, bit] of entries(field.fields)) {
      membersFit(draft, `${model.path}.fields.${name}.enum`, bit.enum, bit.width);
    }
  }
  for (const set of draft.messages.values()) {
    for (const one of set.cases) tagsFit(draft, `${one.path}.tag`, one.tags, set.tags);
  }
}

function scalarFits(draft: Draft, { path }: FieldModel, field: dsl.Scalar): void {
  const bits = scalarSize(field.type) * 8;
  const numbers = { min: field.min, max: field.max, value: field.value, reset: field.reset };
  for (const [key, value] of entries<unknown>(numbers)) {
    if (typeof value === "number") numberFits(draft, `${path}.${key}`, value, bits);
  }
  for (const [i, value] of (field.oneOf ?? []).entries()) {
    numberFits(draft, `${path}.oneOf[${i}]`, value, bits);
  }
  membersFit(draft, `${path}.enum`, field.enum, bits);
  const { min, max } = field;
  if (min !== undefined && typeof max === "number" && min > max) {
    draft.report("V013", `${path}.min`, `${min}`, `at most ${max}, the field's max`);
  }
}

function numberFits(draft: Draft, path: string, value: number, bits: number): void {
  if (value < 2 ** bits) return;
  draft.report("V013", path, `${value}`, `a number below 2^${bits}, which ${bits} bits can hold`);
}

function membersFit(draft: Draft, path: string, name: string | undefined, bits: number): void {
  const enumeration = name === undefined ? undefined : draft.enums.get(name);
  const worst = enumeration?.members.find((member) => !memberFits(enumeration, member.value, bits));
  if (worst === undefined) return;
  const expected = enumeration?.as === "bits"
    ? `bit numbers below ${bits}`
    : `values that ${bits} bits can hold`;
  draft.report("V013", path, `"${name}" with ${worst.member} = ${worst.value}`, expected);
}

function memberFits(enumeration: EnumModel, value: number, bits: number): boolean {
  return enumeration.as === "bits" ? value < bits : value < 2 ** bits;
}

function tagsFit(
  draft: Draft,
  path: string,
  tags: readonly number[],
  fields: readonly FieldModel[],
): void {
  for (const [i, { field }] of fields.entries()) {
    const tag = tags[i];
    if (tag !== undefined && field.kind === "scalar") {
      numberFits(draft, path, tag, scalarSize(field.type) * 8);
    }
  }
}

/**
 * The conditions of checks, as text.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { DeviceModel, FieldModel } from "../model.ts";
import { localName, propertyName } from "../names.ts";
import { numberText } from "./docs.ts";
import { alternatives, keyOf, pathOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import type { Siblings } from "./siblings.ts";
import { allText } from "./text.ts";

/** What surrounds an operand. */
interface Around {
  /** Array whose elements are checked one by one; null for the request itself. */
  readonly each: string | null;
  /** Some value has 64 bits: all are bigints. */
  readonly wide: boolean;
  /** What a limit of the configuration is when it is not there. */
  readonly absent: "none" | "least";
}

/** Where the text of a check stands: how it gets at the message, the configuration, and the gates of what was offered. */
export interface Place {
  readonly message: string;
  readonly config: string;
  readonly offers: string;
  /** The message is one that is made: it has no words of bit-fields, but their parts. */
  readonly made?: true;
  /** The data of a message, where it has another name than in the description. */
  readonly data?: string;
}

/** In a device that serves a request. */
export const IN_DEVICE: Place = {
  message: "request",
  config: "this.#settings",
  offers: "this.#offers",
};
/** In a device that sends an event. */
export const IN_SENDER: Place = { ...IN_DEVICE, message: "value", made: true };
/** In a queue of a driver, to which only what was negotiated counts. */
export const IN_DRIVER: Place = {
  message: "request",
  config: "this.#config()",
  offers: "s",
  made: true,
};
/** In a driver that takes an event. */
export const IN_RECEIVER: Place = {
  message: "value",
  config: "this.#config",
  offers: "s",
  data: "data",
};

/** Checks as conditions on a message, payloads, the configuration, and the gates of a side. */
export class Operands {
  readonly #scope: Scope;
  readonly #device: DeviceModel;
  readonly #parts: readonly Siblings[];
  readonly #place: Place;

  constructor(scope: Scope, device: DeviceModel, parts: readonly Siblings[], place: Place) {
    this.#scope = scope;
    this.#device = device;
    this.#parts = parts;
    this.#place = place;
  }

  /** True when the configuration fails the check, under these conditions. */
  contradictsText(check: dsl.ConfigCheck, conditions: readonly string[]): string {
    return allText(...conditions, this.#wrongText(check));
  }

  /** The value of an operand that stands alone. */
  valueText(operand: dsl.Operand): string {
    return this.#text(operand, { each: null, wide: this.#isWide(operand, null), absent: "least" });
  }

  /** True when a request fails the check. */
  failsText(check: dsl.Check): string {
    const wrong = this.#wrongText(check);
    const gate = allText(
      this.#scope.gateText(alternatives(check.when), alternatives(check.unless)),
      this.#offeredText(alternatives(check.offered)),
    );
    return wrong === "" ? gate === "" ? "true" : gate : allText(gate, wrong);
  }

  /** True when the value is wrong; empty when the gates alone decide. */
  #wrongText(check: Pick<dsl.Check, "of" | "each" | "named" | keyof dsl.Comparison>): string {
    const { atMost, atLeast, equals, differs, multipleOf, clear, within } = check;
    if (check.of === undefined) return "";
    const each = check.each ?? null;
    const all = [check.of, atMost, atLeast, equals, differs, multipleOf, clear, within];
    const wide = all.some((one) => one !== undefined && this.#isWide(one, each));
    const zero = wide ? "0n" : "0";
    const text = (operand: dsl.Operand, absent: Around["absent"] = "least") =>
      this.#text(operand, { each, wide, absent });
    const of = text(check.of);
    const conditions: string[] = [];
    const compared = bare(of);
    if (atMost !== undefined) conditions.push(`${compared} > ${bare(text(atMost, "none"))}`);
    if (atLeast !== undefined) conditions.push(`${compared} < ${bare(text(atLeast))}`);
    if (equals !== undefined) conditions.push(`${compared} !== ${bare(text(equals))}`);
    if (differs !== undefined) conditions.push(`${compared} === ${bare(text(differs))}`);
    if (typeof multipleOf === "number") {
      conditions.push(`${of} % ${text(multipleOf)} !== ${zero}`);
    } else if (multipleOf !== undefined) {
      conditions.push(`!isMultiple(${of}, ${text(multipleOf)})`);
    }
    if (clear !== undefined) conditions.push(`(${of} & ${text(clear)}) !== ${zero}`);
    if (within !== undefined) conditions.push(`hasOtherBits(${of}, ${text(within)})`);
    if (check.named) conditions.push(this.#namelessText(check.of, each, of));
    return conditions.join(" || ");
  }

  /** True when a value lies between the members and kept ranges of its enumeration, or behind them. */
  #namelessText(of: dsl.Operand, each: string | null, value: string): string {
    const path = typeof of === "object" && "field" in of ? pathOf(of.field) : [];
    const field = this.#models(path, each).at(-1)?.field;
    if (field?.kind !== "scalar" || field.enum === undefined) return "false";
    const { members, reserved } = this.#scope.enumeration(field.enum);
    const known = [...members.map((one) => [one.value, one.value] as const), ...reserved]
      .toSorted(([low], [other]) => low - other);
    const gaps: string[] = [];
    let next = 0;
    for (const [low, high] of known) {
      if (low > next) {
        gaps.push(next === 0 ? `${value} < ${low}` : `${value} >= ${next} && ${value} < ${low}`);
      }
      next = Math.max(next, high + 1);
    }
    const end = 2 ** (8 * scalarText(field.type).size);
    return [...gaps, ...(next < end ? [`${value} >= ${next}`] : [])].join(" || ");
  }

  #offeredText(offered: readonly (readonly string[])[]): string {
    return this.#scope.gateText(offered, []).replace(/\bs\./g, `${this.#place.offers}.`);
  }

  #text(operand: dsl.Operand, place: Around): string {
    const { wide } = place;
    const inner = (one: dsl.Operand) => this.#text(one, place);
    if (typeof operand === "number") return wide ? `${operand}n` : numberText(operand);
    if ("field" in operand) return this.#fieldText(pathOf(operand.field), place);
    if ("config" in operand) return this.#configText(pathOf(operand.config), place);
    if ("length" in operand) return wideText(this.#lengthText(operand.length, place), wide);
    if ("sum" in operand) return `(${operand.sum.map(inner).join(" + ").replaceAll("+ -", "- ")})`;
    if ("product" in operand) return `(${operand.product.map(inner).join(" * ")})`;
    if ("bit" in operand) {
      const [word, bit] = operand.bit;
      if (wide) return `((${inner(word)} >> ${inner(bit)}) & 1n)`;
      if (typeof bit === "number") return `((${inner(word)} >>> ${bit}) & 1)`;
      return `(Math.floor(${inner(word)} / 2 ** ${inner(bit)}) % 2)`; // also right beyond 31
    }
    if ("lowestBit" in operand) return `lowestBit(${bare(inner(operand.lowestBit))})`;
    if ("masked" in operand) {
      const [value, mask] = operand.masked;
      return wide ? `(${inner(value)} & ${mask}n)` : `(${inner(value)} & ${numberText(mask)})`;
    }
    const [dividend, divisor] = operand.quotient;
    const shift = Math.log2(divisor);
    if (!wide && Number.isInteger(shift) && isSmall(dividend)) {
      return `(${inner(dividend)} >> ${shift})`;
    }
    return wide
      ? `(${inner(dividend)} / ${divisor}n)`
      : `Math.floor(${inner(dividend)} / ${divisor})`;
  }

  #fieldText(path: readonly string[], { each, wide }: Around): string {
    const models = this.#models(path, each);
    const last = models.at(-1);
    const derived = each === null && last !== undefined && path.length === 1
      ? this.#derivedText(last)
      : null;
    if (derived !== null) return wideText(derived, wide);
    const keys = path.map((name, at) =>
      models[at] === undefined ? propertyName(name) : keyOf(models[at], name)
    );
    const holder = [each === null ? this.#place.message : "element", ...keys.slice(0, -1)].join(
      ".",
    );
    const { made } = this.#place;
    if (made && last?.field.kind === "bits" && last.name === path.at(-1)) {
      return wideText(wordText(last.field, holder), wide);
    }
    const text = `${holder}.${keys.at(-1)}`;
    const big = isBig(last);
    const absent = this.#scope.words.has(path.at(-1) ?? "") ||
      models.some((model) => model !== undefined && isGated(model));
    const present = absent ? `(${text} ?? ${big ? "0n" : "0"})` : text;
    return big ? present : wideText(present, wide);
  }

  /** A number that follows from the length of something. */
  #derivedText(model: FieldModel): string | null {
    const part = this.#parts.find((each) => each.flat.includes(model));
    const text = part?.derivedText(model) ?? null;
    return text?.replace(/\bvalue\./g, `${this.#place.message}.`).replace(
      /\blengths\.(\w+)/g,
      "$1.length",
    ) ??
      null;
  }

  /** The fields that a path leads through, as far as they are known. */
  #models(path: readonly string[], each: string | null): (FieldModel | undefined)[] {
    const [first = "", ...rest] = path;
    const array = each === null ? undefined : this.#find(each);
    let model = each === null
      ? this.#find(first)
      : array?.struct?.fields.find((one) => one.name === first);
    const models = [model];
    for (const name of rest) {
      model = model?.struct?.fields.find((one) => one.name === name);
      models.push(model);
    }
    return models;
  }

  #find(name: string): FieldModel | undefined {
    return this.#parts.map((part) => part.find(name)).find((model) => model !== undefined);
  }

  /** A limit of the configuration; `absent` when the field is not there. */
  #configText(path: readonly string[], { wide, absent }: Around): string {
    const models = this.#configModels(path);
    const gated = models[0] !== undefined && isGated(models[0]);
    const text = `${this.#place.config}.${path.map(propertyName).join(gated ? "?." : ".")}`;
    const big = isBig(models.at(-1));
    if (!gated) return big ? text : wideText(text, wide);
    if (absent === "none") {
      if (big) return `(${text} ?? 0xffff_ffff_ffff_ffffn)`;
      return wide ? `BigInt(${text} ?? Number.MAX_SAFE_INTEGER)` : `(${text} ?? Infinity)`;
    }
    return big ? `(${text} ?? 0n)` : wideText(`(${text} ?? 0)`, wide);
  }

  #configModels(path: readonly string[]): (FieldModel | undefined)[] {
    let fields = this.#device.config?.fields ?? [];
    return path.map((name) => {
      const model = fields.find((one) => one.name === name);
      fields = model?.struct?.fields ?? [];
      return model;
    });
  }

  #lengthText(name: string, { each }: Around): string {
    const payload = this.#find(name);
    const property = propertyName(name);
    if (payload?.field.kind === "payload") {
      return `${this.#place.data ?? localName(property)}.length`;
    }
    const text = `${each === null ? this.#place.message : "element"}.${property}`;
    return payload !== undefined && isGated(payload) ? `(${text}?.length ?? 0)` : `${text}.length`;
  }

  /** Whether some value in the operand is a bigint. */
  #isWide(operand: dsl.Operand, each: string | null): boolean {
    if (typeof operand === "number" || "length" in operand) return false;
    if ("field" in operand) return isBig(this.#models(pathOf(operand.field), each).at(-1));
    if ("config" in operand) return isBig(this.#configModels(pathOf(operand.config)).at(-1));
    const inner = "sum" in operand
      ? operand.sum
      : "product" in operand
      ? operand.product
      : "bit" in operand
      ? operand.bit
      : "lowestBit" in operand
      ? [operand.lowestBit]
      : "masked" in operand
      ? [operand.masked[0]]
      : [operand.quotient[0]];
    return inner.some((one) => this.#isWide(one, each));
  }
}

function isBig(model: FieldModel | undefined): boolean {
  return model?.field.kind === "scalar" &&
    scalarText(model.field.type, model.field.as).type === "bigint";
}

/** Whether a value has a few bits at most, so that a shift divides it. */
function isSmall(operand: dsl.Operand): boolean {
  if (typeof operand === "number") return operand >= 0 && operand < 2 ** 16;
  if ("masked" in operand) return operand.masked[1] < 2 ** 16;
  return "sum" in operand && operand.sum.every(isSmall);
}

/** The word that a sender's bit-fields make. */
function wordText({ fields }: dsl.Bits, holder: string): string {
  const parts: string[] = [];
  let low = 0;
  for (const [name, { width, reserved }] of Object.entries(fields)) {
    const text = `${holder}.${propertyName(name)}`;
    if (reserved === undefined) parts.push(low === 0 ? text : `${text} * ${2 ** low}`);
    low += width;
  }
  return parts.length === 1 && !parts[0]!.includes(" ") ? parts[0]! : `(${parts.join(" + ")})`;
}

function wideText(text: string, wide: boolean): string {
  return wide ? `BigInt(${text})` : text;
}

/** Arithmetic without the parentheses around it, which a comparison does not need. */
function bare(text: string): string {
  const inner = /^\((.*)\)$/s.exec(text)?.[1];
  if (inner === undefined) return text;
  let depth = 0;
  for (const [at, character] of [...inner].entries()) {
    if (character === "(") depth++;
    else if (character === ")" && --depth < 0) return text;
    else if (depth === 0 && /^ (\?\?|&|\?) /.test(inner.slice(at, at + 4))) return text;
  }
  return inner;
}

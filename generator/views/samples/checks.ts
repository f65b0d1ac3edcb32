/**
 * The checks of a description, made on samples: whether one passes, and what to change if it does not.
 *
 * @module
 */

import type * as dsl from "../../../spec/types.ts";
import type { FieldModel } from "../../model.ts";
import { propertyName } from "../../names.ts";
import { alternatives, pathOf } from "../paths.ts";
import { scalarText } from "../scalars.ts";
import { countOf, holderOf, type Parts, type Sample, type Values, wordOf } from "./values.ts";

/** Values that are tried for a field, in this order, before those that the check compares with. */
const CANDIDATES = [0, 1, 2, 4, 8, 16, 512, 4096, 65536];

/** The checks of a device's requests, with a set of features negotiated and one offered. */
export class Checks {
  readonly #negotiated: ReadonlySet<string>;
  readonly #offered: ReadonlySet<string>;
  readonly #config: Values;

  constructor(negotiated: ReadonlySet<string>, offered: ReadonlySet<string>, config: Values) {
    this.#negotiated = negotiated;
    this.#offered = offered;
    this.#config = config;
  }

  /** Changes fields one after the other until all checks pass; the status of the first that does not. */
  satisfy(checks: readonly dsl.Check[], parts: Parts): string | null {
    for (let round = 0; round < 3; round++) {
      const failing = checks.filter((check) => this.#fails(check, parts));
      if (failing.length === 0) return null;
      for (const check of failing) this.#adjust(check, checks, parts);
    }
    return checks.find((check) => this.#fails(check, parts))?.otherwise ?? null;
  }

  /** Tries other values for what the check looks at, in all its elements alike: the first that fails fewest. */
  #adjust(check: dsl.Check, checks: readonly dsl.Check[], parts: Parts): void {
    const { atMost, atLeast, equals, multipleOf } = check;
    const bounds = [atMost, atLeast, equals, multipleOf].flatMap((bound) =>
      bound === undefined ? [] : [this.#value(bound, parts, parts.request, 0)]
    );
    for (const { name, holders } of places(check, parts)) {
      const before = holders.map((holder) => holder[name]!);
      const put = (value: number) => {
        for (const holder of holders) {
          holder[name] = typeof holder[name] === "bigint" ? BigInt(value) : value;
        }
      };
      let best: number | undefined;
      let fewest = Infinity;
      for (const candidate of [...CANDIDATES, ...bounds]) {
        if (!fits(name, candidate, parts)) continue;
        put(candidate);
        if (this.#fails(check, parts)) continue;
        const failing = checks.filter((each) => this.#fails(each, parts)).length;
        if (failing >= fewest) continue;
        [best, fewest] = [candidate, failing];
      }
      if (best !== undefined) return put(best);
      for (const [at, holder] of holders.entries()) holder[name] = before[at]!;
    }
  }

  #fails(check: dsl.Check, parts: Parts): boolean {
    if (!this.#applies(check)) return false;
    if (check.of === undefined) return true;
    if (check.each === undefined) return this.#failsOn(check, parts, parts.request);
    const elements = parts.request[propertyName(check.each)];
    return Array.isArray(elements) &&
      elements.some((element) => this.#failsOn(check, parts, element as Values));
  }

  #applies(check: dsl.Check): boolean {
    const any = (gate: dsl.Gate | undefined, set: ReadonlySet<string>) =>
      gate !== undefined &&
      alternatives(gate).some((names) => names.every((name) => set.has(name)));
    if (check.when !== undefined && !any(check.when, this.#negotiated)) return false;
    if (any(check.unless, this.#negotiated)) return false;
    return check.offered === undefined || any(check.offered, this.#offered);
  }

  #failsOn(check: dsl.Check, parts: Parts, subject: Values): boolean {
    const value = (operand: dsl.Operand | undefined, absent: number) =>
      operand === undefined ? null : this.#value(operand, parts, subject, absent);
    const of = value(check.of, 0) ?? 0;
    const atMost = value(check.atMost, Infinity);
    const atLeast = value(check.atLeast, 0);
    const equals = value(check.equals, 0);
    const differs = value(check.differs, 0);
    const multipleOf = value(check.multipleOf, 0);
    const clear = value(check.clear, 0);
    const within = value(check.within, 0);
    return (atMost !== null && of > atMost) || (atLeast !== null && of < atLeast) ||
      (equals !== null && of !== equals) || (differs !== null && of === differs) ||
      (multipleOf !== null && multipleOf !== 0 && of % multipleOf !== 0) ||
      (clear !== null && (BigInt(of) & BigInt(clear)) !== 0n) ||
      (within !== null && (BigInt(of) & ~BigInt(within)) !== 0n);
  }

  #value(operand: dsl.Operand, parts: Parts, subject: Values, absent: number): number {
    if (typeof operand === "number") return operand;
    const inner = (each: dsl.Operand) => this.#value(each, parts, subject, absent);
    if ("field" in operand) return fieldValue(subject, pathOf(operand.field), parts);
    if ("config" in operand) return configValue(this.#config, pathOf(operand.config), absent);
    if ("length" in operand) return lengthValue(subject, operand.length, parts);
    if ("sum" in operand) return operand.sum.reduce((sum: number, each) => sum + inner(each), 0);
    if ("product" in operand) {
      return operand.product.reduce((all: number, each) => all * inner(each), 1);
    }
    if ("quotient" in operand) return Math.floor(inner(operand.quotient[0]) / operand.quotient[1]);
    if ("masked" in operand) {
      return Number(BigInt(inner(operand.masked[0])) & BigInt(operand.masked[1]));
    }
    if ("lowestBit" in operand) return Number(lowestBit(BigInt(inner(operand.lowestBit))));
    return Math.floor(inner(operand.bit[0]) / 2 ** inner(operand.bit[1])) % 2;
  }
}

function lowestBit(value: bigint): bigint {
  return value & -value;
}

/** A property, of the request or of each of its elements. */
interface Place {
  readonly name: string;
  readonly holders: readonly Values[];
}

/** Fields and payload lengths that a check looks at, as places to change: first the value under test. */
function places(check: dsl.Check, parts: Parts): Place[] {
  const { of, ...bounds } = check;
  const found: Place[] = [];
  const subjects = check.each === undefined
    ? [parts.request]
    : parts.request[propertyName(check.each)] as unknown as Values[];
  JSON.stringify([of, bounds], (key, value) => {
    if (key === "field") found.push(...fieldPlaces(pathOf(value), subjects, parts));
    if (key === "length" && value in parts.payloads) {
      found.push({ name: value, holders: [parts.payloads as Values] });
    }
    return value;
  });
  return found;
}

/** Whether a field of this name may have the value. */
function fits(name: string, value: number, parts: Parts): boolean {
  for (const { name: own, field } of allFields(parts)) {
    if (field.kind !== "scalar" || propertyName(field.property ?? own) !== name) continue;
    const { min = 0, max, multipleOf = 1, oneOf } = field;
    const most = typeof max === "number" ? max : 2 ** (scalarText(field.type).size * 8) - 1;
    return value >= min && value <= most && value % multipleOf === 0 &&
      (oneOf?.includes(value) ?? true);
  }
  return true;
}

function fieldPlaces(path: readonly string[], subjects: readonly Values[], parts: Parts): Place[] {
  const last = propertyName(path.at(-1)!);
  const bits = bitsOf(last, parts);
  const inner = subjects.map((subject) => holderOf(subject, path));
  return (bits.length > 0 ? bits : [last]).map((name) => ({
    name,
    holders: inner.filter((holder) => holder !== undefined && name in holder) as Values[],
  })).filter(({ holders }) => holders.length > 0);
}

/** Properties that a word of bit-fields stands for. */
function bitsOf(word: string, parts: Parts): string[] {
  for (const model of allFields(parts)) {
    if (model.field.kind === "bits" && propertyName(model.name) === word) {
      return Object.keys(model.field.fields).map((name) => propertyName(name));
    }
  }
  return [];
}

function* allFields(parts: Parts): Iterable<FieldModel> {
  for (const model of parts.readable.flat) {
    yield model;
    for (const inner of model.struct?.fields ?? []) yield inner;
  }
}

function fieldValue(subject: Values, path: readonly string[], parts: Parts): number {
  const holder = holderOf(subject, path);
  const last = propertyName(path.at(-1)!);
  const value = holder?.[last];
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return wordValue(holder ?? subject, last, parts);
}

/** The value of a whole word of bit-fields. */
function wordValue(subject: Values, word: string, parts: Parts): number {
  for (const model of allFields(parts)) {
    if (model.field.kind === "bits" && propertyName(model.name) === word) {
      return wordOf(model.field, subject);
    }
  }
  return 0;
}

function configValue(config: Values, path: readonly string[], absent: number): number {
  const value = path.reduce<Sample | undefined>(
    (at, name) => (at as Values | undefined)?.[propertyName(name)],
    config,
  );
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : absent;
}

function lengthValue(subject: Values, name: string, parts: Parts): number {
  return parts.payloads[name] ?? countOf(subject[propertyName(name)]);
}

/**
 * Values for the emitted loopback tests: one of each message, such that it passes the checks of its
 * description where that is possible.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { ArmModel, CaseModel, DeviceModel, FieldModel, StructModel } from "../model.ts";
import { className, propertyName } from "../names.ts";
import { Scope } from "./scope.ts";
import { scalarText } from "./scalars.ts";
import { structShape } from "./shape.ts";
import { keyOf, lengthOf, pathOf } from "./paths.ts";
import { Siblings } from "./siblings.ts";

/** A value of a message: what a literal can say. */
export type Sample =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Sample[]
  | { readonly [property: string]: Sample };

type Record_ = { [property: string]: Sample };

/** Bytes of a payload, unless a check asks for another number. */
const PAYLOAD_BYTES = 16;
/** Elements of an array, bytes of a key. */
const ELEMENTS = 2;
/** A list of texts. */
const TEXTS = ["ab", "c"];
/** Bytes for self-describing elements where the configuration says how many. */
const SEQUENCE_BYTES = 64;

/** The sample of one case: both parts, and the bytes of each payload. */
export interface CaseSample {
  readonly request: Record_;
  /** The request as the handler sees it: with the whole words that checks look at. */
  readonly seen: Record_;
  readonly answer: Record_;
  readonly payloads: Readonly<Record<string, number>>;
  /** The status with which checks refuse it; null when it passes. */
  readonly refused: string | null;
}

/** Makes samples for one device, with a set of features negotiated and all of its own offered. */
export class Samples {
  readonly #scope: Scope;
  readonly #device: DeviceModel;
  readonly #negotiated: ReadonlySet<string>;
  readonly #offered: ReadonlySet<string>;
  readonly config: Record_;

  constructor(device: DeviceModel, negotiated: ReadonlySet<string>, offered: ReadonlySet<string>) {
    this.#scope = new Scope(device);
    this.#device = device;
    this.#negotiated = negotiated;
    this.#offered = offered;
    this.config = this.#configSample();
  }

  /** A request and its answer. */
  ofCase(one: CaseModel, tags: ReadonlySet<string>): CaseSample {
    const readable = this.#siblings(one.readable.fields, tags, one);
    const writable = this.#siblings(one.writable.fields, tags, one);
    const request = this.#fields(readable, readable.flat);
    const status = one.status?.field.at(-1);
    const answer = this.#fields(writable, writable.flat.filter((model) => model.name !== status));
    const payloads = Object.fromEntries(
      [...readable.flat, ...writable.flat].filter(({ field }) => field.kind === "payload")
        .map((model) => [model.name, this.#open(model) ? PAYLOAD_BYTES : 0]),
    );
    const parts = { readable, writable, request, payloads };
    this.#tellLengths(parts, answer);
    const refused = this.#satisfy(one, parts);
    this.#tellLengths(parts, answer);
    const seen = this.#withWords(readable.flat, request);
    return { request, seen, answer, payloads, refused };
  }

  /** A copy with the words of bit-fields that are read as a whole too. */
  #withWords(fields: readonly FieldModel[], values: Record_): Record_ {
    const copy: Record_ = { ...values };
    for (const { name, field } of fields) {
      const key = propertyName(name);
      if (field.kind === "bits" && this.#scope.words.has(name)) copy[key] = wordOf(field, values);
      const inner = field.kind === "struct"
        ? field.struct
        : field.kind === "array" && typeof field.of === "object" && "struct" in field.of
        ? field.of.struct
        : null;
      if (inner === null || copy[key] === undefined) continue;
      const { fields: all } = this.#scope.struct(inner);
      const within = copy[key];
      copy[key] = Array.isArray(within)
        ? within.map((each) => this.#withWords(all, each as Record_))
        : this.#withWords(all, within as Record_);
    }
    return copy;
  }

  #siblings(fields: readonly FieldModel[], tags: ReadonlySet<string>, one: CaseModel): Siblings {
    const path = one.status?.field ?? [];
    return new Siblings(this.#scope, className(one.name), fields, {
      tags: new Map([...tags].map((tag) => [tag, "0"])),
      inlined: new Set(path.length > 1 ? [path[0]!] : []),
    });
  }

  #open(model: FieldModel): boolean {
    const any = (sets: FieldModel["when"]) =>
      sets.some((all) => all.every((name) => this.#negotiated.has(name)));
    return (model.when.length === 0 || any(model.when)) && !any(model.unless);
  }

  #fields(siblings: Siblings, fields: readonly FieldModel[]): Record_ {
    const values: Record_ = {};
    for (const model of fields) {
      if (this.#open(model) && siblings.derivedText(model) === null) {
        Object.assign(values, this.#properties(model));
      }
    }
    return values;
  }

  /** Properties that a field brings, with their values. */
  #properties(model: FieldModel): Record_ {
    const { field } = model;
    switch (field.kind) {
      case "scalar":
        if (field.tag || field.reserved !== undefined || field.value !== undefined) return {};
        if (field.echoes !== undefined) return {};
        return { [keyOf(model)]: this.#scalar(field) };
      case "bits":
        return Object.fromEntries(
          Object.entries(field.fields).filter(([, bit]) => bit.reserved === undefined)
            .map(([name]) => [propertyName(name), 1]),
        );
      case "bytes":
        return field.reserved === undefined ? { [keyOf(model)]: this.#bytes(field) } : {};
      case "payload":
        return {};
      case "array":
        return { [keyOf(model)]: this.#array(field) };
      case "struct":
        return { [keyOf(model)]: this.#struct(this.#scope.struct(field.struct)) };
      case "union":
        if (pathOf(field.by).length === 0) return { [keyOf(model)]: pattern(field.size ?? 4) };
        return { [keyOf(model)]: this.#arm(model.arms[0]!) };
      case "sequence":
        return { [keyOf(model)]: [this.#element(field, model.arms[0]!)] };
    }
  }

  #scalar(field: dsl.Scalar): number | bigint {
    let value = 1;
    if (field.enum !== undefined) {
      const members = this.#scope.enumeration(field.enum).members.filter((each) => !each.legacy);
      value = members[0]?.value ?? 1;
    }
    if (field.min !== undefined) value = Math.max(value, field.min);
    if (field.multipleOf !== undefined) value = field.multipleOf;
    if (field.oneOf !== undefined && !field.oneOf.includes(value)) value = field.oneOf[0] ?? 0;
    return scalarText(field.type, field.as).type === "bigint" ? BigInt(value) : value;
  }

  #count(length: dsl.Length): number {
    if (typeof length === "number") return length;
    if (typeof length === "object" && "config" in length) {
      const value = this.config[propertyName(length.config)];
      return typeof value === "number" ? value + (length.plus ?? 0) : 0;
    }
    return ELEMENTS;
  }

  #bytes(field: dsl.Bytes): Sample {
    if (field.text === "list") return TEXTS;
    if (field.text !== undefined) return "text".slice(0, Math.max(1, this.#count(field.length)));
    return pattern(this.#count(field.length));
  }

  #array(field: dsl.ArrayField): Sample[] {
    return Array.from({ length: this.#count(field.length) }, (_, at): Sample => {
      if (typeof field.of === "string") {
        return scalarText(field.of, field.as).type === "bigint" ? BigInt(at + 1) : at + 1;
      }
      if ("bytes" in field.of) return pattern(field.of.bytes);
      return this.#struct(this.#scope.struct(field.of.struct));
    });
  }

  #struct(struct: StructModel): Record_ {
    const siblings = new Siblings(this.#scope, className(struct.name), struct.fields);
    const grown = structShape(this.#scope, struct) === "grown";
    const values: Record_ = {};
    for (const model of siblings.flat) {
      if (siblings.derivedText(model) !== null) continue;
      if (this.#open(model)) Object.assign(values, this.#properties(model));
      // What a growing struct does not reach reads as zero.
      else if (grown) { for (const name of Object.keys(this.#properties(model))) values[name] = 0; }
    }
    return values;
  }

  #arm(arm: ArmModel): Record_ {
    const siblings = new Siblings(this.#scope, arm.name, arm.fields);
    return { kind: arm.name, ...this.#fields(siblings, siblings.flat) };
  }

  #element(field: dsl.Sequence, arm: ArmModel): Record_ {
    const header = this.#struct(this.#scope.struct(field.header));
    delete header[propertyName(field.by)];
    if (typeof field.size === "object") delete header[propertyName(field.size.field)];
    return { ...header, ...this.#arm(arm) };
  }

  #configSample(): Record_ {
    const values: Record_ = {};
    for (const model of this.#device.config?.fields ?? []) {
      const { field } = model;
      if (field.kind === "union") continue;
      if (field.kind !== "scalar") {
        Object.assign(values, this.#properties(model));
        continue;
      }
      if (field.reserved !== undefined) continue;
      const value = Math.max(configNumber(field), this.#roomWanted(model.name));
      values[keyOf(model)] = scalarText(field.type, field.as).type === "bigint"
        ? BigInt(value)
        : value;
    }
    return values;
  }

  /** Bytes that a configuration field must give to what it is the size of. */
  #roomWanted(name: string): number {
    const parts = this.#device.messages.flatMap((set) => set.cases)
      .flatMap((one) => [...one.readable.fields, ...one.writable.fields]);
    const sized = parts.find(({ field }) => {
      const length = lengthOf(field);
      const open = field.kind === "sequence" || field.kind === "bytes" && field.text === "list";
      return open && typeof length === "object" && length !== null && "config" in length &&
        length.config === name;
    });
    if (sized === undefined) return 0;
    return sized.field.kind === "sequence" ? SEQUENCE_BYTES : textBytes(TEXTS);
  }

  /** Changes fields one after the other until all checks pass; the status of the first that does not. */
  #satisfy(one: CaseModel, parts: Parts): string | null {
    for (let round = 0; round < 3; round++) {
      const failing = one.checks.filter((check) => this.#fails(check, parts));
      if (failing.length === 0) return null;
      for (const check of failing) this.#adjust(check, one.checks, parts);
    }
    return one.checks.find((check) => this.#fails(check, parts))?.otherwise ?? null;
  }

  #adjust(check: dsl.Check, all: readonly dsl.Check[], parts: Parts): void {
    for (const [holder, name] of places(check, parts)) {
      const before = holder[name]!;
      for (const candidate of [0, 1, 2, 4, 8, 16, 512, 4096, 65536]) {
        holder[name] = typeof before === "bigint" ? BigInt(candidate) : candidate;
        if (!this.#fails(check, parts)) return;
      }
      holder[name] = before;
    }
    void all;
  }

  #fails(check: dsl.Check, parts: Parts): boolean {
    if (!this.#applies(check)) return false;
    if (check.of === undefined) return true;
    if (check.each === undefined) return this.#failsOn(check, parts, parts.request);
    const elements = parts.request[propertyName(check.each)];
    return Array.isArray(elements) &&
      elements.some((element) => this.#failsOn(check, parts, element as Record_));
  }

  #applies(check: dsl.Check): boolean {
    const any = (gate: dsl.Gate | undefined, set: ReadonlySet<string>) =>
      gate !== undefined &&
      alternatives(gate).some((names) => names.every((name) => set.has(name)));
    if (check.when !== undefined && !any(check.when, this.#negotiated)) return false;
    if (any(check.unless, this.#negotiated)) return false;
    return check.offered === undefined || any(check.offered, this.#offered);
  }

  #failsOn(check: dsl.Check, parts: Parts, subject: Record_): boolean {
    const value = (operand: dsl.Operand | undefined, absent: number) =>
      operand === undefined ? null : this.#value(operand, parts, subject, absent);
    const of = value(check.of, 0) ?? 0;
    const atMost = value(check.atMost, Infinity);
    const atLeast = value(check.atLeast, 0);
    const equals = value(check.equals, 0);
    const multipleOf = value(check.multipleOf, 0);
    const clear = value(check.clear, 0);
    const within = value(check.within, 0);
    return (atMost !== null && of > atMost) || (atLeast !== null && of < atLeast) ||
      (equals !== null && of !== equals) ||
      (multipleOf !== null && multipleOf !== 0 && of % multipleOf !== 0) ||
      (clear !== null && (BigInt(of) & BigInt(clear)) !== 0n) ||
      (within !== null && (BigInt(of) & ~BigInt(within)) !== 0n);
  }

  #value(operand: dsl.Operand, parts: Parts, subject: Record_, absent: number): number {
    if (typeof operand === "number") return operand;
    const inner = (each: dsl.Operand) => this.#value(each, parts, subject, absent);
    if ("field" in operand) return fieldValue(subject, pathOf(operand.field), parts);
    if ("config" in operand) return configValue(this.config, pathOf(operand.config), absent);
    if ("length" in operand) return lengthValue(subject, operand.length, parts);
    if ("sum" in operand) return operand.sum.reduce((sum: number, each) => sum + inner(each), 0);
    if ("product" in operand) {
      return operand.product.reduce((all: number, each) => all * inner(each), 1);
    }
    if ("quotient" in operand) return Math.floor(inner(operand.quotient[0]) / operand.quotient[1]);
    return Math.floor(inner(operand.bit[0]) / 2 ** operand.bit[1]) % 2;
  }

  /** Writes lengths into the fields that state them, where those are fields of their own. */
  #tellLengths(parts: Parts, answer: Record_): void {
    const tell = (siblings: Siblings, values: Record_) => {
      for (const model of siblings.flat) {
        if (model.field.kind === "array" && model.field.stride !== undefined) {
          assign(parts.request, pathOf(model.field.stride.field), model.struct?.size ?? 64);
        }
        const length = lengthOf(model.field);
        if (length === null || typeof length !== "object" || !("field" in length)) continue;
        const count = model.field.kind === "payload"
          ? parts.payloads[model.name] ?? 0
          : countOf(values[keyOf(model)]);
        const stated = (count - (length.plus ?? 0)) / (length.times ?? 1);
        if (assign(parts.request, pathOf(length.field), stated)) continue;
        // The arm that would state the length is not there: nothing has it.
        if (pathOf(length.field).length === 1 || !this.#open(model)) continue;
        if (model.field.kind === "payload") parts.payloads[model.name] = 0;
        else values[keyOf(model)] = model.field.kind === "array" ? [] : new Uint8Array(0);
      }
    };
    tell(parts.readable, parts.request);
    tell(parts.writable, answer);
  }
}

interface Parts {
  readonly readable: Siblings;
  readonly writable: Siblings;
  readonly request: Record_;
  readonly payloads: { [name: string]: number };
}

/** `length` bytes that are not all the same. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at + 1);
}

/** Bytes of texts with a NUL behind each. */
function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}

function configNumber(field: dsl.Scalar): number {
  if (field.bitsOf !== undefined) return field.type.endsWith("64") ? 2 ** 40 - 1 : 0xffff;
  if (field.reset !== undefined) return field.reset;
  if (field.oneOf !== undefined) return field.oneOf[0] ?? 0;
  if (field.type.endsWith("64") && field.as === "number") return 2 ** 20;
  const max = typeof field.max === "number" ? field.max : Infinity;
  const wanted = field.type === "u8" ? 1 : 2;
  const least = Math.max(wanted, field.min ?? 0);
  const step = field.multipleOf ?? 1;
  return Math.min(max, Math.ceil(least / step) * step);
}

/** Fields and payload lengths that a check looks at, as places to change. */
function places(check: dsl.Check, parts: Parts): [Record_, string][] {
  const found: [Record_, string][] = [];
  const subjects = check.each === undefined
    ? [parts.request]
    : parts.request[propertyName(check.each)] as unknown as Record_[];
  JSON.stringify(check.of, (key, value) => {
    if (key === "field") {
      const path = (typeof value === "string" ? [value] : value as string[]).map((name) =>
        propertyName(name)
      );
      for (const subject of subjects) {
        const holder = path.slice(0, -1).reduce<Record_ | undefined>(
          (at, name) => at?.[name] as Record_,
          subject,
        );
        const bits = bitsOf(path.at(-1)!, parts);
        for (const name of bits.length > 0 ? bits : [path.at(-1)!]) {
          if (holder !== undefined && name in holder) found.push([holder, name]);
        }
      }
    }
    if (key === "length" && value in parts.payloads) found.push([parts.payloads as Record_, value]);
    return value;
  });
  return found;
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

function fieldValue(subject: Record_, path: readonly string[], parts: Parts): number {
  const names = path.map((name) => propertyName(name));
  const holder = names.slice(0, -1).reduce<Record_ | undefined>(
    (at, name) => at?.[name] as Record_,
    subject,
  );
  const last = names.at(-1)!;
  const value = holder?.[last];
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return wordValue(holder ?? subject, last, parts);
}

/** The value of a whole word of bit-fields. */
function wordValue(subject: Record_, word: string, parts: Parts): number {
  for (const model of allFields(parts)) {
    if (model.field.kind === "bits" && propertyName(model.name) === word) {
      return wordOf(model.field, subject);
    }
  }
  return 0;
}

function wordOf(field: dsl.Bits, values: Record_): number {
  let value = 0;
  let low = 0;
  for (const [name, bit] of Object.entries(field.fields)) {
    value += Number(values[propertyName(name)] ?? 0) * 2 ** low;
    low += bit.width;
  }
  return value;
}

function configValue(config: Record_, path: readonly string[], absent: number): number {
  const value = path.reduce<Sample | undefined>(
    (at, name) => (at as Record_ | undefined)?.[propertyName(name)],
    config,
  );
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : absent;
}

function lengthValue(subject: Record_, name: string, parts: Parts): number {
  return parts.payloads[name] ?? countOf(subject[propertyName(name)]);
}

function countOf(value: Sample | undefined): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : 0;
}

/** Sets a field by its path; false when it is not there. */
function assign(values: Record_, path: readonly string[], value: number): boolean {
  const names = path.map((name) => propertyName(name));
  const holder = names.slice(0, -1).reduce<Record_ | undefined>(
    (at, name) => at?.[name] as Record_,
    values,
  );
  if (holder === undefined || !(names.at(-1)! in holder)) return false;
  holder[names.at(-1)!] = value;
  return true;
}

function alternatives(gate: dsl.Gate): readonly (readonly string[])[] {
  if (typeof gate === "string") return [[gate]];
  return gate.map((one) => typeof one === "string" ? [one] : one);
}

/** A sample as TypeScript. */
export function literal(value: Sample): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    const plain = value.every((byte, at) => byte === (at + 1) % 256);
    return plain && value.length > 8
      ? `pattern(${value.length})`
      : `Uint8Array.of(${[...value].join(", ")})`;
  }
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, each]) => `${name}: ${literal(each)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return String(value);
}

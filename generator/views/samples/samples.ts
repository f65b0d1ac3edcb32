/**
 * Values for the emitted loopback tests: one of each message, such that it passes the checks of its
 * description where that is possible.
 *
 * @module
 */

import type * as dsl from "../../../spec/types.ts";
import { isEvent } from "../../event.ts";
import type { ArmModel, CaseModel, DeviceModel, FieldModel, StructModel } from "../../model.ts";
import { className, propertyName } from "../../names.ts";
import { Scope } from "../scope.ts";
import { scalarText } from "../scalars.ts";
import { structShape } from "../shape.ts";
import { keyOf, lengthOf, pathOf } from "../paths.ts";
import { Siblings } from "../siblings.ts";
import { Checks } from "./checks.ts";
import { configSample } from "./config.ts";
import {
  assign,
  countOf,
  elementAt,
  type Parts,
  pattern,
  type Sample,
  TEXTS,
  type Values,
  wordOf,
} from "./values.ts";

/** Bytes of a payload, unless a check asks for another number. */
const PAYLOAD_BYTES = 16;
/** Bytes of room that an answer finds. */
const ROOM = 4096;
/** Elements of an array, bytes of a key. */
const ELEMENTS = 2;

/** The sample of one case: both parts, and the bytes of each payload. */
export interface CaseSample {
  readonly request: Values;
  /** The request as the handler sees it: with the whole words that checks look at. */
  readonly seen: Values;
  readonly answer: Values;
  readonly payloads: Readonly<Record<string, number>>;
  /** Bytes for an answer of which only the caller says how long it may be. */
  readonly room: number;
  /** The status with which checks refuse it; null when it passes. */
  readonly refused: string | null;
}

/** As much as an answer takes whose elements go on to the status at its end, else more. */
function roomFor(fields: readonly FieldModel[], answer: Values): number {
  if (!fields.slice(0, -1).some(({ field }) => lengthOf(field) === "rest")) return ROOM;
  const sizes = fields.map((model) => {
    const { field, size, struct } = model;
    if (size !== null) return size;
    const of = field.kind === "array" ? field.of : "u8";
    const each = typeof of === "string"
      ? scalarText(of).size
      : "bytes" in of
      ? of.bytes
      : struct?.size;
    return countOf(answer[keyOf(model)]) * (each ?? NaN);
  });
  return sizes.reduce((sum, size) => sum + size, 0) || ROOM;
}

/** A check of the configuration as one of fields. */
function asFields(check: dsl.ConfigCheck): dsl.Check {
  return JSON.parse(
    JSON.stringify(check),
    (_key, value) => typeof value?.config === "undefined" ? value : { field: value.config },
  );
}

/** Makes samples for one device, with a set of features negotiated and all of its own offered. */
export class Samples {
  readonly #scope: Scope;
  readonly #negotiated: ReadonlySet<string>;
  readonly #checks: Checks;
  readonly config: Values;

  constructor(device: DeviceModel, negotiated: ReadonlySet<string>, offered: ReadonlySet<string>) {
    this.#scope = new Scope(device);
    this.#negotiated = negotiated;
    this.config = configSample(this.#scope, device, (model) => this.#properties(model));
    this.#checks = new Checks(negotiated, offered, this.config);
    if (device.config !== null) this.#settleConfig(device.config);
  }

  /** Changes the configuration until its own checks pass: those of a message that has its fields. */
  #settleConfig({ description, fields }: NonNullable<DeviceModel["config"]>): void {
    const all = new Siblings(this.#scope, "", fields);
    const parts = { readable: all, writable: all, request: this.config, payloads: {} };
    this.#checks.satisfy((description.checks ?? []).map(asFields), parts);
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
    const checked = isEvent(one) ? { ...parts, readable: writable, request: answer } : parts;
    const refused = this.#checks.satisfy(one.checks, checked);
    this.#tellLengths(parts, answer);
    const seen = this.#withWords(readable.flat, request);
    return { request, seen, answer, payloads, room: roomFor(writable.flat, answer), refused };
  }

  /** A copy with the words of bit-fields that are read as a whole too. */
  #withWords(fields: readonly FieldModel[], values: Values): Values {
    const copy: Values = { ...values };
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
        ? within.map((each) => this.#withWords(all, each as Values))
        : this.#withWords(all, within as Values);
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

  #fields(siblings: Siblings, fields: readonly FieldModel[]): Values {
    const values: Values = {};
    for (const model of fields) {
      if (this.#open(model) && siblings.derivedText(model) === null) {
        Object.assign(values, this.#properties(model));
      }
    }
    return values;
  }

  /** Properties that a field brings, with their values. */
  #properties(model: FieldModel): Values {
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
    if (typeof length === "object" && "field" in length) {
      const { times = 1, plus = 0 } = length;
      return times * Math.max(1, Math.floor((ELEMENTS - plus) / times)) + plus;
    }
    return ELEMENTS;
  }

  #bytes(field: dsl.Bytes): Sample {
    if (field.text === "list") return TEXTS;
    if (field.text !== undefined) {
      const nul = field.text === "terminated" ? 1 : 0;
      return "text".slice(0, Math.max(1, this.#count(field.length) - nul));
    }
    return pattern(this.#count(field.length));
  }

  #array(field: dsl.ArrayField): Sample[] {
    return Array.from({ length: this.#count(field.length) }, (_, at): Sample => {
      if (typeof field.of === "string") {
        const value = elementAt(at);
        return scalarText(field.of, field.as).type === "bigint" ? BigInt(value) : value;
      }
      if ("bytes" in field.of) return pattern(field.of.bytes);
      return this.#struct(this.#scope.struct(field.of.struct));
    });
  }

  #struct(struct: StructModel): Values {
    const siblings = new Siblings(this.#scope, className(struct.name), struct.fields);
    const grown = structShape(this.#scope, struct) === "grown";
    const values: Values = {};
    for (const model of siblings.flat) {
      if (siblings.derivedText(model) !== null) continue;
      if (this.#open(model)) Object.assign(values, this.#properties(model));
      // What a growing struct does not reach reads as zero.
      else if (grown) { for (const name of Object.keys(this.#properties(model))) values[name] = 0; }
    }
    return values;
  }

  #arm(arm: ArmModel): Values {
    const siblings = new Siblings(this.#scope, arm.name, arm.fields);
    return { kind: arm.name, ...this.#fields(siblings, siblings.flat) };
  }

  #element(field: dsl.Sequence, arm: ArmModel): Values {
    const header = this.#struct(this.#scope.struct(field.header));
    delete header[propertyName(field.by)];
    if (typeof field.size === "object") delete header[propertyName(field.size.field)];
    if (field.zero !== undefined) delete header[propertyName(field.zero)];
    return { ...header, ...this.#arm(arm) };
  }

  /** Writes lengths into the fields that state them, where those are fields of their own. */
  #tellLengths(parts: Parts, answer: Values): void {
    const tell = (siblings: Siblings, values: Values) => {
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

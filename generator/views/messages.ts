/**
 * What templates print of messages: the objects that handlers and callers see, and how each part
 * is read and written.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { CaseModel, DeviceModel, FieldModel, MessagesModel } from "../model.ts";
import { className, localName, propertyName, shortName } from "../names.ts";
import { sectionDoc } from "./docs.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated, isPlain, structShape } from "./shape.ts";
import { Operands } from "./checks.ts";
import { lengthOf, type Outer, Siblings } from "./siblings.ts";
import { type CodecView, codecView, type UnionView, unionViews } from "./structs.ts";

/** Bytes of a message that stay in guest memory. */
export interface PayloadView {
  readonly name: string;
  readonly property: string;
  readonly local: string;
  readonly doc: string;
  readonly readable: boolean;
  /** Its length in bytes as the device finds it in the request; null for what is left. */
  readonly length: string | null;
  readonly gate: string;
}

/** One direction of a case. */
export interface PartView extends CodecView {
  /** Name of the interface, null where there is nothing to say. */
  readonly type: string | null;
  /** What its functions are called after. */
  readonly name: string;
  readonly doc: string;
  /** It is the header alone, and has its functions in common with other cases. */
  readonly shared: boolean;
  /** Parameters for the tag of a shared part, and this case's arguments. */
  readonly tags: readonly (readonly [string, string])[];
  /** Type of what its functions take and return: the interface, with the status where it has one. */
  readonly resultType: string;
  /** Every field at a place known beforehand, payload last. */
  readonly plain: boolean;
  /** Text for the bytes before the payload, where that can be said beforehand. */
  readonly headSize: string | null;
  readonly payloads: readonly PayloadView[];
  /** What no field takes belongs to someone else, and is left as it is. */
  readonly surplus: boolean;
  /** Bytes of what stands at the end of the buffer. */
  readonly trailerSize: number;
  readonly unions: readonly UnionView[];
  /** Nothing but payload, if that. */
  readonly bare: boolean;
  readonly exists: boolean;
  /** It speaks of the request that it answers. */
  readonly asksRequest: boolean;
  /** It needs the lengths of its payloads. */
  readonly asksLengths: boolean;
  readonly asksSession: boolean;
  readonly hasPooled: boolean;
  readonly hasWrite: boolean;
  readonly hasDecode: boolean;
  readonly hasEncode: boolean;
}

/** The status of a case's answer. */
export interface StatusView {
  readonly property: string;
  readonly type: string;
  readonly ok: string;
  readonly unknown: string;
  readonly malformed: string;
  readonly failed: string;
  /** Writes it into `view`, at its offset from the part's first byte, or from the trailer's. */
  readonly set: string;
  readonly get: string;
  /** Reads it from `view`, for a part (or trailer) that begins at `answer`. */
  readonly getAt: string;
  readonly trailing: boolean;
  readonly offset: number;
  readonly size: number;
}

/** A request, answer or event. */
export interface CaseView {
  readonly name: string;
  readonly handler: string;
  readonly pascal: string;
  readonly doc: string;
  readonly tag: number;
  readonly tags: readonly number[];
  readonly readable: PartView;
  readonly writable: PartView;
  readonly status: StatusView | null;
  readonly checks: readonly CheckView[];
  /** Condition in the session `s` without which there is no such request; empty when always. */
  readonly gate: string;
  readonly model: CaseModel;
}

/** A check that a device makes before a handler runs. */
export interface CheckView {
  readonly doc: string;
  /** True when the request fails it. */
  readonly fails: string;
  readonly status: string;
  /** Property whose elements are checked one by one. */
  readonly elements: string | null;
}

/** A set of messages. */
export interface MessagesView {
  readonly name: string;
  readonly pascal: string;
  readonly doc: string;
  readonly tagged: boolean;
  /** Bytes that hold all tag fields. */
  readonly tagSize: number;
  /** The tag as one number, from `view`. */
  readonly tag: string;
  readonly cases: readonly CaseView[];
  readonly status: StatusView | null;
}

/** The view of a set of messages. */
export function messagesView(scope: Scope, device: DeviceModel, set: MessagesModel): MessagesView {
  const queue = device.queues.find((each) => each.messages.includes(set));
  const role = queue?.queue.role ?? "request";
  const cases = set.cases.map((one) => caseView(scope, device, set, one, role));
  return {
    name: set.name,
    pascal: className(shortName(set.name, device.name)),
    doc: sectionDoc(set.doc, set.section),
    tagged: set.tagged,
    tagSize: Math.max(0, ...set.tags.map((tag) => (tag.offset ?? 0) + (tag.size ?? 0))),
    tag: tagText(set),
    cases,
    status: cases[0]?.status ?? null,
  };
}

/** All tag fields as one number: the first is the most significant. */
function tagText(set: MessagesModel): string {
  return set.tags.map((tag, index) => {
    const text = scalarText((tag.field as dsl.Scalar).type, "number").get(String(tag.offset ?? 0));
    const below = set.tags.slice(index + 1).reduce((bits, each) => bits + 8 * (each.size ?? 0), 0);
    return below === 0 ? text : `${text} * ${2 ** below}`;
  }).join(" + ");
}

/** The tag of a case as one number. */
function tagNumber(set: MessagesModel, tags: readonly number[]): number {
  return set.tags.reduce(
    (sum, tag, index) => sum * 2 ** (8 * (tag.size ?? 0)) + (tags[index] ?? 0),
    0,
  );
}

function caseView(
  scope: Scope,
  device: DeviceModel,
  set: MessagesModel,
  one: CaseModel,
  role: dsl.Role,
): CaseView {
  const name = set.tagged ? one.name : shortName(set.name, device.name);
  const pascal = className(name);
  const both = one.readable.fields.length > 0 && one.writable.fields.length > 0;
  const ambiguous = device.messages.some((other) =>
    other !== set && other.cases.some((each) => set.tagged && each.name === one.name)
  );
  const owner = ambiguous ? className(shortName(set.name, device.name)) : "";
  const prefix = device.prefix + owner + pascal;
  const own = one.readable.fields.filter(({ field }) => field.kind !== "payload");
  const shared = set.tagged && role === "request" && own.length === set.header.fields.length;
  const parts = new CaseParts(scope, set, one, role, shared);
  const header = device.prefix + className(shortName(set.name, device.name));
  return {
    name,
    handler: propertyName(name),
    pascal,
    doc: sectionDoc(one.doc, one.section),
    tag: tagNumber(set, one.tags),
    tags: [
      tagNumber(set, one.tags),
      ...one.legacyTags.map((tag) => tagNumber(set, [tag])),
    ],
    readable: parts.view("readable", shared ? header : both ? `${prefix}Request` : prefix),
    writable: parts.view("writable", both ? `${prefix}Answer` : prefix),
    status: parts.status(),
    checks: parts.checks(device),
    gate: scope.gateText(one.feature, one.unless),
    model: one,
  };
}

/** Both parts of one case, each the other's context. */
class CaseParts {
  readonly #scope: Scope;
  readonly #set: MessagesModel;
  readonly #case: CaseModel;
  readonly #role: dsl.Role;
  readonly #readable: Siblings;
  readonly #writable: Siblings;

  readonly #shared: boolean;
  readonly #tags: readonly (readonly [string, string])[];

  constructor(scope: Scope, set: MessagesModel, one: CaseModel, role: dsl.Role, shared: boolean) {
    this.#shared = shared;
    this.#scope = scope;
    this.#role = role;
    this.#set = set;
    this.#case = one;
    const literals = new Map(
      set.tags.map((tag, index) => [tag.name, tagLiteral(tag, one.tags[index] ?? 0)]),
    );
    const tags = shared ? new Map(set.tags.map((tag) => [tag.name, tagParameter(tag)])) : literals;
    this.#tags = shared ? set.tags.map((tag) => [tagParameter(tag), literals.get(tag.name)!]) : [];
    const owner = className(scope.prefix) + className(one.name);
    const path = one.status?.field ?? [];
    const inlined = new Set(path.length > 1 ? [path[0]!] : []);
    this.#readable = new Siblings(scope, `${owner}Request`, one.readable.fields, { tags });
    this.#writable = new Siblings(scope, `${owner}Answer`, one.writable.fields, {
      tags,
      inlined,
      outer: requestReference(this.#readable),
    });
  }

  view(direction: "readable" | "writable", type: string): PartView {
    const siblings = direction === "readable" ? this.#readable : this.#writable;
    const part = this.#case[direction];
    const { head, payloads, trailer } = this.#cut(siblings, direction);
    const status = direction === "writable" ? this.status() : null;
    const fields = direction === "readable"
      ? siblings.flat
      : siblings.flat.filter((model) => !payloads.includes(model) && !isSurplus(model));
    const codec = codecView(this.#scope, siblings, fields);
    const properties = codec.properties.filter((each) => each.property !== status?.property);
    const plain = trailer.length === 0 && isPlainPart(this.#scope, head, payloads);
    const parked = this.#role === "receive";
    const told = properties.length > 0;
    const text = [...codec.decodes, ...codec.encodes].join("\n");
    const base = told ? type : "Record<never, never>";
    const shared = this.#shared && direction === "readable";
    return {
      ...codec,
      properties,
      name: type,
      type: told ? type : null,
      shared,
      tags: shared ? this.#tags : [],
      doc: shared
        ? sectionDoc(this.#set.doc, this.#set.section)
        : sectionDoc(this.#case.doc, this.#case.section),
      resultType: status === null ? base : `${base} & { readonly ${status.property}: number }`,
      plain,
      headSize: this.#headSize(siblings, head, payloads),
      payloads: payloads.map((model) => this.#payload(siblings, model, direction)),
      surplus: siblings.flat.some(isSurplus),
      trailerSize: trailer.reduce((sum, each) => sum + (each.size ?? 0), 0),
      unions: unionViews(this.#scope, siblings, null),
      bare: head.length + trailer.length === 0,
      exists: part.fields.length > 0,
      asksRequest: /\brequest\./.test(text),
      asksLengths: text.includes("lengths."),
      asksSession: [...codec.reads, ...codec.writes].some((line) => /\bs\./.test(line)),
      hasPooled: plain && told && (direction === "readable" || parked),
      hasWrite: plain && head.length > 0 && direction === "readable",
      hasDecode: direction === "readable" ? !plain : told && !(parked && plain),
      hasEncode: direction === "readable" ? !plain : told || (parked && head.length > 0),
    };
  }

  /** Fields before the first payload, payloads (with what stands between), fields behind the last. */
  #cut(siblings: Siblings, direction: "readable" | "writable") {
    const flat = siblings.flat.filter((model) => direction === "readable" || !isSurplus(model));
    const isPayload = (model: FieldModel) => model.field.kind === "payload";
    const payloads = flat.filter(isPayload);
    const last = flat.findLastIndex(isPayload);
    const behindPayload = last < 0 ? 0 : flat.length - 1 - last;
    const count = direction === "writable"
      ? Math.max(this.#trailerCount(siblings), behindPayload)
      : behindPayload;
    const trailer = flat.slice(flat.length - count);
    const head = flat.slice(0, flat.length - count).filter((model) => !isPayload(model));
    return { head, payloads, trailer };
  }

  /** How many flat fields the set's trailer has. */
  #trailerCount(siblings: Siblings): number {
    const fields = this.#case.writable.fields;
    const trailing = fields.slice(fields.length - this.#set.trailer)
      .filter((model) => !isSurplus(model));
    if (this.#set.trailer === 0) return 0;
    const first = siblings.flat.findIndex((model) => trailing.includes(siblings.rootOf(model)));
    return first < 0 ? 0 : siblings.flat.length - first;
  }

  #payload(siblings: Siblings, model: FieldModel, direction: string): PayloadView {
    const length = lengthOf(model.field);
    const text = length === null || length === "rest" ? null : siblings.length(model, length).count;
    return {
      name: model.name,
      property: propertyName(model.name),
      local: localName(propertyName(model.name)),
      doc: model.doc,
      readable: direction === "readable",
      length: text,
      gate: isGated(model) ? this.#scope.gateText(model.when, model.unless) : "",
    };
  }

  /** Text for the bytes of the fields before the payload; null when a request decides. */
  #headSize(
    siblings: Siblings,
    head: readonly FieldModel[],
    payloads: readonly FieldModel[],
  ): string | null {
    let known = 0;
    const more: string[] = [];
    for (const model of head) {
      const behind = payloads.length > 0 &&
        siblings.flat.indexOf(model) > siblings.flat.indexOf(payloads[0]!);
      if (behind) return null;
      const text = this.#sizeText(siblings, model);
      if (text === null) return null;
      if (typeof text === "number" && !isGated(model)) known += text;
      else if (isGated(model)) {
        more.push(`(${this.#scope.gateText(model.when, model.unless)} ? ${text} : 0)`);
      } else more.push(String(text));
    }
    return [...more, ...(known > 0 || more.length === 0 ? [String(known)] : [])].join(" + ");
  }

  #sizeText(siblings: Siblings, model: FieldModel): number | string | null {
    const { field } = model;
    if (field.kind === "struct") {
      const struct = this.#scope.struct(field.struct);
      if (structShape(this.#scope, struct) === "grown") return this.#scope.sessionSize(struct);
    }
    if (field.kind === "bytes" && typeof field.length === "object" && "config" in field.length) {
      return siblings.length(model, field.length).count;
    }
    return model.size;
  }

  status(): StatusView | null {
    const status = this.#case.status;
    if (status === null) return null;
    const name = status.field.at(-1) ?? "";
    const { head, trailer } = this.#cut(this.#writable, "writable");
    const trailing = trailer.some((model) => model.name === name);
    const fields = trailing ? trailer : head;
    const index = fields.findIndex((model) => model.name === name);
    const model = fields[index];
    if (model === undefined || model.field.kind !== "scalar") {
      throw new Error(`${this.#case.path}: the status is not a scalar`);
    }
    const offset = fields.slice(0, index).reduce((sum, each) => sum + (each.size ?? 0), 0);
    const text = scalarText(model.field.type);
    const type = this.#scope.prefix + status.enum.typeName;
    return {
      property: propertyName(name),
      type,
      ok: `${type}.${this.#case.ok ?? status.ok}`,
      unknown: `${type}.${status.unknown}`,
      malformed: `${type}.${status.malformed}`,
      failed: `${type}.${status.failed}`,
      set: text.set(String(offset), "status", name),
      get: text.get(String(offset)),
      getAt: text.get(offset === 0 ? "answer" : `answer + ${offset}`),
      trailing,
      offset,
      size: text.size,
    };
  }

  checks(device: DeviceModel): CheckView[] {
    const operands = new Operands(this.#scope, device, [this.#readable, this.#writable]);
    const type = this.#case.status === null
      ? ""
      : this.#scope.prefix + this.#case.status.enum.typeName;
    return this.#case.checks.map((check) => ({
      doc: sectionDoc(check.doc, check.section ?? this.#case.section),
      fails: operands.failsText(check),
      status: type === "" ? "0" : `${type}.${check.otherwise}`,
      elements: check.each === undefined ? null : propertyName(check.each),
    }));
  }
}

/** Reserved bytes of any number: neither read nor written. */
function isSurplus({ field }: FieldModel): boolean {
  return field.kind === "bytes" && field.reserved === true && field.length === "rest";
}

function tagParameter(tag: FieldModel): string {
  return localName(propertyName(tag.name));
}

function tagLiteral(tag: FieldModel, value: number): string {
  return scalarText((tag.field as dsl.Scalar).type).type === "bigint" ? `${value}n` : String(value);
}

/** Lengths in an answer may be stated in its request. */
function requestReference(readable: Siblings): Outer {
  return (path) => {
    const found = readable.flat.find((each) => each.name === path[0]);
    if (found === undefined) return null;
    const text = readable.reference(path).encode.replace(/\bvalue\./g, "request.");
    return { decode: text, encode: text };
  };
}

/** Whether all fields can be read at constant offsets, and one payload at the most follows them. */
function isPlainPart(
  scope: Scope,
  head: readonly FieldModel[],
  payloads: readonly FieldModel[],
): boolean {
  if (payloads.length > 1) return false;
  const [payload] = payloads;
  if (payload !== undefined && (isGated(payload) || lengthOf(payload.field) !== "rest")) {
    return false;
  }
  return head.every((model, index) => {
    if (isGated(model)) return false;
    if (isPlain(scope, model)) return true;
    return index === head.length - 1 && model.field.kind === "struct" &&
      structShape(scope, scope.struct(model.field.struct)) === "grown";
  });
}

/**
 * What templates print of one direction of a message.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { CaseModel, FieldModel, MessagesModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import { sectionDoc } from "./docs.ts";
import { externName, lengthOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated, isPlain, structShape } from "./shape.ts";
import { type Outer, Siblings } from "./siblings.ts";
import { extentText, sizeText, sumOf } from "./sizes.ts";
import { type StatusView, statusView } from "./status.ts";
import { type CodecView, codecView, type UnionView, unionViews } from "./structs.ts";

export type { StatusView } from "./status.ts";

/** Which way a part goes: read by the device, or written by it. */
export type Direction = "readable" | "writable";

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
  /** Parameters for the tag of a part that several cases share, and this case's arguments. */
  readonly tags: readonly (readonly [string, string])[];
  /** Type of what its functions take and return: the interface, with the status where it has one. */
  readonly resultType: string;
  /** Every field at a place known beforehand, payload last. */
  readonly plain: boolean;
  /** Text for the bytes before the payload, where that can be said beforehand. */
  readonly headSize: string | null;
  /** Text for all bytes of an answer without payload, where the request tells them; null where the caller has to. */
  readonly area: string | null;
  readonly payloads: readonly PayloadView[];
  /** What no field takes belongs to someone else, and is left as it is. */
  readonly surplus: boolean;
  /** Bytes of what stands at the end of the buffer. */
  readonly trailerSize: number;
  readonly unions: readonly UnionView[];
  /** Nothing but payload, if that. */
  readonly bare: boolean;
  readonly exists: boolean;
  /** What only the caller knows, of other messages: parameters of the decoder. */
  readonly told: readonly string[];
  /** Its functions speak of the request that it answers. */
  readonly decodesRequest: boolean;
  readonly encodesRequest: boolean;
  /** It needs the lengths of its payloads to be written. */
  readonly asksLengths: boolean;
  readonly asksSession: boolean;
  readonly hasPooled: boolean;
  readonly hasWrite: boolean;
  readonly hasDecode: boolean;
  readonly hasEncode: boolean;
}

/** Both parts of one case, each the other's context. */
export class CaseParts {
  /** Name of the case after the device's prefix. */
  readonly name: string;
  readonly readable: Siblings;
  readonly writable: Siblings;
  readonly #scope: Scope;
  readonly #set: MessagesModel;
  readonly #case: CaseModel;
  readonly #role: dsl.Role;
  readonly #owner: string;

  constructor(scope: Scope, set: MessagesModel, one: CaseModel, role: dsl.Role, name: string) {
    this.name = name;
    this.#scope = scope;
    this.#set = set;
    this.#case = one;
    this.#role = role;
    this.#owner = scope.prefix + className(name);
    this.readable = this.#siblings("readable", false);
    this.writable = this.#siblings("writable", false);
  }

  /** What tells parts with other fields apart: all that is printed of it, whoever it belongs to. */
  key(direction: Direction): string {
    const { name: _name, doc: _doc, ...view } = this.view(direction, "", true);
    const tags = view.tags.map(([parameter]) => parameter);
    return JSON.stringify({ ...view, tags }).replaceAll(`${this.#owner}`, "");
  }

  /** Whether a part is nothing but what all messages of the set start with. */
  isHeader(direction: Direction): boolean {
    const own = this.#case[direction].fields.filter(({ field }) => field.kind !== "payload");
    return direction === "readable" && own.length === this.#set.header.fields.length;
  }

  /** The status of the answer; null where there is none. */
  status(): StatusView | null {
    const { head, trailer } = this.#cut(this.writable, "writable");
    return statusView(this.#scope, this.#case, this.writable, head, trailer);
  }

  /** The view of a part under a name; `shared` by several cases, so that the tag is an argument. */
  view(direction: Direction, name: string, shared: boolean): PartView {
    const siblings = shared ? this.#siblings(direction, true) : this[direction];
    const scope = this.#scope;
    const { head, payloads, trailer } = this.#cut(siblings, direction);
    const status = direction === "writable" ? this.status() : null;
    const plain = trailer.length === 0 && isPlainPart(scope, head, payloads);
    const parked = this.#role === "receive";
    const walksPayload = direction === "readable" || parked && !plain;
    const area = payloads.length > 0
      ? null
      : sumOf(scope, [...head, ...trailer], (model) => extentText(scope, siblings, model));
    const trailerSize = trailer.reduce((sum, each) => sum + (each.size ?? 0), 0);
    const [last] = trailer;
    const atEnd = last === undefined || payloads.length > 0 || area !== null
      ? undefined
      : { model: last, line: `d.toLast(${trailerSize}, "${last.name}");` };
    const codec = codecView(
      scope,
      siblings,
      siblings.flat.filter((model) =>
        !isSurplus(model) && (walksPayload || !payloads.includes(model))
      ),
      atEnd,
    );
    const properties = codec.properties.filter((each) => each.property !== status?.property);
    const spoken = properties.length > 0;
    const base = spoken ? name : "Record<never, never>";
    const decodes = codec.decodes.join("\n");
    const encodes = codec.encodes.join("\n");
    return {
      ...codec,
      properties,
      name,
      type: spoken ? name : null,
      tags: this.#tags(siblings, shared, [...codec.writes, ...codec.encodes].join("\n")),
      doc: shared && this.isHeader(direction)
        ? sectionDoc(this.#set.doc, this.#set.section)
        : sectionDoc(this.#case.doc, this.#case.section),
      resultType: status === null ? base : `${base} & { readonly ${status.property}: number }`,
      plain,
      headSize: isCut(siblings, head, payloads)
        ? null
        : sumOf(scope, head, (model) => sizeText(scope, siblings, model)),
      area,
      payloads: payloads.map((model) => this.#payload(siblings, model, direction)),
      surplus: siblings.flat.some(isSurplus),
      trailerSize,
      unions: unionViews(scope, siblings, null),
      bare: head.length + trailer.length === 0,
      exists: this.#case[direction].fields.length > 0,
      told: siblings.externs.map(externName),
      decodesRequest: /\brequest\./.test(decodes),
      encodesRequest: /\brequest\./.test(encodes),
      asksLengths: encodes.includes("lengths."),
      asksSession: [...codec.reads, ...codec.writes].some((line) => /\bs\./.test(line)),
      hasPooled: plain && spoken && (direction === "readable" || parked),
      hasWrite: plain && head.length > 0 && direction === "readable",
      hasDecode: direction === "readable" ? !plain : spoken && !(parked && plain),
      hasEncode: direction === "readable" ? !plain : spoken || (parked && head.length > 0),
    };
  }

  #siblings(direction: Direction, shared: boolean): Siblings {
    const { tags } = this.#set;
    const literals = tags.map((tag, at) => tagLiteral(tag, this.#case.tags[at] ?? 0));
    const text = shared ? tags.map(tagParameter) : literals;
    const named = new Map(tags.map((tag, at) => [tag.name, text[at]!]));
    const { fields } = this.#case[direction];
    if (direction === "readable") {
      return new Siblings(this.#scope, `${this.#owner}Request`, fields, {
        tags: named,
        given: "rest",
      });
    }
    const path = this.#case.status?.field ?? [];
    return new Siblings(this.#scope, `${this.#owner}Answer`, fields, {
      tags: named,
      inlined: new Set(path.length > 1 ? [path[0]!] : []),
      answers: true,
      ...(this.#role === "receive"
        ? { given: "rest" }
        : { given: "told", outer: requestReference(this.readable) }),
    });
  }

  /** Parameters for the tag fields of a part that is shared, and what this case passes for them. */
  #tags(siblings: Siblings, shared: boolean, text: string): (readonly [string, string])[] {
    if (!shared) return [];
    return this.#set.tags.flatMap((tag, at) => {
      const parameter = tagParameter(tag);
      const used = siblings.find(tag.name) !== undefined &&
        new RegExp(`\\b${parameter}\\b`).test(text);
      const literal = this.#scope.valueText(
        (tag.field as dsl.Scalar).enum,
        this.#case.tags[at] ?? 0,
      );
      return used ? [[parameter, literal] as const] : [];
    });
  }

  /** Fields before the first payload, payloads (with what stands between), fields behind the last. */
  #cut(siblings: Siblings, direction: Direction) {
    const flat = siblings.flat.filter((model) => direction === "readable" || !isSurplus(model));
    const payloads = flat.filter(isPayload);
    const last = flat.findLastIndex(isPayload);
    const behindPayload = last < 0 ? 0 : flat.length - 1 - last;
    const count = direction === "writable"
      ? Math.max(this.#trailerCount(siblings), this.#statusCount(flat), behindPayload)
      : behindPayload;
    const trailer = flat.slice(flat.length - count);
    const head = flat.slice(0, flat.length - count).filter((model) => !isPayload(model));
    return { head, payloads, trailer };
  }

  /** How many fields there are from the status on, where it stands behind fields of any size; else 0. */
  #statusCount(flat: readonly FieldModel[]): number {
    const name = this.#case.status?.field.at(-1);
    const at = flat.findIndex((model) => model.name === name);
    const open = flat.slice(0, Math.max(0, at)).some((model) =>
      !isPayload(model) && (model.size === null || isGated(model))
    );
    return open ? flat.length - at : 0;
  }

  /** How many flat fields the set's trailer has. */
  #trailerCount(siblings: Siblings): number {
    const { fields } = this.#case.writable;
    const trailing = fields.slice(fields.length - this.#set.trailer)
      .filter((model) => !isSurplus(model));
    if (this.#set.trailer === 0) return 0;
    const first = siblings.flat.findIndex((model) => trailing.includes(siblings.rootOf(model)));
    return first < 0 ? 0 : siblings.flat.length - first;
  }

  #payload(siblings: Siblings, model: FieldModel, direction: Direction): PayloadView {
    const length = lengthOf(model.field);
    const open = length === null || length === "rest" || siblings.tellsLength(model);
    return {
      name: model.name,
      property: propertyName(model.name),
      local: localName(propertyName(model.name)),
      doc: model.doc,
      readable: direction === "readable",
      length: open && direction === "writable" || length === "rest" || length === null
        ? null
        : siblings.length(model, length).count,
      gate: isGated(model) ? this.#scope.fieldGate(model) : "",
    };
  }
}

function isPayload(model: FieldModel): boolean {
  return model.field.kind === "payload";
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
    if (readable.find(path[0]!) === undefined) return null;
    const asked = (text: string) => text.replace(/\bvalue\./g, "request.");
    const text = asked(readable.reference(path).encode);
    return { decode: text, encode: text, raw: asked(readable.rawText(path[0]!)) };
  };
}

/** Whether some field of the head stands behind a payload. */
function isCut(
  siblings: Siblings,
  head: readonly FieldModel[],
  payloads: readonly FieldModel[],
): boolean {
  const [first] = payloads;
  return first !== undefined &&
    head.some((model) => siblings.flat.indexOf(model) > siblings.flat.indexOf(first));
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

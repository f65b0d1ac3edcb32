/**
 * What templates print of the status of an answer, and of what surrounds it.
 *
 * @module
 */

import type { CaseModel, EnumModel, FieldModel } from "../model.ts";
import { propertyName } from "../names.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import type { Siblings } from "./siblings.ts";

/** The status of a case's answer. */
export interface StatusView {
  readonly property: string;
  readonly type: string;
  readonly ok: string;
  readonly unknown: string;
  readonly malformed: string;
  readonly failed: string;
  /** At the end of the buffer, behind whatever there is. */
  readonly trailing: boolean;
  /** Bytes from the start of the part, or of the trailer. */
  readonly offset: number;
  readonly size: number;
  /** Bytes of the fixed fields that it stands among: an answer of a status alone has these. */
  readonly frame: number;
  /** What follows the fixed fields is filled with zeroes. */
  readonly whole: boolean;
  /** Data that came without success are not handed out. */
  readonly discards: boolean;
  /** Bytes among those that repeat bytes of the request. */
  readonly echoes: readonly EchoView[];
  /** Writes `status` into `view`, where the frame begins at a place. */
  setAt(place: string): string;
  /** Reads it from `view`, where the frame begins at a place. */
  getAt(place: string): string;
}

/** Bytes of an answer that repeat those of its request. */
export interface EchoView {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** The view of a case's status among the fields before the payload and those behind it. */
export function statusView(
  scope: Scope,
  one: CaseModel,
  siblings: Siblings,
  head: readonly FieldModel[],
  trailer: readonly FieldModel[],
): StatusView | null {
  const { status } = one;
  if (status === null) return null;
  const name = status.field.at(-1) ?? "";
  const trailing = trailer.some((model) => model.name === name);
  const fields = trailing ? trailer : fixedStart(head);
  const index = fields.findIndex((model) => model.name === name);
  const model = fields[index];
  if (model === undefined || model.field.kind !== "scalar") {
    throw new Error(`${one.path}: the status has no fixed place`);
  }
  const offset = sizeOf(fields.slice(0, index));
  const text = scalarText(model.field.type);
  const place = (start: string) =>
    /^\d+$/.test(start)
      ? String(Number(start) + offset)
      : offset === 0
      ? start
      : `${start} + ${offset}`;
  const type = scope.prefix + status.enum.typeName;
  const constant = (member: string) =>
    /^[A-Za-z_]/.test(member) ? `${type}.${member}` : `${type}["${member}"]`;
  const ends = fields.findIndex((each, at) => at > index && !isCommon(one, siblings.rootOf(each)));
  const own = trailing || ends < 0 ? fields : fields.slice(0, ends);
  return {
    property: propertyName(name),
    type,
    ok: constant(one.ok ?? status.ok),
    unknown: constant(status.unknown),
    malformed: constant(status.malformed),
    failed: constant(status.failed),
    trailing,
    offset,
    size: text.size,
    frame: sizeOf(own),
    whole: status.whole,
    discards: status.discards,
    echoes: echoesOf(one, own),
    setAt: (start) => text.set(place(start), "status", name),
    getAt: (start) => knownText(text.get(place(start)), name, type, status.enum, constant),
  };
}

/** A status as it is read: one without a name may stand for another. */
function knownText(
  read: string,
  name: string,
  type: string,
  { unknown }: EnumModel,
  constant: (member: string) => string,
): string {
  return typeof unknown === "string"
    ? read
    : `knownValue(${type}, ${read}, "${name}", ${constant(unknown.as)})`;
}

/** Fields at constant places from the start on. */
function fixedStart(fields: readonly FieldModel[]): readonly FieldModel[] {
  const end = fields.findIndex((model) => model.size === null || isGated(model));
  return end < 0 ? fields : fields.slice(0, end);
}

/** Whether all answers of the set have the field. */
function isCommon(one: CaseModel, { path }: FieldModel): boolean {
  return !path.startsWith(`${one.path}.`);
}

function sizeOf(fields: readonly FieldModel[]): number {
  return fields.reduce((sum, each) => sum + (each.size ?? 0), 0);
}

/** What is repeated, neighbours in one piece. */
function echoesOf(one: CaseModel, fields: readonly FieldModel[]): EchoView[] {
  const echoes: EchoView[] = [];
  let to = 0;
  for (const { field, size } of fields) {
    const length = size ?? 0;
    const source = field.kind === "scalar" && field.echoes !== undefined
      ? placeOf(one.readable.fields, field.echoes)
      : null;
    const last = echoes.at(-1);
    const follows = last !== undefined && last.from + last.length === source &&
      last.to + last.length === to;
    if (follows) echoes[echoes.length - 1] = { ...last, length: last.length + length };
    else if (source !== null) echoes.push({ from: source, to, length });
    to += length;
  }
  return echoes;
}

/** Where a field of the request stands, also within a struct; null where that varies. */
function placeOf(fields: readonly FieldModel[], name: string): number | null {
  for (const { name: own, offset, struct, field } of fields) {
    if (own === name) return offset;
    const inner = field.kind === "struct" ? placeOf(struct?.fields ?? [], name) : null;
    if (inner !== null && offset !== null) return offset + inner;
  }
  return null;
}

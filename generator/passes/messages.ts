/**
 * Pass: messages are known. Each case has both of its parts in full, its tag and its status.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { CaseModel, FieldModel, MessagesModel, PartModel, StatusModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldAt } from "./fields.ts";
import { alternatives } from "./gates.ts";
import { partOf, placedIn, tagValues } from "./layouts.ts";

/** Fills `draft.messages`. */
export function messagesKnown(draft: Draft): void {
  for (const [name, set] of entries(draft.description.messages)) {
    draft.messages.set(name, messagesModel(draft, name, set));
  }
}

function messagesModel(draft: Draft, name: string, set: dsl.Messages): MessagesModel {
  const path = `messages.${name}`;
  const readable = tagsOf(fixedPart(draft, path, set, "readable").fields);
  const tagged = readable.length > 0 ? "readable" : "writable";
  const fixed = fixedPart(draft, path, set, tagged);
  const cases = set.cases === undefined
    ? [wholeCase(draft, name, path, set)]
    : entries(set.cases).map(([key, one]) =>
      caseModel(draft, key, `${path}.cases.${key}`, path, set, one)
    );
  return {
    name,
    path,
    doc: set.doc,
    section: set.section ?? draft.description.section,
    struct: set.struct ?? null,
    header: headerPart(draft, path, set, set.readable === undefined ? "writable" : "readable"),
    tags: tagsOf(fixed.fields),
    status: statusModel(draft, fixedPart(draft, path, set, "writable"), set.status),
    starts: startsModel(draft, cases[0], set.starts),
    cases,
    tagged: set.cases !== undefined,
    trailer: set.cases === undefined ? 0 : trailerLength(set),
  };
}

function caseModel(
  draft: Draft,
  name: string,
  path: string,
  setPath: string,
  set: dsl.Messages,
  one: dsl.Case,
): CaseModel {
  const part = (key: Direction) => {
    const answered = key === "readable" || one.status !== "none";
    const [before, after] = answered ? around(set, key) : [{}, {}];
    return partOf(draft, [
      ...placedIn(`${setPath}.${key}`, before),
      ...placedIn(`${path}.${key}`, one[key]),
      ...placedIn(`${setPath}.${key}`, after),
    ], key === "writable" && answered ? trailerLength(set) : 0);
  };
  const writable = part("writable");
  const status = one.status === "none" ? undefined : one.status ?? set.status;
  return {
    name,
    path,
    doc: one.doc,
    section: one.section ?? set.section ?? draft.description.section,
    tags: tagValues(draft, one.tag),
    legacyTags: tagValues(draft, one.legacyTags ?? []),
    feature: alternatives(one.feature),
    unless: alternatives(one.unless),
    struct: one.struct ?? null,
    structs: one.structs ?? {},
    used: one.used ?? "all",
    readable: part("readable"),
    writable,
    status: statusModel(draft, writable, status),
    ok: one.ok ?? null,
    checks: [...(set.checks ?? []), ...(one.checks ?? [])],
    from: one.from ?? "driver",
  };
}

function wholeCase(draft: Draft, name: string, path: string, set: dsl.Messages): CaseModel {
  const writable = fixedPart(draft, path, set, "writable");
  return {
    name,
    path,
    doc: set.doc,
    section: set.section ?? draft.description.section,
    tags: [],
    legacyTags: [],
    feature: [],
    unless: [],
    struct: null,
    structs: {},
    used: set.used ?? "all",
    readable: fixedPart(draft, path, set, "readable"),
    writable,
    status: statusModel(draft, writable, set.status),
    ok: null,
    checks: set.checks ?? [],
    from: "driver",
  };
}

/** Part of a message that goes one way. */
export type Direction = "readable" | "writable";

type Fields = { readonly [name: string]: dsl.Field | undefined };

/** Fields of a set before and behind those of its cases. */
export function around(set: dsl.Messages, key: Direction): readonly [Fields, Fields] {
  const all = entries(set[key]);
  const body = all.findIndex(([, field]) => field.kind === "body");
  const cut = body >= 0 ? body : key === "writable" ? trailerStart(set, all) : all.length;
  return [Object.fromEntries(all.slice(0, cut)), Object.fromEntries(all.slice(cut))];
}

/** A status in the last field is a trailer; otherwise cases follow all fields. */
function trailerStart(set: dsl.Messages, fields: readonly [string, dsl.Field][]): number {
  const last = fields.length - 1;
  return last >= 0 && statusRoot(set) === fields[last]![0] ? last : fields.length;
}

/** How many fields of a set stand behind those of its cases in the answer. */
function trailerLength(set: dsl.Messages): number {
  return Object.values(around(set, "writable")[1]).filter((field) => field?.kind !== "body").length;
}

/** First name of the path to the status. */
export function statusRoot(set: dsl.Messages): string | undefined {
  const path = set.status?.field;
  return typeof path === "string" ? path : path?.[0];
}

function fixedPart(draft: Draft, path: string, set: dsl.Messages, key: Direction): PartModel {
  return partOf(draft, placedIn(`${path}.${key}`, set[key]));
}

function headerPart(draft: Draft, path: string, set: dsl.Messages, key: Direction): PartModel {
  const fields = set.cases === undefined ? set[key] : around(set, key)[0];
  return partOf(draft, placedIn(`${path}.${key}`, fields));
}

/** Tag fields in the order of the wire, also those inside structs; offsets count from the part. */
function tagsOf(fields: readonly FieldModel[], base: number | null = 0): FieldModel[] {
  return fields.flatMap((model) => {
    const offset = base === null || model.offset === null ? null : base + model.offset;
    if (model.field.kind === "scalar" && model.field.tag === true) return [{ ...model, offset }];
    return model.field.kind === "struct" ? tagsOf(model.struct?.fields ?? [], offset) : [];
  });
}

function startsModel(
  draft: Draft,
  one: CaseModel | undefined,
  starts: dsl.Messages["starts"],
): MessagesModel["starts"] {
  const model = one?.readable.fields.find(({ name }) => name === starts?.field);
  if (starts === undefined || model?.field.kind !== "scalar") return null;
  const enumeration = draft.enums.get(model.field.enum ?? "");
  if (enumeration === undefined) return null;
  return { field: model, enum: enumeration, member: starts.member };
}

function statusModel(
  draft: Draft,
  writable: PartModel,
  status: dsl.Status | undefined,
): StatusModel | null {
  if (status === undefined) return null;
  const field = fieldAt(writable.fields, status.field)?.model.field;
  const name = field?.kind === "scalar" ? field.enum : undefined;
  const enumeration = name === undefined ? undefined : draft.enums.get(name);
  if (enumeration === undefined) return null;
  const { ok, unknown, malformed, failed, whole = false, discards = false } = status;
  const path = typeof status.field === "string" ? [status.field] : [...status.field];
  return { field: path, enum: enumeration, ok, unknown, malformed, failed, whole, discards };
}

/**
 * Passes: cases are told apart by their tags, and requests have a status that says how they went.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { CaseModel, EnumModel, MessagesModel } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { fieldAt, holdsNumber, namesIn, pathName, places } from "./fields.ts";
import { statusRoot } from "./messages.ts";

/** Reports cases with the tag of another, or with too few or too many values for the tag fields. */
export function casesTold(draft: Draft): void {
  for (const set of draft.messages.values()) {
    const described = draft.description.messages?.[set.name]?.cases;
    if (described === undefined) {
      if (set.tags.length > 0) untagged(draft, set);
      continue;
    }
    if (set.tags.length === 0) {
      if (draft.broken.has(set.header.fields)) continue;
      const found = "cases, but no field with `tag: true`";
      draft.report("V071", set.path, found, "a field that selects the case");
      continue;
    }
    tagsUnique(draft, set, described);
  }
}

function untagged(draft: Draft, set: MessagesModel): void {
  const found = `the tag field "${set.tags[0]!.name}", but no cases`;
  draft.report("V071", set.path, found, "cases, or a field without `tag`");
}

function tagsUnique(
  draft: Draft,
  set: MessagesModel,
  described: Readonly<Record<string, dsl.Case>>,
): void {
  const taken: { readonly one: CaseModel; readonly tag: string }[] = [];
  for (const one of set.cases) {
    const tags = list<dsl.Tag>(described[one.name]!.tag);
    const place = `${one.path}.tag`;
    if (tags.length !== set.tags.length) {
      const names = set.tags.map((field) => field.name).join(", ");
      draft.report("V071", place, show(tags), `a value for each of ${names}`);
      continue;
    }
    if (one.tags.length !== tags.length) continue;
    const values = [one.tags, ...one.legacyTags.map((tag) => [tag, ...one.tags.slice(1)])];
    for (const tag of values.map(String)) {
      const other = taken.find((earlier) => earlier.tag === tag && meet(earlier.one, one));
      if (other !== undefined) {
        draft.report(
          "V070",
          place,
          show(tags),
          "a tag of its own",
          `it is also that of "${other.one.name}"`,
        );
        break;
      }
      taken.push({ one, tag });
    }
  }
}

function show(tags: readonly dsl.Tag[]): string {
  return tags.map(String).join(", ");
}

/** Whether two cases of one tag can both be meant: they go the same way and no feature parts them. */
function meet(a: CaseModel, b: CaseModel): boolean {
  return a.from === b.from && !parts(a, b) && !parts(b, a);
}

/** Whether one case needs a feature that shuts the other. */
function parts(a: CaseModel, b: CaseModel): boolean {
  const needed = a.feature;
  return needed.length > 0 &&
    needed.every((set) => b.unless.some((shut) => shut.every((one) => set.includes(one))));
}

/** Reports requests that write an answer without the status of their set, or that are refused without one. */
export function requestsAnswered(draft: Draft): void {
  for (const set of draft.messages.values()) {
    const described = draft.description.messages![set.name]!;
    for (const one of set.cases) {
      const own = described.cases?.[one.name];
      const status = own?.status ?? described.status ?? "none";
      if (status !== "none") continue;
      const expected = "a status, which also answers what cannot be served";
      if (own?.status === "none" && one.writable.fields.length > 0) {
        draft.report("V072", `${one.path}.status`, '"none", but fields to write', expected);
      }
      if (one.checks.some(({ otherwise }) => otherwise !== undefined)) {
        draft.report("V072", one.path, "checks, but no status to refuse with", expected);
      }
    }
  }
}

/** Reports statuses whose field or members do not exist, and cases whose fields have no place. */
export function statusesKnown(draft: Draft): void {
  for (const set of draft.messages.values()) {
    const described = draft.description.messages![set.name]!;
    if (described.cases === undefined) {
      statusKnown(draft, `${set.path}.status`, set.cases[0]!, described.status);
    }
    placesForBodies(draft, set, described);
    for (const [name, one] of entries(described.cases)) {
      const model = set.cases.find((known) => known.name === name)!;
      const path = one.status === undefined ? `${set.path}.status` : `${model.path}.status`;
      statusKnown(draft, path, model, one.status ?? described.status);
      if (one.ok !== undefined) memberKnown(draft, `${model.path}.ok`, model.status?.enum, one.ok);
      for (const [i, check] of (one.checks ?? []).entries()) {
        memberKnown(
          draft,
          `${model.path}.checks[${i}].otherwise`,
          model.status?.enum,
          check.otherwise,
        );
      }
    }
    if (described.starts !== undefined) startKnown(draft, set, described.starts);
    const first = set.cases.find((one) => one.status !== null)?.status?.enum;
    for (const [i, check] of (described.checks ?? []).entries()) {
      memberKnown(draft, `${set.path}.checks[${i}].otherwise`, first, check.otherwise);
    }
  }
}

/** Reports fields of answers that repeat something which the request does not have. */
export function echoesKnown(draft: Draft): void {
  for (const { model, scope } of places(draft)) {
    const { field, path } = model;
    if (field.kind !== "scalar" || field.echoes === undefined || scope.outer === null) continue;
    const found = fieldAt(scope.outer.fields, field.echoes);
    if (found !== undefined) holdsNumber(draft, `${path}.echoes`, field.echoes, found);
    else if (!draft.broken.has(scope.outer.fields)) {
      const names = namesIn(scope.outer.fields);
      draft.unknown("V060", `${path}.echoes`, field.echoes, "a field of the request", names);
    }
  }
}

/** Fields of cases behind a status that is not last need `body()`. */
function placesForBodies(draft: Draft, set: MessagesModel, described: dsl.Messages): void {
  const writable = entries(described.writable);
  const root = statusRoot(described);
  const written = entries(described.cases).some(([, one]) => entries(one.writable).length > 0);
  const placed = writable.some(([, field]) => field.kind === "body");
  if (!written || placed || root === undefined) return;
  const at = writable.findIndex(([name]) => name === root);
  if (at === -1 || at === writable.length - 1) return;
  const found = `fields of cases, and the status "${root}" is not the last field`;
  draft.report("V074", `${set.path}.writable`, found, "body() where the fields of cases go");
}

function statusKnown(
  draft: Draft,
  path: string,
  one: CaseModel,
  status: dsl.Status | "none" | undefined,
): void {
  if (status === undefined || status === "none") return;
  const { fields } = one.writable;
  const found = fieldAt(fields, status.field);
  const name = pathName(status.field);
  if (found === undefined) {
    if (draft.broken.has(fields)) return;
    draft.unknown("V073", `${path}.field`, name, "a writable field", namesIn(fields));
    return;
  }
  const at = fields.findIndex(({ name }) => name === list(status.field)[0]);
  if (status.whole && fields.slice(at).some(({ field }) => field.kind === "payload")) {
    const expected = "answers whose length the description tells";
    draft.report("V063", `${path}.whole`, "payload behind the status", expected);
  }
  const others = fields.filter((_, i) => i !== found.root);
  if (status.discards && found.root > 0 && others.some(({ field }) => field.kind !== "payload")) {
    const expected = "a status before all else, or beside payload alone";
    draft.report("V063", `${path}.discards`, "a status behind other fields", expected);
  }
  const { field } = found.model;
  if (field.kind !== "scalar" || field.enum === undefined) {
    draft.report(
      "V073",
      `${path}.field`,
      `"${name}" without an enumeration`,
      "a number with `enum`",
    );
    return;
  }
  for (const key of ["ok", "unknown", "malformed", "failed"] as const) {
    memberKnown(draft, `${path}.${key}`, draft.enums.get(field.enum), status[key]);
  }
}

/** What starts a session is read before anything else is known: at a constant place. */
function startKnown(
  draft: Draft,
  set: MessagesModel,
  { field, member }: NonNullable<dsl.Messages["starts"]>,
): void {
  const path = `${set.path}.starts`;
  const { fields } = set.cases[0]!.readable;
  if (set.starts !== null) return memberKnown(draft, `${path}.member`, set.starts.enum, member);
  const numbers = fields.filter((one) =>
    one.field.kind === "scalar" && one.field.enum !== undefined
  );
  draft.unknown("V060", `${path}.field`, field, "a readable field with `enum`", namesIn(numbers));
}

function memberKnown(
  draft: Draft,
  path: string,
  enumeration: EnumModel | undefined,
  name: string | undefined,
): void {
  if (name === undefined) return;
  const members = enumeration?.members.map((member) => member.member);
  if (members === undefined || members.includes(name)) return;
  draft.unknown("V037", path, name, `a member of ${enumeration!.name}`, members);
}

/**
 * Pass: checks are complete. Each compares values that the device has before a handler runs.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { checkedPart, isEvent } from "../event.ts";
import type { CaseModel, FieldModel } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { COMPARISONS, operandsOf } from "./config_fields.ts";
import { fieldAt, holdsNumber, madeBy, namesIn, pathName } from "./fields.ts";

/** Reports checks that test nothing, or values that are not there. */
export function checksComplete(draft: Draft): void {
  for (const [i, check] of (draft.device?.config?.checks ?? []).entries()) {
    configCheckComplete(draft, `config.checks[${i}]`, check);
  }
  for (const set of draft.messages.values()) {
    const described = draft.description.messages![set.name]!;
    for (const one of set.cases) {
      checkAll(draft, `${set.path}.checks`, one, described.checks);
      checkAll(draft, `${one.path}.checks`, one, described.cases?.[one.name]?.checks);
      carried(draft, set.name, one);
    }
  }
}

function configCheckComplete(draft: Draft, path: string, check: dsl.ConfigCheck): void {
  hasTest(draft, path, check);
  for (const { path: place, operand } of operandsOf(path, check)) {
    if (typeof operand === "number") continue;
    const key = (["field", "length"] as const).find((each) => each in operand);
    if (key !== undefined) draft.report("V080", place, `\`${key}\``, "fields of the configuration");
  }
}

function checkAll(
  draft: Draft,
  path: string,
  one: CaseModel,
  checks: readonly dsl.Check[] | undefined,
): void {
  for (const [i, check] of (checks ?? []).entries()) {
    const place = `${path}[${i}]`;
    hasTest(draft, place, check);
    someoneMakes(draft, place, one, check);
    const fields = fieldsOf(draft, place, one, check);
    if (fields === undefined) continue;
    operandsExist(draft, place, one, check, fields);
    hasNames(draft, place, check, fields);
  }
}

/** Only a number of an enumeration can be one of its members. */
function hasNames(
  draft: Draft,
  path: string,
  { named, of }: dsl.Check,
  fields: readonly FieldModel[],
): void {
  if (named === undefined || of === undefined) return;
  const found = typeof of === "object" && "field" in of ? fieldAt(fields, of.field) : undefined;
  const field = found?.model.field;
  const name = field?.kind === "scalar" ? field.enum : undefined;
  if (name !== undefined && draft.enums.get(name)?.as === "values") return;
  const expected = "a field whose `enum` has values";
  draft.report("V080", `${path}.named`, "a value without names", expected);
}

/** Requests are the driver's and events the device's; a status tells what was wrong with one that has it. */
function someoneMakes(draft: Draft, path: string, one: CaseModel, check: dsl.Check): void {
  const { otherwise, driver, device, dropped } = check;
  if ([otherwise, driver, device, dropped].every((each) => each === undefined)) {
    const expected = "`otherwise`, `driver`, `device` or `dropped`";
    return draft.report("V080", path, "a check that nobody makes", expected);
  }
  const event = isEvent(one);
  if (driver !== undefined && event) {
    draft.report("V080", `${path}.driver`, "an event, which the device sends", "`device`");
  }
  if (device !== undefined && !event) {
    draft.report("V080", `${path}.device`, "a request, which the driver sends", "`driver`");
  }
  if (dropped !== undefined && one.status !== null) {
    draft.report("V080", `${path}.dropped`, "a message with a status", "`otherwise`");
  }
}

/** Reports checks of an event that no receive queue carries, and of what is only pulled: nobody would make them. */
function carried(draft: Draft, set: string, one: CaseModel): void {
  const roles = entries(draft.device?.queues).map(([, queue]) => queue)
    .filter(({ carries }) => list(carries).includes(set)).map(({ role }) => role);
  const made = isEvent(one) ? roles.includes("receive") : roles.some((role) => role !== "pull");
  if (made || one.checks.length === 0 || roles.length === 0) return;
  const expected = isEvent(one) ? "a receive queue" : "a queue that the device serves";
  draft.report("V080", `${one.path}.checks`, `checks, carried by a ${roles[0]} queue`, expected);
}

function hasTest(draft: Draft, path: string, check: dsl.Check): void {
  const keys = [...COMPARISONS, "named"] as const;
  const compared = keys.filter((key) => (check as dsl.Check)[key] !== undefined);
  const gated = [check.when, check.unless, check.offered].some((gate) => gate !== undefined);
  if (check.of !== undefined && compared.length === 0) {
    draft.report("V080", path, "a value, but nothing to compare it with", keys.join(", "));
  }
  if (check.of === undefined && compared.length > 0) {
    draft.report("V080", path, `\`${compared[0]}\` without a value`, "`of`, the value under test");
  }
  if (check.of === undefined && compared.length === 0 && !gated) {
    draft.report("V080", path, "a check that always fails", "`of` and a comparison, or a gate");
  }
}

/** What the fields of a check are looked up in: the message, or an element of `each`. */
function fieldsOf(
  draft: Draft,
  path: string,
  one: CaseModel,
  check: dsl.Check,
): readonly FieldModel[] | undefined {
  const { fields } = checkedPart(one);
  if (check.each === undefined) return fields;
  const found = fieldAt(fields, check.each)?.model;
  if (found?.field.kind === "array" && found.struct !== null) {
    return [...found.struct.fields, ...fields];
  }
  if (found === undefined && !draft.broken.has(fields)) {
    draft.unknown("V060", `${path}.each`, check.each, kindOf(one), namesIn(fields));
  } else if (found !== undefined && found.struct === null && !draft.broken.has(fields)) {
    const what = `"${check.each}", which is no array of structs`;
    draft.report("V061", `${path}.each`, what, "an array of structs");
  }
  return undefined;
}

function operandsExist(
  draft: Draft,
  path: string,
  one: CaseModel,
  check: dsl.Check,
  fields: readonly FieldModel[],
): void {
  for (const { path: place, operand } of operandsOf(path, check)) {
    if (typeof operand === "number") continue;
    if ("field" in operand) fieldExists(draft, `${place}.field`, operand.field, fields, one);
    if ("length" in operand) lengthExists(draft, `${place}.length`, operand.length, one);
    for (const [key, parts] of entries<unknown>({ ...operand })) {
      if (Array.isArray(parts) && (key === "sum" || key === "product") && parts.length === 0) {
        draft.report("V080", `${place}.${key}`, "an empty list", "at least one operand");
      }
    }
  }
}

function fieldExists(
  draft: Draft,
  path: string,
  named: dsl.Path,
  fields: readonly FieldModel[],
  one: CaseModel,
): void {
  const name = pathName(named);
  const found = fieldAt(fields, named);
  if (found === undefined) {
    if (draft.broken.has(checkedPart(one).fields)) return;
    if (!isEvent(one) && fieldAt(one.writable.fields, named) !== undefined) {
      const what = `"${name}", which the device writes`;
      draft.report("V060", path, what, "a field that the driver fills");
      return;
    }
    draft.unknown("V060", path, name, kindOf(one), namesIn(fields));
  } else holdsNumber(draft, path, named, found);
}

function lengthExists(draft: Draft, path: string, name: string, one: CaseModel): void {
  const all = [...one.readable.fields, ...one.writable.fields];
  const found = fieldAt(all, name)?.model;
  if (found === undefined) {
    if (draft.broken.has(one.readable.fields) || draft.broken.has(one.writable.fields)) return;
    draft.unknown("V060", path, name, "a field with a length", namesIn(all));
  } else if (!("length" in found.field)) {
    const what = `"${name}", which is made by ${madeBy(found)}`;
    draft.report("V061", path, what, "bytes, text, a payload or an array");
  }
}

function kindOf(one: CaseModel): string {
  return isEvent(one) ? "a field of the event" : "a readable field";
}

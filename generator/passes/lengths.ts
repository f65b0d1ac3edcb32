/**
 * Passes: lengths come from numbers that are read before, and selectors tell arms apart.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import { type Draft, list } from "./draft.ts";
import {
  describedArms,
  fieldAt,
  holdsNumber,
  namesIn,
  numberNamed,
  places,
  type Scope,
} from "./fields.ts";
import { tagValues } from "./layouts.ts";
import { isStateful } from "./sizes.ts";

/** Reports lengths and strides that a field gives which is missing, read later, or no number. */
export function lengthsReadable(draft: Draft): void {
  for (const { model, scope } of places(draft)) {
    if (model.field.kind === "array" && model.field.stride !== undefined) {
      numberNamed(draft, `${model.path}.stride.field`, scope, model.field.stride.field);
    }
    lengthReadable(draft, model, scope);
    const at = placeByText(draft, model, scope);
    if (at !== undefined) lengthReadable(draft, model, { ...scope, at });
  }
}

function lengthReadable(draft: Draft, { field, path }: FieldModel, scope: Scope): void {
  const length = "length" in field ? field.length : undefined;
  if (typeof length !== "object") return;
  if ("field" in length) numberNamed(draft, `${path}.length.field`, scope, length.field);
  if ("bytes" in length) numberNamed(draft, `${path}.length.bytes`, scope, length.bytes);
}

/** Where bytes stand by the text, among the fields before them; reports what is not there. */
function placeByText(draft: Draft, { field, path }: FieldModel, scope: Scope): number | undefined {
  if (field.kind !== "bytes" || field.strictBefore === undefined) return undefined;
  const before = scope.fields.slice(0, scope.at);
  const at = before.findIndex(({ name }) => name === field.strictBefore);
  if (at >= 0) return at;
  const names = before.map(({ name }) => name);
  draft.unknown("V060", `${path}.strictBefore`, field.strictBefore, "a field before it", names);
  return undefined;
}

/** Reports unions and sequences whose selector is missing or cannot tell their arms apart. */
export function selectorsTold(draft: Draft): void {
  for (const { model, scope } of places(draft)) {
    const { field } = model;
    if (field.kind === "union") unionTold(draft, model, field, scope);
    if (field.kind === "sequence") sequenceTold(draft, model, field);
    armsTold(draft, model);
  }
}

function unionTold(draft: Draft, model: FieldModel, field: dsl.Union, scope: Scope): void {
  if (!isStateful(field)) numberNamed(draft, `${model.path}.by`, scope, field.by as dsl.Path);
}

/** The fields that a sequence names are those of its header. */
function sequenceTold(draft: Draft, { path, struct }: FieldModel, field: dsl.Sequence): void {
  if (struct === null || draft.broken.has(struct.fields)) return;
  const names = namesIn(struct.fields);
  const check = (place: string, name: string) => {
    const found = fieldAt(struct.fields, name);
    if (found === undefined) {
      draft.unknown("V060", place, name, `a field of ${struct.name}`, names);
    } else holdsNumber(draft, place, name, found);
  };
  check(`${path}.by`, field.by);
  if (field.size !== "fixed") check(`${path}.size.field`, field.size.field);
  if (field.zero !== undefined) check(`${path}.zero`, field.zero);
}

/** Reports values by the standard's text that select two arms, or that nothing would look at. */
function strictTagsTold(draft: Draft, model: FieldModel): void {
  const taken = new Map<number, string>();
  for (const { name, path, arm } of describedArms(model)) {
    const tags = arm.strictTag === undefined ? tagValues(draft, arm.tag) : [arm.strictTag];
    const other = tags.map((tag) => taken.get(tag)).find((found) => found !== undefined);
    for (const tag of tags) taken.set(tag, name);
    if (arm.strictTag === undefined) continue;
    const { field } = model;
    const place = `${path}.strictTag`;
    if (field.kind !== "union" || isStateful(field) || list<dsl.Tag>(arm.tag).length !== 1) {
      draft.report(
        "V063",
        place,
        `${arm.strictTag}`,
        "an arm of a union by a field, with one `tag`",
      );
    } else if (other !== undefined) {
      const hint = `${arm.strictTag} also selects "${other}"`;
      draft.report("V062", place, `${arm.strictTag}`, "a value of its own", hint);
    }
  }
}

/** Reports values that select two arms, and arms with two layouts. */
function armsTold(draft: Draft, model: FieldModel): void {
  const taken = new Map<number, string>();
  const end = model.field.kind === "sequence" ? model.field.end : undefined;
  for (const tag of end === undefined ? [] : tagValues(draft, end)) taken.set(tag, "end");
  let arms = 0;
  for (const { name, path, arm } of describedArms(model)) {
    arms++;
    for (const tag of tagValues(draft, arm.tag)) {
      const other = taken.get(tag);
      taken.set(tag, other ?? name);
      if (other === undefined) continue;
      const found = list<dsl.Tag>(arm.tag).map(String).join(", ");
      draft.report(
        "V062",
        `${path}.tag`,
        found,
        "a value of its own",
        `${tag} also selects "${other}"`,
      );
    }
    if (arm.struct !== undefined && arm.fields !== undefined) {
      draft.report(
        "V063",
        `${path}.fields`,
        "fields beside a struct",
        "either `struct` or `fields`",
      );
    }
  }
  strictTagsTold(draft, model);
  const { kind } = model.field;
  if ((kind === "union" || kind === "sequence") && arms === 0) {
    draft.report("V062", `${model.path}.arms`, "no arms", "at least one arm");
  }
}

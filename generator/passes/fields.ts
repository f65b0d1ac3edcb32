/**
 * Finds fields by their paths, from the place where the path stands.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";

/** A field that a path names. */
export interface Found {
  readonly model: FieldModel;
  /** The bit-field, when the path names one of a word. */
  readonly bit: dsl.BitField | null;
  /** Where the path starts: index of the first field on it in its list. */
  readonly root: number;
}

/**
 * The field that `path` names among `fields`: a sibling, also one of an inlined struct or of a word
 * of bits, then down through structs and through whichever arm of a union has the rest.
 */
export function fieldAt(fields: readonly FieldModel[], path: dsl.Path): Found | undefined {
  const names = typeof path === "string" ? [path] : path;
  for (const [root, model] of fields.entries()) {
    const found = below(model, names);
    if (found !== undefined) return { ...found, root };
  }
  return undefined;
}

type Hit = Omit<Found, "root">;

function below(model: FieldModel, names: readonly string[]): Hit | undefined {
  const own = transparent(model) ? within(inside(model), names) : bitOf(model, names);
  const [first, ...rest] = names;
  if (own !== undefined || first !== model.name) return own;
  if (rest.length === 0) return { model, bit: null };
  return bitOf(model, rest) ?? within(inside(model), rest);
}

/** Whether the fields inside count as the parent's own. */
function transparent({ field }: FieldModel): boolean {
  return field.kind === "struct" && field.inline === true;
}

function within(fields: readonly FieldModel[], names: readonly string[]): Hit | undefined {
  return fields.map((model) => below(model, names)).find((hit) => hit !== undefined);
}

function bitOf(model: FieldModel, names: readonly string[]): Hit | undefined {
  const { field } = model;
  const name = names[0]!;
  if (field.kind !== "bits" || names.length > 1) return undefined;
  return Object.hasOwn(field.fields, name) ? { model, bit: field.fields[name]! } : undefined;
}

/** What stands inside a field: the fields of its struct, or of every arm. */
function inside(model: FieldModel): readonly FieldModel[] {
  if (model.field.kind === "struct") return model.struct?.fields ?? [];
  return model.field.kind === "union" ? model.arms.flatMap((arm) => arm.fields) : [];
}

/** Whether a path ends in a number: a scalar, a word of bits or one of its bit-fields. */
export function isNumber({ model }: Pick<Found, "model">): boolean {
  return model.field.kind === "scalar" || model.field.kind === "bits";
}

/** The builder that makes such a field, as descriptions call it. */
export function madeBy({ field }: FieldModel): string {
  if (field.kind === "scalar") return `${field.type}()`;
  return field.kind === "bytes" && field.text !== undefined ? "text()" : `${field.kind}()`;
}

/** Names that a path may start with. */
export function namesIn(fields: readonly FieldModel[]): string[] {
  return fields.flatMap((model) => {
    const { name, field } = model;
    if (field.kind === "bits") return [name, ...Object.keys(field.fields)];
    return transparent(model) ? namesIn(inside(model)) : [name];
  });
}

/** The fields that a field can see: its list up to where it stands, then what encloses it. */
export interface Scope {
  readonly fields: readonly FieldModel[];
  /** Index of the field whose scope this is: what stands there or behind is read later. */
  readonly at: number;
  readonly outer: Scope | null;
  /** What the list is: the configuration space, a struct, a part of a message, an arm. */
  readonly of: "config" | "struct" | "readable" | "writable" | "arm";
}

/** A field with its scope. */
export interface Place {
  readonly model: FieldModel;
  readonly scope: Scope;
}

/** Every field of every layout, also of arms, with what it can see. */
export function* places(draft: Draft): Generator<Place> {
  for (const struct of draft.structs.values()) yield* listed(struct.fields, "struct", null);
  if (draft.config !== null) yield* listed(draft.config.fields, "config", null);
  for (const set of draft.messages.values()) {
    for (const one of set.cases) {
      const { readable, writable } = one;
      yield* listed(readable.fields, "readable", null);
      yield* listed(writable.fields, "writable", whole(readable.fields, "readable", null));
    }
  }
}

/** Every list of fields: of structs, the configuration space, parts of messages, arms. */
export function* fieldLists(draft: Draft): Generator<readonly FieldModel[]> {
  for (const struct of draft.structs.values()) yield* withArms(struct.fields);
  if (draft.config !== null) yield* withArms(draft.config.fields);
  for (const set of draft.messages.values()) {
    for (const { readable, writable } of set.cases) {
      yield* withArms(readable.fields);
      yield* withArms(writable.fields);
    }
  }
}

function* withArms(fields: readonly FieldModel[]): Generator<readonly FieldModel[]> {
  yield fields;
  for (const { arms } of fields) {
    for (const arm of arms) if (arm.struct === null) yield* withArms(arm.fields);
  }
}

/** The scope behind the end of a list: all of it can be seen. */
function whole(fields: readonly FieldModel[], of: Scope["of"], outer: Scope | null): Scope {
  return { fields, at: fields.length, outer, of };
}

function* listed(
  fields: readonly FieldModel[],
  of: Scope["of"],
  outer: Scope | null,
): Generator<Place> {
  for (const [at, model] of fields.entries()) {
    const scope: Scope = { fields, at, outer, of };
    yield { model, scope };
    const header = model.field.kind === "sequence" && model.struct !== null
      ? whole(model.struct.fields, "struct", scope)
      : scope;
    for (const arm of model.arms) {
      if (arm.struct === null) yield* listed(arm.fields, "arm", header);
    }
  }
}

/** The field that `path` names in `scope` or what encloses it, with the scope that has it. */
export function lookUp(scope: Scope, path: dsl.Path): (Found & { scope: Scope }) | undefined {
  for (let one: Scope | null = scope; one !== null; one = one.outer) {
    const found = fieldAt(one.fields, path);
    if (found !== undefined) return { ...found, scope: one };
  }
  return undefined;
}

/** Whether a field can be read before the one whose scope found it. */
export function isEarlier({ scope, root }: Found & { scope: Scope }): boolean {
  return root < scope.at || (root > scope.at && scope.fields[root]?.offset !== null);
}

/** Reports a path that names nothing in `scope`, something that is read later, or no number; true when it is fine. */
export function numberNamed(draft: Draft, at: string, scope: Scope, path: dsl.Path): boolean {
  const name = pathName(path);
  const found = lookUp(scope, path);
  if (found === undefined) {
    if (!draft.broken.has(scope.fields)) {
      draft.unknown("V060", at, name, "a field before it", namesBefore(scope));
    }
    return false;
  }
  if (!isEarlier(found)) {
    const names = namesBefore(scope);
    draft.report("V060", at, `"${name}", which stands later`, fieldsOf(names));
    return false;
  }
  return holdsNumber(draft, at, path, found);
}

/** Reports what a path ends in when that is no number; true when it is one. */
export function holdsNumber(draft: Draft, at: string, path: dsl.Path, found: Found): boolean {
  if (isNumber(found)) return true;
  const what = `"${pathName(path)}", which is made by ${madeBy(found.model)}`;
  draft.report("V061", at, what, "a field that holds a number");
  return false;
}

/** A path as diagnostics show it. */
export function pathName(path: dsl.Path): string {
  return typeof path === "string" ? path : path.join(".");
}

function namesBefore(scope: Scope): string[] {
  const own = namesIn(scope.fields.slice(0, scope.at));
  return scope.outer === null ? own : [...own, ...namesBefore(scope.outer)];
}

function fieldsOf(names: readonly string[]): string {
  return names.length === 0 ? "a field that stands before it" : `one of ${names.join(", ")}`;
}

/** Arms with their descriptions. */
export function* describedArms(
  model: FieldModel,
): Generator<{ name: string; path: string; arm: dsl.Arm }> {
  const { field, path } = model;
  if (field.kind !== "union" && field.kind !== "sequence") return;
  for (const [name, arm] of entries(field.arms)) yield { name, path: `${path}.arms.${name}`, arm };
}

/**
 * Pass: layouts are known. Structs, the configuration space and the parts of messages get their
 * fields with offsets and sizes.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { ArmModel, FieldModel, PartModel, StructModel } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { alternatives } from "./gates.ts";
import { fullSize, isGated, isStateful, leastSize, sizeOf, takesRest } from "./sizes.ts";

/** A field to lay out, with its place in the description. */
export interface Placed {
  readonly name: string;
  readonly path: string;
  readonly field: FieldModel["field"];
}

/** Fills `draft.structs` and `draft.config`. */
export function layoutsKnown(draft: Draft): void {
  for (const name of Object.keys(draft.description.structs ?? {})) structNamed(draft, name, []);
  const config = draft.device?.config;
  if (config === undefined) return;
  const fields = layOut(draft, placedIn("config.fields", config.fields), { still: true });
  draft.config = {
    name: config.struct,
    doc: config.doc ?? "Configuration space",
    section: config.section ?? draft.description.section,
    path: "config",
    fields,
    ...sizesOf(fields),
    grows: false,
    external: null,
  };
}

/** Fields of a record with their places; `body()` is left out. */
export function placedIn(
  path: string,
  fields: { readonly [name: string]: dsl.Field | undefined } | undefined,
): Placed[] {
  return entries(fields).flatMap(([name, field]) =>
    field.kind === "body" ? [] : [{ name, path: `${path}.${name}`, field }]
  );
}

/** Lays out one part of a message; the last `trailer` fields stand at its end, whatever is before them. */
export function partOf(draft: Draft, placed: readonly Placed[], trailer = 0): PartModel {
  const all = layOut(draft, placed);
  const fields = fromEnd(all, all.length - trailer);
  if (draft.broken.has(all)) draft.broken.add(fields);
  return { fields, ...sizesOf(fields) };
}

function sizesOf(fields: readonly FieldModel[]): Pick<PartModel, "size" | "minSize"> {
  return { size: fullSize(fields), minSize: leastSize(fields) };
}

/** The struct called `name`, laid out once; null when it does not exist or contains itself. */
function structNamed(draft: Draft, name: string, within: readonly string[]): StructModel | null {
  const known = draft.structs.get(name);
  if (known !== undefined) return known;
  const structs = draft.description.structs ?? {};
  const struct = Object.hasOwn(structs, name) ? structs[name] : undefined;
  if (struct === undefined) return null;
  if (within.includes(name)) {
    const circle = [...within.slice(within.indexOf(name)), name].join(" in ");
    if (within[0] === name) {
      draft.report("V050", `structs.${name}`, circle, "structs that end somewhere");
    }
    return null;
  }
  const still = struct.grows ?? false;
  const fields = layOut(draft, placedIn(`structs.${name}.fields`, struct.fields), {
    still,
    within: [...within, name],
  });
  const model: StructModel = {
    name,
    doc: struct.doc,
    section: struct.section ?? draft.description.section,
    path: `structs.${name}`,
    fields,
    ...sizesOf(fields),
    grows: still,
    external: struct.external ?? null,
  };
  if (within.length === 0 || !draft.broken.has(fields)) draft.structs.set(name, model);
  return model;
}

interface Setting {
  /** Gates do not move what follows: the configuration space, structs that grow. */
  readonly still?: boolean;
  /** Structs that are being laid out. */
  readonly within?: readonly string[];
}

/** Lays out fields in a row. */
function layOut(draft: Draft, placed: readonly Placed[], setting: Setting = {}): FieldModel[] {
  const derived = derivedAmong(placed);
  const fields: FieldModel[] = [];
  let offset: number | null = 0;
  for (const one of placed) {
    const model = fieldModel(draft, one, offset, derived.has(one.name), setting.within ?? []);
    fields.push(model);
    if (isBroken(draft, model)) draft.broken.add(fields);
    if (isGated(model) && setting.still !== true) offset = null;
    else if (offset !== null) offset = model.size === null ? null : offset + model.size;
  }
  const rest = fields.findIndex((model) => takesRest(model.field, model));
  const counted = fromEnd(fields, rest === -1 ? fields.length : rest + 1);
  if (draft.broken.has(fields)) draft.broken.add(counted);
  return counted;
}

function fieldModel(
  draft: Draft,
  { name, path, field }: Placed,
  offset: number | null,
  derived: boolean,
  within: readonly string[],
): FieldModel {
  const struct = structOf(draft, field, within);
  const arms = armsOf(draft, path, field, within);
  return {
    name,
    path,
    doc: "doc" in field ? field.doc ?? "" : "",
    field,
    when: alternatives(field.when),
    unless: alternatives(field.unless),
    legacyWhen: alternatives(field.legacyWhen),
    offset,
    offsetFromEnd: null,
    size: sizeOf(field, { struct, arms }),
    struct,
    arms,
    derived,
  };
}

function structOf(
  draft: Draft,
  field: FieldModel["field"],
  within: readonly string[],
): StructModel | null {
  const name = structNameOf(field);
  return name === undefined ? null : structNamed(draft, name, within);
}

/** Struct that a field is made of: its own, or that of its elements or their headers. */
export function structNameOf(field: FieldModel["field"]): string | undefined {
  if (field.kind === "struct") return field.struct;
  if (field.kind === "sequence") return field.header;
  if (field.kind === "array" && typeof field.of === "object" && "struct" in field.of) {
    return field.of.struct;
  }
  return undefined;
}

function armsOf(
  draft: Draft,
  path: string,
  field: FieldModel["field"],
  within: readonly string[],
): ArmModel[] {
  if (field.kind !== "union" && field.kind !== "sequence") return [];
  return entries(field.arms).map(([name, arm]) => {
    const struct = arm.struct === undefined ? null : structNamed(draft, arm.struct, within);
    const own = placedIn(`${path}.arms.${name}.fields`, arm.fields);
    const fields = struct === null ? layOut(draft, own, { within }) : struct.fields;
    return {
      name,
      tags: tagValues(draft, arm.tag),
      strictTag: arm.strictTag ?? null,
      struct,
      fields,
      size: leastSize(fields) === fullSize(fields) ? fullSize(fields) : null,
      doc: arm.doc ?? struct?.doc ?? "",
    };
  });
}

/** Values of tags; names that no constant has are left out. */
export function tagValues(draft: Draft, tags: dsl.Tag | readonly dsl.Tag[]): number[] {
  return list<dsl.Tag>(tags).flatMap((tag) => {
    const value = typeof tag === "number" ? tag : draft.constants.get(tag)?.value;
    return value === undefined ? [] : [value];
  });
}

/** Whether a field is made of something that could not be laid out. */
function isBroken(draft: Draft, model: FieldModel): boolean {
  if (structNameOf(model.field) !== undefined) {
    if (model.struct === null || draft.broken.has(model.struct.fields)) return true;
  }
  const arms = "arms" in model.field ? entries(model.field.arms) : [];
  return arms.some(([name, arm]) => {
    const known = model.arms.find((one) => one.name === name);
    return known === undefined || draft.broken.has(known.fields) ||
      (arm.struct !== undefined && known.struct === null);
  });
}

/** Names of the fields that are computed from their siblings: lengths, selectors, constants. */
function derivedAmong(placed: readonly Placed[]): Set<string> {
  const derived = new Set<string>();
  for (const { name, field } of placed) {
    if (field.kind === "scalar" && field.value !== undefined) derived.add(name);
    for (const named of [lengthField(field), selectorField(field)]) {
      if (named !== undefined && isNumber(placed, named)) derived.add(named);
    }
  }
  return derived;
}

function lengthField(field: FieldModel["field"]): string | undefined {
  const length = "length" in field ? field.length : undefined;
  if (typeof length !== "object") return undefined;
  const path = "field" in length ? length.field : "bytes" in length ? length.bytes : undefined;
  return typeof path === "string" ? path : undefined;
}

function selectorField(field: FieldModel["field"]): string | undefined {
  if (field.kind !== "union" || isStateful(field) || field.otherwise === "raw") return undefined;
  if (typeof field.by !== "string") return undefined;
  return entries(field.arms).every(([, arm]) => list(arm.tag).length === 1) ? field.by : undefined;
}

function isNumber(placed: readonly Placed[], name: string): boolean {
  return placed.some((one) => one.name === name && one.field.kind === "scalar");
}

/** Counts fixed fields without an offset from the end, as far as the field at `first`. */
function fromEnd(fields: readonly FieldModel[], first: number): FieldModel[] {
  const counted = [...fields];
  let end = 0;
  for (let i = fields.length - 1; i >= first; i--) {
    const model = fields[i]!;
    if (model.size === null || isGated(model)) break;
    end += model.size;
    if (model.offset === null) counted[i] = { ...model, offsetFromEnd: end };
  }
  return counted;
}

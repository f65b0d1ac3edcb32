/**
 * Pass: what resource objects are limited by, require and need is known.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldAt, madeBy, namesIn, pathName } from "./fields.ts";

/** Reports limits, requirements and needs of objects that stand for nothing. */
export function objectsKnown(draft: Draft): void {
  const objects = draft.device?.adminQueue?.objects;
  for (const [name, object] of entries(objects)) {
    const { struct, limit, requires = [], within, unique, needs } = object;
    const path = `adminQueue.objects.${name}`;
    const limits = capabilityStruct(draft, `${path}.limit.of`, limit.of);
    for (const [i, field] of limit.by.entries()) {
      numberIn(draft, `${path}.limit.by[${i}]`, limits, field);
    }
    for (const [i, key] of requires.entries()) capability(draft, `${path}.requires[${i}]`, key);
    if (within !== undefined) withinKnown(draft, `${path}.within`, struct, within);
    if (unique !== undefined) numberIn(draft, `${path}.unique`, struct, unique);
    for (const [field, key] of entries(needs)) {
      const types = Object.keys(objects ?? {});
      if (!types.includes(key)) {
        draft.unknown("V039", `${path}.needs.${field}`, key, "a type of objects", types);
      }
      numberIn(draft, `${path}.needs.${field}`, struct, field);
    }
    if (struct === undefined && [within, unique, needs].some((asked) => asked !== undefined)) {
      const found = "bytes, of which something is asked";
      draft.report("V039", path, found, "objects with a struct");
    }
  }
}

/** The capability of that name, reported when there is none. */
function capability(draft: Draft, path: string, name: string): dsl.Administered | undefined {
  const known = draft.device?.adminQueue?.capabilities ?? {};
  if (Object.hasOwn(known, name)) return known[name];
  draft.unknown("V039", path, name, "a capability", Object.keys(known));
  return undefined;
}

/** The struct of a capability, reported when there is none. */
function capabilityStruct(draft: Draft, path: string, name: string): string | undefined {
  const found = capability(draft, path, name);
  if (found !== undefined && found.struct === undefined) {
    draft.report("V039", path, `"${name}", which is bytes`, "a capability with a struct");
  }
  return found?.struct;
}

/** Reports fields that cannot be compared: those of the object are numbers, the capability's also lists of them. */
function withinKnown(
  draft: Draft,
  path: string,
  struct: string | undefined,
  { of, in: key, fields }: NonNullable<dsl.AdministeredObject["within"]>,
): void {
  const whole = capabilityStruct(draft, `${path}.of`, of);
  const entry = key === undefined ? whole : entryOf(draft, `${path}.in`, whole, key);
  for (const [i, [field, by]] of fields.entries()) {
    numberIn(draft, `${path}.fields[${i}][0]`, struct, field);
    numberIn(draft, `${path}.fields[${i}][1]`, entry, by, true);
  }
}

/** The struct of a list's entries, reported when it is no list. */
function entryOf(
  draft: Draft,
  path: string,
  name: string | undefined,
  key: string,
): string | undefined {
  const struct = draft.structs.get(name ?? "");
  if (struct === undefined) return undefined;
  const lists = struct.fields.filter((one) => one.field.kind === "array" && one.struct !== null);
  const found = lists.find((one) => one.name === key);
  if (found === undefined) {
    draft.unknown("V060", path, key, `a list of ${struct.name}`, lists.map((one) => one.name));
  }
  return found?.struct?.name;
}

/** Reports a name that is no number of a struct, or one that is no property because it follows from others. */
function numberIn(
  draft: Draft,
  path: string,
  name: string | undefined,
  field: dsl.Path,
  lists = false,
): void {
  const struct = draft.structs.get(name ?? "");
  if (struct === undefined) return;
  const found = fieldAt(struct.fields, field);
  if (found === undefined) {
    const names = namesIn(struct.fields);
    draft.unknown("V060", path, pathName(field), `a field of ${struct.name}`, names);
    return;
  }
  const { derived, field: model } = found.model;
  const hidden = derived || "reserved" in model && model.reserved !== undefined;
  const numbers = lists && model.kind === "array" && typeof model.of === "string";
  if ((model.kind === "scalar" || numbers) && !hidden) return;
  const why = hidden ? "has no value of its own" : `is made by ${madeBy(found.model)}`;
  draft.report("V061", path, `"${pathName(field)}", which ${why}`, "a field that holds a number");
}

/**
 * Passes: what administration commands name has numbers of the device type, and data that can be
 * read without a session.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";
import { takesRest } from "./sizes.ts";
import { fieldAt, pathName } from "./fields.ts";

/** Numbers of device types, both ends included (VIRTIO 1.4, 2.12.1.2, 2.12.1.3 and 2.14). */
const RANGES = {
  capabilities: [0x800, 0xfff],
  objects: [0x200, 0x4ff],
  parts: [0x200, 0x5ff],
} as const;

/** Reports numbers that are not described, that all device types or nobody may have, or that two things have. */
export function numbersOwn(draft: Draft): void {
  const { adminQueue } = draft.device ?? {};
  for (const kind of ["capabilities", "objects"] as const) {
    const taken = new Map<number, string>();
    for (const [name, { tag }] of entries<dsl.Administered>(adminQueue?.[kind])) {
      const path = `adminQueue.${kind}.${name}.tag`;
      const value = draft.constants.get(tag)?.value;
      if (value === undefined) {
        draft.unknown("V034", path, tag, "a constant", draft.constants.keys());
        continue;
      }
      inRange(draft, path, kind, tag, value);
      const other = taken.get(value);
      if (other === undefined) taken.set(value, name);
      else {draft.report(
          "V096",
          path,
          `${tag}, ${hex(value)}`,
          "a number of its own",
          `it is ${other}'s`,
        );}
    }
  }
  for (const [i, name] of (adminQueue?.parts ?? []).entries()) {
    const path = `adminQueue.parts[${i}]`;
    const enumeration = draft.enums.get(name);
    if (enumeration === undefined) {
      draft.unknown("V031", path, name, "an enumeration", draft.enums.keys());
      continue;
    }
    for (const { member, value } of enumeration.members) {
      inRange(draft, path, "parts", `${member} of ${name}`, value);
    }
  }
}

function inRange(
  draft: Draft,
  path: string,
  kind: keyof typeof RANGES,
  name: string,
  value: number,
): void {
  const [first, last] = RANGES[kind];
  if (value >= first && value <= last) return;
  draft.report(
    "V096",
    path,
    `${name}, ${hex(value)}`,
    `numbers from ${hex(first)} to ${hex(last)}`,
  );
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Reports structs that are not described, or that say one thing or another by what was negotiated. */
export function dataIndependent(draft: Draft): void {
  const { adminQueue } = draft.device ?? {};
  for (const kind of ["capabilities", "objects"] as const) {
    for (const [name, { struct }] of entries<dsl.Administered>(adminQueue?.[kind])) {
      if (struct === undefined) continue;
      const path = `adminQueue.${kind}.${name}.struct`;
      const model = draft.structs.get(struct);
      if (model === undefined) {
        const known = Object.keys(draft.description.structs ?? {});
        if (!known.includes(struct)) draft.unknown("V032", path, struct, "a struct", known);
        continue;
      }
      const found = dependence(model);
      if (found === undefined) continue;
      draft.report("V097", path, `${struct}, where ${found}`, "a struct that needs nothing else");
    }
  }
}

/** What a struct depends on beside its own fields, in words. */
function dependence({ fields, grows }: StructModel): string | undefined {
  return grows ? "the end follows from features" : dependenceOf(fields, []);
}

function dependenceOf(
  fields: readonly FieldModel[],
  outer: readonly FieldModel[],
): string | undefined {
  const known = [...fields, ...outer];
  for (const model of fields) {
    const own = ownDependence(model, known);
    if (own !== undefined) return `${model.name} ${own}`;
    const inner = model.struct?.fields ?? model.arms.flatMap((arm) => arm.fields);
    const found = model.struct?.grows ? dependence(model.struct) : dependenceOf(inner, known);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownDependence(
  model: FieldModel,
  known: readonly FieldModel[],
): string | undefined {
  const { field, when, unless, legacyWhen, arms } = model;
  // both sides fill data up to 64 bits (VIRTIO 1.4, 2.13)
  if (takesRest(field, model)) return "takes what is left, zeroes behind it too";
  if ([when, unless, legacyWhen].some((gate) => gate.length > 0)) return "follows from features";
  if (field.strict === false || arms.some((arm) => arm.strictTag !== null)) {
    return "is another one by the text of the standard";
  }
  if (field.kind === "bytes" && field.strictBefore !== undefined) {
    return "stands elsewhere by the text of the standard";
  }
  if (field.kind === "payload") return "stays in memory";
  const type = field.kind === "array" ? field.of : "type" in field ? field.type : "";
  if (typeof type === "string" && type.startsWith("session")) {
    return "is in the byte order of the session";
  }
  const sizes: unknown[] = ["length" in field && field.length, "max" in field && field.max];
  if (sizes.some((size) => typeof size === "object" && size !== null && "config" in size)) {
    return "follows from the configuration";
  }
  const path = pathsOf(field).find((each) => fieldAt(known, each) === undefined);
  return path === undefined ? undefined : `follows from ${pathName(path)}, which is outside`;
}

/** Paths by which a field finds its length, its arm or the size of its elements. */
function pathsOf(field: FieldModel["field"]): dsl.Path[] {
  const paths: dsl.Path[] = [];
  const length = "length" in field ? field.length : undefined;
  if (typeof length === "object" && "field" in length) paths.push(length.field);
  if (typeof length === "object" && "bytes" in length) paths.push(length.bytes);
  if (typeof length === "object" && "given" in length) paths.push(length.given);
  if (field.kind === "array" && field.stride !== undefined) paths.push(field.stride.field);
  if (field.kind === "union" && !(typeof field.by === "object" && "state" in field.by)) {
    paths.push(field.by as dsl.Path);
  }
  return paths;
}

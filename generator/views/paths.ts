/**
 * Names and paths in descriptions, and what becomes of them in TypeScript.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";

/** The parts of a path; none for state outside the message. */
export function pathOf(path: dsl.Path | { readonly state: string }): readonly string[] {
  if (typeof path === "string") return [path];
  return "state" in path ? [] : path;
}

/** Property of a field; the name of one of its bit-fields stays. */
export function keyOf(model: FieldModel, name: string = model.name): string {
  const given = model.field.kind === "scalar" ? model.field.property : undefined;
  return given ?? propertyName(name);
}

/** Name of the parameter for something that comes from outside. */
export function externName(path: string): string {
  const last = path.split(".").at(-1) ?? path;
  return localName(propertyName(last.replace(/[^A-Za-z0-9_]+/g, " ")));
}

/** `VirtioNetX` → `VIRTIO_NET_X`. */
export function constantOf(type: string): string {
  return type.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** The length of a field that has one. */
export function lengthOf(field: FieldModel["field"]): dsl.Length | null {
  switch (field.kind) {
    case "bytes":
    case "payload":
    case "array":
      return field.length;
    case "sequence":
      return field.length ?? "rest";
    default:
      return null;
  }
}

/** The struct that a field is described in; null for one of a message or of the configuration. */
export function ownerOf(path: string): string | null {
  const match = /structs\.([^.]+)\./.exec(path);
  return match === null ? null : className(match[1]!);
}

/** A gate as alternatives of sets of feature names. */
export function alternatives(gate: dsl.Gate | undefined): readonly (readonly string[])[] {
  if (gate === undefined) return [];
  if (typeof gate === "string") return [[gate]];
  return gate.map((one) => typeof one === "string" ? [one] : one);
}

/** Whether a word has a bit-field of this name. */
export function hasBitField(model: FieldModel, name: string | undefined): boolean {
  return model.field.kind === "bits" && name !== undefined && name in model.field.fields;
}

/**
 * Walks over the fields of a description, wherever they stand.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Draft, entries } from "./draft.ts";

/** A field as described, with its place. */
export interface DescribedField {
  readonly name: string;
  readonly path: string;
  readonly field: dsl.Field;
}

/** A record of fields as described: of a struct, a part of a message, the configuration space. */
export interface DescribedFields {
  readonly path: string;
  readonly fields: { readonly [name: string]: dsl.Field | undefined };
  readonly of: "struct" | "config" | "readable" | "writable";
}

/** Every record of fields, those of arms excepted. */
export function* describedRecords(draft: Draft): Generator<DescribedFields> {
  for (const [name, struct] of entries(draft.description.structs)) {
    yield { path: `structs.${name}.fields`, fields: struct.fields, of: "struct" };
  }
  const config = draft.device?.config;
  if (config !== undefined) yield { path: "config.fields", fields: config.fields, of: "config" };
  for (const [set, one] of entries(draft.description.messages)) {
    yield* partsOf(`messages.${set}`, one);
    for (const [name, item] of entries(one.cases)) {
      yield* partsOf(`messages.${set}.cases.${name}`, item);
    }
  }
}

function* partsOf(
  path: string,
  owner: Pick<dsl.Messages, "readable" | "writable">,
): Generator<DescribedFields> {
  const { readable, writable } = owner;
  if (readable !== undefined) yield { path: `${path}.readable`, fields: readable, of: "readable" };
  if (writable !== undefined) yield { path: `${path}.writable`, fields: writable, of: "writable" };
}

/** Every field, those of arms included. */
export function* describedFields(draft: Draft): Generator<DescribedField> {
  for (const { path, fields } of describedRecords(draft)) yield* fieldsIn(path, fields);
}

function* fieldsIn(path: string, fields: DescribedFields["fields"]): Generator<DescribedField> {
  for (const [name, field] of entries(fields)) {
    const place = `${path}.${name}`;
    yield { name, path: place, field };
    if (field.kind !== "union" && field.kind !== "sequence") continue;
    for (const [arm, { fields: own }] of entries(field.arms)) {
      if (own !== undefined) yield* fieldsIn(`${place}.arms.${arm}.fields`, own);
    }
  }
}

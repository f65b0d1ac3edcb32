/**
 * Pass: gates are known. Every gate names features of its own description.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { Alternatives } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { describedFields } from "./walk.ts";

/** `gate` as alternatives of sets; absent is "always", an empty list. */
export function alternatives(gate: dsl.Gate | undefined): Alternatives {
  return list<string | readonly string[]>(gate).map((one) => list<string>(one));
}

/** Every gate of a description with its place. */
export function* gatesOf(draft: Draft): Generator<{ path: string; gate: dsl.Gate }> {
  function* of(path: string, gate: dsl.Gate | undefined) {
    if (gate !== undefined) yield { path, gate };
  }
  for (const [name, feature] of entries(draft.description.features)) {
    const path = `features.${name}`;
    yield* of(`${path}.requires`, feature.requires);
    yield* of(`${path}.offeredWith`, feature.offeredWith);
    yield* of(`${path}.wants`, feature.wants);
    yield* of(`${path}.excludes`, feature.excludes);
  }
  for (const [name, { members }] of entries(draft.description.enums)) {
    for (const [member, value] of entries(members)) {
      if (typeof value === "object") yield* of(`enums.${name}.members.${member}.when`, value.when);
    }
  }
  for (const { path, field } of describedFields(draft)) {
    if (field.kind === "body") continue;
    yield* of(`${path}.when`, field.when);
    yield* of(`${path}.unless`, field.unless);
    yield* of(`${path}.legacyWhen`, field.legacyWhen);
  }
  for (const [set, messages] of entries(draft.description.messages)) {
    yield* checkGates(`messages.${set}`, messages.checks);
    for (const [name, one] of entries(messages.cases)) {
      const path = `messages.${set}.cases.${name}`;
      yield* of(`${path}.feature`, one.feature);
      yield* of(`${path}.unless`, one.unless);
      yield* checkGates(path, one.checks);
    }
  }
  if (draft.device === null) return;
  yield* of("oneFeatureOf", draft.device.oneFeatureOf);
  for (const [name, queue] of entries(draft.device.queues)) {
    const path = `queues.${name}`;
    yield* of(`${path}.when`, queue.when);
    yield* of(`${path}.merges.when`, queue.merges?.when);
    for (const key of ["count", "index", "strictIndex"] as const) {
      const count = queue[key];
      if (typeof count === "object" && "config" in count) {
        yield* of(`${path}.${key}.when`, count.when);
      }
    }
  }
  for (const [name, region] of entries(draft.device.sharedMemory)) {
    yield* of(`sharedMemory.${name}.when`, region.when);
  }
}

function* checkGates(path: string, checks: readonly dsl.Check[] | undefined) {
  for (const [i, check] of (checks ?? []).entries()) {
    for (const key of ["when", "unless", "offered"] as const) {
      const gate = check[key];
      if (gate !== undefined) yield { path: `${path}.checks[${i}].${key}`, gate };
    }
  }
}

/** Reports every gate that names something else than a feature. */
export function gatesKnown(draft: Draft): void {
  const features = Object.keys(draft.description.features ?? {});
  for (const { path, gate } of gatesOf(draft)) {
    for (const name of new Set(alternatives(gate).flat())) {
      if (!features.includes(name)) draft.unknown("V030", path, name, "a feature", features);
    }
  }
}

/**
 * Passes: gates are known, each names features of its own description, and they can open.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { parksOf } from "../parks.ts";
import type { Alternatives } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { describedFields } from "./walk.ts";

/** `gate` as alternatives of sets; absent is "always", an empty list. */
export function alternatives(gate: dsl.Gate | undefined): Alternatives {
  return list<string | readonly string[]>(gate).map((one) => list<string>(one));
}

const FEATURE_GATES = ["requires", "offeredWith", "wants", "excludes", "impliedWithout"] as const;

interface PlacedGate {
  readonly path: string;
  readonly gate: dsl.Gate;
}

/** Every gate of a description with its place. */
export function* gatesOf(draft: Draft): Generator<PlacedGate> {
  for (const [name, feature] of entries(draft.description.features)) {
    yield* present(`features.${name}`, feature, FEATURE_GATES);
  }
  for (const [name, { members }] of entries(draft.description.enums)) {
    for (const [member, value] of entries(members)) {
      if (typeof value === "object") {
        yield* present(`enums.${name}.members.${member}`, value, ["when"]);
      }
    }
  }
  for (const { path, field } of describedFields(draft)) {
    if (field.kind !== "body") yield* present(path, field, ["when", "unless", "legacyWhen"]);
    if (field.kind === "scalar") yield* present(path, field, ["zeroWithout"]);
  }
  for (const [set, messages] of entries(draft.description.messages)) {
    yield* checkGates(`messages.${set}`, messages.checks);
    for (const [name, one] of entries(messages.cases)) {
      const path = `messages.${set}.cases.${name}`;
      yield* present(path, one, ["feature", "unless"]);
      yield* checkGates(path, one.checks);
    }
  }
  if (draft.device !== null) yield* deviceGates(draft.device);
}

/** The gates that an item has, of those that it may have. */
function* present<K extends string>(
  path: string,
  item: { readonly [P in K]?: dsl.Gate },
  keys: readonly K[],
): Generator<PlacedGate> {
  for (const key of keys) {
    const gate = item[key];
    if (gate !== undefined) yield { path: `${path}.${key}`, gate };
  }
}

function* checkGates(
  path: string,
  checks: readonly dsl.Check[] | undefined,
): Generator<PlacedGate> {
  for (const [i, check] of (checks ?? []).entries()) {
    yield* present(`${path}.checks[${i}]`, check, ["when", "unless", "offered"]);
  }
}

function* deviceGates(device: dsl.Device): Generator<PlacedGate> {
  if (device.oneFeatureOf !== undefined) yield { path: "oneFeatureOf", gate: device.oneFeatureOf };
  for (const [name, queue] of entries(device.queues)) {
    const path = `queues.${name}`;
    yield* present(path, queue, ["when"]);
    if (queue.merges !== undefined) yield* present(`${path}.merges`, queue.merges, ["when"]);
    for (const parks of parksOf(queue)) {
      yield* present(`${path}.${parks.path}`, parks, ["when", "unless"]);
    }
    for (const key of ["count", "index", "strictIndex"] as const) {
      const count = queue[key];
      if (typeof count === "object" && "config" in count) {
        yield* present(`${path}.${key}`, count, ["when"]);
      }
    }
  }
  for (const [name, behaviour] of entries(device.behaviours)) {
    yield* present(`behaviours.${name}`, behaviour, ["when", "features"]);
  }
  for (const [name, region] of entries(device.sharedMemory)) {
    yield* present(`sharedMemory.${name}`, region, ["when"]);
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

/** Reports gates that only features open which are never offered. */
export function gatesOpenable(draft: Draft): void {
  const legacy = entries(draft.description.features)
    .filter(([, { by }]) => list(by).includes("legacy")).map(([name]) => name);
  for (const { path, gate } of gatesOf(draft)) {
    if (/\.(excludes|unless|impliedWithout)$/.test(path)) continue;
    const shut = alternatives(gate).map((set) => set.filter((name) => legacy.includes(name)));
    if (!shut.every((names) => names.length > 0)) continue;
    const found = [...new Set(shut.flat())].join(", ");
    draft.report("V045", path, `${found}, never offered`, "a feature that can be offered");
  }
}

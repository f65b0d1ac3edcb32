/**
 * Passes: feature bits are legal and used once; features neither depend on themselves nor
 * contradict each other.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Draft, entries, list } from "./draft.ts";
import { alternatives } from "./gates.ts";

const LEGAL = "0 to 23, 41, 42 or 50 to 127, the bits of device types";

/** Reports feature bits that the standard keeps for something else, or that two features share. */
export function bitsLegal(draft: Draft): void {
  const taken = new Map<number, string>();
  for (const [name, { bit }] of entries(draft.description.features)) {
    const path = `features.${name}.bit`;
    const keeper = keeperOf(bit);
    if (bit > 127 || (draft.device !== null && keeper !== undefined)) {
      draft.report("V040", path, `${bit}, ${keeper ?? "which does not exist"}`, LEGAL);
    }
    const other = taken.get(bit);
    if (other !== undefined) {
      draft.report("V041", path, `${bit}`, "a bit of its own", isAlso(other));
    } else taken.set(bit, name);
  }
}

function isAlso(name: string): string {
  return `it is also the bit of ${name}`;
}

/** Who has a bit that device types do not have (VIRTIO 1.4, 2.2). */
function keeperOf(bit: number): string | undefined {
  if ((bit >= 24 && bit <= 40) || bit === 43) {
    return "reserved for queues and negotiation (24 to 40, 43)";
  }
  if (bit >= 44 && bit <= 49) return "reserved for future extensions (44 to 49)";
  return bit > 127 ? "reserved for future extensions (from 128)" : undefined;
}

/** Reports circles of features that require each other, or are only offered with each other. */
export function featuresAcyclic(draft: Draft): void {
  for (const key of ["requires", "offeredWith"] as const) {
    const features = new Map(entries(draft.description.features));
    for (const circle of circles(features, key)) {
      const path = `features.${circle[0]}.${key}`;
      const found = [...circle, circle[0]!].join(" needs ");
      draft.report("V042", path, found, "features that do not lead back to themselves");
    }
  }
}

/** Each circle once, started at its first feature in the order of the description. */
function circles(
  features: ReadonlyMap<string, dsl.Feature>,
  key: "requires" | "offeredWith",
): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]) => {
    if (trail.includes(name)) {
      found.push(trail.slice(trail.indexOf(name)));
      return;
    }
    if (done.has(name)) return;
    for (const next of new Set(alternatives(features.get(name)?.[key]).flat())) {
      visit(next, [...trail, name]);
    }
    done.add(name);
  };
  for (const name of features.keys()) visit(name, []);
  return found;
}

/** Reports a feature in force by itself that would need others, or that waits for its own absence. */
function impliedConsistent(draft: Draft, path: string, name: string, feature: dsl.Feature): void {
  const { impliedWithout, requires } = feature;
  if (impliedWithout === undefined) return;
  if (impliedWithout.includes(name)) {
    draft.report("V043", `${path}.impliedWithout`, `"${name}" itself`, "other features");
  }
  if (requires !== undefined) {
    const found = "a gate, though the feature may be in force by itself";
    draft.report("V043", `${path}.requires`, found, "left out, or no impliedWithout");
  }
}

/** Reports features that exclude what they need, and legacy ones that are said to be offered. */
export function featuresConsistent(draft: Draft): void {
  for (const [name, feature] of entries(draft.description.features)) {
    const path = `features.${name}`;
    const excluded = feature.excludes ?? [];
    if (excluded.includes(name)) {
      draft.report("V043", `${path}.excludes`, `"${name}" itself`, "other features");
    }
    for (const key of ["requires", "offeredWith", "wants"] as const) {
      const gate = alternatives(feature[key]);
      if (gate.length === 0 || !gate.every((set) => set.some((one) => excluded.includes(one)))) {
        continue;
      }
      const found = gate.flat().filter((one) => excluded.includes(one)).join(", ");
      draft.report(
        "V043",
        `${path}.${key}`,
        `${found}, which it excludes`,
        "features that it can have",
      );
    }
    impliedConsistent(draft, path, name, feature);
    if (feature.mandatory === true && feature.wants !== undefined) {
      const found = "a gate, though every driver must accept the feature";
      draft.report("V043", `${path}.wants`, found, "left out, or not mandatory");
    }
    const by = list(feature.by);
    if (!by.includes("legacy")) continue;
    if (by.length > 1) {
      draft.report("V043", `${path}.by`, by.join(", "), '"legacy" alone: it is never offered');
    }
    for (const key of ["mandatory", "modern"] as const) {
      if (feature[key] !== true) continue;
      draft.report("V043", `${path}.${key}`, "true", "left out: it is never offered");
    }
  }
}

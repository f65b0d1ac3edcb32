// Every vector against both sides, over both rings, cut at every position; and nothing of a description is left out.

import assert from "node:assert/strict";
import { tryConfig } from "./config_trial.ts";
import { missing } from "./coverage.ts";
import { type RingKind, tryEdge, tryRequest, trySend } from "./device_trial.ts";
import { tryCall, tryEvent, trySupply } from "./driver_trial.ts";
import { messageOf, type Subject, SUBJECTS } from "./subjects.ts";
import { EDGES, readVectors, type Vector } from "./vectors.ts";

const RINGS: readonly (RingKind & { readonly name: string })[] = [
  { name: "split, direct", packed: false, indirect: false },
  { name: "split, indirect", packed: false, indirect: true },
  { name: "packed, direct", packed: true, indirect: false },
  { name: "packed, indirect", packed: true, indirect: true },
];

for (const subject of SUBJECTS) {
  const { name } = subject.description;
  const vectors = readVectors(name);
  for (const vector of vectors) {
    const label = `${name} ${vector.message}: ${vector.name}`;
    if (vector.message === "config") Deno.test(label, () => tryConfig(subject, vector));
    else for (const ring of RINGS) testVector(subject, vector, ring, `${label} (${ring.name}`);
  }
  Deno.test(`${name}: vectors exercise all that the description has`, () => {
    assert.deepEqual(missing(subject, vectors), []);
  });
}

/** The tests of one vector over one kind of ring. */
function testVector(subject: Subject, vector: Vector, ring: RingKind, label: string): void {
  const { role } = messageOf(subject, vector).queue;
  const { refused } = vector;
  if (role === "receive") {
    if (refused === undefined && vector.only !== "driver") {
      Deno.test(`${label}, device)`, () => trySend(subject, vector, ring));
    }
    Deno.test(`${label}, driver)`, () => tryEvent(subject, vector, ring));
    return;
  }
  if (vector.only !== "driver") {
    Deno.test(`${label}, device)`, () => tryRequest(subject, vector, ring));
  }
  for (const edge of EDGES) {
    if (vector.edges?.[edge] === undefined) continue;
    Deno.test(`${label}, device, ${edge})`, () => tryEdge(subject, vector, ring, edge));
  }
  const drives = refused === undefined || refused === "handler";
  if (drives && vector.only !== "device") {
    const attempt = role === "pull" ? trySupply : tryCall;
    Deno.test(`${label}, driver)`, () => attempt(subject, vector, ring));
  }
}

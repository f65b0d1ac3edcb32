// The trials can fail: each of them finds what was spoilt in a vector that is right.

import assert from "node:assert/strict";
import { missing } from "./coverage.ts";
import { tryEdge, tryRequest, trySend } from "./device_trial.ts";
import { tryCall, tryEvent, trySupply } from "./driver_trial.ts";
import { type Subject, SUBJECTS } from "./subjects.ts";
import { readVectors, type Vector } from "./vectors.ts";

const RING = { packed: false, indirect: false };

function pick(device: string, name: string): [Subject, Vector] {
  const subject = SUBJECTS.find(({ description }) => description.name === device)!;
  const vector = readVectors(device).find((each) => each.name === name);
  assert.ok(vector !== undefined, name);
  return [subject, vector];
}

/** The same digits with another last byte. */
function spoilt(hex: string): string {
  return hex.slice(0, -2) + (hex.endsWith("01") ? "02" : "01");
}

Deno.test("tryRequest() and tryCall() fail when a byte or a value of the vector is wrong", async () => {
  const [subject, vector] = pick("net", "VLAN 100");
  const wrong: Partial<Vector>[] = [
    { readable: spoilt(vector.readable!) },
    { writable: spoilt(vector.writable!) },
    { values: { ...vector.values, request: { vid: 101 } } },
    { values: { ...vector.values, status: 1 } },
    { message: "virtio_net_ctrl.vlan_del" },
    { queue: 1 },
  ];
  for (const change of wrong) {
    const other = { ...vector, ...change };
    await assert.rejects(
      async () => await tryRequest(subject, other, RING),
      JSON.stringify(change),
    );
    await assert.rejects(async () => await tryCall(subject, other, RING), JSON.stringify(change));
  }
  await assert.rejects(tryRequest(subject, { ...vector, used: 0 }, RING));
  await tryRequest(subject, vector, RING);
  await tryCall(subject, vector, RING);
});

Deno.test("trySend() and tryEvent() fail when a byte or a value of the vector is wrong", async () => {
  const [subject, vector] = pick("console", "132 columns and 43 rows");
  const request = { id: 0, value: 0, size: { cols: 132, rows: 44 } };
  for (const change of [{ writable: spoilt(vector.writable!) }, { values: { request } }]) {
    const other = { ...vector, ...change };
    assert.throws(() => trySend(subject, other, RING), JSON.stringify(change));
    await assert.rejects(async () => await tryEvent(subject, other, RING), JSON.stringify(change));
  }
  trySend(subject, vector, RING);
  await tryEvent(subject, vector, RING);
});

Deno.test("tryRequest() and trySupply() fail on another message that the device pulls", async () => {
  const [subject, vector] = pick("balloon", "two statistics, the one with the higher tag first");
  const wrong: Partial<Vector>[] = [
    { readable: spoilt(vector.readable!) },
    { values: { request: { stats: [] } } },
  ];
  for (const change of wrong) {
    const other = { ...vector, ...change };
    await assert.rejects(
      async () => await tryRequest(subject, other, RING),
      JSON.stringify(change),
    );
    await assert.rejects(async () => await trySupply(subject, other, RING), JSON.stringify(change));
  }
  await tryRequest(subject, vector, RING);
  await trySupply(subject, vector, RING);
});

Deno.test("tryCall() fails on something beside a status that is to stand alone", async () => {
  const [subject, vector] = pick("media", "too many sessions");
  const writable = "10000000 00000000 05000000 00000000";
  await assert.rejects(async () => await tryCall(subject, { ...vector, writable, used: 16 }, RING));
  await tryCall(subject, vector, RING);
});

Deno.test("tryRequest() and tryCall() fail on a session of the other byte order, but for the request that starts one", async () => {
  const [subject, { order, ...vector }] = pick("fs", "FUSE_READ in big-endian order: an error");
  assert.equal(order, "big");
  await assert.rejects(async () => await tryRequest(subject, vector, RING));
  await assert.rejects(async () => await tryCall(subject, vector, RING));
  const [, { order: _, ...first }] = pick("fs", "FUSE_INIT, in big-endian order");
  await tryRequest(subject, first, RING);
});

Deno.test("tryEdge() fails on another outcome", async () => {
  const [subject, vector] = pick("net", "VLAN 100");
  const wrong = [["readable-1", 0], ["readable-1", "empty"], ["writable-1", 1]] as const;
  for (const [edge, outcome] of wrong) {
    const other = { ...vector, edges: { ...vector.edges, [edge]: outcome } };
    await assert.rejects(async () => await tryEdge(subject, other, RING, edge));
    await tryEdge(subject, vector, RING, edge);
  }
});

Deno.test("missing() names what no vector exercises", () => {
  const [subject] = pick("scsi", "TEST UNIT READY");
  const vectors = readVectors("scsi");
  assert.deepEqual(missing(subject, vectors), []);
  const without = (keep: (vector: Vector) => boolean) => missing(subject, vectors.filter(keep));
  assert.deepEqual(without(({ features }) => !features.includes("T10_PI")), ["feature T10_PI"]);
  assert.deepEqual(without(({ values }) => values?.status !== 2), ["status ABORTED of command"]);
  assert.deepEqual(without(({ message }) => message !== "event"), ["message event"]);
  const message = "virtio_scsi_ctrl.an_query";
  const lost = [`message ${message}`, `answer of ${message} that fails`];
  assert.deepEqual(without((vector) => vector.message !== message), lost);
  const good = without(({ message: one, values }) => one !== message || values?.status === 0);
  assert.deepEqual(good, [lost[1]]);
  const plain = vectors.map(({ edges: _, ...vector }) => vector);
  assert.equal(missing(subject, plain).length, 4 * 4);
});

/** Buffers that wait for what a device has to say. */

import assert from "node:assert/strict";
import { covers } from "../testing/covers.ts";
import { ParkedBuffers } from "./parked.ts";
import { makeRing } from "./ring_fixture.ts";

const LENGTH = 16;

/** Parked buffers of 16 bytes, and what the driver finds in those that come back. */
function parked(buffers: number) {
  const ring = makeRing({ format: "split" });
  const { driver, device, buffer, bytes, count } = ring;
  const places = new Map<number, number>();
  for (let at = 0; at < buffers; at++) {
    driver.writable(buffer + at * LENGTH, LENGTH);
    places.set(driver.add(), at * LENGTH);
  }
  driver.kick();
  const found = () => {
    const all: number[][] = [];
    for (let head = driver.collect(); head >= 0; head = driver.collect()) {
      const at = places.get(head)!;
      all.push([...bytes.subarray(at, at + driver.usedLength)]);
    }
    return all;
  };
  const it = new ParkedBuffers(device);
  it.park();
  return { it, found, count };
}

const HEAD = Uint8Array.of(1, 2);

/** So many bytes that count up. */
function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => first + at);
}

Deno.test("what a device sends is shown to the driver with one notification once it is released", () => {
  const { it, found, count } = parked(8);
  it.hold();
  for (let at = 0; at < 3; at++) it.send(1, HEAD, Uint8Array.of(at));
  assert.equal(it.stream(counting(20)), 20);
  assert.ok(it.giveBack());
  assert.deepEqual(found(), []);
  assert.equal(count.notifications, 0);
  it.release();
  const stream = [[...counting(16)], [...counting(4, 16)]];
  assert.deepEqual(found(), [[1, 2, 0], [1, 2, 1], [1, 2, 2], ...stream, []]);
  assert.equal(count.notifications, 1);
  it.send(1, HEAD, HEAD);
  assert.deepEqual(found(), [[1, 2, 1, 2]]);
});

Deno.test("all buffers of a packet are used together (VIRTIO 1.4, 5.1.9.4.1)", () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets#4",
  );
  for (const format of ["split", "packed"] as const) {
    const { driver, device, buffer } = makeRing({ format });
    for (let at = 0; at < 6; at++) {
      driver.writable(buffer + at * LENGTH, LENGTH);
      driver.add();
    }
    driver.kick();
    const it = new ParkedBuffers(device);
    it.park();
    const seen: number[] = [];
    const { push } = device;
    device.push = (head, length) => {
      push.call(device, head, length);
      seen.push(driver.collect());
    };
    it.send(6, HEAD, counting(5 * LENGTH));
    assert.deepEqual(seen, Array(6).fill(-1), "none is seen before the last is filled");
    for (let at = 0; at < 6; at++) assert.ok(driver.collect() >= 0, "then all are");
  }
});

Deno.test("data over several buffers is that of the moment, wherever it stood before", () => {
  const { it, found } = parked(8);
  const memory = counting(64);
  const sent = [memory.subarray(0, 20), memory.subarray(0, 20), memory.subarray(3, 23)];
  for (const data of sent) {
    memory[5]!++;
    const expected = [[...HEAD, ...data.subarray(0, 14)], [...data.subarray(14)]];
    it.send(2, HEAD, data);
    assert.deepEqual(found(), expected);
  }
  const elsewhere = counting(20, 100);
  it.send(2, HEAD, elsewhere);
  assert.deepEqual(found(), [[...HEAD, ...elsewhere.subarray(0, 14)], [
    ...elsewhere.subarray(14),
  ]]);
});

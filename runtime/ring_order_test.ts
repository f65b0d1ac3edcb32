// In which order the two ends of a ring touch memory that they share: what publishes comes last, and is an atomic
// operation, and the other side's wish is read after it (VIRTIO 1.4, 2.7.13, 2.7.8, 2.8.21).

import assert from "node:assert/strict";
import { covers } from "../testing/covers.ts";
import { addBuffer, makeRing, type Ring, type RingChoice } from "./ring_fixture.ts";

const SPLIT = "Basic Facilities of a Virtio Device / Virtqueues";
const PACKED = "Basic Facilities of a Virtio Device / Packed Virtqueues";

/** One atomic operation: where, what it stores or loads, and all memory before it. */
interface Operation {
  readonly what: "store" | "load";
  readonly address: number;
  readonly value: number;
  readonly before: DataView;
}

/** The atomic operations of some steps. */
function traced(ring: Ring, steps: () => void): Operation[] {
  const { address: base, bytes } = ring.memory.regions[0]!;
  const operations: Operation[] = [];
  const note = (what: Operation["what"], array: Int32Array, index: number, value: number) => {
    const address = base + array.byteOffset - bytes.byteOffset + index * array.BYTES_PER_ELEMENT;
    operations.push({ what, address, value, before: new DataView(bytes.slice().buffer) });
  };
  const { store, load } = Atomics;
  const hooks = {
    store: (array: Int32Array, index: number, value: number) => {
      note("store", array, index, value);
      return store(array, index, value);
    },
    load: (array: Int32Array, index: number) => {
      const value = load(array, index);
      note("load", array, index, value);
      return value;
    },
  };
  try {
    Object.assign(Atomics, hooks);
    steps();
  } finally {
    Object.assign(Atomics, { store, load });
  }
  return operations;
}

/** A ring in memory that others see. */
function sharedRing(choice: RingChoice): Ring {
  return makeRing({ ...choice, shared: true });
}

/** The one store to a word, and its place among all operations. */
function storeAt(operations: readonly Operation[], address: number): [Operation, number] {
  const found = operations.filter((one) => one.what === "store" && one.address === address);
  assert.equal(found.length, 1, "one store publishes");
  return [found[0]!, operations.indexOf(found[0]!)];
}

function loadsAfter(operations: readonly Operation[], at: number, address: number): boolean {
  return operations.some((one, place) =>
    place > at && one.what === "load" && one.address === address
  );
}

const offsetIn = (ring: Ring, address: number) => address - ring.memory.regions[0]!.address;

Deno.test("split: a driver's index is stored once all else is there, and the device's wish is read after it (2.7.13)", () => {
  covers(
    `drivernormative:${SPLIT} / Supplying Buffers to The Device / Updating idx#1`,
    `drivernormative:${SPLIT} / Supplying Buffers to The Device / Notifying The Device#1`,
  );
  for (const eventIdx of [false, true]) {
    const ring = sharedRing({ format: "split", eventIdx });
    const { desc, driver, device, size } = ring.layout;
    const heads: number[] = [];
    const operations = traced(ring, () => {
      for (let at = 0; at < 3; at++) heads.push(addBuffer(ring, [4], [4]));
      ring.driver.kick();
    });
    const [{ before, value }, at] = storeAt(operations, driver);
    assert.equal(value >>> 16, 3);
    assert.equal(before.getUint16(offsetIn(ring, driver) + 2, true), 0, "not visible before");
    heads.forEach((head, entry) => {
      assert.equal(before.getUint16(offsetIn(ring, driver) + 4 + 2 * entry, true), head);
      assert.equal(before.getUint32(offsetIn(ring, desc) + 16 * head + 8, true), 4, "its length");
    });
    assert.ok(loadsAfter(operations, at, eventIdx ? device + 4 + 8 * size : device));
  }
});

Deno.test("split: a device's index is stored once data, ids and lengths are there (2.7.8.2)", () => {
  covers(`devicenormative:${SPLIT} / The Virtqueue Used Ring#1`);
  for (const eventIdx of [false, true]) {
    const ring = sharedRing({ format: "split", eventIdx });
    const { driver, device, size } = ring.layout;
    const added = [5, 6, 7].map((length) => addBuffer(ring, [], [length]));
    ring.driver.kick();
    const operations = traced(ring, () => {
      for (const written of [1, 2, 3]) {
        const head = ring.device.pop();
        ring.device.chain(head).write(0, Uint8Array.of(7, 7, 7), 0, written);
        ring.device.push(head, written);
      }
      ring.device.publish();
    });
    const [{ before, value }, at] = storeAt(operations, device);
    assert.equal(value >>> 16, 3);
    assert.equal(before.getUint16(offsetIn(ring, device) + 2, true), 0, "not visible before");
    added.forEach((head, entry) => {
      const place = offsetIn(ring, device) + 4 + 8 * entry;
      assert.deepEqual(
        [before.getUint32(place, true), before.getUint32(place + 4, true)],
        [head, entry + 1],
      );
    });
    assert.ok(loadsAfter(operations, at, eventIdx ? driver + 4 + 2 * size : driver));
  }
});

Deno.test("packed: the first descriptor of a burst is available last, and the device's wish is read after it (2.8.17, 2.8.21)", () => {
  covers(
    `drivernormative:${PACKED} / Scatter-Gather Support#6`,
    `drivernormative:${PACKED} / Supplying Buffers to The Device / Updating flags#1`,
    `drivernormative:${PACKED} / Supplying Buffers to The Device / Sending Available Buffer Notifications#1`,
  );
  for (const eventIdx of [false, true]) {
    const ring = sharedRing({ format: "packed", eventIdx });
    const { desc, device } = ring.layout;
    const flags = (memory: DataView, at: number) =>
      memory.getUint16(offsetIn(ring, desc) + 16 * at + 14, true);
    const operations = traced(ring, () => {
      addBuffer(ring, [1, 2], [3]); // a list of three
      addBuffer(ring, [4], [5]); // and one of two behind it
      ring.driver.kick();
    });
    const [{ before }, at] = storeAt(operations, desc + 12);
    assert.equal(flags(before, 0), 0, "not available before");
    for (const other of [1, 2, 3, 4]) assert.notEqual(flags(before, other) & 0x80, 0, `${other}`);
    for (const [other, length] of [1, 2, 3, 4, 5].entries()) {
      assert.equal(before.getUint32(offsetIn(ring, desc) + 16 * other + 8, true), length);
    }
    assert.ok(loadsAfter(operations, at, device));
  }
});

Deno.test("packed: what a device used it leaves as it is, and the first of a burst is used last (2.8.15)", () => {
  covers(`devicenormative:${PACKED} / The Virtqueue Descriptor Table#4`);
  const ring = sharedRing({ format: "packed", eventIdx: true });
  const { desc } = ring.layout;
  for (let count = 0; count < 5; count++) addBuffer(ring, [], [8]);
  ring.driver.kick();
  const descriptors = (from: number, to: number) =>
    ring.memory.view(desc + 16 * from, 16 * (to - from))!.slice();
  const use = (count: number) => {
    for (let done = 0; done < count; done++) ring.device.push(ring.device.pop(), done + 1);
    ring.device.publish();
  };
  const operations = traced(ring, () => use(3));
  const [{ before }] = storeAt(operations, desc + 12);
  const word = (at: number) => before.getUint32(offsetIn(ring, desc) + 16 * at + 12, true) >>> 16;
  assert.equal(word(0) & 0x8000, 0, "not used before");
  for (const other of [1, 2]) assert.notEqual(word(other) & 0x8000, 0);
  const used = descriptors(0, 3);
  ring.device.suppress();
  ring.device.arm();
  use(2);
  ring.device.arm();
  assert.deepEqual(descriptors(0, 3), used);
});

for (const format of ["split", "packed"] as const) {
  Deno.test(`${format}: a device reads nothing that it is to write (2.7.5.1, 2.8.15)`, () => {
    covers(
      `devicenormative:${SPLIT} / The Virtqueue Descriptor Table#2`,
      `devicenormative:${PACKED} / The Virtqueue Descriptor Table#2`,
    );
    const ring = makeRing({ format });
    ring.bytes.fill(0x55);
    addBuffer(ring, [4], [4]);
    ring.driver.kick();
    const chain = ring.device.chain(ring.device.pop());
    const into = new Uint8Array(8);
    for (const [from, length] of [[0, 5], [4, 1], [3, 2], [4, 4]] as const) {
      assert.throws(() => chain.read(from, into, 0, length), RangeError);
      assert.throws(() => chain.readFixed(from, length), RangeError);
    }
    assert.deepEqual([...into], new Array(8).fill(0));
  });
}

// Elements that are put together in indirect tables, in private memory, and on their way between them.

import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDriverQueue } from "./queue.ts";
import {
  addBuffer,
  collectAll,
  makeRing,
  type Ring,
  type RingChoice,
  serve,
} from "./ring_fixture.ts";

/** What the device finds in the next buffer: bytes to read and to write, and how many descriptors it takes. */
function popped({ device }: Ring): [number[], number[], number] {
  const chain = device.chain(device.pop());
  const lengths = (writable: boolean) =>
    chain.elements().filter((element) => element.writable === writable)
      .map(({ length }) => length);
  const found: [number[], number[], number] = [lengths(false), lengths(true), chain.descriptors];
  device.push(chain.head, chain.writableLength);
  device.publish();
  return found;
}

for (const format of ["split", "packed"] as const) {
  const make = (choice: Partial<RingChoice> = {}) =>
    makeRing({ format, indirect: true, size: 16, ...choice });

  Deno.test(`${format}: tables of every length follow each other on the same heads (2.7.5.3, 2.8.7)`, () => {
    for (const inOrder of [false, true]) {
      const ring = make({ inOrder });
      for (let round = 0; round < 40; round++) {
        const readable = Array.from({ length: round % 8 }, (_, at) => 1 + (round + at) % 5);
        const writable = Array.from({ length: 1 + round % 5 }, (_, at) => 1 + (round + at) % 7);
        const head = addBuffer(ring, readable, writable);
        ring.driver.kick();
        assert.deepEqual(popped(ring), [readable, writable, 1]);
        const length = writable.reduce((sum, length) => sum + length);
        assert.deepEqual(collectAll(ring), [{ head, length }]);
      }
    }
  });

  Deno.test(`${format}: a pending buffer keeps its table while others are put together (2.7.13.1)`, () => {
    const ring = make();
    const wanted = Array.from({ length: 16 }, (_, at) => [1 + at, 2 + at, 3 + at]);
    for (const lengths of wanted) assert.ok(addBuffer(ring, lengths, [9]) >= 0);
    ring.driver.readable(ring.buffer, 1);
    ring.driver.readable(ring.buffer, 1);
    ring.driver.readable(ring.buffer, 1);
    assert.equal(ring.driver.add(), -1, "the ring is full");
    ring.driver.kick();
    for (const lengths of wanted) assert.deepEqual(popped(ring), [lengths, [9], 1]);
    assert.equal(collectAll(ring).length, 16);
  });

  Deno.test(`${format}: elements of half a gigabyte and more have their place in a table (2.7.4)`, () => {
    const huge = 2 ** 29;
    const memory = GuestMemory.of(new ArrayBuffer(1 << 16), 0x1000);
    const arena = new Arena(memory, 0x1000, 1 << 16);
    const layout = allocateQueue(arena, 0, 8, format);
    const features = { eventIdx: false, indirect: true, inOrder: false, notificationData: false };
    for (const long of [0, 1, 2]) {
      const driver = createDriverQueue(memory, layout, features, { arena });
      for (let at = 0; at < 3; at++) driver.writable(0x1000, at === long ? 3 * huge : 16);
      const id = driver.add();
      const [pending] = driver.position().pending;
      assert.deepEqual([pending!.id, pending!.writableLength], [id, 3 * huge + 32]);
      for (let at = 0; at < 3; at++) driver.readable(0x1000, at === long ? 4 * huge : 2 * huge);
      assert.ok(driver.add() >= 0, "2^32 bytes in all");
      for (let at = 0; at < 4; at++) driver.readable(0x1000, at === long ? 8 * huge - 1 : 1);
      assert.throws(() => driver.add(), RangeError, "more than 2^32 bytes");
      for (let at = 0; at < 3; at++) driver.writable(0x1000, 16);
      assert.ok(driver.add() >= 0, "nothing of the refused one is left");
      assert.equal(driver.position().pending.at(-1)!.writableLength, 48);
      driver.stop();
    }
  });

  Deno.test(`${format}: memory may grow between two elements of a buffer`, () => {
    const ring = make();
    const grown = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    new Uint8Array(grown.buffer).set(ring.memory.regions[0]!.bytes);
    ring.memory.replaceRegion(0x1000_0000, new Uint8Array(grown.buffer));
    for (let round = 0; round < 2; round++) {
      for (const length of [1, 2, 3]) ring.driver.readable(ring.buffer, length);
      grown.grow(1);
      ring.memory.replaceRegion(0x1000_0000, new Uint8Array(grown.buffer));
      ring.driver.writable(ring.buffer, 4);
      assert.ok(ring.driver.add() >= 0);
      ring.driver.kick();
      assert.deepEqual(popped(ring), [[1, 2, 3], [4], 1]);
      assert.equal(collectAll(ring).length, 1);
    }
  });

  Deno.test(`${format}: memory may move between two elements of a buffer`, () => {
    const ring = make();
    for (const length of [1, 2, 3]) ring.driver.readable(ring.buffer, length);
    const { bytes } = ring.memory.regions[0]!;
    ring.memory.removeRegion(0x1000_0000);
    ring.memory.addRegion({ address: 0x1000_0000, bytes: bytes.slice() });
    ring.driver.writable(ring.buffer, 4);
    assert.ok(ring.driver.add() >= 0);
    ring.driver.kick();
    assert.deepEqual(popped(ring), [[1, 2, 3], [4], 1]);
    assert.equal(serve(ring).length, 0);
  });

  Deno.test(`${format}: a queue whose tables' region is removed breaks, and throws nothing`, () => {
    const memory = new GuestMemory([
      { address: 0x1000, bytes: new Uint8Array(0x4000) },
      { address: 0x8000, bytes: new Uint8Array(0x4000) },
    ]);
    const layout = allocateQueue(new Arena(memory, 0x1000, 0x4000), 0, 8, format);
    const arena = new Arena(memory, 0x8000, 0x4000);
    const features = { eventIdx: false, indirect: true, inOrder: false, notificationData: false };
    const driver = createDriverQueue(memory, layout, features, { arena });
    const add = () => {
      for (const _ of [1, 2, 3]) driver.readable(0x1000, 1);
      return driver.add();
    };
    assert.ok(add() >= 0);
    memory.removeRegion(0x8000);
    assert.equal(add(), -1);
    assert.equal(driver.broken?.field, "memory");
  });

  Deno.test(`${format}: once the queue was stopped, it takes nothing from the arena and writes nothing to it`, () => {
    const ring = make();
    addBuffer(ring, [1, 2], [3]);
    for (const length of [1, 2]) ring.driver.readable(ring.buffer, length);
    ring.driver.stop();
    const others = ring.arena.allocate(ring.arena.available - 4096).bytes.fill(0x5a);
    const free = ring.arena.available;
    for (const length of [3, 4]) ring.driver.readable(ring.buffer, length);
    assert.equal(ring.driver.add(), -1);
    assert.equal(addBuffer(ring, [1, 2], [3]), -1);
    assert.equal(ring.arena.available, free);
    assert.ok(others.every((byte) => byte === 0x5a));
  });

  Deno.test(`${format}: what the device writes into a table that is not added yet changes no count of ours`, () => {
    const ring = make();
    addBuffer(ring, [1], [2]); // which makes the tables
    ring.driver.kick();
    popped(ring);
    collectAll(ring);
    for (const length of [1, 2]) ring.driver.readable(ring.buffer, length);
    ring.memory.regions[0]!.bytes.fill(0xff); // ring and tables alike
    ring.driver.writable(ring.buffer, 4);
    const head = ring.driver.add();
    const { pending } = ring.driver.position();
    assert.deepEqual(pending.map(({ id, writableLength }) => [id, writableLength]), [[head, 4]]);
  });
}

Deno.test("rings of fewer entries than a short table take no more elements than they have (2.7.5.3.1, 2.8.8)", () => {
  for (const format of ["split", "packed"] as const) {
    for (const size of [1, 2]) {
      const ring = makeRing({ format, size, indirect: true });
      assert.throws(() => addBuffer(ring, Array(size).fill(1), [1]), RangeError);
      const head = addBuffer(ring, Array(size - 1).fill(1), [1]);
      ring.driver.kick();
      serve(ring);
      assert.deepEqual(collectAll(ring), [{ head, length: 1 }]);
    }
  }
});

Deno.test("buffers of few elements may have up to 2^32 bytes, in memory that the device knows (2.7.5.2)", () => {
  const piece = 2 ** 30;
  for (const format of ["split", "packed"] as const) {
    const ring = makeRing({ format, indirect: true, bytes: piece + 65536 });
    for (const [readable, writable] of [[3, 1], [2, 2], [4, 0], [1, 3]] as const) {
      for (let at = 0; at < readable; at++) ring.driver.readable(ring.buffer, piece);
      for (let at = 0; at < writable; at++) ring.driver.writable(ring.buffer, piece);
      ring.driver.add();
      ring.driver.kick();
      assert.ok(ring.memory.locate(ring.buffer, 0, 1) >= 0);
      const chain = ring.device.chain(ring.device.pop());
      assert.deepEqual(
        [chain.readableLength, chain.writableLength],
        [readable * piece, writable * piece],
      );
      ring.device.push(chain.head, 0);
      ring.device.publish();
      assert.equal(collectAll(ring).length, 1);
    }
  }
});

import assert from "node:assert/strict";
import { ReadableBytes, WritableBytes } from "./cursor.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDeviceQueue, createDriverQueue } from "./queue.ts";
import { Arena } from "./arena.ts";
import { addBuffer, makeRing } from "./ring_fixture.ts";
import { covers } from "../testing/covers.ts";

const READABLE = Uint8Array.from({ length: 20 }, (_, at) => at + 1);

/** Every way to cut `length` bytes in two, and all one-byte pieces. */
function cuts(length: number): number[][] {
  const two = Array.from({ length: length - 1 }, (_, at) => [at + 1, length - at - 1]);
  return [[length], ...two, Array<number>(length).fill(1)];
}

Deno.test("reads and writes do not depend on how a buffer is cut (2.7.4)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Message Framing#1",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table#1",
    "devicenormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table#1",
  );
  for (const format of ["split", "packed"] as const) {
    for (const indirect of [false, true]) {
      const ring = makeRing({ format, indirect, size: 64 });
      for (const readable of cuts(20)) {
        for (const writable of cuts(12)) {
          ring.bytes.fill(0xaa);
          ring.bytes.set(READABLE);
          addBuffer(ring, readable, writable);
          ring.driver.kick();
          const chain = ring.device.chain(ring.device.pop());
          assert.deepEqual([chain.readableLength, chain.writableLength], [20, 12]);
          chain.readFixed(0, 20);
          assert.deepEqual(chain.fixed.slice(0, 20), READABLE);
          chain.readFixed(3, 9);
          assert.deepEqual(chain.fixed.slice(0, 9), READABLE.slice(3, 12));
          const values = chain.readable(1, 15);
          assert.equal(values.getUint8(), 2);
          assert.equal(values.getUint16(), 0x0403);
          assert.equal(values.getUint32(), 0x08070605);
          assert.equal(values.getBigUint64(), 0x100f0e0d0c0b0a09n);
          assert.throws(() => values.getUint8(), RangeError);
          const out = chain.writable(0, 12);
          out.setUint32(0x04030201);
          out.setUint16(0x0605);
          out.setUint8(7);
          assert.equal(out.written, 7);
          assert.throws(() => out.setBigUint64(0n), RangeError);
          out.fill();
          chain.writeByte(11, 0xff);
          chain.write(8, READABLE, 18, 2);
          assert.deepEqual([...ring.bytes.subarray(20, 34)], [
            ...[1, 2, 3, 4, 5, 6, 7, 0, 19, 20, 0, 0xff],
            ...[0xaa, 0xaa],
          ]);
          chain.zero(1, 10);
          assert.deepEqual([...ring.bytes.subarray(20, 33)], [1, ...Array(10).fill(0), 0xff, 0xaa]);
          assert.deepEqual(ring.bytes.slice(0, 20), READABLE);
          ring.device.push(chain.head, 12);
          ring.device.publish();
          assert.ok(ring.driver.collect() >= 0);
        }
      }
    }
  }
});

Deno.test("nothing is read or written beyond either part", () => {
  const ring = makeRing({ format: "split" });
  addBuffer(ring, [8], [8]);
  ring.driver.kick();
  const chain = ring.device.chain(ring.device.pop());
  const own = new Uint8Array(16);
  assert.throws(() => chain.read(1, own, 0, 8), RangeError);
  assert.throws(() => chain.read(-1, own, 0, 1), RangeError);
  assert.throws(() => chain.read(0, own, 9, 8), RangeError);
  assert.throws(() => chain.write(0, own, 0, 9), RangeError);
  assert.throws(() => chain.write(0, own, 12, 8), RangeError);
  assert.throws(() => chain.writeByte(8, 0), RangeError);
  assert.throws(() => chain.zero(4, 5), RangeError);
  assert.throws(() => chain.readFixed(0, 9), RangeError);
  assert.throws(() => chain.readFixed(-4, 8), RangeError);
  assert.throws(() => chain.readable(0, 9), RangeError);
  assert.throws(() => chain.writable(9, 0), RangeError);
  assert.throws(() => chain.read(NaN, own, 0, 1), RangeError);
  assert.throws(() => chain.readable(0, 4).skip(5), RangeError);
  assert.throws(() => chain.writable(0, 4).advance(5), RangeError);
  assert.equal(chain.writable(0, 4).write(own), 4, "as much as fits");
  assert.equal(chain.readable(2, 4).read(own, 0, 99), 4, "as much as there is");
});

Deno.test("a cursor is void once its request is complete, also when the head serves another", () => {
  const ring = makeRing({ format: "split" });
  addBuffer(ring, [8], [8]);
  ring.driver.kick();
  const chain = ring.device.chain(ring.device.pop());
  const reader = new ReadableBytes(chain, 0, 8);
  const writer = new WritableBytes(chain, 0, 8);
  ring.device.push(chain.head, 0);
  for (const _ of [1, 2]) {
    assert.throws(() => reader.read(new Uint8Array(8)), /its request is already complete/);
    assert.throws(() => reader.view(), TypeError);
    assert.throws(() => reader.skip(1), TypeError);
    assert.throws(() => writer.write(Uint8Array.of(1)), TypeError);
    assert.throws(() => writer.advance(1), TypeError);
    assert.throws(() => writer.setUint8(1), TypeError);
    ring.device.publish();
    ring.driver.collect();
    addBuffer(ring, [8], [8]);
    ring.driver.kick();
    if (ring.device.pending === 0) assert.equal(ring.device.pop(), chain.head);
  }
});

Deno.test("views are the guest's own bytes when contiguous, and the same object again for the same place", () => {
  const ring = makeRing({ format: "packed" });
  let last: Uint8Array | undefined;
  for (let round = 0; round < 3; round++) {
    addBuffer(ring, [100], [50, 50]);
    ring.driver.kick();
    const chain = ring.device.chain(ring.device.pop());
    const view = chain.readable(0, 100).view()!;
    assert.equal(ring.memory.addressOf(view), ring.buffer);
    if (last !== undefined) assert.equal(view, last);
    last = view;
    assert.equal(chain.writable(0, 100).view(), undefined);
    assert.equal(chain.writable(10, 0).view()!.length, 0);
    if (round === 2) assert.equal(chain.writable(50, 50).view()!.length, 50);
    ring.device.push(chain.head, 0);
    ring.device.publish();
    ring.driver.collect();
  }
});

Deno.test("memory() tells where contiguous bytes are, as long as the request is not complete", () => {
  const ring = makeRing({ format: "split" });
  addBuffer(ring, [100], [50, 60]);
  ring.driver.kick();
  const chain = ring.device.chain(ring.device.pop());
  const [all] = ring.memory.regions;
  const at = (bytes: number) => ring.buffer - all!.address + bytes;
  const reader = chain.readable(0, 100);
  reader.skip(10);
  assert.equal(reader.memory()!.buffer, all!.bytes.buffer);
  assert.equal(reader.offset, at(10));
  const writer = chain.writable(0, 110);
  assert.equal(writer.memory(), undefined, "in two pieces");
  writer.advance(60);
  writer.memory()![writer.offset] = 7;
  assert.equal(ring.bytes[160], 7);
  writer.advance(50);
  assert.equal(writer.memory(), undefined, "nothing remains");
  ring.device.push(chain.head, 0);
  assert.throws(() => reader.memory(), TypeError);
  assert.throws(() => writer.memory(), TypeError);
});

Deno.test("large copies, fixed parts of any size and odd places come out right", () => {
  const ring = makeRing({ format: "split" });
  for (let at = 0; at < 4096; at++) ring.bytes[at] = at * 7;
  for (const start of [0, 1, 2, 3]) {
    ring.driver.readable(ring.buffer + start, 1000);
    ring.driver.readable(ring.buffer + start + 1000, 1001);
    ring.driver.writable(ring.buffer + 3000, 900);
    ring.driver.add();
    ring.driver.kick();
    const chain = ring.device.chain(ring.device.pop());
    const expected = ring.bytes.slice(start, start + 2001);
    assert.deepEqual(chain.readable(0, 2001).bytes(), expected);
    chain.readFixed(5, 300);
    assert.deepEqual(chain.fixed.slice(0, 300), expected.slice(5, 305));
    assert.equal(chain.view.getUint8(0), expected[5]);
    chain.write(0, expected, 40, 900);
    assert.deepEqual(ring.bytes.slice(3000, 3900), expected.slice(40, 940));
    ring.device.push(chain.head, 900);
    ring.device.publish();
    ring.driver.collect();
  }
});

Deno.test("an element may run on into the next region when the addresses do", () => {
  const memory = new GuestMemory([
    { address: 0x10000, bytes: new Uint8Array(0x10000) },
    { address: 0x20000, bytes: new Uint8Array(0x10000) },
  ]);
  const arena = new Arena(memory, 0x10000, 0x8000);
  const layout = allocateQueue(arena, 0, 4, "split");
  const features = { eventIdx: false, indirect: false, inOrder: false, notificationData: false };
  const device = createDeviceQueue(memory, layout, features);
  const driver = createDriverQueue(memory, layout, features);
  memory.write(0x1fffe, Uint8Array.of(1, 2, 3, 4));
  driver.readable(0x1fffe, 4);
  driver.writable(0x1ffff, 2);
  driver.add();
  driver.kick();
  const chain = device.chain(device.pop());
  assert.deepEqual([...chain.readable(0, 4).bytes()], [1, 2, 3, 4]);
  assert.equal(chain.readable(0, 4).view(), undefined);
  chain.write(0, Uint8Array.of(8, 9), 0, 2);
  assert.equal(memory.view(0x1ffff, 1)![0], 8);
  assert.equal(memory.view(0x20000, 1)![0], 9);
});

Deno.test("a chain serves the next buffer of its head once it is asked for, not before", () => {
  for (const format of ["split", "packed"] as const) {
    const ring = makeRing({ format, size: 2, indirect: true });
    const next = (length: number) => {
      ring.driver.writable(ring.buffer, length);
      ring.driver.add();
      ring.driver.kick();
      return ring.device.pop();
    };
    const chain = ring.device.chain(next(100));
    ring.device.push(chain.head, 0);
    ring.device.publish();
    ring.driver.collect();
    assert.equal(ring.device.chain(chain.head).pending, false);
    assert.equal(next(8), chain.head);
    assert.throws(() => chain.write(0, READABLE, 0, 20), TypeError, "of the buffer before");
    assert.throws(() => chain.writable(0, 1), TypeError);
    assert.equal(ring.device.chain(chain.head), chain);
    assert.equal(chain.writableLength, 8);
    chain.write(0, READABLE, 0, 8);
  }
});

// What the standard demands of the words in a ring, read and written past both sides.

import assert from "node:assert/strict";
import { covers } from "../testing/covers.ts";
import { Arena } from "./arena.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDriverQueue } from "./queue.ts";
import { addBuffer, collectAll, makeRing, type Ring, serve } from "./ring_fixture.ts";
import { ringSizes } from "./ring_sizes.ts";

/** A view of guest memory. */
function view(ring: Ring, address: number, length: number): DataView {
  const { buffer, byteOffset } = ring.memory.view(address, length)!;
  return new DataView(buffer, byteOffset, length);
}

/** The words of a split ring that are not descriptors. */
function words(ring: Ring) {
  const { driver, device, size } = ring.layout;
  const avail = view(ring, driver, 6 + 2 * size);
  const used = view(ring, device, 6 + 8 * size);
  return {
    availFlags: () => avail.getUint16(0, true),
    setAvailFlags: (value: number) => avail.setUint16(0, value, true),
    availIdx: () => avail.getUint16(2, true),
    setUsedEvent: (value: number) => avail.setUint16(4 + 2 * size, value, true),
    usedFlags: () => used.getUint16(0, true),
    setUsedFlags: (value: number) => used.setUint16(0, value, true),
    setAvailEvent: (value: number) => used.setUint16(4 + 8 * size, value, true),
  };
}

/** A descriptor as it lies in memory; in a packed ring `next` is the id. */
function descriptor(ring: Ring, table: number, at: number) {
  const desc = view(ring, table + 16 * at, 16);
  const packed = ring.layout.format === "packed";
  return {
    address: Number(desc.getBigUint64(0, true)),
    length: desc.getUint32(8, true),
    flags: desc.getUint16(packed ? 14 : 12, true),
    next: desc.getUint16(packed ? 12 : 14, true),
  };
}

/** One buffer there and back. */
function round(ring: Ring): void {
  assert.ok(addBuffer(ring, [1], [1]) >= 0);
  ring.driver.kick();
  serve(ring);
  assert.equal(collectAll(ring).length, 1);
}

Deno.test("split, without EVENT_IDX: the driver's flags are 0 or 1 and heeded, used_event is not (2.7.7)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#1",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#1",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#2",
  );
  const ring = makeRing({ format: "split" });
  const { availFlags, setUsedEvent } = words(ring);
  for (const event of [0, 1, 7, 0x7fff, 0xffff]) {
    ring.driver.suppress();
    assert.equal(availFlags(), 1);
    setUsedEvent(event);
    const before = ring.count.notifications;
    round(ring);
    assert.equal(ring.count.notifications, before);
    assert.ok(ring.driver.arm());
    assert.equal(availFlags(), 0);
    setUsedEvent(event);
    round(ring);
    assert.equal(ring.count.notifications, before + 1);
  }
});

Deno.test("split, with EVENT_IDX: the driver's flags stay 0, and the device ignores them (2.7.7)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#3",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#4",
  );
  const ring = makeRing({ format: "split", eventIdx: true });
  const { availFlags, setAvailFlags } = words(ring);
  for (let again = 0; again < 20; again++) {
    ring.driver.suppress();
    assert.equal(availFlags(), 0);
    assert.ok(ring.driver.arm());
    assert.equal(availFlags(), 0);
    setAvailFlags(1);
    const before = ring.count.notifications;
    round(ring);
    assert.equal(ring.count.notifications, before + 1);
    setAvailFlags(0);
  }
});

Deno.test("split, without EVENT_IDX: the device's flags are 0 or 1, and avail_event is ignored (2.7.10)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#1",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#2",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#4",
  );
  const ring = makeRing({ format: "split" });
  const { usedFlags, setAvailEvent } = words(ring);
  for (const event of [0, 1, 7, 0x7fff, 0xffff]) {
    ring.device.suppress();
    assert.equal(usedFlags(), 1);
    setAvailEvent(event);
    const before = ring.count.kicks;
    round(ring);
    assert.equal(ring.count.kicks, before);
    assert.ok(ring.device.arm());
    assert.equal(usedFlags(), 0);
    setAvailEvent(event);
    round(ring);
    assert.equal(ring.count.kicks, before + 1);
  }
});

Deno.test("split, with EVENT_IDX: the device's flags stay 0, and the driver ignores them (2.7.10)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#3",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#5",
  );
  const ring = makeRing({ format: "split", eventIdx: true });
  const { usedFlags, setUsedFlags } = words(ring);
  for (let again = 0; again < 20; again++) {
    ring.device.suppress();
    assert.equal(usedFlags(), 0);
    assert.ok(ring.device.arm());
    assert.equal(usedFlags(), 0);
    setUsedFlags(1);
    const before = ring.count.kicks;
    round(ring);
    assert.equal(ring.count.kicks, before + 1);
    setUsedFlags(0);
  }
});

Deno.test("a ring is empty and asks for kicks in whatever memory it is placed (2.7.10.1)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#1",
  );
  for (const format of ["split", "packed"] as const) {
    const bytes = new Uint8Array(65536).fill(0xff);
    const memory = GuestMemory.of(bytes.buffer, 0);
    const layout = allocateQueue(new Arena(memory, 0, 65536), 0, 8, format);
    const features = { eventIdx: false, indirect: false, inOrder: false, notificationData: false };
    const driver = createDriverQueue(memory, layout, features);
    const device = memory.view(layout.device, 4)!;
    assert.deepEqual([...device], [0, 0, 0, 0], format);
    assert.equal(driver.collect(), -1);
    assert.equal(driver.broken, undefined);
  }
});

Deno.test("the parts of a queue lie at multiples of their alignments (2.7.1, 2.8.11)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues#1",
    "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues#1",
  );
  for (const format of ["split", "packed"] as const) {
    for (const base of [0, 1, 2, 3, 5, 8, 15, 4097]) {
      const memory = GuestMemory.of(new ArrayBuffer(1 << 18), 0);
      const arena = new Arena(memory, base, 1 << 17);
      for (const size of [1, 2, 64, 256]) {
        const { desc, driver, device } = allocateQueue(arena, 0, size, format);
        const sizes = ringSizes(format, size);
        assert.deepEqual(
          [desc % sizes.desc.align, driver % sizes.driver.align, device % sizes.device.align],
          [0, 0, 0],
        );
      }
    }
  }
  const { desc, driver, device } = ringSizes("split", 8);
  assert.deepEqual([desc.align, driver.align, device.align], [16, 2, 4]);
  const packed = ringSizes("packed", 8);
  assert.deepEqual([packed.desc.align, packed.driver.align, packed.device.align], [16, 4, 4]);
});

Deno.test("split: the available index never goes back (2.7.6.1)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Available Ring#1",
  );
  const ring = makeRing({ format: "split", size: 4 });
  const { availIdx } = words(ring);
  let before = availIdx();
  for (let at = 0; at < 70_000; at++) {
    const more = 1 + at % 3;
    for (let added = 0; added < more; added++) addBuffer(ring, [1], []);
    if (at % 1000 === 0) assert.throws(() => addBuffer(ring, Array(5).fill(1), []), RangeError);
    ring.driver.kick();
    assert.equal(availIdx() - before & 0xffff, more);
    before = availIdx();
    serve(ring);
    collectAll(ring);
  }
});

Deno.test("split: the device writes to no descriptor (2.7.5.1)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table#4",
  );
  for (const indirect of [false, true]) {
    const ring = makeRing({ format: "split", indirect });
    const table = () => [...ring.memory.view(ring.layout.desc, 16 * ring.layout.size)!];
    for (const lengths of [[3], [1, 2], [4, 5, 6]]) addBuffer(ring, lengths, lengths);
    ring.driver.kick();
    const before = table();
    const served = serve(ring).length;
    assert.ok(served > 0);
    assert.deepEqual(table(), before);
  }
});

for (const inOrder of [false, true]) {
  Deno.test(`split${inOrder ? ", in order" : ""}: INDIRECT comes alone, and never inside a table (2.7.5.3.1)`, () => {
    covers(
      "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#2",
      "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#4",
      "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#5",
    );
    const ring = makeRing({ format: "split", indirect: true, inOrder });
    const head = addBuffer(ring, [1, 2], [3, 4]);
    const outer = descriptor(ring, ring.layout.desc, head);
    assert.equal(outer.flags, DESC_F_INDIRECT);
    assert.equal(outer.length, 4 * 16);
    const inner = [0, 1, 2, 3].map((at) => descriptor(ring, outer.address, at));
    assert.deepEqual(inner.map(({ flags }) => flags), [
      DESC_F_NEXT,
      DESC_F_NEXT,
      DESC_F_NEXT | DESC_F_WRITE,
      DESC_F_WRITE,
    ]);
    assert.deepEqual(inner.slice(0, 3).map(({ next }) => next), [1, 2, 3]);
  });
}

Deno.test("split, in order: descriptors follow one another, and after the last comes the first (2.7.5.2)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table#2",
  );
  const ring = makeRing({ format: "split", inOrder: true, size: 8 });
  for (let lap = 0; lap < 5; lap++) {
    const head = addBuffer(ring, [1, 2], [3]);
    for (const step of [0, 1]) {
      const at = (head + step) % 8;
      const { flags, next } = descriptor(ring, ring.layout.desc, at);
      assert.equal(flags & DESC_F_NEXT, DESC_F_NEXT);
      assert.equal(next, at === 7 ? 0 : at + 1);
    }
    ring.driver.kick();
    serve(ring);
    collectAll(ring);
  }
});

Deno.test("packed: a table has no flags but WRITE, and INDIRECT comes without NEXT (2.8.19)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#2",
    "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#4",
  );
  const ring = makeRing({ format: "packed", indirect: true });
  addBuffer(ring, [1, 2], [3, 4]);
  ring.driver.kick();
  const outer = descriptor(ring, ring.layout.desc, 0);
  assert.equal(outer.flags & (DESC_F_INDIRECT | DESC_F_NEXT), DESC_F_INDIRECT);
  const inner = [0, 1, 2, 3].map((at) => descriptor(ring, outer.address, at).flags);
  assert.deepEqual(inner, [0, 0, DESC_F_WRITE, DESC_F_WRITE]);
});

Deno.test("packed: a driver leaves descriptors alone that the device has not used (2.8.16)", () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / PAcked Virtqueues / The Virtqueue Descriptor Table#1",
    "drivernormative:Basic Facilities of a Virtio Device / PAcked Virtqueues / The Virtqueue Descriptor Table#2",
  );
  const ring = makeRing({ format: "packed", size: 4 });
  for (let added = 0; added < 4; added++) addBuffer(ring, [1], []);
  ring.driver.kick();
  const table = () => [...ring.memory.view(ring.layout.desc, 64)!];
  const before = table();
  assert.equal(addBuffer(ring, [1], []), -1);
  ring.driver.kick();
  assert.equal(ring.driver.collect(), -1);
  ring.driver.kick();
  assert.deepEqual(table(), before);
});

Deno.test("packed: the elements of a list come in the order in which the driver gave them (2.8.18)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Packed Virtqueues / Scatter-Gather Support#1",
  );
  for (const indirect of [false, true]) {
    const ring = makeRing({ format: "packed", indirect });
    for (let lap = 0; lap < 5; lap++) {
      addBuffer(ring, [5, 1], [4, 2, 3]);
      ring.driver.kick();
      const chain = ring.device.chain(ring.device.pop());
      const places = chain.elements().map(({ address, length }) => [address - ring.buffer, length]);
      assert.deepEqual(places, [[0, 5], [5, 1], [6, 4], [10, 2], [12, 3]]);
      ring.device.push(chain.head, 0);
      ring.device.publish();
      collectAll(ring);
    }
  }
});

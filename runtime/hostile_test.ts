// What a hostile peer does breaks its queue, and nothing else.

import assert from "node:assert/strict";
import { PeerError } from "./errors.ts";
import { DESC_F_NEXT, DESC_F_WRITE, RING_EVENT_FLAGS_DESC } from "./layout.ts";
import type { QueueFormat, UsedLengths } from "./queue.ts";
import { addBuffer, makeRing, type Ring } from "./ring_fixture.ts";
import { deviceAttacks, driverAttacks, HostilePeer } from "./testing.ts";
import { covers } from "../testing/covers.ts";

/** What a driver makes of a used length for 16 writable bytes. */
function usedLength(format: QueueFormat, lengths: UsedLengths, length: number): number {
  const ring = makeRing({ format, lengths });
  addBuffer(ring, [], [16]);
  ring.driver.kick();
  const peer = peerOf(ring);
  if (format === "packed") peer.usePacked(0, 0, length);
  else peer.use(0, 0, length);
  if (format === "split") peer.setUsed(1);
  assert.equal(ring.driver.collect(), 0);
  return ring.driver.usedLength;
}

function peerOf(ring: Ring): HostilePeer {
  return new HostilePeer(ring.memory, ring.layout, ring.buffer);
}

for (const format of ["split", "packed"] as const) {
  for (const shared of [false, true]) {
    const label = `${format}${shared ? " shared" : ""}`;
    for (const attack of driverAttacks) {
      if ((attack.format ?? format) !== format) continue;
      // What was found of memory before decides whether the queue goes its short ways first.
      for (const found of [false, true]) {
        const when = found ? ", in memory that it knows" : "";
        Deno.test(`${label} device breaks its queue: ${attack.name}${when}`, () => {
          const ring = makeRing({ format, shared, indirect: attack.indirect ?? true });
          if (found) assert.ok(ring.memory.locate(ring.buffer, 0, 1) >= 0);
          const errors: PeerError[] = [];
          ring.device.onBroken = (error) => errors.push(error);
          attack.run(peerOf(ring));
          const before = ring.memory.regions[0]!.bytes.slice();
          for (let again = 0; again < 3; again++) assert.equal(ring.device.pop(), -1);
          ring.device.publish();
          ring.device.suppress();
          assert.equal(ring.device.arm(), true, "nothing to wait for");
          assert.equal(errors.length, 1);
          const error = ring.device.broken;
          assert.ok(error instanceof PeerError && error === errors[0]);
          assert.deepEqual([error.queue, error.field], [3, attack.field]);
          assert.match(error.message, /^Cannot take a buffer: queue 3, .* must be .*, found /);
          assert.equal(ring.device.pending, 0);
          assert.deepEqual(ring.memory.regions[0]!.bytes.slice(), before, "nothing was written");
        });
      }
    }

    for (const attack of deviceAttacks) {
      if (attack.format !== format) continue;
      Deno.test(`${label} driver breaks its queue: ${attack.name}`, () => {
        for (const inOrder of [false, true]) {
          const ring = makeRing({ format, shared, inOrder });
          const errors: PeerError[] = [];
          ring.driver.onBroken = (error) => errors.push(error);
          assert.equal(addBuffer(ring, [], [16]), 0);
          ring.driver.kick();
          attack.run(peerOf(ring));
          for (let again = 0; again < 3; again++) assert.equal(ring.driver.collect(), -1);
          assert.equal(errors.length, 1);
          assert.deepEqual([errors[0]!.queue, errors[0]!.field], [3, attack.field]);
          assert.equal(ring.driver.broken, errors[0]);
          assert.equal(addBuffer(ring, [1], []), -1);
          ring.driver.kick();
          assert.equal(ring.driver.arm(), true);
          assert.equal(ring.count.kicks, 1);
        }
      });
    }
  }

  Deno.test(`${format}: an id given back twice breaks the queue`, () => {
    const ring = makeRing({ format });
    for (const length of [4, 5]) addBuffer(ring, [], [length]);
    ring.driver.kick();
    const peer = peerOf(ring);
    for (const at of [0, 1]) {
      if (format === "packed") peer.usePacked(at, 0, 4);
      else peer.use(at, 0, 4);
    }
    if (format === "split") peer.setUsed(2);
    assert.equal(ring.driver.collect(), 0);
    assert.equal(ring.driver.collect(), -1);
    assert.equal(ring.driver.broken?.got, 0);
  });

  Deno.test(`${format}: an id that was added and not published breaks the queue`, () => {
    const ring = makeRing({ format });
    addBuffer(ring, [], [4]);
    ring.driver.kick();
    const unpublished = addBuffer(ring, [], [4]);
    const peer = peerOf(ring);
    if (format === "packed") peer.usePacked(0, unpublished, 4);
    else peer.use(0, unpublished, 4);
    if (format === "split") peer.setUsed(1);
    assert.equal(ring.driver.collect(), -1);
    assert.equal(ring.driver.broken?.got, unpublished);
  });

  Deno.test(`${format}: a head that is still in use breaks the queue, buffers in flight stay valid`, () => {
    const ring = makeRing({ format, size: 4 });
    const peer = peerOf(ring);
    for (let at = 0; at < 4; at++) peer.describe(at, { next: at, flags: DESC_F_WRITE });
    if (format === "split") {
      for (const slot of [0, 1]) peer.offer(slot, 2);
      peer.setAvail(2);
    } else {
      for (let at = 0; at < 4; at++) assert.ok(ring.device.pop() >= 0);
      // Available again, in the second lap, while the first is in flight.
      for (let at = 0; at < 4; at++) peer.describe(at, { flags: 1 << 15, available: false });
    }
    let head = format === "split" ? ring.device.pop() : 0;
    assert.equal(ring.device.pop(), -1);
    assert.ok(ring.device.broken);
    ring.device.chain(head).writeByte(15, 0xee);
    assert.equal(ring.bytes[15], 0xee);
    ring.device.push(head, 16);
    ring.device.publish();
    head = ring.driver.collect();
    assert.deepEqual([head, ring.count.notifications], [-1, 0]);
  });

  Deno.test(`${format}: used lengths are ignored where legacy says so (2.7.8.1)`, () => {
    for (const length of [0, 7, 1000]) assert.equal(usedLength(format, "ignored", length), 16);
  });

  Deno.test(`${format}: a used length that is a bound is all at most (2.7.8.1)`, () => {
    assert.equal(usedLength(format, "bound", 7), 7);
    assert.equal(usedLength(format, "bound", 1000), 16);
  });

  Deno.test(`${format}: nonsense in event words harms only who wrote it`, () => {
    for (const eventIdx of [false, true]) {
      for (const flags of [0, 1, RING_EVENT_FLAGS_DESC, 3, 0xffff]) {
        for (const event of [0, 9, 0x7fff, 0x8000, 0xffff]) {
          const ring = makeRing({ format, eventIdx });
          const peer = peerOf(ring);
          for (let round = 0; round < 20; round++) {
            peer.setDriverEvents(flags, event);
            peer.setDeviceEvents(flags, event);
            addBuffer(ring, [1], [1]);
            ring.driver.kick();
            const head = ring.device.pop();
            ring.device.push(head, 1);
            ring.device.publish();
            assert.ok(ring.driver.collect() >= 0);
          }
          assert.equal(ring.device.broken ?? ring.driver.broken, undefined);
        }
      }
    }
  });

  Deno.test(`${format}: more than 2^32 bytes in one buffer break the queue (2.7.5.2)`, () => {
    const size = 8192;
    for (const extra of [0, 1]) {
      const ring = makeRing({ format, size, bytes: 2 << 20 });
      const peer = new HostilePeer(ring.memory, ring.layout, 0x1000_0000);
      const count = 2 ** 32 / (1 << 20) + extra;
      for (let at = 0; at < count; at++) {
        const flags = at === count - 1 ? 0 : DESC_F_NEXT;
        peer.describe(at, { length: 1 << 20, flags, next: at + 1 });
      }
      peer.submit();
      const head = ring.device.pop();
      if (extra === 0) {
        assert.equal(ring.device.chain(head).readableLength, 2 ** 32);
      } else {
        assert.equal(head, -1);
        assert.match(ring.device.broken!.message, /2\^32/);
      }
    }
  });
}

// NOTES.md: split-indirect
Deno.test("a split chain may end in an indirect descriptor, whose WRITE is ignored (2.7.5.3.2)", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#1",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#2",
  );
  const ring = makeRing({ format: "split", indirect: true });
  const peer = peerOf(ring);
  for (const table of [ring.buffer, ring.buffer + 1]) { // also at an odd place
    peer.describe(0, { length: 4, flags: DESC_F_NEXT, next: 5 });
    peer.describe(5, { address: table, length: 48, flags: 4 | DESC_F_WRITE });
    peer.describeIn(table, 0, { length: 5, flags: DESC_F_NEXT, next: 2 });
    peer.describeIn(table, 2, { length: 6, flags: DESC_F_WRITE });
    const at = table - ring.buffer;
    peer.offer(at, 0);
    peer.setAvail(at + 1);
    const chain = ring.device.chain(ring.device.pop());
    assert.deepEqual([chain.readableLength, chain.writableLength], [9, 6]);
    assert.equal(chain.descriptors, 2);
    ring.device.push(chain.head, 0);
  }
  // A table has an end.
  peer.describeIn(ring.buffer, 0, { flags: DESC_F_NEXT, next: 2 });
  peer.describeIn(ring.buffer, 2, { flags: DESC_F_NEXT, next: 0 });
  peer.describe(5, { address: ring.buffer, length: 48, flags: 4 });
  peer.offer(2, 0);
  peer.setAvail(3);
  assert.equal(ring.device.pop(), -1);
  assert.equal(ring.device.broken?.field, "next");
});

for (const format of ["split", "packed"] as const) {
  Deno.test(`${format}: tables may be longer than the ring, as Linux makes them, within reason (2.7.4.1)`, () => {
    covers("devicenormative:Basic Facilities of a Virtio Device / Message Framing#2");
    for (
      const [size, entries, taken] of [
        [2, 2, true],
        [2, 3, true],
        [1, 128, true],
        [4, 1024, true],
        [4, 1025, false],
      ] as const
    ) {
      const ring = makeRing({ format, size, indirect: true });
      const peer = peerOf(ring);
      for (let at = 0; at < entries; at++) {
        const flags = format === "split" && at + 1 < entries ? DESC_F_NEXT : 0;
        peer.describeIn(ring.buffer, at, { length: 1, flags, next: at + 1 });
      }
      peer.describe(0, { address: ring.buffer, length: entries * 16, flags: 4 });
      if (format === "split") peer.submit();
      const head = ring.device.pop();
      assert.equal(head >= 0, taken, `${entries} entries, ring of ${size}`);
      assert.equal(ring.device.broken === undefined, taken);
      if (taken) assert.equal(ring.device.chain(head).readableLength, entries);
    }
  });
}

// NOTES.md: packed-id
Deno.test("packed: buffer ids may be any, also beyond the ring and in use twice (2.8.1)", () => {
  const ring = makeRing({ format: "packed", size: 4 });
  const peer = peerOf(ring);
  const ids = [2, 2, 0xffff, 1];
  for (const [at, id] of ids.entries()) peer.describe(at, { length: 8, next: id });
  const heads = ids.map(() => ring.device.pop());
  assert.deepEqual([...heads].sort(), [0, 1, 2, 3], "each buffer has a slot of its own");
  const idOf = new Map(heads.map((head, at) => [head, ids[at]!]));
  assert.deepEqual(
    ring.device.position().inflight.map(({ id }) => id),
    [0, 1, 2, 3].map((head) => idOf.get(head)),
  );
  for (const head of [...heads].reverse()) ring.device.push(head, 0);
  ring.device.publish();
  const desc = new DataView(ring.memory.view(ring.layout.desc, 64)!.slice().buffer);
  assert.deepEqual([0, 1, 2, 3].map((at) => desc.getUint16(16 * at + 12, true)), [1, 0xffff, 2, 2]);
});

Deno.test("in a packed indirect table only WRITE means something (2.8.7)", () => {
  const ring = makeRing({ format: "packed", indirect: true });
  const peer = peerOf(ring);
  peer.describeIn(ring.buffer, 0, { length: 3, flags: 0xffff & ~DESC_F_WRITE, next: 99 });
  peer.describeIn(ring.buffer, 1, { length: 4, flags: 0xffff, next: 98 });
  peer.describe(0, { address: ring.buffer, length: 32, flags: 4 | DESC_F_WRITE, next: 0xabcd });
  const head = ring.device.pop();
  const chain = ring.device.chain(head);
  assert.deepEqual([chain.readableLength, chain.writableLength], [3, 4]);
  assert.equal(ring.device.position().inflight[0]!.id, 0xabcd, "any 16-bit id is echoed");
});

Deno.test("packed used descriptors carry WRITE exactly when something was written (2.8.4)", () => {
  const ring = makeRing({ format: "packed" });
  for (const _ of [0, 1]) addBuffer(ring, [1], [1]);
  ring.driver.kick();
  const desc = new DataView(
    ring.memory.view(ring.layout.desc, 64)!.buffer,
    ring.layout.desc - 0x1000_0000,
  );
  for (const written of [0, 1]) {
    ring.device.push(ring.device.pop(), written);
    ring.device.publish();
    assert.equal(
      desc.getUint16(32 * written + 14, true),
      0x8080 | (written === 1 ? DESC_F_WRITE : 0),
    );
  }
});

Deno.test("in order, a batch that ends beyond the used index breaks the queue (2.7.9)", () => {
  const ring = makeRing({ format: "split", inOrder: true });
  for (let i = 0; i < 3; i++) addBuffer(ring, [1], []);
  ring.driver.kick();
  const peer = peerOf(ring);
  peer.use(0, 2, 0);
  peer.setUsed(1);
  assert.equal(ring.driver.collect(), -1);
  assert.equal(ring.driver.broken?.field, "used.id");
});

for (const format of ["split", "packed"] as const) {
  // NOTES.md: split-inorder
  Deno.test(`${format}, in order: one used entry retires a batch; skipped buffers count as full (2.7.9, 2.8.9)`, () => {
    const ring = makeRing({ format, inOrder: true });
    const added = [5, 6, 7].map((length) => addBuffer(ring, [1], [length]));
    ring.driver.kick();
    const peer = peerOf(ring);
    if (format === "split") {
      peer.use(0, added[2]!, 2);
      peer.setUsed(3);
    } else peer.usePacked(0, added[2]!, 2);
    for (const [at, length] of [5, 6, 2].entries()) {
      assert.equal(ring.driver.arm(), false);
      assert.equal(ring.driver.collect(), added[at]);
      assert.equal(ring.driver.usedLength, length);
    }
    assert.equal(ring.driver.collect(), -1);
    assert.equal(ring.driver.free, 8);
  });
}

Deno.test("split, in order: a complete head that waits for an older one is still in use", () => {
  const ring = makeRing({ format: "split", inOrder: true });
  const added = [1, 2].map((length) => addBuffer(ring, [], [length]));
  ring.driver.kick();
  ring.device.pop();
  ring.device.push(ring.device.pop(), 2);
  ring.device.publish();
  const peer = peerOf(ring);
  peer.offer(2, added[1]!);
  peer.setAvail(3);
  assert.equal(ring.device.pop(), -1);
  assert.equal(ring.device.broken?.got, added[1]);
});

// One suite for both formats and both sides, over shared and single-agent memory.

import assert from "node:assert/strict";
import { createDeviceQueue, createDriverQueue } from "./queue.ts";
import {
  addBuffer,
  collectAll,
  makeRing,
  type Ring,
  type RingChoice,
  serve,
} from "./ring_fixture.ts";
import { covers } from "../testing/covers.ts";

for (const format of ["split", "packed"] as const) {
  for (const shared of [false, true]) {
    const label = `${format} ring${shared ? " in shared memory" : ""}`;
    const test = (name: string, run: (make: (choice?: Partial<RingChoice>) => Ring) => void) =>
      Deno.test(`${label}: ${name}`, () =>
        run((choice) => makeRing({ format, shared, ...choice })));

    // NOTES.md: split-sample-inverted
    test("nothing is popped or collected from an empty queue", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#5",
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#5",
      );
      const { device, driver } = make();
      assert.equal(device.pop(), -1);
      assert.equal(driver.collect(), -1);
      assert.ok(device.arm() && driver.arm());
    });

    test("a buffer goes to the device and back with its bytes (2.7.13, 2.7.14; 2.8.16, 2.8.17)", (make) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table#3",
      );
      const ring = make();
      ring.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
      const head = addBuffer(ring, [8], [4, 2]);
      assert.equal(ring.device.pop(), -1, "not visible before publish");
      ring.driver.kick();
      const popped = ring.device.pop();
      const chain = ring.device.chain(popped);
      assert.deepEqual([chain.readableLength, chain.writableLength], [8, 6]);
      assert.deepEqual([...chain.readable(0, 8).bytes()], [1, 2, 3, 4, 5, 6, 7, 8]);
      assert.equal(chain.writable(0, 6).write(Uint8Array.of(9, 8, 7, 6, 5, 4)), 6);
      ring.device.push(popped, 5);
      assert.equal(ring.driver.collect(), -1, "not visible before publish");
      ring.device.publish();
      assert.equal(ring.driver.collect(), head);
      assert.equal(ring.driver.usedLength, 5);
      assert.deepEqual([...ring.bytes.subarray(8, 14)], [9, 8, 7, 6, 5, 4]);
      assert.equal(ring.driver.collect(), -1);
      assert.equal(ring.driver.free, 8);
    });

    for (const indirect of [false, true]) {
      for (const inOrder of [false, true]) {
        const how = `${indirect ? "indirect" : "direct"}${inOrder ? ", in order" : ""}`;
        test(`every counter wraps, ${how}`, (make) => {
          const ring = make({ size: 4, indirect, inOrder });
          let total = 0;
          for (let round = 0; total < 140_000; round++) {
            const added: number[] = [];
            for (let shape = round;; shape++) {
              const head = addBuffer(ring, [16], Array(shape % 3).fill(4));
              if (head < 0) break;
              added.push(head);
            }
            assert.ok(added.length > 0);
            ring.driver.kick();
            assert.equal(serve(ring).length, added.length);
            const used = collectAll(ring);
            assert.deepEqual(used.map(({ head }) => head), added);
            for (const [at, { length }] of used.entries()) {
              assert.equal(length, 4 * ((round + at) % 3));
            }
            total += added.length;
          }
          assert.equal(ring.driver.free, 4);
          assert.equal(ring.driver.pending + ring.device.pending, 0);
        });
      }
    }

    test("add() gives -1 when the ring is full and works again after a collect", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#1",
        "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / Scatter-Gather Support#5",
        "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#1",
      );
      const ring = make({ size: 4 });
      for (let i = 0; i < 4; i++) assert.ok(addBuffer(ring, [1], []) >= 0);
      assert.equal(addBuffer(ring, [1], []), -1);
      assert.deepEqual([ring.driver.free, ring.driver.pending], [0, 4]);
      ring.driver.kick();
      serve(ring);
      assert.ok(ring.driver.collect() >= 0);
      assert.equal(addBuffer(ring, [1], [1]), -1, "two elements in one descriptor");
      assert.ok(addBuffer(ring, [1], []) >= 0, "a refused buffer leaves nothing staged");
    });

    test("a chain as long as the ring is taken; a longer one is a RangeError (2.7.5.3.1)", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#3",
        "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / Scatter-Gather Support#2",
        "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / The Virtqueue Descriptor Table / Indirect Descriptors#3",
      );
      for (const indirect of [false, true]) {
        const ring = make({ size: 8, indirect });
        const head = addBuffer(ring, Array(5).fill(3), Array(3).fill(7));
        ring.driver.kick();
        const chain = ring.device.chain(ring.device.pop());
        assert.deepEqual([chain.readableLength, chain.writableLength], [15, 21]);
        assert.equal(ring.driver.free, indirect ? 7 : 0);
        assert.ok(head >= 0);
        assert.throws(() => addBuffer(ring, Array(9).fill(1), []), RangeError);
      }
    });

    test("staging refuses what can not be a buffer", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / Message Framing#1",
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Descriptor Table#1",
        "drivernormative:Basic Facilities of a Virtio Device / Packed Virtqueues / Scatter-Gather Support#3",
      );
      const { driver, buffer } = make();
      assert.throws(() => driver.add(), TypeError);
      assert.throws(() => driver.readable(buffer, 0), RangeError);
      assert.throws(() => driver.writable(-1, 1), RangeError);
      assert.throws(() => driver.writable(2 ** 53, 1), RangeError);
      assert.throws(() => driver.writable(buffer, 2 ** 32), RangeError);
      driver.writable(buffer, 1);
      assert.throws(() => driver.readable(buffer, 1), TypeError);
      assert.throws(() => driver.add(), TypeError, "the refused element cleared the stage");
      for (const _ of [1, 2]) driver.readable(buffer, 0xffffffff);
      assert.throws(() => driver.add(), RangeError);
    });

    test("buffers are pushed in any order, each once", (make) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Packed Virtqueues#1",
        "devicenormative:Basic Facilities of a Virtio Device / Packed Virtqueues#2",
      );
      const ring = make();
      const added = [1, 2, 3].map((length) => addBuffer(ring, [], [length]));
      ring.driver.kick();
      const [a, b, c] = [ring.device.pop(), ring.device.pop(), ring.device.pop()] as const;
      assert.equal(ring.device.pending, 3);
      ring.device.push(c, 3);
      ring.device.push(a, 0);
      assert.throws(() => ring.device.push(c, 3), TypeError, "completion consumes the chain");
      assert.throws(() => ring.device.push(b, 3), RangeError, "more than it has");
      assert.throws(() => ring.device.push(7, 0), TypeError, "never popped");
      assert.throws(() => ring.device.push(-1, 0), TypeError);
      ring.device.push(b, 1);
      ring.device.publish();
      assert.deepEqual(collectAll(ring), [
        { head: added[2], length: 3 },
        { head: added[0], length: 0 },
        { head: added[1], length: 1 },
      ]);
    });

    test("in order, a completed buffer waits for older ones (2.7.9, 2.8.9)", (make) => {
      covers("devicenormative:Reserved Feature Bits#5");
      const ring = make({ inOrder: true });
      const added = [1, 2, 3].map((length) => addBuffer(ring, [], [length]));
      ring.driver.kick();
      const [a, b, c] = [ring.device.pop(), ring.device.pop(), ring.device.pop()] as const;
      ring.device.push(c, 3);
      ring.device.push(b, 1);
      ring.device.publish();
      assert.equal(ring.driver.collect(), -1);
      assert.equal(ring.count.notifications, 0);
      assert.throws(() => ring.device.push(b, 1), TypeError);
      ring.device.push(a, 1);
      ring.device.publish();
      assert.deepEqual(collectAll(ring), [
        { head: added[0], length: 1 },
        { head: added[1], length: 1 },
        { head: added[2], length: 3 },
      ]);
      assert.ok(ring.driver.arm());
    });

    test("flags suppress notifications of either side (2.7.7, 2.7.10, 2.8.10)", (make) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#2",
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#3",
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#3",
      );
      const ring = make();
      const round = () => {
        addBuffer(ring, [1], []);
        ring.driver.kick();
        serve(ring);
        collectAll(ring);
        return { ...ring.count };
      };
      assert.deepEqual(round(), { kicks: 1, notifications: 1 });
      ring.device.suppress();
      assert.deepEqual(round(), { kicks: 1, notifications: 2 });
      ring.driver.suppress();
      assert.deepEqual(round(), { kicks: 1, notifications: 2 });
      assert.ok(ring.device.arm());
      assert.deepEqual(round(), { kicks: 2, notifications: 2 });
      assert.ok(ring.driver.arm());
      assert.deepEqual(round(), { kicks: 3, notifications: 3 });
      ring.driver.kick();
      ring.device.publish();
      assert.deepEqual(ring.count, { kicks: 3, notifications: 3 }, "nothing new, no notification");
    });

    test("event indices count out exactly one notification per arm, across wraps", (make) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#5",
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#6",
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#6",
      );
      const ring = make({ eventIdx: true, size: 4 });
      let armed = 0;
      for (let round = 0; round < 50_000; round++) {
        if (round % 5 === 0) {
          assert.ok(ring.device.arm() && ring.driver.arm());
          armed++;
        } else {
          ring.device.suppress();
          ring.driver.suppress();
        }
        const { kicks, notifications } = ring.count;
        for (let i = 0; i < 1 + round % 3; i++) addBuffer(ring, [1], []);
        ring.driver.kick();
        serve(ring);
        collectAll(ring);
        // A split ring can not take a wish back: the old event index stays, and is passed again only after 65536.
        const now = { ...ring.count };
        assert.ok(round % 5 !== 0 || now.kicks === kicks + 1, `kick of round ${round}`);
        assert.ok(round % 5 !== 0 || now.notifications === notifications + 1);
      }
      const spurious = format === "split" ? 4 : 0;
      assert.ok(ring.count.kicks <= armed + spurious, `${ring.count.kicks} kicks for ${armed}`);
      assert.ok(ring.count.notifications <= armed + spurious);
    });

    test("what was exposed is visible at once, and notified about by the next publish", (make) => {
      const ring = make({ eventIdx: true });
      assert.equal(ring.device.waiting, false);
      const added = [1, 2].map(() => addBuffer(ring, [1], []));
      assert.equal(ring.device.waiting, false, "not visible before publish");
      ring.driver.publish();
      assert.equal(ring.device.waiting, true);
      const popped = [ring.device.pop(), ring.device.pop()];
      assert.equal(ring.device.waiting, false);
      for (const head of popped) {
        ring.device.push(head, 0);
        ring.device.expose();
      }
      assert.deepEqual(collectAll(ring).map(({ head }) => head), added);
      assert.equal(ring.count.notifications, 0);
      ring.device.publish();
      ring.device.publish();
      assert.equal(ring.count.notifications, 1);
      ring.driver.publish();
      ring.device.stop();
      assert.equal(ring.device.waiting, false, "a stopped queue takes nothing");
    });

    test("a burst that passes the event index notifies once", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#7",
      );
      const ring = make({ eventIdx: true });
      for (let i = 0; i < 2; i++) addBuffer(ring, [1], []);
      ring.driver.kick();
      serve(ring);
      collectAll(ring);
      ring.driver.arm();
      ring.device.arm();
      ring.count.kicks = ring.count.notifications = 0;
      for (let i = 0; i < 5; i++) addBuffer(ring, [1], []);
      ring.driver.publish();
      addBuffer(ring, [1], []);
      ring.driver.kick();
      serve(ring);
      assert.deepEqual(ring.count, { kicks: 1, notifications: 1 });
    });

    test("arm() says so when more came meanwhile", (make) => {
      for (const eventIdx of [false, true]) {
        const ring = make({ eventIdx });
        ring.device.suppress();
        addBuffer(ring, [1], []);
        ring.driver.kick();
        assert.equal(ring.device.arm(), false);
        serve(ring);
        assert.equal(ring.device.arm(), true);
        assert.equal(ring.driver.arm(), false);
        collectAll(ring);
        assert.equal(ring.driver.arm(), true);
      }
    });

    test("notification data is queue index, next offset and next wrap (2.9)", (make) => {
      covers(
        "drivernormative:Basic Facilities of a Virtio Device / PAcked Virtqueues / The Virtqueue Descriptor Table#3",
      );
      const ring = make({ size: 4 });
      const expected = format === "split" ? [3, 3 | 1 << 16, 3 | 4 << 16] : [3, 3 | 1 << 16, 3];
      const wrap = format === "split" ? [0, 0, 0] : [1, 1, 0];
      const data = (at: number) => (expected[at]! | wrap[at]! << 31) >>> 0;
      assert.equal(ring.driver.notificationData(), data(0));
      addBuffer(ring, [1], []);
      ring.driver.kick();
      assert.equal(ring.driver.notificationData(), data(1));
      for (let i = 0; i < 3; i++) addBuffer(ring, [1], []);
      ring.driver.kick();
      assert.equal(ring.driver.notificationData(), data(2));
    });

    test("ring and buffers above 4 GiB work", (make) => {
      const ring = make({ base: 0x23_4567_0000, indirect: true });
      const head = addBuffer(ring, [5], [6]);
      ring.driver.kick();
      const chain = ring.device.chain(ring.device.pop());
      assert.equal(chain.elements()[0]!.address, ring.buffer);
      chain.writeByte(5, 77);
      ring.device.push(chain.head, 6);
      ring.device.publish();
      assert.equal(ring.driver.collect(), head);
      assert.equal(ring.bytes[10], 77);
    });

    test("the largest ring holds 32768 buffers", (make) => {
      const ring = make({ size: 32768, bytes: 2 << 20 });
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 32768; i++) assert.ok(addBuffer(ring, [1], []) >= 0);
        assert.equal(addBuffer(ring, [1], []), -1);
        ring.driver.kick();
        assert.equal(serve(ring).length, 32768);
        assert.equal(collectAll(ring).length, 32768);
      }
    });

    test("a ring of one entry works", (make) => {
      for (const inOrder of [false, true]) {
        const ring = make({ size: 1, inOrder, eventIdx: true, indirect: true });
        for (let round = 0; round < 9; round++) {
          assert.equal(addBuffer(ring, [1], []), 0);
          ring.driver.kick();
          assert.equal(serve(ring).length, 1);
          assert.equal(collectAll(ring).length, 1);
          assert.ok(ring.device.arm() && ring.driver.arm());
        }
        assert.equal(ring.count.kicks, 9);
        assert.equal(ring.count.notifications, 9);
      }
    });

    test("indirect tables come from the arena and go back; a full arena means direct descriptors", (make) => {
      const ring = make({ indirect: true });
      const free = ring.arena.available;
      assert.ok(addBuffer(ring, [1, 1], [1]) >= 0);
      assert.equal(ring.driver.free, 7);
      assert.ok(ring.arena.available < free);
      ring.arena.allocate(ring.arena.available - 4096);
      while (ring.arena.tryAllocate(16) !== undefined);
      assert.ok(addBuffer(ring, [1, 1], [1]) >= 0, "short tables of all heads are there already");
      assert.equal(ring.driver.free, 6);
      assert.ok(addBuffer(ring, [1, 1, 1], [1, 1]) >= 0);
      assert.equal(ring.driver.free, 1);
      const before = ring.arena.available;
      ring.driver.stop();
      assert.ok(ring.arena.available > before);
    });
  }
}

Deno.test("sizes, places and alignments that can not be are refused", () => {
  const { memory, layout, features } = makeRing({ format: "split" });
  const open = (change: object) => () =>
    createDeviceQueue(memory, { ...layout, ...change }, features);
  assert.throws(open({ size: 0 }), RangeError);
  assert.throws(open({ size: 6 }), /power of two/);
  assert.throws(open({ size: 65536 }), RangeError);
  assert.throws(open({ desc: layout.desc + 8 }), /multiple of 16/);
  assert.throws(open({ driver: layout.driver + 1 }), /multiple of 2/);
  assert.throws(open({ device: layout.device + 2 }), /multiple of 4/);
  assert.throws(open({ desc: 0 }), /region/);
  assert.throws(open({ index: 65536 }), /index/);
});

Deno.test("an available ring aligned to 2 bytes only works, shared or not (2.7)", () => {
  for (const shared of [false, true]) {
    const whole = makeRing({ format: "split", shared });
    const layout = { ...whole.layout, driver: whole.layout.driver + 2 };
    const features = { ...whole.features, eventIdx: true };
    const device = createDeviceQueue(whole.memory, layout, features);
    const driver = createDriverQueue(whole.memory, layout, features);
    const ring = { ...whole, layout, device, driver };
    for (let round = 0; round < 70_000; round += 8) {
      for (let i = 0; i < 8; i++) assert.ok(addBuffer(ring, [1], []) >= 0);
      driver.kick();
      assert.equal(serve(ring).length, 8);
      assert.equal(collectAll(ring).length, 8);
      assert.ok(device.arm() && driver.arm());
    }
  }
});

Deno.test("a packed ring may have any size (2.8.10.1)", () => {
  for (const size of [3, 5, 7, 100, 32767]) {
    const ring = makeRing({ format: "packed", size, eventIdx: true, bytes: 2 << 20 });
    for (let round = 0; round < 20; round++) {
      let added = 0;
      while (addBuffer(ring, [1], [1, 1]) >= 0) added++;
      ring.driver.kick();
      assert.equal(serve(ring).length, added);
      assert.equal(collectAll(ring).length, added);
      assert.ok(ring.device.arm() && ring.driver.arm());
    }
    assert.equal(ring.driver.free, size);
  }
});

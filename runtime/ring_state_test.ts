// Both formats: resuming elsewhere, stopping, and memory that changes under a queue.

import assert from "node:assert/strict";
import { RequestAborted } from "./errors.ts";
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

    for (const inOrder of [false, true]) {
      const how = inOrder ? ", in order" : "";
      test(`both ends resume elsewhere with buffers in flight${how}`, (make) => {
        const ring = make({ inOrder, indirect: true });
        for (let round = 0; round < 11; round++) {
          addBuffer(ring, [1], []);
          ring.driver.kick();
          serve(ring);
          collectAll(ring);
        }
        ring.bytes.fill(0x5a);
        const added = [[1, 2], [3], [4, 5, 6]].map((lengths) => addBuffer(ring, [8], lengths));
        ring.driver.kick();
        const first = ring.device.pop();
        const second = ring.device.pop();
        const third = ring.device.pop();
        ring.device.push(second, 3);
        ring.device.publish();
        assert.ok(first >= 0 && third >= 0);
        ring.device.stop();
        const device = createDeviceQueue(ring.memory, ring.layout, ring.features, {
          position: structuredClone(ring.device.position()),
        });
        const driver = createDriverQueue(ring.memory, ring.layout, ring.features, {
          arena: ring.arena,
          position: structuredClone(ring.driver.position()),
        });
        const resumed: Ring = { ...ring, device, driver };
        assert.equal(device.arm(), false);
        const { notifications } = ring.count;
        device.onNotify = () => void ring.count.notifications++;
        device.publish();
        assert.equal(ring.count.notifications, notifications + 1, "one may have been lost");
        assert.equal(driver.pending, 3);
        const later = addBuffer(resumed, [2], [9]);
        driver.kick();
        const chain = device.chain(device.pop());
        assert.deepEqual([chain.readableLength, chain.writableLength], [8, 3], "the oldest first");
        assert.deepEqual([...chain.readable(0, 8).bytes()], Array(8).fill(0x5a));
        device.push(chain.head, 3);
        const rest = serve(resumed);
        assert.equal(rest.length, 2);
        const order = inOrder ? [0, 1, 2] : [1, 0, 2];
        assert.deepEqual(collectAll(resumed), [
          ...order.map((at) => ({ head: added[at], length: [3, 3, 15][at] })),
          { head: later, length: 9 },
        ]);
        assert.equal(driver.free, 8);
      });
    }

    test("a position that makes no sense is refused by name", (make) => {
      const { memory, layout, features, device, driver } = make();
      const at = device.position();
      const open = (position: object) => () =>
        createDeviceQueue(memory, layout, features, { position: { ...at, ...position } });
      assert.throws(open({ avail: 65536 }), /avail/);
      assert.throws(open({ used: -1 }), /used/);
      assert.throws(open({ format: format === "split" ? "packed" : "split" }), /format/);
      const buffer = { id: 1, descriptors: 1, elements: [] };
      const element = { address: 0, length: 4, writable: false };
      assert.throws(open({ inflight: [{ ...buffer, descriptors: 9 }] }), /descriptors/);
      assert.throws(open({ inflight: [{ ...buffer, elements: [element] }] }), /element/);
      assert.throws(open({ inflight: [{ ...buffer, written: 0 }] }), /written/);
      const many = Array.from({ length: layout.size + 1 }, (_, id) => ({ ...buffer, id }));
      assert.throws(open({ inflight: many }), RangeError);
      const at2 = driver.position();
      const openDriver = (position: object) => () =>
        createDriverQueue(memory, layout, features, { position: { ...at2, ...position } });
      assert.throws(openDriver({ avail: 1.5 }), /avail/);
      assert.throws(
        openDriver({ pending: [{ id: 0, descriptors: 1, writableLength: 0 }] }),
        RangeError,
      );
    });

    test("after stop() no byte changes, pushes are dropped, cursors say why", (make) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Device Reset#2",
        "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Reset#1",
      );
      const ring = make();
      addBuffer(ring, [4], [4]);
      addBuffer(ring, [4], [4]);
      ring.driver.kick();
      const head = ring.device.pop();
      const cursor = ring.device.chain(head).writable(0, 4);
      ring.device.stop();
      const before = ring.memory.regions[0]!.bytes.slice();
      assert.throws(() => cursor.write(Uint8Array.of(1)), RequestAborted);
      assert.throws(() => ring.device.chain(head).readFixed(0, 1), RequestAborted);
      ring.device.push(head, 0);
      ring.device.publish();
      assert.equal(ring.device.pop(), -1);
      ring.device.suppress();
      assert.equal(ring.device.arm(), true);
      ring.driver.stop();
      assert.equal(addBuffer(ring, [1], []), -1);
      ring.driver.kick();
      assert.equal(ring.driver.collect(), -1);
      assert.deepEqual(ring.memory.regions[0]!.bytes.slice(), before);
      assert.deepEqual(ring.count, { kicks: 1, notifications: 0 });
    });

    test("WebAssembly memory may grow under a queue", (make) => {
      if (shared) return; // shared WebAssembly memory does not detach
      const ring = make({ indirect: true });
      const grown = new WebAssembly.Memory({ initial: 1, maximum: 2 });
      new Uint8Array(grown.buffer).set(ring.memory.regions[0]!.bytes);
      ring.memory.replaceRegion(0x1000_0000, new Uint8Array(grown.buffer));
      addBuffer(ring, [3, 3], [3]);
      ring.driver.kick();
      const head = ring.device.pop();
      const cursor = ring.device.chain(head).writable(0, 3);
      grown.grow(1);
      assert.throws(() => cursor.write(Uint8Array.of(1)), RequestAborted, "detached");
      ring.memory.replaceRegion(0x1000_0000, new Uint8Array(grown.buffer));
      cursor.write(Uint8Array.of(42));
      assert.equal(ring.memory.view(ring.buffer + 6, 1)![0], 42);
      ring.device.push(head, 1);
      ring.device.publish();
      assert.ok(ring.driver.collect() >= 0);
      addBuffer(ring, [3, 3], [3]);
      ring.driver.kick();
      assert.equal(serve(ring).length, 1);
      assert.equal(collectAll(ring).length, 1);
    });

    test("a queue whose region is removed breaks, and throws nothing", (make) => {
      const ring = make();
      addBuffer(ring, [1], [1]);
      addBuffer(ring, [1], [1]);
      ring.driver.kick();
      const head = ring.device.pop();
      ring.memory.removeRegion(0x1000_0000);
      assert.throws(() => ring.device.chain(head).writeByte(0, 1), RequestAborted);
      ring.device.push(head, 0);
      ring.device.publish();
      assert.equal(ring.device.pop(), -1);
      assert.equal(ring.driver.collect(), -1);
      assert.equal(ring.device.broken?.field, "memory");
      assert.equal(ring.driver.broken?.field, "memory");
    });
  }
}

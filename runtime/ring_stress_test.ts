// Two threads over one ring: ordering with payload checksums, and a peer that writes while we read. The long form of
// the first is runtime/stress.ts.

import assert from "node:assert/strict";
import { createDeviceQueue, createDriverQueue } from "./queue.ts";
import { addBuffer, makeRing, type Ring } from "./ring_fixture.ts";
import { ROUNDS, stress, withThread } from "./ring_stress_fixture.ts";

const LOADS = [
  { buffers: 4000, outstanding: 1, asleep: false },
  { buffers: 20_000, outstanding: 16, asleep: false },
  { buffers: 40_000, outstanding: 64, asleep: false },
  { buffers: 40_000, outstanding: 256, asleep: false },
  { buffers: 400, outstanding: 1, asleep: true },
  { buffers: 4000, outstanding: 64, asleep: true },
];

for (const format of ["split", "packed"] as const) {
  for (const load of LOADS) {
    const { outstanding, asleep } = load;
    const how = `${outstanding} outstanding, ${asleep ? "asleep" : "polling"}`;
    Deno.test(`${format}: payloads arrive whole between two threads, ${how}`, async () => {
      const ring = makeRing({
        ...{ format, shared: true, size: 256, bytes: 1 << 20 },
        ...{
          indirect: outstanding !== 16,
          eventIdx: outstanding !== 64,
          inOrder: outstanding === 256,
        },
      });
      const sleeps = await stress(ring, load);
      assert.equal(sleeps > 0, asleep);
    });
  }

  Deno.test(`${format}: a peer that writes while we read breaks nothing but the queue`, async () => {
    // The first 4096 bytes, which the thread scribbles into, are the ring and nothing else.
    const pages = makeRing({ format, shared: true, size: 64, indirect: true, bytes: 1 << 16 });
    await withThread(pages, "scribbler", false, (control) => {
      let popped = 0;
      for (let queue = 0; queue < 300; queue++) {
        const before = Atomics.load(control, ROUNDS);
        while (Atomics.load(control, ROUNDS) < before + 20); // it runs
        const ring = { ...pages, ...reopen(pages) };
        for (let round = 0; round < 30; round++) {
          addBuffer(ring, [16], [16]);
          ring.driver.kick();
          for (let head = ring.device.pop(); head >= 0; head = ring.device.pop()) {
            const chain = ring.device.chain(head);
            for (const { address, length } of chain.elements()) {
              assert.ok(length > 0 && ring.memory.contains(address, length));
            }
            chain.readFixed(0, Math.min(16, chain.readableLength));
            ring.device.push(head, 0);
            popped++;
          }
          ring.device.publish();
          ring.device.arm();
          while (ring.driver.collect() >= 0) assert.ok(ring.driver.usedLength <= 16);
          ring.driver.arm();
        }
      }
      assert.ok(popped > 0);
    });
  });
}

function reopen(ring: Ring): Pick<Ring, "device" | "driver"> {
  const { memory, layout, features, arena } = ring;
  memory.view(layout.desc, 4096)!.fill(0);
  return {
    device: createDeviceQueue(memory, layout, features),
    driver: createDriverQueue(memory, layout, features, { arena }),
  };
}

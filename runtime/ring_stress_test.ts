// Two threads over one ring: ordering with payload checksums, and a peer that writes while we read.

import assert from "node:assert/strict";
import { createDeviceQueue, createDriverQueue } from "./queue.ts";
import { addBuffer, makeRing, type Ring } from "./ring_fixture.ts";
import type { StressJob } from "./ring_stress_worker.ts";

const LIMIT_MS = 60_000;

/** Starts the thread, runs `use` once it is ready, and ends it. */
async function withThread(
  ring: Ring,
  role: StressJob["role"],
  use: (control: Int32Array) => void,
): Promise<void> {
  const worker = new Worker(new URL("./ring_stress_worker.ts", import.meta.url), {
    type: "module",
  });
  const control = new SharedArrayBuffer(8);
  const { layout, features, memory } = ring;
  const { address: base, bytes } = memory.regions[0]!;
  const buffer = bytes.buffer as SharedArrayBuffer;
  const heard = (word: string) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`Cannot hear "${word}"`)), LIMIT_MS);
      worker.onmessage = ({ data }) => {
        if (data !== word) return;
        clearTimeout(late);
        resolve();
      };
      worker.onerror = (event) => {
        event.preventDefault();
        clearTimeout(late);
        reject(new Error(event.message));
      };
    });
  try {
    const ready = heard("ready");
    const job: StressJob = { role, buffer, base, layout, features, control };
    worker.postMessage(job);
    await ready;
    const done = heard("done");
    try {
      use(new Int32Array(control));
    } finally {
      Atomics.store(new Int32Array(control), 0, 1);
    }
    await done;
  } finally {
    worker.terminate();
  }
}

for (const format of ["split", "packed"] as const) {
  for (const inOrder of [false, true]) {
    const how = inOrder ? ", in order" : "";
    Deno.test(`${format}${how}: payloads arrive whole between two threads`, async () => {
      const ring = makeRing({ format, inOrder, shared: true, size: 64, indirect: true });
      const { driver, buffer, bytes } = ring;
      await withThread(ring, "device", () => {
        const sums = new Int32Array(64);
        const end = performance.now() + LIMIT_MS;
        const wanted = 40_000;
        let next = 0;
        for (let done = 0; done < wanted;) {
          for (; driver.free > 0 && next < wanted && driver.pending < 1 + next % 64; next++) {
            const slot = slotOf(sums);
            if (slot < 0) break;
            const at = slot * 64;
            let sum = 0;
            for (let i = 0; i < 24; i++) sum += bytes[at + i] = (next * 31 + i * 7) & 0xff;
            driver.readable(buffer + at, 10);
            driver.readable(buffer + at + 10, 14);
            driver.writable(buffer + at + 24, 4);
            heads[driver.add()] = slot;
            sums[slot] = sum;
          }
          driver.kick();
          for (let head = driver.collect(); head >= 0; head = driver.collect()) {
            const slot = heads[head]!;
            const answer = bytes[slot * 64 + 24]! | bytes[slot * 64 + 25]! << 8;
            if (answer !== sums[slot] || driver.usedLength !== 4) {
              assert.fail(`buffer ${done}: ${answer} instead of ${sums[slot]}`);
            }
            sums[slot] = 0;
            done++;
          }
          if (driver.broken !== undefined) throw driver.broken;
          if (performance.now() > end) assert.fail(`only ${done} buffers came back`);
        }
      });
    });
  }

  Deno.test(`${format}: a peer that writes while we read breaks nothing but the queue`, async () => {
    // The first 4096 bytes, which the thread scribbles into, are the ring and nothing else.
    const pages = makeRing({ format, shared: true, size: 64, indirect: true, bytes: 1 << 16 });
    await withThread(pages, "scribbler", (control) => {
      let popped = 0;
      for (let queue = 0; queue < 300; queue++) {
        const before = Atomics.load(control, 1);
        while (Atomics.load(control, 1) < before + 20); // it runs
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

const heads: number[] = [];

function slotOf(sums: Int32Array): number {
  return sums.indexOf(0);
}

function reopen(ring: Ring): Pick<Ring, "device" | "driver"> {
  const { memory, layout, features, arena } = ring;
  memory.view(layout.desc, 4096)!.fill(0);
  return {
    device: createDeviceQueue(memory, layout, features),
    driver: createDriverQueue(memory, layout, features, { arena }),
  };
}

/**
 * Nanoseconds per buffer in one thread: `deno bench runtime/ring_bench.ts`.
 *
 * Each iteration moves 64 buffers of 16 bytes: the driver adds and kicks, the device pops, pushes and publishes, the
 * driver collects; divide by 64.
 *
 * @module
 */

import { Arena } from "./arena.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDeviceQueue, createDriverQueue, type QueueFormat } from "./queue.ts";

const BATCH = 64;
const BASE = 0x1000_0000;

for (const format of ["split", "packed"] as const) {
  for (const shared of [false, true]) {
    for (const elements of [1, 3]) {
      const name = `${format} ${shared ? "shared" : "single-agent"} ${elements} x ${BATCH}`;
      Deno.bench(name, round(format, shared, elements));
    }
  }
}

function round(format: QueueFormat, shared: boolean, elements: number): () => void {
  const bytes = 1 << 20;
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  const memory = GuestMemory.of(buffer, BASE);
  const arena = new Arena(memory, BASE, bytes);
  const layout = allocateQueue(arena, 0, 256, format);
  const features = { eventIdx: true, indirect: true, inOrder: false, notificationData: false };
  const device = createDeviceQueue(memory, layout, features);
  const driver = createDriverQueue(memory, layout, features, { arena });
  const { address } = arena.allocate(16 * BATCH * elements);
  return () => {
    for (let i = 0; i < BATCH; i++) {
      const at = address + 16 * elements * i;
      driver.readable(at, 16);
      for (let e = 1; e < elements; e++) driver.writable(at + 16 * e, 16);
      if (driver.add() < 0) throw new Error("Cannot add");
    }
    driver.kick();
    for (let head = device.pop(); head >= 0; head = device.pop()) device.push(head, 0);
    device.publish();
    for (let i = 0; i < BATCH; i++) if (driver.collect() < 0) throw new Error("Cannot collect");
  };
}

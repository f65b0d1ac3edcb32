/**
 * A 4 KiB read through the generated block driver and device over a loopback, in this thread: prints, as JSON, the
 * nanoseconds per read of the promise API and of the polling API, 64 outstanding, and of the copy alone.
 *
 * @module
 */

import { BlockDevice, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { loopback } from "../../runtime/contract.ts";
import { queueTask } from "../../runtime/task.ts";
import { runAllDevices } from "./all_devices.ts";

const BYTES = 4096;
const DEPTH = 64;
const ROUNDS = 40; // of 64 reads each, timed together
const SLICES = 60;

const disk = crypto.getRandomValues(new Uint8Array(64 * 1024));
const SECTORS = disk.length / 512;

/** A fresh device that serves reads, and a driver of it with buffers that the device reaches. */
async function open(polling: boolean) {
  const device = new BlockDevice({
    config: { capacity: SECTORS },
    in: ({ sector }, data) => {
      data.write(disk, sector * 512, BYTES);
      return BlockStatus.OK;
    },
  });
  const transport = loopback(device);
  const ring = { packed: Deno.args.includes("--packed") };
  const driver = await BlockDriver.open(transport, { polling, ring });
  const buffers = Array.from({ length: DEPTH }, () => transport.arena.allocate(BYTES, 64).bytes);
  return { driver, buffers };
}

async function measurePromises(): Promise<number> {
  const { driver, buffers } = await open(false);
  const promises: Promise<{ readonly status: number }>[] = [];
  const time = await measure(async () => {
    promises.length = 0;
    for (let i = 0; i < DEPTH; i++) promises.push(driver.in({ sector: sectorOf(i) }, buffers[i]!));
    for (const promise of promises) check((await promise).status);
  });
  await driver.close();
  return time;
}

async function measurePolling(): Promise<number> {
  const { driver, buffers } = await open(true);
  const queue = driver.requestq[0]!;
  const request = { sector: 0 };
  const time = await measure(async () => {
    for (let i = 0; i < DEPTH; i++) {
      request.sector = sectorOf(i);
      if (queue.submitIn(request, buffers[i]!) < 0) throw new Error("Cannot submit: no room");
    }
    queue.kick();
    for (let done = 0, waits = 0; done < DEPTH; waits++) {
      // The loopback delivers a kick in a microtask, now and then in a task.
      await (waits < 4 ? undefined : new Promise<void>(queueTask));
      for (; queue.poll() >= 0; done++) check(queue.status);
    }
  });
  await driver.close();
  return time;
}

/** What each read copies: once, into the driver's buffer. */
function measureCopy(): Promise<number> {
  const memory = new Uint8Array(DEPTH * BYTES);
  const buffers = Array.from(
    { length: DEPTH },
    (_, i) => memory.subarray(i * BYTES, (i + 1) * BYTES),
  );
  return measure(() => {
    for (let i = 0; i < DEPTH; i++) {
      const at = sectorOf(i) * 512;
      buffers[i]!.set(disk.subarray(at, at + BYTES));
    }
  });
}

function check(status: number): void {
  if (status !== BlockStatus.OK) throw new Error(`Cannot read: status ${status}`);
}

/** The median of slices; nanoseconds per read. */
async function measure(round: () => Promise<void> | void): Promise<number> {
  const times: number[] = [];
  for (let slice = 0; slice < 2 * SLICES; slice++) {
    const start = performance.now();
    for (let i = 0; i < ROUNDS; i++) await round();
    times.push((performance.now() - start) * 1e6 / (ROUNDS * DEPTH));
  }
  return times.slice(SLICES).sort((a, b) => a - b)[SLICES >> 1]!;
}

function sectorOf(number: number): number {
  return (number * 8) % (SECTORS - 8);
}

if (Deno.args.includes("--after-devices")) await runAllDevices();
const copy = await measureCopy();
const promise = await measurePromises();
const polling = await measurePolling();
console.log(JSON.stringify({ copy, promise, polling }));

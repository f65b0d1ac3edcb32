/** One queue with both its ends, and the loops that are measured over it. @module */

import { Arena } from "../../runtime/arena.ts";
import { GuestMemory } from "../../runtime/memory.ts";
import {
  allocateQueue,
  createDriverQueue,
  type DeviceQueue,
  type DriverQueue,
  type QueueFeatures,
  type QueueFormat,
  type QueueLayout,
} from "../../runtime/queue.ts";

const SIZE = 256; // entries
const ELEMENT = 16; // bytes

const BASE = 0x1000_0000;
const BYTES = 4 << 20;
const STRIDE = 4 * ELEMENT;

/** What was negotiated: what our own two ends agree on unless told otherwise. */
export const FEATURES: QueueFeatures = {
  eventIdx: true,
  indirect: true,
  inOrder: false,
  notificationData: false,
};

/** The driver's end, and what the device's end is made from. */
export interface Bench {
  /** The driver's end. */
  readonly driver: DriverQueue;
  /** Memory of the ring and the buffers. */
  readonly memory: GuestMemory;
  /** Where the ring is. */
  readonly layout: QueueLayout;
  /** Guest address of the buffers. */
  readonly buffers: number;
}

/** A ring in fresh memory, which two threads can share or not. */
export function makeBench(format: QueueFormat, shared: boolean): Bench {
  const memory = GuestMemory.of(
    shared ? new SharedArrayBuffer(BYTES) : new ArrayBuffer(BYTES),
    BASE,
  );
  const arena = new Arena(memory, BASE, BYTES);
  const layout = allocateQueue(arena, 0, SIZE, format);
  const driver = createDriverQueue(memory, layout, FEATURES, { arena });
  const { address } = arena.allocate(SIZE * STRIDE, 64);
  // A small integer for V8 also where other addresses made doubles of them all: the loops count on from it.
  return { driver, memory, layout, buffers: address | 0 };
}

/** Adds `count` buffers from number `first` on: all elements but the last are readable. */
function addBuffers(bench: Bench, first: number, count: number, elements: number): void {
  const { driver, buffers } = bench;
  for (let number = first; count > 0; number++, count--) {
    let at = buffers + (number & SIZE - 1) * STRIDE;
    for (let e = 1; e < elements; e++) {
      driver.readable(at, ELEMENT);
      at += ELEMENT;
    }
    driver.writable(at, ELEMENT);
    if (driver.add() < 0) throw new Error("Cannot add a buffer: no room");
  }
}

/** Answers all that is available; how many that were. */
export function serve(device: DeviceQueue): number {
  let count = 0;
  for (let head; (head = device.pop()) >= 0;) {
    device.push(head, ELEMENT);
    count++;
  }
  device.publish();
  return count;
}

/** One thread: the driver adds a batch, the device answers it, the driver collects it. */
export function round(bench: Bench, device: DeviceQueue, elements: number, batch: number): void {
  const { driver } = bench;
  addBuffers(bench, 0, batch, elements);
  driver.kick();
  serve(device);
  for (let i = 0; i < batch; i++) {
    if (driver.collect() < 0) throw driver.broken ?? new Error("Cannot collect: nothing used");
  }
}

/** Two threads: fills up to `batch` outstanding, then collects what is there; how many are outstanding then. */
export function keep(
  bench: Bench,
  added: number,
  pending: number,
  elements: number,
  batch: number,
): number {
  const { driver } = bench;
  addBuffers(bench, added, batch - pending, elements);
  driver.kick();
  pending = batch;
  while (driver.collect() >= 0) pending--;
  if (driver.broken !== undefined) throw driver.broken;
  return pending;
}

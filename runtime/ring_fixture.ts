/** Both ends of one queue over one memory, for tests. @module */

import { Arena } from "./arena.ts";
import { GuestMemory } from "./memory.ts";
import {
  allocateQueue,
  createDeviceQueue,
  createDriverQueue,
  type DeviceQueue,
  type DriverQueue,
  type QueueFeatures,
  type QueueFormat,
  type QueueLayout,
} from "./queue.ts";

/** What a test may choose. */
export interface RingChoice extends Partial<QueueFeatures> {
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Whether the memory is a SharedArrayBuffer. */
  readonly shared?: boolean;
  /** Entries: 8 when not given. */
  readonly size?: number;
  /** Guest address of the memory. */
  readonly base?: number;
  /** Bytes of memory: 64 KiB when not given. */
  readonly bytes?: number;
}

/** Both ends of one queue. */
export interface Ring {
  readonly memory: GuestMemory;
  readonly arena: Arena;
  readonly layout: QueueLayout;
  readonly features: QueueFeatures;
  readonly device: DeviceQueue;
  readonly driver: DriverQueue;
  /** Guest address of 4096 bytes for buffers, and the bytes. */
  readonly buffer: number;
  readonly bytes: Uint8Array;
  /** Notifications so far, to each side. */
  readonly count: { kicks: number; notifications: number };
}

/** A queue in fresh memory. */
export function makeRing(choice: RingChoice): Ring {
  const { format, shared = false, size = 8, base = 0x1000_0000, bytes: total = 65536 } = choice;
  const memory = GuestMemory.of(
    shared ? new SharedArrayBuffer(total) : new ArrayBuffer(total),
    base,
  );
  const arena = new Arena(memory, base, total);
  const layout = allocateQueue(arena, 3, size, format);
  const features: QueueFeatures = {
    eventIdx: choice.eventIdx ?? false,
    indirect: choice.indirect ?? false,
    inOrder: choice.inOrder ?? false,
    notificationData: false,
    ...(choice.lengths === undefined ? {} : { lengths: choice.lengths }),
  };
  const device = createDeviceQueue(memory, layout, features);
  const driver = createDriverQueue(memory, layout, features, { arena });
  const count = { kicks: 0, notifications: 0 };
  driver.onKick = () => void count.kicks++;
  device.onNotify = () => void count.notifications++;
  const { address: buffer, bytes } = arena.allocate(4096);
  return { memory, arena, layout, features, device, driver, buffer, bytes, count };
}

/** Adds a buffer of the given readable and writable lengths at consecutive addresses; its head. */
export function addBuffer(ring: Ring, readable: number[], writable: number[]): number {
  let at = ring.buffer;
  for (const length of readable) {
    ring.driver.readable(at, length);
    at += length;
  }
  for (const length of writable) {
    ring.driver.writable(at, length);
    at += length;
  }
  return ring.driver.add();
}

/** Pops everything and pushes it back at once, fully written; the heads in their order. */
export function serve(ring: Ring): number[] {
  const heads: number[] = [];
  for (let head = ring.device.pop(); head >= 0; head = ring.device.pop()) {
    heads.push(head);
    ring.device.push(head, ring.device.chain(head).writableLength);
  }
  ring.device.publish();
  return heads;
}

/** Collects everything. */
export function collectAll(ring: Ring): { head: number; length: number }[] {
  const used: { head: number; length: number }[] = [];
  for (let head = ring.driver.collect(); head >= 0; head = ring.driver.collect()) {
    used.push({ head, length: ring.driver.usedLength });
  }
  return used;
}

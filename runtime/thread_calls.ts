/** What the two threads of a device and its driver say to each other outside the queues. @module */

import type { MemoryRegion } from "./memory.ts";
import type { QueueLayout, QueuePosition } from "./queue.ts";
import type { DeviceSnapshot } from "./snapshot.ts";
import type { AdminQueues, Facilities, SharedMemory } from "./transport.ts";

/** What a device's thread is started with: plain data and shared memory. */
export interface ThreadStart {
  /** The memory of the driver. */
  readonly regions: readonly MemoryRegion[];
  /** What is carried. */
  readonly facilities: Facilities;
  /** The doorbells: {@linkcode TO_DEVICE}, then {@linkcode TO_DRIVER}. */
  readonly bells: SharedArrayBuffer;
  /** For the function that makes the device. */
  readonly data: unknown;
  /** What the device was in another thread. */
  readonly snapshot?: DeviceSnapshot;
}

/** Number of the doorbell that the driver rings. */
export const TO_DEVICE = 0;
/** Number of the doorbell that the device rings. */
export const TO_DRIVER = 1;

/** What the driver's thread may ask. */
export interface ThreadCalls {
  /** Makes the device and begins to serve it; its device id. */
  start(start: ThreadStart): number | Promise<number>;
  getStatus(): number;
  setStatus(status: number): void;
  getFeatures(): bigint;
  setFeatures(features: bigint): void;
  queueSizeMax(index: number): number;
  adminQueues(): AdminQueues;
  enableQueue(layout: QueueLayout): void;
  resetQueue(index: number): QueuePosition | undefined;
  readConfig(offset: number, length: number): Uint8Array;
  writeConfig(offset: number, bytes: Uint8Array): void;
  configGeneration(): number;
  sharedMemory(id: number): SharedMemory | undefined;
  /** Lets go of the device, and says what it was. */
  leave(): DeviceSnapshot;
  /** Lets go of the device. */
  close(): void;
}

/** A question of the driver's thread. */
export interface ThreadCall {
  /** Number of the question. */
  readonly id: number;
  /** Which one. */
  readonly method: keyof ThreadCalls;
  /** With what. */
  readonly args: readonly unknown[];
}

/** Number of the question that nobody asks: whether the worker's module is loaded. */
export const LOADED = 0;

/** What the device's thread says: an answer, or that it ends. */
export type ThreadReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly ended: string };

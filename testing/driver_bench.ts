/**
 * A generated driver on a bus whose device is played by hand.
 *
 * @module
 */

import { Arena } from "../runtime/arena.ts";
import type { TransportError } from "../runtime/errors.ts";
import { queueFeatures } from "../runtime/features.ts";
import { LOOPBACK_FACILITIES } from "../runtime/loopback.ts";
import { GuestMemory } from "../runtime/memory.ts";
import { createDeviceQueue, type DeviceQueue, type QueueLayout } from "../runtime/queue.ts";
import type { Facilities, SharedMemory, Transport } from "../runtime/transport.ts";

const MEMORY_SIZE = 4 << 20;

/** Entries of each queue. */
const QUEUE_SIZE = 16;

/** A device that offers features and a configuration, and leaves its queues to the test. */
export class HandDevice implements Transport {
  readonly facilities: Facilities = LOOPBACK_FACILITIES;
  readonly deviceId: number;
  readonly memory: GuestMemory = GuestMemory.of(new ArrayBuffer(MEMORY_SIZE), 0x4000_0000);
  readonly arena: Arena = new Arena(this.memory, 0x4000_0000, MEMORY_SIZE);
  /** The queues that the driver enabled. */
  readonly queues: Map<number, DeviceQueue> = new Map();
  /** The features that the driver accepted. */
  accepted = 0n;
  /** What the test does when the driver kicks a queue. */
  onKick: (queue: DeviceQueue) => void = () => {};
  onQueueNotify: (index: number) => void = () => {};
  onConfigNotify: () => void = () => {};
  onLost: (error: TransportError) => void = () => {};
  readonly #offered: bigint;
  readonly #config: Uint8Array;
  #status = 0;

  /** A device of that id, with these features and configuration bytes. */
  constructor(deviceId: number, offered: bigint, config: Uint8Array) {
    this.deviceId = deviceId;
    this.#offered = offered;
    this.#config = config;
  }

  getStatus(): Promise<number> {
    return Promise.resolve(this.#status);
  }

  setStatus(status: number): Promise<void> {
    this.#status = status;
    if (status === 0) this.queues.clear();
    return Promise.resolve();
  }

  getFeatures(): Promise<bigint> {
    return Promise.resolve(this.#offered);
  }

  setFeatures(features: bigint): Promise<void> {
    this.accepted = features;
    return Promise.resolve();
  }

  queueSizeMax(_index: number): Promise<number> {
    return Promise.resolve(QUEUE_SIZE);
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    const queue = createDeviceQueue(this.memory, layout, queueFeatures(this.accepted));
    queue.onNotify = () => queueMicrotask(() => this.onQueueNotify(layout.index));
    this.queues.set(layout.index, queue);
    return Promise.resolve();
  }

  resetQueue(index: number): Promise<void> {
    this.queues.delete(index);
    return Promise.resolve();
  }

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    bytes.set(this.#config.subarray(offset, offset + length));
    return Promise.resolve(bytes);
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    this.#config.set(bytes, offset);
    return Promise.resolve();
  }

  configGeneration(): Promise<number> {
    return Promise.resolve(0);
  }

  sharedMemory(_id: number): Promise<SharedMemory | undefined> {
    return Promise.resolve(undefined);
  }

  notify(index: number, _data: number): void {
    const queue = this.queues.get(index);
    if (queue !== undefined) queueMicrotask(() => this.onKick(queue));
  }

  close(): Promise<void> {
    this.queues.clear();
    return Promise.resolve();
  }
}

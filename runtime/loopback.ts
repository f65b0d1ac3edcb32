/**
 * Both ends of a device in one thread.
 *
 * A notification is never delivered inside the call that causes it: each end gathers which of its
 * queues were notified, and one microtask delivers the whole burst.
 *
 * @module
 */

import { Arena } from "./arena.ts";
import type { Device } from "./device.ts";
import { TransportError } from "./errors.ts";
import { GuestMemory } from "./memory.ts";
import type { QueueLayout } from "./queue.ts";
import { queueTask } from "./task.ts";
import type { AdminQueues, Facilities, SharedMemory, Transport } from "./transport.ts";

const MEMORY_ADDRESS = 0x1000_0000;
const MEMORY_SIZE = 16 << 20;
/** Stands in a burst for the configuration, between the indices of queues. */
const CONFIG = -1;
/** One burst in so many is a task of its own: microtasks alone would starve timers and sockets. */
const TASK_EVERY = 256;

/** What a loopback carries unless told otherwise: everything. */
export const LOOPBACK_FACILITIES: Facilities = {
  name: "loopback",
  featureBits: 128,
  queueReset: true,
  sharedMemory: true,
  adminQueue: true,
  notificationData: true,
  suspend: true,
  configGeneration: true,
};

/** Choices of a loopback. */
export interface LoopbackOptions {
  /** The memory between the two ends; 16 MiB at address 0x1000_0000 when not given. */
  readonly memory?: GuestMemory;
  /** The part of it that the driver may allocate from; all of its first region when not given. */
  readonly arena?: Arena;
  /** What is carried otherwise than in {@linkcode LOOPBACK_FACILITIES}. */
  readonly facilities?: Partial<Facilities>;
}

/** Binds a device, and gives the driver's end; TypeError when the device is bound already. */
export function loopback(device: Device, options: LoopbackOptions = {}): Transport {
  return new Loopback(device, options);
}

class Loopback implements Transport {
  readonly facilities: Facilities;
  readonly deviceId: number;
  readonly memory: GuestMemory;
  readonly arena: Arena;
  onQueueNotify: (index: number) => void = () => {};
  onConfigNotify: () => void = () => {};
  onLost: (error: TransportError) => void = () => {};
  readonly #toDevice = new Burst((index) => this.#device?.notify(index));
  readonly #toDriver = new Burst((index) => this.#deliver(index));
  #device: Device | undefined;

  constructor(device: Device, options: LoopbackOptions) {
    this.facilities = { ...LOOPBACK_FACILITIES, ...options.facilities };
    this.deviceId = device.info.id;
    this.memory = options.memory ?? GuestMemory.of(new ArrayBuffer(MEMORY_SIZE), MEMORY_ADDRESS);
    this.arena = options.arena ?? firstRegion(this.memory);
    device.bind({
      memory: this.memory,
      facilities: this.facilities,
      notifyQueue: (index) => this.#toDriver.add(index),
      notifyConfig: () => this.#toDriver.add(CONFIG),
    });
    this.#device = device;
  }

  getStatus(): Promise<number> {
    return this.#ask((device) => device.getStatus());
  }

  setStatus(status: number): Promise<void> {
    return this.#ask((device) => device.setStatus(status));
  }

  getFeatures(): Promise<bigint> {
    return this.#ask((device) => device.getFeatures());
  }

  setFeatures(features: bigint): Promise<void> {
    return this.#ask((device) => device.setFeatures(features));
  }

  queueSizeMax(index: number): Promise<number> {
    return this.#ask((device) => device.queueSizeMax(index));
  }

  adminQueues(): Promise<AdminQueues> {
    return this.#ask((device) => device.adminQueues);
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    return this.#ask((device) => device.enableQueue(layout));
  }

  resetQueue(index: number): Promise<void> {
    return this.#ask((device) => {
      device.resetQueue(index);
    });
  }

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.#ask((device) => {
      const bytes = new Uint8Array(length);
      device.readConfig(offset, bytes);
      return bytes;
    });
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#ask((device) => device.writeConfig(offset, bytes));
  }

  configGeneration(): Promise<number> {
    return this.#ask((device) => device.configGeneration());
  }

  sharedMemory(id: number): Promise<SharedMemory | undefined> {
    return this.#ask((device) =>
      this.facilities.sharedMemory ? device.sharedMemory(id) : undefined
    );
  }

  notify(index: number, _data: number): void {
    this.#toDevice.add(index);
  }

  close(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    device?.unbind();
    return Promise.resolve();
  }

  #deliver(index: number): void {
    if (this.#device === undefined) return;
    if (index === CONFIG) this.onConfigNotify();
    else this.onQueueNotify(index);
  }

  #ask<T>(question: (device: Device) => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#device === undefined) {
        throw new TransportError("Cannot reach the device: the loopback is closed");
      }
      resolve(question(this.#device));
    });
  }
}

/** Numbers gathered until the code that runs now has ended, then delivered once each. */
class Burst {
  readonly #deliver: (number: number) => void;
  readonly #run = () => this.#deliverAll();
  #gathered: number[] = [];
  #bursts = 0;

  constructor(deliver: (number: number) => void) {
    this.#deliver = deliver;
  }

  add(number: number): void {
    const gathered = this.#gathered;
    if (gathered.includes(number)) return;
    if (gathered.push(number) > 1) return;
    this.#bursts = (this.#bursts + 1) % TASK_EVERY;
    if (this.#bursts === 0) queueTask(this.#run);
    else queueMicrotask(this.#run);
  }

  #deliverAll(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const number of gathered) this.#deliver(number);
  }
}

function firstRegion(memory: GuestMemory): Arena {
  const region = memory.regions[0];
  if (region === undefined) throw new TypeError("Cannot make a loopback: its memory has no region");
  return new Arena(memory, region.address, region.bytes.length);
}

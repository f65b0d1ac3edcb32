/**
 * A device in a thread of its own: the end that runs in the Worker.
 *
 * @module
 */

import type { Device } from "./device.ts";
import { Doorbell, Listener, QUEUE_BITS, turn, type Waiting } from "./doorbell.ts";
import { GuestMemory } from "./memory.ts";
import type { QueueLayout, QueuePosition } from "./queue.ts";
import type { DeviceSnapshot } from "./snapshot.ts";
import { LOADED, TO_DEVICE, TO_DRIVER } from "./thread_calls.ts";
import type { ThreadCall, ThreadCalls, ThreadReply, ThreadStart } from "./thread_calls.ts";
import type { AdminQueues, SharedMemory } from "./transport.ts";

/** How a device's thread waits for the driver. */
export interface ServeThreadOptions {
  /** `"sleep"` when not given. */
  readonly waiting?: Waiting;
  /**
   * The thread may stop as a whole (`Atomics.wait`) while no request is being processed, which wakes it sooner. Its
   * timers and sockets stand still then: only for devices that do nothing but answer.
   */
  readonly block?: boolean;
}

/** Makes a device from the `data` of {@linkcode openThread}. */
export type MakeDevice = (data: unknown) => Device | Promise<Device>;

/** A device's thread, seen from inside. */
export interface ServedThread {
  /** Ends the device for good; the driver's requests end with RequestAborted, which tells the reason. */
  close(reason: string): void;
}

/** The part of a worker's global scope that is needed here. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent<ThreadCall>) => void): void;
  postMessage(reply: ThreadReply): void;
  close(): void;
}

/**
 * Serves a device to the driver in the thread that started this Worker with {@linkcode openThread}; to be called once,
 * by the Worker's module. The device sees its queues in shared memory and is kicked through a doorbell there.
 */
export function serveThread(make: MakeDevice, options: ServeThreadOptions = {}): ServedThread {
  return new DeviceThread(globalThis as unknown as WorkerScope, make, options);
}

class DeviceThread implements ThreadCalls, ServedThread {
  readonly #scope: WorkerScope;
  readonly #make: MakeDevice;
  readonly #options: ServeThreadOptions;
  #device: Device | undefined;
  #heard = 0; // messages
  #queueEnd = 0; // above the highest queue that was enabled

  constructor(scope: WorkerScope, make: MakeDevice, options: ServeThreadOptions) {
    this.#scope = scope;
    this.#make = make;
    this.#options = options;
    scope.addEventListener("message", ({ data }) => void this.#answer(data));
    scope.postMessage({ id: LOADED, value: undefined });
  }

  close(reason?: string): void {
    const device = this.#device;
    this.#device = undefined;
    device?.unbind();
    if (reason !== undefined) this.#scope.postMessage({ ended: reason });
  }

  async start(start: ThreadStart): Promise<number> {
    const device = await this.#make(start.data);
    const toDevice = new Doorbell(start.bells, TO_DEVICE);
    const toDriver = new Doorbell(start.bells, TO_DRIVER);
    device.bind({
      memory: new GuestMemory(start.regions),
      facilities: start.facilities,
      notifyQueue: (index) => toDriver.ring(index),
      notifyConfig: () => toDriver.signalConfig(),
    });
    this.#device = device;
    if (start.snapshot !== undefined) this.#restore(device, start.snapshot);
    void this.#listen(device, toDevice);
    return device.info.id;
  }

  getStatus(): number {
    return this.#bound.getStatus();
  }

  setStatus(status: number): void {
    this.#bound.setStatus(status);
  }

  getFeatures(): bigint {
    return this.#bound.getFeatures();
  }

  setFeatures(features: bigint): void {
    this.#bound.setFeatures(features);
  }

  queueSizeMax(index: number): number {
    return this.#bound.queueSizeMax(index);
  }

  adminQueues(): AdminQueues {
    return this.#bound.adminQueues;
  }

  enableQueue(layout: QueueLayout): void {
    this.#bound.enableQueue(layout);
    this.#queueEnd = Math.max(this.#queueEnd, layout.index + 1);
  }

  resetQueue(index: number): QueuePosition | undefined {
    return this.#bound.resetQueue(index);
  }

  readConfig(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#bound.readConfig(offset, bytes);
    return bytes;
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    this.#bound.writeConfig(offset, bytes);
  }

  configGeneration(): number {
    return this.#bound.configGeneration();
  }

  sharedMemory(id: number): SharedMemory | undefined {
    return this.#bound.sharedMemory(id);
  }

  leave(): DeviceSnapshot {
    const snapshot = this.#bound.save();
    this.close();
    return snapshot;
  }

  get #bound(): Device {
    if (this.#device === undefined) throw new TypeError("the thread has no device");
    return this.#device;
  }

  async #answer({ id, method, args }: ThreadCall): Promise<void> {
    this.#heard = (this.#heard + 1) | 0;
    try {
      const call = this[method] as (...args: readonly unknown[]) => unknown;
      this.#scope.postMessage({ id, value: await call.apply(this, [...args]) });
    } catch (error) {
      this.#scope.postMessage({ id, error: (error as Error).message });
    }
  }

  #restore(device: Device, snapshot: DeviceSnapshot): void {
    device.restore(snapshot);
    for (const { layout } of snapshot.queues) {
      this.#queueEnd = Math.max(this.#queueEnd, layout.index + 1);
    }
  }

  /** Serves what is rung for, as long as the device is here. */
  async #listen(device: Device, bell: Doorbell): Promise<void> {
    const { waiting = "sleep", block = false } = this.#options;
    const listener = new Listener(bell, waiting, block);
    await turn(); // the answer to the start is sent
    while (this.#device === device) {
      bell.beat();
      const bits = bell.take();
      this.#serve(device, bits);
      const busy = !device.idle || this.#heard !== bell.posted;
      if (bits === 0) await listener.wait(busy);
      else if (busy || !block) await turn();
    }
  }

  #serve(device: Device, bits: number): void {
    for (let index = 0; index < this.#queueEnd; index++) {
      if ((bits >>> index % QUEUE_BITS & 1) !== 0) device.notify(index);
    }
  }
}

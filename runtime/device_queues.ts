/**
 * The enabled queues of a device: opened, started when it goes live, served on kicks, stopped.
 *
 * @module
 */

import type { PeerError } from "./errors.ts";
import type { GuestMemory } from "./memory.ts";
import { createDeviceQueue, type DeviceQueue } from "./queue.ts";
import type { QueueFeatures, QueueLayout, QueuePosition } from "./queue.ts";
import type { SavedQueue } from "./snapshot.ts";
import { queueTask } from "./task.ts";

/** How often one kick looks again at a queue that fills while it is served. */
const ROUNDS = 4;

/** What a device does with its queues. */
export interface QueueOwner {
  /** Whether buffers may be popped now. */
  serving(): boolean;
  /** Serves up to a queue's size of buffers; true when it stopped there with more waiting. */
  serve(queue: DeviceQueue): boolean;
  /** A queue went live. */
  started(queue: DeviceQueue): void;
  /** A queue that had gone live was stopped. */
  stopped(index: number): void;
  /** The driver is to be told that buffers were used. */
  notify(index: number): void;
  /** A queue broke. */
  broken(error: PeerError): void;
  /** The device's own code threw. */
  failed(error: unknown): void;
}

/** Is told about a queue that is enabled, and the memory that it lies in. */
export type QueueWatcher = (queue: DeviceQueue, memory: GuestMemory) => void;

interface EnabledQueue {
  readonly queue: DeviceQueue;
  readonly memory: GuestMemory;
  readonly layout: QueueLayout;
  started: boolean;
  serving: boolean;
  scheduled: boolean;
}

/** The enabled queues of one device, by index. */
export class DeviceQueues {
  readonly #owner: QueueOwner;
  readonly #enabled = new Map<number, EnabledQueue>();
  readonly #watchers: QueueWatcher[] = [];
  readonly #completed = new Map<number, number>(); // of queues that are closed

  /** No queue is enabled at first. */
  constructor(owner: QueueOwner) {
    this.#owner = owner;
  }

  /** An enabled queue. */
  get(index: number): DeviceQueue | undefined {
    return this.#enabled.get(index)?.queue;
  }

  /** All enabled queues. */
  all(): DeviceQueue[] {
    return [...this.#enabled.values()].map((enabled) => enabled.queue);
  }

  /** Buffers of a queue that were given back so far, modulo 2^31, however often it was stopped meanwhile. */
  completed(index: number): number {
    const before = this.#completed.get(index) ?? 0;
    return (before + (this.get(index)?.completed ?? 0)) % 2 ** 31;
  }

  /** Whether a queue waits for a task in which it is served. */
  get scheduled(): boolean {
    for (const enabled of this.#enabled.values()) if (enabled.scheduled) return true;
    return false;
  }

  /** Enables a queue that is not, at its beginning or at a position; throws what {@linkcode createDeviceQueue} throws. */
  open(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    position?: QueuePosition,
  ): void {
    const options = position === undefined ? {} : { position };
    const queue = createDeviceQueue(memory, layout, features, options);
    queue.onBroken = (error) => this.#owner.broken(error);
    queue.onNotify = () => this.#owner.notify(layout.index);
    const state = { started: false, serving: false, scheduled: false };
    this.#enabled.set(layout.index, { queue, memory, layout, ...state });
    for (const watch of this.#watchers) watch(queue, memory);
  }

  /** Tells about each queue that is enabled, now and in future. */
  watch(watcher: QueueWatcher): void {
    for (const { queue, memory } of this.#enabled.values()) watcher(queue, memory);
    this.#watchers.push(watcher);
  }

  /** Starts what has not started, and looks into every queue in a task to come. */
  start(): void {
    for (const enabled of this.#enabled.values()) {
      if (!enabled.started) {
        enabled.started = true;
        this.#attempt(() => this.#owner.started(enabled.queue));
      }
      this.#schedule(enabled);
    }
  }

  /** Stops a queue for good, and says where the device stood in it. */
  close(index: number): QueuePosition | undefined {
    const enabled = this.#enabled.get(index);
    if (enabled === undefined) return undefined;
    const { queue, started } = enabled;
    this.#completed.set(index, this.completed(index));
    this.#enabled.delete(index);
    const position = queue.position();
    queue.stop();
    if (started) this.#attempt(() => this.#owner.stopped(index));
    return position;
  }

  /** Stops all queues. */
  closeAll(): void {
    for (const index of [...this.#enabled.keys()]) this.close(index);
  }

  /** Serves a queue until it is empty, or for a fair while and then again in a later task. */
  serve(index: number): void {
    const enabled = this.#enabled.get(index);
    if (enabled !== undefined) this.#serve(enabled);
  }

  /** Serves what waits in a queue, up to its size, asking for no kicks meanwhile; whether anything did. */
  poll(index: number): boolean {
    const enabled = this.#enabled.get(index);
    if (enabled === undefined || !enabled.queue.waiting) return false;
    if (enabled.serving || !this.#mayServe(enabled)) return false;
    enabled.serving = true;
    try {
      enabled.queue.suppress();
      this.#owner.serve(enabled.queue);
    } catch (error) {
      this.#owner.failed(error);
    }
    enabled.serving = false;
    return true;
  }

  /** The enabled queues as plain data. */
  save(): SavedQueue[] {
    return [...this.#enabled.values()].map(({ queue, layout }) => ({
      layout: { ...layout },
      position: queue.position(),
    }));
  }

  #serve(enabled: EnabledQueue): void {
    if (enabled.serving || !this.#mayServe(enabled)) return;
    enabled.serving = true;
    this.#attempt(() => {
      const { queue } = enabled;
      for (let round = 0; round < ROUNDS; round++) {
        queue.suppress();
        if (this.#owner.serve(queue)) break;
        if (!this.#mayServe(enabled) || queue.arm()) return;
      }
      this.#schedule(enabled);
    });
    enabled.serving = false;
  }

  #mayServe({ queue }: EnabledQueue): boolean {
    return this.get(queue.index) === queue && queue.broken === undefined && this.#owner.serving();
  }

  #schedule(enabled: EnabledQueue): void {
    if (enabled.scheduled) return;
    enabled.scheduled = true;
    queueTask(() => {
      enabled.scheduled = false;
      this.#serve(enabled);
    });
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#owner.failed(error);
    }
  }
}

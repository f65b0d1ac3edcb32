/**
 * The open queues of a driver: enabled, started at DRIVER_OK, collected on notifications, freed.
 *
 * @module
 */

import type { PeerError } from "./errors.ts";
import { allocateQueue, createDriverQueue, type DriverQueue, freeQueue } from "./queue.ts";
import type { QueueFeatures, QueueFormat, QueueLayout } from "./queue.ts";
import { RequestSlots } from "./requests.ts";
import { queueTask } from "./task.ts";
import type { Transport } from "./transport.ts";

/** How often one notification looks again at a queue that fills while it is collected. */
const ROUNDS = 4;

/** What a driver does with its queues. */
export interface QueueUser {
  /** Collects all used buffers. */
  collect(queue: DriverQueue): void;
  /** Whether the user looks into a queue of its own accord: then it is not notified, and nothing is collected for it. */
  polls(queue: DriverQueue): boolean;
  /** A queue broke. */
  broken(error: PeerError): void;
}

interface OpenQueue {
  readonly queue: DriverQueue;
  readonly layout: QueueLayout;
  readonly slots: RequestSlots[];
  kicked: boolean; // before the device ran
  scheduled: boolean;
}

/** The open queues of one driver, by index. */
export class DriverQueues {
  readonly #transport: Transport;
  readonly #user: QueueUser;
  readonly #open = new Map<number, OpenQueue>();
  #running = false;

  /** No queue is open at first, and nothing runs before {@linkcode DriverQueues.start}. */
  constructor(transport: Transport, user: QueueUser) {
    this.#transport = transport;
    this.#user = user;
  }

  /** Allocates a queue and enables it; TypeError when it is open. */
  async open(
    index: number,
    size: number,
    format: QueueFormat,
    features: QueueFeatures,
  ): Promise<DriverQueue> {
    if (this.#open.has(index)) throw new TypeError(`Cannot open queue ${index}: it is open`);
    const { arena, memory, legacyQueues } = this.#transport;
    const layout = allocateQueue(arena, index, size, format, legacyQueues?.align);
    const queue = createDriverQueue(memory, layout, features, { arena });
    const open = { queue, layout, slots: [], kicked: false, scheduled: false };
    queue.onKick = () => {
      if (this.#running) this.#kick(open, features);
      else open.kicked = true;
    };
    queue.onBroken = (error) => this.#user.broken(error);
    this.#open.set(index, open);
    try {
      await this.#transport.enableQueue(layout);
    } catch (error) {
      this.#free(open, error as Error);
      throw error;
    }
    return queue;
  }

  /** Slots that live as long as the queue; TypeError when it is not open. */
  slots(queue: DriverQueue, slotSize: number, indirect: boolean): RequestSlots {
    const open = this.#find("add requests to", queue);
    const slots = new RequestSlots(queue, this.#transport.arena, slotSize, indirect);
    open.slots.push(slots);
    if (!this.#running) slots.pause();
    return slots;
  }

  /** The device runs: sends the kicks that waited, collects what was used, lets requests in. */
  start(): void {
    this.#running = true;
    for (const open of this.#open.values()) {
      for (const slots of open.slots) slots.unpause();
      if (open.kicked) open.queue.onKick();
      open.kicked = false;
      this.#collect(open);
    }
  }

  /** The device does not run: no kick is sent, nothing collected, no request let in. */
  stop(): void {
    this.#running = false;
    for (const { slots } of this.#open.values()) slots.forEach((some) => some.pause());
  }

  /** The device has used buffers of a queue. */
  notified(index: number): void {
    const open = this.#open.get(index);
    if (open !== undefined) this.#collect(open);
  }

  /** Aborts all requests in slots, for good. */
  abort(cause: Error): void {
    for (const { slots } of this.#open.values()) slots.forEach((some) => some.abortAll(cause));
  }

  /** Frees all queues, once the device was reset and their requests were aborted. */
  free(): void {
    for (const open of [...this.#open.values()]) {
      this.#free(open, new Error("the device was reset"));
    }
  }

  /** Resets one queue, aborts its requests and frees it; TypeError when it is not open. */
  async close(queue: DriverQueue, cause: Error): Promise<void> {
    const open = this.#find("reset", queue);
    await this.#transport.resetQueue(queue.index);
    this.#free(open, cause);
  }

  #find(verb: string, queue: DriverQueue): OpenQueue {
    const open = this.#open.get(queue.index);
    if (open?.queue === queue) return open;
    throw new TypeError(`Cannot ${verb} queue ${queue.index}: it is not open`);
  }

  #free(open: OpenQueue, cause: Error): void {
    const { arena, legacyQueues } = this.#transport;
    this.#open.delete(open.queue.index);
    open.queue.onKick = open.queue.onBroken = () => {};
    open.queue.stop();
    for (const slots of open.slots) slots.close(cause);
    freeQueue(arena, open.layout, legacyQueues?.align);
  }

  #kick({ queue }: OpenQueue, features: QueueFeatures): void {
    const data = features.notificationData ? queue.notificationData() : queue.index;
    this.#transport.notify(queue.index, data);
  }

  #collect(open: OpenQueue): void {
    const { queue } = open;
    if (this.#user.polls(queue)) {
      queue.suppress();
      return;
    }
    let waiting = true; // and stays so when a callback of the user throws
    try {
      for (let round = 0; round < ROUNDS && waiting; round++) {
        if (!this.#mayCollect(open)) return;
        queue.suppress();
        this.#user.collect(queue);
        waiting = !queue.arm();
      }
    } finally {
      if (waiting && this.#mayCollect(open)) this.#schedule(open);
    }
  }

  #mayCollect(open: OpenQueue): boolean {
    return this.#running && open.queue.broken === undefined &&
      this.#open.get(open.queue.index) === open;
  }

  #schedule(open: OpenQueue): void {
    if (open.scheduled) return;
    open.scheduled = true;
    queueTask(() => {
      open.scheduled = false;
      this.#collect(open);
    });
  }
}

/**
 * Who runs the rings of a device: this thread, on its event loop.
 *
 * @module
 */

import type { Device } from "../runtime/device.ts";
import type { QueuePosition } from "../runtime/queue.ts";
import { drain } from "./events.ts";
import { poller } from "./poller.ts";
import { recorded, type Records } from "./records.ts";
import type { Ring } from "./ring.ts";

/** Pause between looks at a ring without a kick event, in milliseconds. */
const POLL_INTERVAL = 1;
/** How often a stopping ring is looked at until its buffers are given back, some seconds in all. */
const DRAIN_LOOKS = 100;

/** Runs rings. */
export interface Runner {
  /** Rings run in other threads, which see a change of memory only between two runs. */
  readonly elsewhere: boolean;
  /**
   * Runs a ring from a position, or from its beginning, and serves it when its event is signalled,
   * recording what is asked for.
   * PeerError, RangeError or TypeError for what can not be; those that come up later break the device.
   */
  start(ring: Ring, records: Records, position: QueuePosition | undefined): void;
  /** Looks into a ring that runs. */
  kick(ring: Ring): void;
  /** The event of available buffers of a ring that runs is another one from now on. */
  watch(ring: Ring): void | Promise<void>;
  /** The event of used buffers is another one from now on. */
  retarget(ring: Ring): void;
  /**
   * Takes a ring that runs from the device; where that stands in it. With `drained`, what the device
   * works on is waited for, for some seconds.
   */
  stop(ring: Ring, drained: boolean): Promise<QueuePosition | undefined>;
  /** Lets go of everything, once all rings are stopped. */
  close(): void;
}

/** Waits until the device works on nothing, for some seconds. */
export async function drained(device: Device): Promise<void> {
  for (let look = 0; look < DRAIN_LOOKS && !device.idle; look++) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(look, 50)));
  }
}

/** Runs rings on the event loop of this thread. */
export class LoopRunner implements Runner {
  /** Rings run here. */
  readonly elsewhere = false;
  readonly #device: Device;
  readonly #watched = new Map<Ring, number>();
  readonly #timers = new Map<Ring, ReturnType<typeof setInterval>>();

  /** For a device of this thread. */
  constructor(device: Device) {
    this.#device = device;
  }

  /** Enables the queue. */
  start(ring: Ring, records: Records, position: QueuePosition | undefined): void {
    recorded(this.#device, records, () => this.#device.enableQueue(records.layout, position));
    this.watch(ring);
  }

  /** Serves the queue at once. */
  kick(ring: Ring): void {
    this.#device.notify(ring.index);
  }

  /** Serves the queue whenever the event is signalled; every millisecond when there is none. */
  watch(ring: Ring): void {
    this.#unwatch(ring);
    const { index, kick } = ring;
    if (kick < 0) {
      this.#timers.set(ring, setInterval(() => this.#device.notify(index), POLL_INTERVAL));
      return;
    }
    poller.add(kick, () => {
      if (drain(kick) > 0) this.#device.notify(index);
    });
    this.#watched.set(ring, kick);
  }

  /** Events of used buffers are signalled by the connection. */
  retarget(_ring: Ring): void {}

  /** Resets the queue. */
  async stop(ring: Ring, wait: boolean): Promise<QueuePosition | undefined> {
    this.#unwatch(ring);
    if (wait) await drained(this.#device);
    return this.#device.resetQueue(ring.index);
  }

  /** There is nothing left. */
  close(): void {}

  #unwatch(ring: Ring): void {
    clearInterval(this.#timers.get(ring));
    this.#timers.delete(ring);
    const kick = this.#watched.get(ring);
    if (kick !== undefined) poller.remove(kick);
    this.#watched.delete(ring);
  }
}

/**
 * Requests that wait for their turn: where the standard says that those of a queue, or those of it
 * that have a key in common, are processed in order, none is begun before the one ahead is answered.
 *
 * A handler that answers at once holds nothing up, and nothing is noted of its requests. What is held
 * back was taken from the ring and not begun: it does not keep a device from being suspended, and is
 * saved in its order.
 *
 * @module
 */

import type { DeviceQueue } from "./queue.ts";

/** What requests that are served in order have in common. */
export type TurnKey = number | bigint;

/** The turns of one queue, on the device's side. */
export class Turns {
  readonly #queue: DeviceQueue;
  readonly #busy = new Set<TurnKey>(); // keys of requests that were begun, and are not answered
  readonly #heads: number[] = []; // held back, oldest first
  readonly #keys: TurnKey[] = []; // theirs
  #beginning: TurnKey | undefined; // key of the request that is being begun
  #freed = false; // a turn ended since all that is held back was looked at

  /** For a queue that went live. */
  constructor(queue: DeviceQueue) {
    this.#queue = queue;
    queue.heldBack = () => this.#heads;
  }

  /** How many requests are held back. */
  get held(): number {
    return this.#heads.length;
  }

  /** Takes the next request: the oldest that is held back and may go on, or one from the ring; -1 when there is none. */
  pop(): number {
    this.#beginning = undefined;
    if (this.#freed) {
      const at = this.#keys.findIndex((key) => !this.#busy.has(key));
      if (at >= 0) {
        this.#keys.splice(at, 1);
        return this.#heads.splice(at, 1)[0]!;
      }
      this.#freed = false;
    }
    return this.#queue.pop();
  }

  /** Whether the request has to wait for one with this key, which holds it back; else it is begun now. */
  hold(head: number, key: TurnKey): boolean {
    if (this.#busy.size > 0 && this.#busy.has(key)) {
      this.#heads.push(head);
      this.#keys.push(key);
      return true;
    }
    this.#beginning = key;
    return false;
  }

  /** Notes that the request that was begun last is answered later; returns the key that it keeps busy. */
  wait(): TurnKey | undefined {
    const key = this.#beginning;
    if (key !== undefined) this.#busy.add(key);
    return key;
  }

  /** Ends the turn of a request that was answered late; whether others may go on. */
  end(key: TurnKey | undefined): boolean {
    if (key === undefined) return false;
    this.#busy.delete(key);
    this.#freed = this.#heads.length > 0;
    return this.#freed;
  }
}

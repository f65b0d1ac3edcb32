/**
 * Buffers that a driver parks in a receive queue, and what the device puts into them.
 *
 * @module
 */

import type { Arena, DmaBuffer } from "./arena.ts";
import type { DriverQueue } from "./queue.ts";

/** Most bytes of memory that the buffers of one queue take. */
const MEMORY_MAX = 1 << 20;

/** The parked buffers of one queue, on the driver's side: all of one size, used over and over. */
export class ReceiveBuffers {
  readonly #queue: DriverQueue;
  readonly #arena: Arena;
  readonly #memory: DmaBuffer;
  readonly #size: number;
  readonly #count: number;
  readonly #bufferOf: Int32Array; // by head
  readonly #lengths: Int32Array; // by buffer
  #held: number[] = []; // collected, oldest first

  /** Allocates buffers of `size` bytes, at most one for each entry of the queue. RangeError when the arena is full. */
  constructor(queue: DriverQueue, arena: Arena, size: number) {
    this.#queue = queue;
    this.#arena = arena;
    this.#size = size;
    this.#count = Math.max(1, Math.min(queue.size, Math.floor(MEMORY_MAX / size)));
    this.#memory = arena.allocate(size * this.#count, 64);
    this.#bufferOf = new Int32Array(queue.size);
    this.#lengths = new Int32Array(this.#count);
  }

  /** Parks all buffers. */
  start(): void {
    for (let buffer = 0; buffer < this.#count; buffer++) this.#park(buffer);
    this.#queue.kick();
  }

  /** How many buffers have come, as far as they were asked for. */
  get held(): number {
    return this.#held.length;
  }

  /** Whether the next `count` buffers have come. */
  has(count: number): boolean {
    while (this.#held.length < count) {
      const head = this.#queue.collect();
      if (head < 0) return false;
      const buffer = this.#bufferOf[head]!;
      this.#lengths[buffer] = this.#queue.usedLength;
      this.#held.push(buffer);
    }
    return true;
  }

  /**
   * What is in the next `count` buffers together. Of one buffer it is the memory itself: the device
   * may still change it, and it is used again after {@linkcode ReceiveBuffers.release}.
   */
  bytes(count: number): Uint8Array {
    if (count === 1) return this.#view(this.#held[0]!);
    const views = this.#held.slice(0, count).map((buffer) => this.#view(buffer));
    const whole = new Uint8Array(views.reduce((sum, view) => sum + view.length, 0));
    let at = 0;
    for (const view of views) {
      whole.set(view, at);
      at += view.length;
    }
    return whole;
  }

  /** Parks the next `count` buffers again; the device learns of them at the next kick. */
  release(count: number): void {
    for (let i = 0; i < count; i++) this.#park(this.#held.shift()!);
  }

  /** Gives the memory back, once the device has let go of the queue. */
  close(): void {
    this.#arena.free(this.#memory);
  }

  #view(buffer: number): Uint8Array {
    const from = buffer * this.#size;
    return this.#memory.bytes.subarray(from, from + this.#lengths[buffer]!);
  }

  #park(buffer: number): void {
    this.#queue.writable(this.#memory.address + buffer * this.#size, this.#size);
    const head = this.#queue.add();
    if (head >= 0) this.#bufferOf[head] = buffer;
  }
}

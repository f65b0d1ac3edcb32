/**
 * Buffers that a driver parks in a receive queue until the device has something to say.
 *
 * @module
 */

import type { DeviceQueue } from "./queue.ts";

/** The parked buffers of one queue, on the device's side. They are taken from the ring as they come. */
export class ParkedBuffers {
  readonly #queue: DeviceQueue;
  readonly #heads: Int32Array; // a ring
  #first = 0;
  #count = 0;
  #held = false;
  #unseen = 0;
  // The parts of data that were cut out last, by buffer: who sends uses the same memory again and again.
  readonly #pieces: Uint8Array[] = [];

  /** For a queue that went live. */
  constructor(queue: DeviceQueue) {
    this.#queue = queue;
    this.#heads = new Int32Array(queue.size);
  }

  /** How many buffers are parked. */
  get count(): number {
    return this.#count;
  }

  /** Takes all buffers that came, and says whether there were any. */
  park(): boolean {
    const before = this.#count;
    const heads = this.#heads;
    while (this.#count < heads.length) {
      const head = this.#queue.pop();
      if (head < 0) break;
      heads[(this.#first + this.#count++) % heads.length] = head;
    }
    return this.#count > before;
  }

  /** Keeps a buffer that was popped already. */
  keep(head: number): void {
    this.#heads[(this.#first + this.#count++) % this.#heads.length] = head;
  }

  /** Bytes that the next buffer holds; 0 when none is parked. */
  get room(): number {
    if (this.#count === 0) this.park();
    return this.#count === 0 ? 0 : this.#queue.chain(this.#at(0)).writableLength;
  }

  /** How many of the next buffers hold `length` bytes together; 0 when they never do, or more than `most` were needed. */
  needed(length: number, most: number): number {
    if (this.#count < most) this.park();
    let room = 0;
    for (let i = 0; i < this.#count && i < most; i++) {
      room += this.#queue.chain(this.#at(i)).writableLength;
      if (room >= length) return i + 1;
    }
    return 0;
  }

  /** Writes two pieces, one behind the other, over the next `buffers` buffers, and gives those back. */
  send(buffers: number, head: Uint8Array, data: Uint8Array): void {
    let at = 0;
    const length = head.length + data.length;
    for (let i = 0; i < buffers; i++) {
      const id = this.#take();
      const chain = this.#queue.chain(id);
      const count = Math.min(chain.writableLength, length - at);
      const fromHead = Math.max(0, Math.min(count, head.length - at));
      if (fromHead > 0) chain.write(0, head, at, fromHead);
      if (count > fromHead) {
        const piece = this.#piece(i, data, at + fromHead - head.length, count - fromHead);
        chain.write(fromHead, piece, 0, piece.length);
      }
      at += count;
      this.#queue.push(id, count);
    }
    this.#publish();
  }

  /** Writes as much of a stream of bytes as there is room for; returns how many bytes that were. */
  stream(data: Uint8Array): number {
    this.park();
    let at = 0;
    while (at < data.length && this.#count > 0) {
      const id = this.#take();
      const chain = this.#queue.chain(id);
      const count = Math.min(chain.writableLength, data.length - at);
      chain.write(0, data, at, count);
      this.#queue.push(id, count);
      at += count;
    }
    if (at > 0) this.#publish();
    return at;
  }

  /** Gives the oldest buffer back with nothing in it; false when none is parked. */
  giveBack(): boolean {
    if (this.#count === 0) return false;
    this.#queue.push(this.#take(), 0);
    this.#publish();
    return true;
  }

  /** Notifies the driver of nothing that is given back from now on, until it is released. */
  hold(): void {
    this.#held = true;
  }

  /** Shows the driver all that was given back meanwhile, and notifies it from now on. */
  release(): void {
    this.#held = false;
    this.#queue.publish();
  }

  #publish(): void {
    if (!this.#held) return this.#queue.publish();
    if ((++this.#unseen & 7) === 0) this.#queue.expose(); // so that the driver need not wait for all
  }

  #piece(i: number, data: Uint8Array, from: number, length: number): Uint8Array {
    if (length === data.length) return data;
    const last = this.#pieces[i];
    if (
      last !== undefined && last.length === length && last.buffer === data.buffer &&
      last.byteOffset === data.byteOffset + from
    ) return last;
    return this.#pieces[i] = data.subarray(from, from + length);
  }

  #at(i: number): number {
    return this.#heads[(this.#first + i) % this.#heads.length]!;
  }

  #take(): number {
    const head = this.#at(0);
    this.#first = (this.#first + 1) % this.#heads.length;
    this.#count--;
    return head;
  }
}

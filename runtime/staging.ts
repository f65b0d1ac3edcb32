/**
 * The elements of a buffer that a driver is putting together.
 *
 * The last one lies in fields, those before it in an array: V8 then sees what an add takes from the fields, where that
 * follows at once (0.5 ns for a buffer of one element, where all devices ran before). It is a class of its own, not a
 * part of the queues' base class, because V8 would see two kinds of queues at each of these fields (a chain of three:
 * 25 ns to add instead of 28, packed; see bench/ring/README.md).
 *
 * @module
 */

import type { IndirectPool } from "./indirect_pool.ts";
import { BUFFER_BYTES_MAX, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
const TOTAL_MAX = BUFFER_BYTES_MAX;

/** Elements in their order, readable ones first; checked, but for memory, which only the device has to find. */
export class Staging {
  /** How many there are. */
  count = 0;
  /** Low half of the last one's guest address, as int32. */
  low = 0;
  /** High half of its guest address, as int32. */
  high = 0;
  /** Its bytes, as int32. */
  length = 0;
  /** Its flags: WRITE or 0. */
  flags = 0;
  /** Four words for each, which for the last one are set by {@linkcode Staging.gather}: address low and high, length, flags. */
  words: Int32Array = new Int32Array(4 * 4);

  /** Adds an element that the device reads; TypeError after a writable one, RangeError when it is empty. */
  readable(address: number, length: number): void {
    if (this.count > 0 && this.flags !== 0) this.refuseReadable();
    this.put(address, length, 0);
  }

  /** Adds an element that the device writes; RangeError when it is empty. */
  writable(address: number, length: number): void {
    this.put(address, length, WRITE);
  }

  /** Has no elements any more. */
  clear(): void {
    this.count = 0;
  }

  /** Throws unless there are elements, no more than a ring of that size can take. */
  check(size: number): void {
    const { count } = this;
    if (count > 0 && count <= size) return;
    this.clear();
    if (count === 0) throw new TypeError("Cannot add a buffer: nothing is staged");
    throw new RangeError(`Cannot add a buffer: ${count} elements in a ring of ${size}`);
  }

  /** All elements as words. */
  gather(): Int32Array {
    const at = (this.count - 1) << 2;
    if (at === this.words.length) this.grow();
    const words = this.words;
    words[at] = this.low;
    words[at | 1] = this.high;
    words[at | 2] = this.length;
    words[at | 3] = this.flags;
    return words;
  }

  /** Bytes that the device may write, as used lengths go; RangeError for more than 2^32 bytes in all. */
  writableBytes(): number {
    const words = this.gather();
    let total = 0;
    let writable = 0;
    for (let at = 0; at < this.count << 2; at += 4) {
      const length = words[at | 2]! >>> 0;
      total += length;
      if (words[at | 3] !== 0) writable += length;
    }
    if (total <= TOTAL_MAX) return Math.min(writable, TOTAL_MAX - 1);
    this.clear();
    throw new RangeError(`Cannot add a buffer: ${total} bytes are more than 2^32`);
  }

  /**
   * Writes a table of descriptors where the pool says, linked for a split ring, following each other for a packed one;
   * returns what {@linkcode Staging.writableBytes} does.
   */
  fillTable(pool: IndirectPool, linked: boolean): number {
    const { words, base } = pool;
    const staged = this.gather();
    const end = this.count << 2;
    let readable = 0;
    let writable = 0;
    let all = 0; // negative once a length or a sum does not fit 31 bits
    for (let at = 0; at < end; at += 4) {
      const word = base + at;
      const next = at + 4;
      const length = staged[at | 2]!;
      const flags = staged[at | 3]!;
      words[word] = staged[at]!;
      words[word | 1] = staged[at | 1]!;
      words[word | 2] = length;
      words[word | 3] = !linked ? flags << 16 : next < end ? flags | NEXT | next << 14 : flags;
      if (flags === 0) readable = readable + length | 0;
      else writable = writable + length | 0;
      all |= length | readable | writable;
    }
    return all < 0 ? this.writableBytes() : writable;
  }

  private put(address: number, length: number, flags: number): void {
    // Both values fit 31 bits nearly always; only otherwise is arithmetic on doubles needed.
    const low = address | 0;
    const bytes = length | 0;
    let high = 0;
    if (low !== address || bytes !== length || low < 0 || bytes <= 0) {
      this.checkElement(address, length);
      high = Math.floor(address / 2 ** 32) | 0;
    }
    const count = this.count;
    if (count > 0) this.gather();
    this.low = low;
    this.high = high;
    this.length = bytes;
    this.flags = flags;
    this.count = count + 1;
  }

  private checkElement(address: number, length: number): void {
    if (Number.isSafeInteger(address) && address >= 0) {
      if (Number.isInteger(length) && length > 0 && length < BUFFER_BYTES_MAX) return;
    }
    this.clear();
    throw new RangeError(`Cannot stage ${length} bytes at ${address}: not a range of guest memory`);
  }

  private refuseReadable(): never {
    this.clear();
    throw new TypeError("Cannot stage a readable element: it follows a writable one");
  }

  private grow(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
  }
}

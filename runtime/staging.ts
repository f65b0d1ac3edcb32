/**
 * The elements of a buffer that a driver is putting together.
 *
 * The last one lies in fields: V8 then sees what an add takes from there, where that follows at once. Those before it lie
 * where the device will find them, in the spare table of the pool, so that an add only has to name the table; what has
 * no place there lies in private memory. What nearly every element needs is short, and the rest is in methods of its
 * own, so that V8 puts the former in line with what calls it. It is a class, not a part of the queues' base class,
 * because V8 would see two kinds of queues at each of these fields. bench/ring/README.md says what all that saves.
 *
 * Security model: a table is in the device's reach before the buffer is added. Nothing is decided by what is in it: how
 * many elements there are, and how many bytes the device may write, is counted apart, and what is moved from it to
 * private memory goes nowhere but into descriptors again.
 *
 * @module
 */

import { type IndirectPool, SHORT_ENTRIES } from "./indirect_pool.ts";
import { BUFFER_BYTES_MAX, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
const TOTAL_MAX = BUFFER_BYTES_MAX;
/** Elements in a spare table before the last one. */
const SPARE_ROOM = SHORT_ENTRIES - 1;
/** The highest address whose upper half is not looked at. */
const LOW_MAX = 2 ** 31 - 1;
/** The most bytes of an element in a spare table: sums of those need no more than 31 bits. */
const SHORT_MAX = 2 ** 29 - 1;

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
  /** Where they begin in the words of their memory, a multiple of four; each has four, as in an indirect table. */
  base = 0;
  /** After {@linkcode Staging.seal}: bytes that the device may write. */
  writableLength = 0;
  /** Where all but the last one are. */
  declare private words: Int32Array;
  /** How many may be there. */
  private room = 0;
  /** Whether that is the spare table. */
  private spare = false;
  /** Private memory. */
  private own: Int32Array = new Int32Array(4 * SHORT_ENTRIES);
  declare private readonly pool: IndirectPool | undefined;
  /** What is kept of links: nothing in a packed ring, where elements follow each other. */
  declare private readonly links: number;
  /** By how much flags are shifted in the last word of an element. */
  declare private readonly shift: number;

  /** Tables are those of a ring in which elements are linked, as in a split one, or not. */
  constructor(linked: boolean, pool: IndirectPool | undefined) {
    this.words = this.own;
    this.pool = pool;
    this.links = linked ? -1 : 0;
    this.shift = linked ? 0 : 16;
  }

  /** Adds an element; TypeError for one that the device reads after one that it writes, RangeError for what is none. */
  put(address: number, length: number, flags: number): void {
    const low = address & LOW_MAX;
    const bytes = length & SHORT_MAX;
    if (low !== address || bytes !== length || bytes === 0) {
      return this.putOther(address, length, flags);
    }
    const count = this.count;
    if (count > 0) this.settle(count, flags);
    this.low = low;
    this.high = 0;
    this.length = bytes;
    this.flags = flags;
    this.count = count + 1;
  }

  /** Has no elements any more. */
  clear(): void {
    this.count = this.writableLength = 0;
    if (!this.spare && this.pool !== undefined) this.room = 0;
  }

  /** Throws unless there are elements, no more than a ring of that size can take. */
  check(size: number): void {
    const { count } = this;
    if (count > 0 && count <= size) return;
    this.clear();
    if (count === 0) throw new TypeError("Cannot add a buffer: nothing is staged");
    throw new RangeError(`Cannot add a buffer: ${count} elements in a ring of ${size}`);
  }

  /** Completes the spare table; false when the elements are not in it, or there is one alone. */
  seal(): boolean {
    if (this.spare !== true || this.count < 2) return false;
    this.end();
    return true;
  }

  /** Has no elements any more, since the table is a buffer's now; the next spare one begins at that word. */
  handOver(next: number): void {
    this.count = this.writableLength = 0;
    this.base = next;
  }

  /** All elements in private memory, from its first word on. */
  gather(): Int32Array {
    if (this.spare) this.leave(this.words);
    this.end();
    return this.own;
  }

  /** Bytes of gathered elements that the device may write, as used lengths go; RangeError for over 2^32 bytes in all. */
  countWritable(): number {
    const { count, own } = this;
    let total = 0;
    let writable = 0;
    for (let word = 0; word < count << 2; word += 4) {
      const length = own[word | 2]! >>> 0;
      total += length;
      if ((own[word | 3]! & WRITE << this.shift) !== 0) writable += length;
    }
    if (total <= TOTAL_MAX) return Math.min(writable, TOTAL_MAX - 1);
    this.clear();
    throw new RangeError(`Cannot add a buffer: ${total} bytes are more than 2^32`);
  }

  /** The memory of tables may have moved, or gone: what is staged goes on in private memory. */
  remap(): void {
    const { pool, spare, words } = this;
    pool?.remap();
    // Memory that was exchanged is detached and empty, and what took its place has the same bytes.
    if (spare) this.leave(words.length > 0 ? words : pool!.words);
  }

  /** All that a put may meet but a short element at a low address. */
  private putOther(address: number, length: number, flags: number): void {
    if (!isElement(address, length)) {
      this.clear();
      throw new RangeError(
        `Cannot stage ${length} bytes at ${address}: not a range of guest memory`,
      );
    }
    if (length > SHORT_MAX) this.leave(this.words);
    if (this.count > 0) this.settle(this.count, flags);
    this.low = address | 0;
    this.high = Math.floor(address / 2 ** 32) | 0;
    this.length = length | 0;
    this.flags = flags;
    this.count++;
  }

  /** Makes the last element one of the others; `following` are the flags of the one after it. */
  private settle(count: number, following: number): void {
    const { flags, length, words } = this;
    if (count > this.room || following < flags) return this.settleOther(count, following);
    const word = this.base + (count - 1 << 2);
    words[word] = this.low;
    words[word | 1] = this.high;
    words[word | 2] = length;
    words[word | 3] = flags << this.shift | (count << 16 | NEXT) & this.links;
    if (flags !== 0) this.writableLength = (this.writableLength + length) | 0;
  }

  /** Settles the last element where another place has to be found first. */
  private settleOther(count: number, following: number): void {
    if (following < this.flags) {
      this.clear();
      throw new TypeError("Cannot stage a readable element: it follows a writable one");
    }
    const first = count === 1 && !this.spare;
    const place = first ? this.pool?.open() ?? -1 : -1;
    if (place >= 0) this.enter(place);
    else this.leave(this.words);
    this.settle(count, following);
  }

  /** Writes the last element, which nothing follows. */
  private end(): void {
    const { count, flags, length, words } = this;
    const word = this.base + (count - 1 << 2);
    words[word] = this.low;
    words[word | 1] = this.high;
    words[word | 2] = length;
    words[word | 3] = flags << this.shift;
    if (flags !== 0) this.writableLength = (this.writableLength + length) | 0;
  }

  /** Goes to the spare table, which begins at that word. */
  private enter(place: number): void {
    this.words = this.pool!.words;
    this.base = place;
    this.room = SPARE_ROOM;
    this.spare = true;
  }

  /** Goes to private memory, with room for all elements and one more; those before the last one are in these words. */
  private leave(words: Int32Array): void {
    const from = this.base;
    const others = words.subarray(from, from + (Math.max(this.count, 1) - 1 << 2));
    while (this.own.length < this.count + 1 << 2) this.own = new Int32Array(2 * this.own.length);
    this.own.set(others);
    this.words = this.own;
    this.base = 0;
    this.room = (this.own.length >> 2) - 1;
    this.spare = false;
  }
}

function isElement(address: number, length: number): boolean {
  return Number.isSafeInteger(address) && address >= 0 && Number.isInteger(length) &&
    length > 0 && length < BUFFER_BYTES_MAX;
}

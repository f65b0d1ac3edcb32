/**
 * One buffer as the device sees it: a readable and a writable part, each a list of elements.
 *
 * Security model: elements are checked once, when the buffer is popped, and kept here as trusted copies
 * (window, offset, length); no descriptor is ever read again. Every access is checked against the part's
 * length, and is refused once the buffer was given back. What the other side writes into the bytes
 * themselves may change at any time: copy first, then check.
 *
 * @module
 */

import { ReadableBytes, WritableBytes } from "./cursor.ts";
import { RequestAborted } from "./errors.ts";
import { BUFFER_BYTES_MAX } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type { BufferElement } from "./queue.ts";

/** What may be wrong with an element; 0 is nothing. */
export const FAULT_NONE = 0;
/** The element is empty. */
export const FAULT_EMPTY = 1;
/** The element is not inside guest memory. */
export const FAULT_OUTSIDE = 2;
/** A readable element follows a writable one. */
export const FAULT_ORDER = 3;
/** The buffer is longer than 2^32 bytes. */
export const FAULT_TOTAL = 4;

// Below this many bytes a loop is faster than making a view and calling TypedArray.set (27 ns for the view).
const LOOP_BYTES = 32;
const TOTAL_MAX = BUFFER_BYTES_MAX;
const INT32_MAX = 0x7fffffff;
const SEGMENT_WORDS = 3; // window, offset, length
const NO_WORDS = new Int32Array(0);
const NO_FIXED = new Uint8Array(0);
const NO_VIEW = new DataView(NO_FIXED.buffer);

/** A buffer that the device took; it is valid until it is given back, then serves the next of its head. */
export class Chain {
  /** For queues: descriptors that the buffer occupies in the ring. */
  descriptors = 1;
  /** Bytes that the device may read. */
  readableLength = 0;
  /** Bytes that the device may write. */
  writableLength = 0;
  /** After {@linkcode Chain.readableMemory} and {@linkcode Chain.writableMemory}: where the bytes begin in it. */
  offset = 0;
  #count = 0; // segments
  #readableCount = 0;
  readonly #rows: Int32Array;
  /** The number that {@linkcode DeviceQueue.pop} returned. */
  declare readonly head: number;
  /** Private memory for the buffer's fixed part; see {@linkcode Chain.readFixed}. */
  fixed: Uint8Array = NO_FIXED;
  /** The same private memory. */
  view: DataView = NO_VIEW;

  readonly #memory: GuestMemory;
  // Segments of three words each: first the readable ones, then the writable ones.
  #segments = new Int32Array(2 * SEGMENT_WORDS);
  // The segment that the last access began in, and the offset in its part at which it starts.
  #segment = 0;
  #start = 0;
  // The last view that was made: a driver uses the same memory again and again.
  #piece: Uint8Array | undefined = undefined;
  #pieceBytes: Uint8Array | undefined = undefined;
  #pieceOffset = 0;
  #fixedWords: Int32Array = NO_WORDS;
  #reader: ReadableBytes | undefined = undefined;
  #writer: WritableBytes | undefined = undefined;
  #stopped = false;

  /** Called by queues alone. */
  constructor(memory: GuestMemory, rows: Int32Array, head: number, fixedSize: number) {
    this.head = head;
    this.#memory = memory;
    this.#rows = rows;
    this.ensureFixed(fixedSize);
  }

  /** Odd while the buffer is pending; what was made for one serial is void at the next. */
  get serial(): number {
    return this.#rows[this.head << 4]!;
  }

  /** Whether the buffer is popped and not yet given back. */
  get pending(): boolean {
    return (this.serial & 1) === 1;
  }

  /** Makes {@linkcode Chain.fixed} at least `length` bytes long; what it held is lost when it grows. */
  ensureFixed(length: number): void {
    if (length <= this.fixed.length) return;
    this.#fixedWords = new Int32Array((length + 7) >> 3 << 1);
    this.fixed = new Uint8Array(this.#fixedWords.buffer);
    this.view = new DataView(this.#fixedWords.buffer);
  }

  /** Copies readable bytes to the start of {@linkcode Chain.fixed}; RangeError beyond the readable part. */
  readFixed(from: number, length: number): void {
    if (length > this.fixed.length) this.ensureFixed(length);
    const offset = this.#segments[1]! + from;
    if (this.#readableCount !== 1 || !this.pending || (offset & 3) !== 0) {
      return this.read(from, this.fixed, 0, length);
    }
    const window = this.#memory.window(this.#segments[0]!);
    const source = window.words;
    const first = offset >> 2;
    const count = length >> 2;
    if (
      from < 0 || from + length > this.readableLength || first + count > source.length ||
      offset + length > window.bytes.length
    ) return this.read(from, this.fixed, 0, length);
    const words = this.#fixedWords;
    for (let i = 0; i < count; i++) words[i] = source[first + i]!;
    for (let i = count << 2; i < length; i++) this.fixed[i] = window.bytes[offset + i]!;
  }

  /** Copies readable bytes from offset `from` to `target` at `at`; RangeError beyond either. */
  read(from: number, target: Uint8Array, at: number, length: number): void {
    this.#checkPart("read", from, length, this.readableLength);
    checkArray("read", target, at, length);
    let segment = this.#seek(from, 0, this.#readableCount);
    let skip = from - this.#start;
    for (const end = at + length; at < end; skip = 0) {
      const offset = this.#segments[segment + 1]! + skip;
      const count = Math.min((this.#segments[segment + 2]! >>> 0) - skip, end - at);
      const bytes = this.#reach(segment, offset, count);
      if (count < LOOP_BYTES) {
        for (let i = 0; i < count; i++) target[at + i] = bytes[offset + i]!;
      } else {
        target.set(this.#pieceOf(bytes, offset, count), at);
      }
      at += count;
      segment += SEGMENT_WORDS;
    }
  }

  /** Copies bytes of `source` at `at` to the writable part at `from`; RangeError beyond either. */
  write(from: number, source: Uint8Array, at: number, length: number): void {
    this.#checkPart("write", from, length, this.writableLength);
    checkArray("write", source, at, length);
    let segment = this.#seek(from, this.#readableCount, this.#count);
    let skip = from - this.#start;
    for (const end = at + length; at < end; skip = 0) {
      const offset = this.#segments[segment + 1]! + skip;
      const count = Math.min((this.#segments[segment + 2]! >>> 0) - skip, end - at);
      const bytes = this.#reach(segment, offset, count);
      if (count < LOOP_BYTES) {
        for (let i = 0; i < count; i++) bytes[offset + i] = source[at + i]!;
      } else {
        bytes.set(count === source.length ? source : source.subarray(at, at + count), offset);
      }
      at += count;
      segment += SEGMENT_WORDS;
    }
  }

  /** Writes one byte of the writable part; RangeError beyond it. */
  writeByte(from: number, value: number): void {
    this.#checkPart("write", from, 1, this.writableLength);
    const segment = this.#seek(from, this.#readableCount, this.#count);
    const offset = this.#segments[segment + 1]! + from - this.#start;
    this.#reach(segment, offset, 1)[offset] = value;
  }

  /** Fills bytes of the writable part with zeroes; RangeError beyond it. */
  zero(from: number, length: number): void {
    this.#checkPart("write", from, length, this.writableLength);
    let segment = this.#seek(from, this.#readableCount, this.#count);
    let skip = from - this.#start;
    for (; length > 0; skip = 0) {
      const offset = this.#segments[segment + 1]! + skip;
      const count = Math.min((this.#segments[segment + 2]! >>> 0) - skip, length);
      this.#reach(segment, offset, count).fill(0, offset, offset + count);
      length -= count;
      segment += SEGMENT_WORDS;
    }
  }

  /** The chain's own cursor over readable bytes, aimed anew; RangeError beyond the readable part. */
  readable(from: number, length: number): ReadableBytes {
    if (this.#reader === undefined) return this.#reader = new ReadableBytes(this, from, length);
    this.#reader.aim(from, length);
    return this.#reader;
  }

  /** The chain's own cursor over writable bytes, aimed anew; RangeError beyond the writable part. */
  writable(from: number, length: number): WritableBytes {
    if (this.#writer === undefined) return this.#writer = new WritableBytes(this, from, length);
    this.#writer.aim(from, length);
    return this.#writer;
  }

  /** Readable bytes without a copy, undefined when they are not contiguous; RangeError beyond the part. */
  readableView(from: number, length: number): Uint8Array | undefined {
    this.#checkPart("read", from, length, this.readableLength);
    return this.#contiguous(this.#seek(from, 0, this.#readableCount), from, length);
  }

  /** Writable bytes without a copy, undefined when they are not contiguous; RangeError beyond the part. */
  writableView(from: number, length: number): Uint8Array | undefined {
    this.#checkPart("write", from, length, this.writableLength);
    return this.#contiguous(this.#seek(from, this.#readableCount, this.#count), from, length);
  }

  /** The memory that has the readable bytes, from {@linkcode Chain.offset} on; for the rest see {@linkcode Chain.readableView}. */
  readableMemory(from: number, length: number): Uint8Array | undefined {
    this.#checkPart("read", from, length, this.readableLength);
    return this.#memoryOf(this.#seek(from, 0, this.#readableCount), from, length);
  }

  /** The memory that has the writable bytes, from {@linkcode Chain.offset} on; for the rest see {@linkcode Chain.writableView}. */
  writableMemory(from: number, length: number): Uint8Array | undefined {
    this.#checkPart("write", from, length, this.writableLength);
    return this.#memoryOf(this.#seek(from, this.#readableCount, this.#count), from, length);
  }

  /** The buffer's elements, as plain data. */
  elements(): BufferElement[] {
    return Array.from({ length: this.#count }, (_, number) => {
      const [window, offset, length] = this.#segments.subarray(number * SEGMENT_WORDS);
      return {
        address: this.#memory.window(window!).address + offset!,
        length: length! >>> 0,
        writable: number >= this.#readableCount,
      };
    });
  }

  /** Throws unless the buffer is pending: TypeError after it was given back, RequestAborted after a reset. */
  check(verb: string): void {
    if ((this.serial & 1) === 0) this.refuse(verb);
  }

  /** Throws what {@linkcode Chain.check} throws. */
  refuse(verb: string): never {
    if (this.#stopped) throw new RequestAborted(`Cannot ${verb} the buffer: its queue was stopped`);
    throw new TypeError(`Cannot ${verb} the buffer: its request is already complete`);
  }

  /** For queues: forgets the last buffer. */
  clear(): void {
    this.#count = this.#readableCount = 0;
    this.readableLength = this.writableLength = 0;
    this.#segment = -1;
  }

  /** For queues: the buffer is one located element of less than 2 GiB. */
  single(window: number, offset: number, length: number, write: boolean): void {
    const segments = this.#segments;
    segments[0] = window;
    segments[1] = offset;
    segments[2] = length;
    this.#count = this.descriptors = 1;
    if (write) {
      this.#readableCount = this.readableLength = 0;
      this.writableLength = length;
    } else {
      this.#readableCount = 1;
      this.readableLength = length;
      this.writableLength = 0;
    }
  }

  /**
   * For queues: the buffer has `count` located elements in one window, offset and length each in `words`; its lengths
   * are still to be set.
   */
  several(
    window: number,
    words: Int32Array,
    from: number,
    count: number,
    readableCount: number,
  ): void {
    const end = count * SEGMENT_WORDS;
    while (end > this.#segments.length) this.#grow();
    const segments = this.#segments;
    for (let at = 0; at < end; at += SEGMENT_WORDS) {
      segments[at] = window;
      segments[at + 1] = words[from]!;
      segments[at + 2] = words[from + 1]!;
      from += 2;
    }
    this.#count = count;
    this.#readableCount = readableCount;
    this.#segment = -1;
  }

  /** For queues: adds an element, given as int32 bit patterns; returns what is wrong with it. */
  append(low: number, high: number, length: number, write: boolean): number {
    const offset = this.#memory.locate(low, high, length);
    if (offset < 0) return this.#appendAcross(low, high, length, write);
    return this.#appendAt(this.#memory.found, offset, length, write);
  }

  /** For queues: what is wrong with all elements together. */
  total(): number {
    const total = this.readableLength + this.writableLength;
    // Compared with 2^32 alone, every length would become a double first.
    return total > INT32_MAX && total > TOTAL_MAX ? FAULT_TOTAL : FAULT_NONE;
  }

  /** For queues: the buffer is being taken away by a reset. */
  abandon(): void {
    this.#stopped = true;
  }

  #appendAt(window: number, offset: number, length: number, write: boolean): number {
    const at = this.#count * SEGMENT_WORDS;
    if (at === this.#segments.length) this.#grow();
    if (write) {
      this.writableLength += length >>> 0;
    } else {
      if (this.#count !== this.#readableCount) return FAULT_ORDER;
      this.readableLength += length >>> 0;
      this.#readableCount++;
    }
    const segments = this.#segments;
    segments[at] = window;
    segments[at + 1] = offset;
    segments[at + 2] = length;
    this.#count++;
    return FAULT_NONE;
  }

  /** An element may go on from one region into the next when their addresses do. */
  #appendAcross(low: number, high: number, length: number, write: boolean): number {
    if (length === 0) return FAULT_EMPTY;
    let address = (high >>> 0) * 2 ** 32 + (low >>> 0);
    let left = length >>> 0;
    if (!this.#memory.contains(address, left)) return FAULT_OUTSIDE;
    while (left > 0) {
      const count = Math.min(this.#memory.extent(address), left);
      const offset = this.#memory.locate(address | 0, Math.floor(address / 2 ** 32) | 0, count | 0);
      const fault = this.#appendAt(this.#memory.found, offset, count | 0, write);
      if (fault !== FAULT_NONE) return fault;
      address += count;
      left -= count;
    }
    return FAULT_NONE;
  }

  #checkPart(verb: string, from: number, length: number, available: number): void {
    if ((this.serial & 1) === 0) this.refuse(verb);
    if (from >= 0 && length >= 0 && from + length <= available) return;
    throw new RangeError(
      `Cannot ${verb} the buffer: ${length} bytes at ${from} are not within its ${available} bytes`,
    );
  }

  /** Index of the first word of the segment that holds byte `from` of a part, whose segments are given. */
  #seek(from: number, first: number, end: number): number {
    if (end - first <= 1) {
      this.#start = 0;
      this.#segment = -1;
      return first * SEGMENT_WORDS;
    }
    if (this.#segment < first || this.#segment >= end || from < this.#start) {
      this.#segment = first;
      this.#start = 0;
    }
    for (; this.#segment < end - 1; this.#segment++) {
      const next = this.#start + (this.#segments[this.#segment * SEGMENT_WORDS + 2]! >>> 0);
      if (from < next) break;
      this.#start = next;
    }
    return this.#segment * SEGMENT_WORDS;
  }

  /** The bytes of a segment's window; refused when its region went away meanwhile. */
  #reach(segment: number, offset: number, length: number): Uint8Array {
    const { bytes } = this.#memory.window(this.#segments[segment]!);
    if (offset + length <= bytes.length) return bytes;
    throw new RequestAborted("Cannot reach the buffer: its memory was removed");
  }

  #contiguous(segment: number, from: number, length: number): Uint8Array | undefined {
    if (length === 0) return NO_FIXED;
    const bytes = this.#memoryOf(segment, from, length);
    return bytes === undefined ? undefined : this.#pieceOf(bytes, this.offset, length);
  }

  #memoryOf(segment: number, from: number, length: number): Uint8Array | undefined {
    const skip = from - this.#start;
    if (length === 0 || length > (this.#segments[segment + 2]! >>> 0) - skip) return undefined;
    this.offset = this.#segments[segment + 1]! + skip;
    return this.#reach(segment, this.offset, length);
  }

  #pieceOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    const piece = this.#piece;
    if (piece !== undefined && piece.length === length && this.#pieceOffset === offset) {
      if (this.#pieceBytes === bytes) return piece;
    }
    this.#pieceBytes = bytes;
    this.#pieceOffset = offset;
    return this.#piece = bytes.subarray(offset, offset + length);
  }

  #grow(): void {
    const segments = new Int32Array(this.#segments.length * 2);
    segments.set(this.#segments);
    this.#segments = segments;
  }
}

function checkArray(verb: string, array: Uint8Array, at: number, length: number): void {
  if (at >= 0 && at + length <= array.length) return;
  throw new RangeError(
    `Cannot ${verb} ${length} bytes: the array has ${array.length}, of which ${at} are skipped`,
  );
}

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
import { ROW_END, ROW_SEGMENTS, ROW_SHIFT, SEGMENT_WORDS } from "./few_elements.ts";
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
  declare private readonly rows: Int32Array;
  /** The number that {@linkcode DeviceQueue.pop} returned. */
  declare readonly head: number;
  /** Private memory for the buffer's fixed part; see {@linkcode Chain.readFixed}. */
  fixed: Uint8Array = NO_FIXED;
  /** The same private memory. */
  view: DataView = NO_VIEW;

  declare private readonly memory: GuestMemory;
  // Segments of three words each, first the readable ones, then the writable ones: in the row of the head while they
  // have room there. Where they begin, the writable ones begin, they end, and the room ends.
  declare private segments: Int32Array;
  private first = 0;
  private middle = 0;
  private end = 0;
  private limit = 0;
  private own: Int32Array = NO_WORDS; // for more than a row has room for
  // The segment that the last access began in, and the offset in its part at which it starts.
  private segment = -1;
  private start = 0;
  // The last view that was made: a driver uses the same memory again and again.
  private piece: Uint8Array | undefined = undefined;
  private pieceBytes: Uint8Array | undefined = undefined;
  private pieceOffset = 0;
  private fixedWords: Int32Array = NO_WORDS;
  private reader: ReadableBytes | undefined = undefined;
  private writer: WritableBytes | undefined = undefined;
  private since = -1; // the serial of the buffer
  private stopped = false;

  /** Called by queues alone. */
  constructor(memory: GuestMemory, rows: Int32Array, head: number, fixedSize: number) {
    this.head = head;
    this.memory = memory;
    this.rows = this.segments = rows;
    this.ensureFixed(fixedSize);
  }

  /** Odd while the buffer is pending; what was made for one serial is void at the next. */
  get serial(): number {
    return this.rows[this.head << 4]!;
  }

  /** Whether the buffer is popped and not yet given back. */
  get pending(): boolean {
    return this.serial === this.since;
  }

  /** Makes {@linkcode Chain.fixed} at least `length` bytes long; what it held is lost when it grows. */
  ensureFixed(length: number): void {
    if (length <= this.fixed.length) return;
    this.fixedWords = new Int32Array((length + 7) >> 3 << 1);
    this.fixed = new Uint8Array(this.fixedWords.buffer);
    this.view = new DataView(this.fixedWords.buffer);
  }

  /** Copies readable bytes to the start of {@linkcode Chain.fixed}; RangeError beyond the readable part. */
  readFixed(from: number, length: number): void {
    if (length > this.fixed.length) this.ensureFixed(length);
    const first = this.first;
    const offset = this.segments[first + 1]! + from;
    if (this.middle !== first + SEGMENT_WORDS || !this.pending || (offset & 3) !== 0) {
      return this.read(from, this.fixed, 0, length);
    }
    const window = this.memory.window(this.segments[first]!);
    const source = window.words;
    const word = offset >> 2;
    const count = length >> 2;
    if (
      from < 0 || from + length > this.readableLength || word + count > source.length ||
      offset + length > window.bytes.length
    ) return this.read(from, this.fixed, 0, length);
    const words = this.fixedWords;
    for (let i = 0; i < count; i++) words[i] = source[word + i]!;
    for (let i = count << 2; i < length; i++) this.fixed[i] = window.bytes[offset + i]!;
  }

  /** Copies readable bytes from offset `from` to `target` at `at`; RangeError beyond either. */
  read(from: number, target: Uint8Array, at: number, length: number): void {
    this.checkPart("read", from, length, this.readableLength);
    checkArray("read", target, at, length);
    let segment = this.seek(from, this.first, this.middle);
    let skip = from - this.start;
    for (const end = at + length; at < end; skip = 0) {
      const offset = this.segments[segment + 1]! + skip;
      const count = Math.min((this.segments[segment + 2]! >>> 0) - skip, end - at);
      const bytes = this.reach(segment, offset, count);
      if (count < LOOP_BYTES) {
        for (let i = 0; i < count; i++) target[at + i] = bytes[offset + i]!;
      } else {
        target.set(this.pieceOf(bytes, offset, count), at);
      }
      at += count;
      segment += SEGMENT_WORDS;
    }
  }

  /** Copies bytes of `source` at `at` to the writable part at `from`; RangeError beyond either. */
  write(from: number, source: Uint8Array, at: number, length: number): void {
    this.checkPart("write", from, length, this.writableLength);
    checkArray("write", source, at, length);
    let segment = this.seek(from, this.middle, this.end);
    let skip = from - this.start;
    for (const end = at + length; at < end; skip = 0) {
      const offset = this.segments[segment + 1]! + skip;
      const count = Math.min((this.segments[segment + 2]! >>> 0) - skip, end - at);
      const bytes = this.reach(segment, offset, count);
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
    this.checkPart("write", from, 1, this.writableLength);
    const segment = this.seek(from, this.middle, this.end);
    const offset = this.segments[segment + 1]! + from - this.start;
    this.reach(segment, offset, 1)[offset] = value;
  }

  /** Fills bytes of the writable part with zeroes; RangeError beyond it. */
  zero(from: number, length: number): void {
    this.checkPart("write", from, length, this.writableLength);
    let segment = this.seek(from, this.middle, this.end);
    let skip = from - this.start;
    for (; length > 0; skip = 0) {
      const offset = this.segments[segment + 1]! + skip;
      const count = Math.min((this.segments[segment + 2]! >>> 0) - skip, length);
      this.reach(segment, offset, count).fill(0, offset, offset + count);
      length -= count;
      segment += SEGMENT_WORDS;
    }
  }

  /** The chain's own cursor over readable bytes, aimed anew; RangeError beyond the readable part. */
  readable(from: number, length: number): ReadableBytes {
    if (this.reader === undefined) return this.reader = new ReadableBytes(this, from, length);
    this.reader.aim(from, length);
    return this.reader;
  }

  /** The chain's own cursor over writable bytes, aimed anew; RangeError beyond the writable part. */
  writable(from: number, length: number): WritableBytes {
    if (this.writer === undefined) return this.writer = new WritableBytes(this, from, length);
    this.writer.aim(from, length);
    return this.writer;
  }

  /** Readable bytes without a copy, undefined when they are not contiguous; RangeError beyond the part. */
  readableView(from: number, length: number): Uint8Array | undefined {
    this.checkPart("read", from, length, this.readableLength);
    return this.contiguous(this.seek(from, this.first, this.middle), from, length);
  }

  /** Writable bytes without a copy, undefined when they are not contiguous; RangeError beyond the part. */
  writableView(from: number, length: number): Uint8Array | undefined {
    this.checkPart("write", from, length, this.writableLength);
    return this.contiguous(this.seek(from, this.middle, this.end), from, length);
  }

  /** The memory that has the readable bytes, from {@linkcode Chain.offset} on; for the rest see {@linkcode Chain.readableView}. */
  readableMemory(from: number, length: number): Uint8Array | undefined {
    this.checkPart("read", from, length, this.readableLength);
    return this.memoryOf(this.seek(from, this.first, this.middle), from, length);
  }

  /** The memory that has the writable bytes, from {@linkcode Chain.offset} on; for the rest see {@linkcode Chain.writableView}. */
  writableMemory(from: number, length: number): Uint8Array | undefined {
    this.checkPart("write", from, length, this.writableLength);
    return this.memoryOf(this.seek(from, this.middle, this.end), from, length);
  }

  /** The buffer's elements, as plain data. */
  elements(): BufferElement[] {
    const count = (this.end - this.first) / SEGMENT_WORDS;
    return Array.from({ length: count }, (_, number) => {
      const segment = this.first + number * SEGMENT_WORDS;
      const [window, offset, length] = this.segments.subarray(segment);
      return {
        address: this.memory.window(window!).address + offset!,
        length: length! >>> 0,
        writable: segment >= this.middle,
      };
    });
  }

  /** Throws unless the buffer is pending: TypeError after it was given back, RequestAborted after a reset. */
  check(verb: string): void {
    if (this.serial !== this.since) this.refuse(verb);
  }

  /** Throws what {@linkcode Chain.check} throws. */
  refuse(verb: string): never {
    if (this.stopped) throw new RequestAborted(`Cannot ${verb} the buffer: its queue was stopped`);
    throw new TypeError(`Cannot ${verb} the buffer: its request is already complete`);
  }

  /** For queues: the buffer has no elements yet. */
  clear(): void {
    this.few(ROW_SEGMENTS, ROW_SEGMENTS, 0, 0);
    this.limit = this.first + ROW_END - ROW_SEGMENTS;
    this.since = this.serial | 1; // it is pending once all elements are found
  }

  /**
   * For queues: the buffer has the located elements in the row of its head: those that the device reads end, those that it
   * writes begin at word `middle` of the row, and end at `end`.
   */
  few(middle: number, end: number, readableLength: number, writableLength: number): void {
    const row = this.head << ROW_SHIFT;
    this.since = this.serial | (this.serial & 1) - 1; // -1 when it was given back, which in order is not the end
    this.segments = this.rows;
    this.first = row + ROW_SEGMENTS;
    this.middle = row + middle;
    this.end = row + end;
    this.readableLength = readableLength;
    this.writableLength = writableLength;
    this.segment = -1;
  }

  /** For queues: adds an element, given as int32 bit patterns; returns what is wrong with it. */
  append(low: number, high: number, length: number, write: boolean): number {
    const offset = this.memory.locate(low, high, length);
    if (offset < 0) return this.appendAcross(low, high, length, write);
    return this.appendAt(this.memory.found, offset, length, write);
  }

  /** For queues: what is wrong with all elements together. */
  total(): number {
    const total = this.readableLength + this.writableLength;
    // Compared with 2^32 alone, every length would become a double first.
    return total > INT32_MAX && total > TOTAL_MAX ? FAULT_TOTAL : FAULT_NONE;
  }

  /** For queues: the buffer is being taken away by a reset. */
  abandon(): void {
    this.stopped = true;
  }

  /** Adds a located element; what is wrong with it. */
  private appendAt(window: number, offset: number, length: number, write: boolean): number {
    if (!write && this.end !== this.middle) return FAULT_ORDER;
    if (this.end === this.limit) this.grow();
    const segments = this.segments;
    const end = this.end;
    segments[end] = window;
    segments[end + 1] = offset;
    segments[end + 2] = length;
    this.end = end + SEGMENT_WORDS;
    if (write) {
      this.writableLength += length >>> 0;
    } else {
      this.readableLength += length >>> 0;
      this.middle = this.end;
    }
    return FAULT_NONE;
  }

  /** An element may go on from one region into the next when their addresses do. */
  private appendAcross(low: number, high: number, length: number, write: boolean): number {
    if (length === 0) return FAULT_EMPTY;
    let address = (high >>> 0) * 2 ** 32 + (low >>> 0);
    let left = length >>> 0;
    if (!this.memory.contains(address, left)) return FAULT_OUTSIDE;
    while (left > 0) {
      const count = Math.min(this.memory.extent(address), left);
      const offset = this.memory.locate(address | 0, Math.floor(address / 2 ** 32) | 0, count | 0);
      const fault = this.appendAt(this.memory.found, offset, count | 0, write);
      if (fault !== FAULT_NONE) return fault;
      address += count;
      left -= count;
    }
    return FAULT_NONE;
  }

  /** Throws unless the buffer is pending, and has these bytes in that part. */
  private checkPart(verb: string, from: number, length: number, available: number): void {
    if (this.serial !== this.since) this.refuse(verb);
    if (from >= 0 && length >= 0 && from + length <= available) return;
    throw new RangeError(
      `Cannot ${verb} the buffer: ${length} bytes at ${from} are not within its ${available} bytes`,
    );
  }

  /** Index of the first word of the segment that holds byte `from` of a part, whose segments are given. */
  private seek(from: number, first: number, end: number): number {
    let segment = this.segment;
    let start = this.start;
    if (from < start || segment < first || segment >= end) {
      segment = first;
      start = 0;
    }
    for (; segment < end - SEGMENT_WORDS; segment += SEGMENT_WORDS) {
      const next = start + (this.segments[segment + 2]! >>> 0);
      if (from < next) break;
      start = next;
    }
    this.start = start;
    return this.segment = segment;
  }

  /** The bytes of a segment's window; refused when its region went away meanwhile. */
  private reach(segment: number, offset: number, length: number): Uint8Array {
    const { bytes } = this.memory.window(this.segments[segment]!);
    if (offset + length <= bytes.length) return bytes;
    throw new RequestAborted("Cannot reach the buffer: its memory was removed");
  }

  /** A view of bytes that lie in one segment. */
  private contiguous(segment: number, from: number, length: number): Uint8Array | undefined {
    if (length === 0) return NO_FIXED;
    const bytes = this.memoryOf(segment, from, length);
    return bytes === undefined ? undefined : this.pieceOf(bytes, this.offset, length);
  }

  /** The memory of bytes that lie in one segment; {@linkcode Chain.offset} says where. */
  private memoryOf(segment: number, from: number, length: number): Uint8Array | undefined {
    const skip = from - this.start;
    if (length === 0 || length > (this.segments[segment + 2]! >>> 0) - skip) return undefined;
    this.offset = this.segments[segment + 1]! + skip;
    return this.reach(segment, this.offset, length);
  }

  /** A view of a piece of memory: the last one that was made, where that is it. */
  private pieceOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    const piece = this.piece;
    if (piece !== undefined && piece.length === length && this.pieceOffset === offset) {
      if (this.pieceBytes === bytes) return piece;
    }
    this.pieceBytes = bytes;
    this.pieceOffset = offset;
    return this.piece = bytes.subarray(offset, offset + length);
  }

  /** Moves the segments to memory of the chain's own, with room for twice as many. */
  private grow(): void {
    const first = this.first;
    const segments = this.segments.subarray(first, this.end);
    if (this.own.length < 2 * segments.length) this.own = new Int32Array(2 * segments.length);
    this.own.set(segments);
    this.segments = this.own;
    this.first = 0;
    this.middle -= first;
    this.end -= first;
    this.limit = this.own.length;
  }
}

function checkArray(verb: string, array: Uint8Array, at: number, length: number): void {
  if (at >= 0 && at + length <= array.length) return;
  throw new RangeError(
    `Cannot ${verb} ${length} bytes: the array has ${array.length}, of which ${at} are skipped`,
  );
}

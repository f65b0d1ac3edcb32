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
import type { GuestMemory, MemoryWindow } from "./memory.ts";
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
const SEGMENT_WORDS = 3; // window, offset, length

/** The readable or the writable elements of a buffer, seen as one run of bytes. */
class Part {
  count = 0;
  length = 0;
  readonly #memory: GuestMemory;
  #segments = new Int32Array(4 * SEGMENT_WORDS);
  // The segment that the last access began in and the offset at which it starts: access mostly goes forward.
  #segment = 0;
  #start = 0;
  // The last view that was made: a driver uses the same memory again and again.
  #view: Uint8Array | undefined = undefined;
  #viewBytes: Uint8Array | undefined = undefined;
  #viewOffset = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  append(window: number, offset: number, length: number): void {
    const at = this.count++ * SEGMENT_WORDS;
    if (at === this.#segments.length) this.#grow();
    const segments = this.#segments;
    segments[at] = window;
    segments[at + 1] = offset;
    segments[at + 2] = length;
    this.length += length >>> 0;
    if (at === SEGMENT_WORDS) this.#segment = this.#start = 0;
  }

  read(from: number, target: Uint8Array, at: number, length: number): void {
    this.#check("read", from, length);
    checkArray("read", target, at, length);
    let segment = this.#seek(from);
    let skip = from - this.#start;
    while (length > 0) {
      const window = this.#window(segment);
      const offset = this.#segments[segment * SEGMENT_WORDS + 1]! + skip;
      const count = Math.min((this.#segments[segment * SEGMENT_WORDS + 2]! >>> 0) - skip, length);
      const bytes = reachable(window, offset, count);
      if (count < LOOP_BYTES) {
        for (let i = 0; i < count; i++) target[at + i] = bytes[offset + i]!;
      } else {
        target.set(this.#viewAt(bytes, offset, count), at);
      }
      at += count;
      length -= count;
      segment++;
      skip = 0;
    }
  }

  /** Copies to the words of a private buffer that starts at its own offset 0. */
  readWords(from: number, words: Int32Array, bytes: Uint8Array, length: number): void {
    const offset = this.#segments[1]! + from;
    if (this.count !== 1 || from < 0 || from + length > this.length || (offset & 3) !== 0) {
      return this.read(from, bytes, 0, length);
    }
    const window = this.#memory.window(this.#segments[0]!);
    const source = window.words;
    const first = offset >> 2;
    const count = length >> 2;
    if (offset + length > window.bytes.length || first + count > source.length) {
      return this.read(from, bytes, 0, length);
    }
    for (let i = 0; i < count; i++) words[i] = source[first + i]!;
    for (let i = count << 2; i < length; i++) bytes[i] = window.bytes[offset + i]!;
  }

  write(from: number, source: Uint8Array, at: number, length: number): void {
    this.#check("write", from, length);
    checkArray("write", source, at, length);
    let segment = this.#seek(from);
    let skip = from - this.#start;
    while (length > 0) {
      const window = this.#window(segment);
      const offset = this.#segments[segment * SEGMENT_WORDS + 1]! + skip;
      const count = Math.min((this.#segments[segment * SEGMENT_WORDS + 2]! >>> 0) - skip, length);
      const bytes = reachable(window, offset, count);
      if (count < LOOP_BYTES) {
        for (let i = 0; i < count; i++) bytes[offset + i] = source[at + i]!;
      } else if (at === 0 && count === source.length) {
        bytes.set(source, offset);
      } else {
        bytes.set(source.subarray(at, at + count), offset);
      }
      at += count;
      length -= count;
      segment++;
      skip = 0;
    }
  }

  writeByte(from: number, value: number): void {
    this.#check("write", from, 1);
    const segment = this.#seek(from);
    const offset = this.#segments[segment * SEGMENT_WORDS + 1]! + from - this.#start;
    reachable(this.#window(segment), offset, 1)[offset] = value;
  }

  zero(from: number, length: number): void {
    this.#check("write", from, length);
    let segment = this.#seek(from);
    let skip = from - this.#start;
    while (length > 0) {
      const offset = this.#segments[segment * SEGMENT_WORDS + 1]! + skip;
      const count = Math.min((this.#segments[segment * SEGMENT_WORDS + 2]! >>> 0) - skip, length);
      reachable(this.#window(segment), offset, count).fill(0, offset, offset + count);
      length -= count;
      segment++;
      skip = 0;
    }
  }

  view(from: number, length: number): Uint8Array | undefined {
    this.#check("view", from, length);
    if (length === 0) return new Uint8Array(0);
    const segment = this.#seek(from);
    const skip = from - this.#start;
    const offset = this.#segments[segment * SEGMENT_WORDS + 1]! + skip;
    if (length > (this.#segments[segment * SEGMENT_WORDS + 2]! >>> 0) - skip) return undefined;
    return this.#viewAt(reachable(this.#window(segment), offset, length), offset, length);
  }

  elements(writable: boolean): BufferElement[] {
    return Array.from({ length: this.count }, (_, segment) => ({
      address: this.#window(segment).address + this.#segments[segment * SEGMENT_WORDS + 1]!,
      length: this.#segments[segment * SEGMENT_WORDS + 2]! >>> 0,
      writable,
    }));
  }

  #check(verb: string, from: number, length: number): void {
    if (from >= 0 && length >= 0 && from + length <= this.length) return;
    throw new RangeError(
      `Cannot ${verb} the buffer: ${length} bytes at ${from} are not within its ${this.length} bytes`,
    );
  }

  #seek(from: number): number {
    if (this.count <= 1) return this.#segment = this.#start = 0;
    if (from < this.#start) this.#segment = this.#start = 0;
    const last = this.count - 1;
    while (this.#segment < last) {
      const end = this.#start + (this.#segments[this.#segment * SEGMENT_WORDS + 2]! >>> 0);
      if (from < end) break;
      this.#segment++;
      this.#start = end;
    }
    return this.#segment;
  }

  #window(segment: number): MemoryWindow {
    return this.#memory.window(this.#segments[segment * SEGMENT_WORDS]!);
  }

  #viewAt(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    const view = this.#view;
    if (
      view !== undefined && this.#viewBytes === bytes && this.#viewOffset === offset &&
      view.length === length
    ) return view;
    this.#viewBytes = bytes;
    this.#viewOffset = offset;
    return this.#view = bytes.subarray(offset, offset + length);
  }

  #grow(): void {
    const segments = new Int32Array(this.#segments.length * 2);
    segments.set(this.#segments);
    this.#segments = segments;
  }
}

/** A buffer that the device took; it is valid until it is given back, then serves the next of its head. */
export class Chain {
  /** The number that {@linkcode DeviceQueue.pop} returned. */
  readonly head: number;
  /** Private memory for the buffer's fixed part; see {@linkcode Chain.readFixed}. */
  fixed: Uint8Array;
  /** The same private memory. */
  view: DataView;
  /** Odd while the buffer is pending; what was made for one serial is void at the next. */
  serial = 0;
  /** Packed ring: the buffer id that the driver chose. */
  id = 0;
  /** Descriptors that the buffer occupies in the ring. */
  descriptors = 0;

  readonly #memory: GuestMemory;
  readonly #readable: Part;
  readonly #writable: Part;
  #reader: ReadableBytes | undefined = undefined;
  #writer: WritableBytes | undefined = undefined;
  #fixedWords: Int32Array;
  #stopped = false;

  /** Called by queues alone. */
  constructor(memory: GuestMemory, head: number, fixedSize: number) {
    this.head = head;
    this.#memory = memory;
    this.#readable = new Part(memory);
    this.#writable = new Part(memory);
    this.#fixedWords = new Int32Array((fixedSize + 7) >> 3 << 1);
    this.fixed = new Uint8Array(this.#fixedWords.buffer);
    this.view = new DataView(this.#fixedWords.buffer);
  }

  /** Bytes that the device may read. */
  get readableLength(): number {
    return this.#readable.length;
  }

  /** Bytes that the device may write. */
  get writableLength(): number {
    return this.#writable.length;
  }

  /** Whether the buffer is popped and not yet given back. */
  get pending(): boolean {
    return (this.serial & 1) === 1;
  }

  /** Makes {@linkcode Chain.fixed} at least `length` bytes long; what it held is lost. */
  ensureFixed(length: number): void {
    if (length <= this.fixed.length) return;
    this.#fixedWords = new Int32Array((length + 7) >> 3 << 1);
    this.fixed = new Uint8Array(this.#fixedWords.buffer);
    this.view = new DataView(this.#fixedWords.buffer);
  }

  /** Copies readable bytes to the start of {@linkcode Chain.fixed}; RangeError beyond either. */
  readFixed(from: number, length: number): void {
    this.check("read");
    if (length > this.fixed.length) {
      throw new RangeError(`Cannot read ${length} bytes: fixed has ${this.fixed.length}`);
    }
    this.#readable.readWords(from, this.#fixedWords, this.fixed, length);
  }

  /** Copies readable bytes from offset `from` to `target` at `at`; RangeError beyond either. */
  read(from: number, target: Uint8Array, at: number, length: number): void {
    this.check("read");
    this.#readable.read(from, target, at, length);
  }

  /** Copies bytes of `source` at `at` to the writable part at `from`; RangeError beyond either. */
  write(from: number, source: Uint8Array, at: number, length: number): void {
    this.check("write");
    this.#writable.write(from, source, at, length);
  }

  /** Writes one byte of the writable part; RangeError beyond it. */
  writeByte(from: number, value: number): void {
    this.check("write");
    this.#writable.writeByte(from, value);
  }

  /** Fills bytes of the writable part with zeroes; RangeError beyond it. */
  zero(from: number, length: number): void {
    this.check("write");
    this.#writable.zero(from, length);
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
    this.check("read");
    return this.#readable.view(from, length);
  }

  /** Writable bytes without a copy, undefined when they are not contiguous; RangeError beyond the part. */
  writableView(from: number, length: number): Uint8Array | undefined {
    this.check("write");
    return this.#writable.view(from, length);
  }

  /** The buffer's elements, as plain data. */
  elements(): BufferElement[] {
    return [...this.#readable.elements(false), ...this.#writable.elements(true)];
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
    this.#readable.count = 0;
    this.#readable.length = 0;
    this.#writable.count = 0;
    this.#writable.length = 0;
  }

  /** For queues: adds an element, given as int32 bit patterns; returns what is wrong with it. */
  append(low: number, high: number, length: number, write: boolean): number {
    const offset = this.#memory.locate(low, high, length);
    if (offset < 0) return this.#appendAcross(low, high, length, write);
    return this.#appendAt(this.#memory.found, offset, length, write);
  }

  /** For queues: what is wrong with all elements together. */
  total(): number {
    const length = this.#readable.length + this.#writable.length;
    return length > BUFFER_BYTES_MAX ? FAULT_TOTAL : FAULT_NONE;
  }

  /** For queues: the buffer is pending from now on. */
  open(): void {
    this.serial = (this.serial + 1) | 0;
  }

  /** For queues: the buffer was given back, or taken away by a reset. */
  close(stopped: boolean): void {
    this.serial = (this.serial + 1) | 0;
    this.#stopped = stopped;
  }

  #appendAt(window: number, offset: number, length: number, write: boolean): number {
    if (write) {
      this.#writable.append(window, offset, length);
      return FAULT_NONE;
    }
    if (this.#writable.count > 0) return FAULT_ORDER;
    this.#readable.append(window, offset, length);
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
      const offset = this.#memory.locate(address | 0, Math.floor(address / 2 ** 32), count | 0);
      const fault = this.#appendAt(this.#memory.found, offset, count | 0, write);
      if (fault !== FAULT_NONE) return fault;
      address += count;
      left -= count;
    }
    return FAULT_NONE;
  }
}

/** The window's bytes; refused when its region went away (or its ArrayBuffer was detached) meanwhile. */
function reachable(window: MemoryWindow, offset: number, length: number): Uint8Array {
  if (offset + length <= window.bytes.length) return window.bytes;
  throw new RequestAborted("Cannot reach the buffer: its memory was removed");
}

function checkArray(verb: string, array: Uint8Array, at: number, length: number): void {
  if (at >= 0 && at + length <= array.length) return;
  throw new RangeError(
    `Cannot ${verb} ${length} bytes: the array has ${array.length}, of which ${at} are skipped`,
  );
}

/** Cursors over the bytes of a buffer, which know nothing of its elements. @module */

import type { Chain } from "./chain.ts";

// Values are assembled here: no call hands control to anybody else between filling and using it.
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

/** What both cursors share: a range of one part of a buffer, and a position in it. */
export abstract class BufferBytes {
  /** The buffer. */
  protected readonly chain: Chain;
  /** Offset of the range in its part. */
  protected start = 0;
  private size = 0;
  private done = 0; // bytes passed
  private serial = 0; // of the buffer when the cursor was placed

  /** The subclass places the cursor. */
  constructor(chain: Chain) {
    this.chain = chain;
  }

  /** Bytes in all. */
  get length(): number {
    return this.size;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.done;
  }

  /** Bytes from the position on. */
  get remaining(): number {
    return this.size - this.done;
  }

  /** After `memory()`: where the bytes begin in it. */
  get offset(): number {
    return this.chain.offset;
  }

  /** Places the range; RangeError beyond the part. */
  protected place(from: number, length: number, available: number): void {
    if (!(from >= 0 && length >= 0 && from + length <= available)) {
      throw new RangeError(
        `Cannot place a cursor: ${length} bytes at ${from} are not within the part's ${available} bytes`,
      );
    }
    this.start = from;
    this.size = length;
    this.done = 0;
    this.serial = this.chain.serial;
  }

  /** Throws when the buffer was given back; returns where in the part the position is. */
  protected here(verb: string): number {
    if (this.serial !== this.chain.serial) this.chain.refuse(verb);
    return this.start + this.done;
  }

  /** Moves the position; RangeError beyond the range. */
  protected move(verb: string, count: number): void {
    if (!(count >= 0 && count <= this.remaining)) {
      throw new RangeError(`Cannot ${verb} ${count} bytes: ${this.remaining} remain`);
    }
    this.done += count;
  }
}

/** A cursor over readable bytes of a buffer; TypeError once its request is complete. */
export class ReadableBytes extends BufferBytes {
  /** `length` readable bytes of the chain from offset `from` on; RangeError beyond the readable part. */
  constructor(chain: Chain, from: number, length: number) {
    super(chain);
    this.aim(from, length);
  }

  /** Places the cursor anew. */
  aim(from: number, length: number): void {
    this.chain.check("read");
    this.place(from, length, this.chain.readableLength);
  }

  /** Copies up to `length` bytes to `target` at `to` and returns how many; RangeError beyond the target. */
  read(target: Uint8Array, to = 0, length: number = this.remaining): number {
    const from = this.here("read");
    const count = Math.min(length, this.remaining);
    this.chain.read(from, target, to, count);
    this.move("read", count);
    return count;
  }

  /** A private copy of all that remains. */
  bytes(): Uint8Array {
    const copy = new Uint8Array(this.remaining);
    this.read(copy);
    return copy;
  }

  /** All that remains without a copy (the driver may change it at any time); undefined when not contiguous. */
  view(): Uint8Array | undefined {
    return this.chain.readableView(this.here("read"), this.remaining);
  }

  /**
   * The memory that has all that remains, from {@linkcode ReadableBytes.offset} on, without making anything;
   * undefined when it is not contiguous or nothing.
   */
  memory(): Uint8Array | undefined {
    return this.chain.readableMemory(this.here("read"), this.remaining);
  }

  /** Passes over bytes; RangeError beyond the last. */
  skip(count: number): void {
    this.here("read");
    this.move("skip", count);
  }

  /** The next byte; RangeError beyond the last. */
  getUint8(): number {
    this.take(1);
    return scratch[0]!;
  }

  /** The next two bytes, little-endian; RangeError beyond the last. */
  getUint16(): number {
    this.take(2);
    return scratchView.getUint16(0, true);
  }

  /** The next four bytes, little-endian; RangeError beyond the last. */
  getUint32(): number {
    this.take(4);
    return scratchView.getUint32(0, true);
  }

  /** The next eight bytes, little-endian; RangeError beyond the last. */
  getBigUint64(): bigint {
    this.take(8);
    return scratchView.getBigUint64(0, true);
  }

  /** Copies the next bytes to the scratch memory. */
  private take(count: number): void {
    const from = this.here("read");
    this.move("read", count);
    this.chain.read(from, scratch, 0, count);
  }
}

/** A cursor over writable bytes of a buffer; TypeError once its request is complete. */
export class WritableBytes extends BufferBytes {
  /** `length` writable bytes of the chain from offset `from` on; RangeError beyond the writable part. */
  constructor(chain: Chain, from: number, length: number) {
    super(chain);
    this.aim(from, length);
  }

  /** Places the cursor anew. */
  aim(from: number, length: number): void {
    this.chain.check("write");
    this.place(from, length, this.chain.writableLength);
  }

  /** Bytes written so far, from the cursor's start. */
  get written(): number {
    return this.position;
  }

  /** Writes up to `length` bytes of `source` from `from` on, as many as fit, and returns how many. */
  write(source: Uint8Array, from = 0, length: number = source.length - from): number {
    const to = this.here("write");
    const count = Math.min(length, this.remaining);
    this.chain.write(to, source, from, count);
    this.move("write", count);
    return count;
  }

  /** Writes zeroes, all that remains when not told how many; RangeError beyond the last byte. */
  fill(count: number = this.remaining): void {
    const to = this.here("write");
    this.move("write", count);
    this.chain.zero(to, count);
  }

  /** Writes zeroes over `count` bytes from offset `from` of the range on, wherever the position is; RangeError beyond it. */
  clear(from: number, count: number): void {
    this.here("write");
    if (!(from >= 0 && count >= 0 && from + count <= this.length)) {
      throw new RangeError(`Cannot clear ${count} bytes at ${from}: there are ${this.length}`);
    }
    this.chain.zero(this.start + from, count);
  }

  /** All that remains without a copy, undefined when not contiguous; tell {@linkcode WritableBytes.advance} after. */
  view(): Uint8Array | undefined {
    return this.chain.writableView(this.here("write"), this.remaining);
  }

  /**
   * The memory that has all that remains, from {@linkcode WritableBytes.offset} on, without making anything;
   * undefined when it is not contiguous or nothing. Tell {@linkcode WritableBytes.advance} after.
   */
  memory(): Uint8Array | undefined {
    return this.chain.writableMemory(this.here("write"), this.remaining);
  }

  /** Counts bytes as written that were written through a view; RangeError beyond the last. */
  advance(count: number): void {
    this.here("write");
    this.move("advance", count);
  }

  /** Writes one byte; RangeError beyond the last. */
  setUint8(value: number): void {
    scratch[0] = value;
    this.put(1);
  }

  /** Writes two bytes, little-endian; RangeError beyond the last. */
  setUint16(value: number): void {
    scratchView.setUint16(0, value, true);
    this.put(2);
  }

  /** Writes four bytes, little-endian; RangeError beyond the last. */
  setUint32(value: number): void {
    scratchView.setUint32(0, value, true);
    this.put(4);
  }

  /** Writes eight bytes, little-endian; RangeError beyond the last. */
  setBigUint64(value: bigint): void {
    scratchView.setBigUint64(0, value, true);
    this.put(8);
  }

  /** Writes bytes of the scratch memory. */
  private put(count: number): void {
    const to = this.here("write");
    this.move("write", count);
    this.chain.write(to, scratch, 0, count);
  }
}

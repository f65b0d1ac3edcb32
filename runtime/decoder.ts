/**
 * Reads a message, field by field, out of a private copy.
 *
 * Security model: the bytes come from the other side. Each byte is copied once, before anything
 * looks at it, and every length is checked against what is left. A message that does not hold what
 * it promises is a {@linkcode PeerError} naming the field, never a read beyond its end.
 *
 * @module
 */

import { PeerError } from "./errors.ts";

/** Where the bytes of a message are: a chain's readable part, or an array of bytes. */
export interface ByteSource {
  /** Bytes from the start to the end of the message. */
  readonly length: number;
  /** Copies `length` bytes at `from` into `target` at `at`. */
  copy(from: number, target: Uint8Array, at: number, length: number): void;
}

/** Most bytes of a message that are decoded; payload that stays in guest memory does not count. */
export const DECODE_LIMIT: number = 1 << 20;

const UTF8 = new TextDecoder();

/** A position in a message, moving forward. All methods throw {@linkcode PeerError} when too little is left. */
export class Decoder {
  #source: ByteSource;
  #from: number;
  #end: number;
  /** Behind the end there are zeroes, as many as are asked for. */
  #endless = false;
  #scratch: Uint8Array;
  #used = 0;
  /** The private copy of what was taken so far. */
  view: DataView;

  /** Decodes bytes `from` to `end` of a source. */
  constructor(source: ByteSource, from = 0, end: number = source.length) {
    this.#source = source;
    this.#from = from;
    this.#end = end;
    this.#scratch = new Uint8Array(64);
    this.view = new DataView(this.#scratch.buffer);
  }

  /** Decodes an array of bytes. */
  static of(bytes: Uint8Array): Decoder {
    return new Decoder({
      length: bytes.length,
      copy: (from, target, at, length) => target.set(bytes.subarray(from, from + length), at),
    });
  }

  /** Decodes an array of bytes that goes on with zeroes where more is asked for. */
  static extended(bytes: Uint8Array): Decoder {
    const d = Decoder.of(bytes);
    d.#endless = true;
    return d;
  }

  /** Bytes from the source's start to the next field. */
  get position(): number {
    return this.#from;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#end - this.#from;
  }

  /** Copies the next `length` bytes; returns their offset in {@linkcode view}. */
  take(length: number, field: string): number {
    this.#need(length, field);
    const at = this.#used;
    if (at + length > this.#scratch.length) this.#grow(at + length, field);
    this.#source.copy(this.#from, this.#scratch, at, length);
    this.#from += length;
    this.#used = at + length;
    return at;
  }

  /** Passes over `length` bytes without a copy; returns the position they start at. */
  skip(length: number, field: string): number {
    this.#need(length, field);
    const at = this.#from;
    this.#from += length;
    return at;
  }

  /** Passes over all but the last `length` bytes. */
  toLast(length: number, field: string): void {
    this.#need(length, field);
    this.#from = this.#end - length;
  }

  /** A decoder of the next `length` bytes, which this one passes over. */
  slot(length: number, field: string): Decoder {
    const from = this.skip(length, field);
    return new Decoder(this.#source, from, from + length);
  }

  /** A decoder of the next `stride` bytes, with zeroes behind them up to `size`. */
  padded(stride: number, size: number, field: string): Decoder {
    if (stride >= size) return this.slot(stride, field);
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes(stride, field));
    return Decoder.of(bytes);
  }

  /** One byte. */
  u8(field: string): number {
    const at = this.take(1, field);
    return this.view.getUint8(at);
  }
  /** Two bytes, least significant first. */
  le16(field: string): number {
    const at = this.take(2, field);
    return this.view.getUint16(at, true);
  }
  /** Four bytes, least significant first. */
  le32(field: string): number {
    const at = this.take(4, field);
    return this.view.getUint32(at, true);
  }
  /** Eight bytes, least significant first. */
  le64(field: string): bigint {
    const at = this.take(8, field);
    return this.view.getBigUint64(at, true);
  }
  /** Two bytes, most significant first. */
  be16(field: string): number {
    const at = this.take(2, field);
    return this.view.getUint16(at);
  }
  /** Four bytes, most significant first. */
  be32(field: string): number {
    const at = this.take(4, field);
    return this.view.getUint32(at);
  }
  /** Eight bytes, most significant first. */
  be64(field: string): bigint {
    const at = this.take(8, field);
    return this.view.getBigUint64(at);
  }

  /** Two bytes in the session's order. */
  session16(field: string, littleEndian: boolean): number {
    const at = this.take(2, field);
    return this.view.getUint16(at, littleEndian);
  }
  /** Four bytes in the session's order. */
  session32(field: string, littleEndian: boolean): number {
    const at = this.take(4, field);
    return this.view.getUint32(at, littleEndian);
  }
  /** Eight bytes in the session's order. */
  session64(field: string, littleEndian: boolean): bigint {
    const at = this.take(8, field);
    return this.view.getBigUint64(at, littleEndian);
  }

  /** `length` bytes, a private copy. */
  bytes(length: number, field: string): Uint8Array {
    const at = this.take(length, field);
    return this.#scratch.slice(at, at + length);
  }

  /** Text in `length` bytes of UTF-8, up to the first NUL. */
  text(length: number, field: string): string {
    const bytes = this.bytes(length, field);
    const nul = bytes.indexOf(0);
    return UTF8.decode(nul < 0 ? bytes : bytes.subarray(0, nul));
  }

  /** Texts in `length` bytes, each ended by a NUL. */
  texts(length: number, field: string): string[] {
    const all = UTF8.decode(this.bytes(length, field));
    if (all === "") return [];
    return (all.endsWith("\0") ? all.slice(0, -1) : all).split("\0");
  }

  /** Text up to and without the next NUL. */
  terminated(field: string): string {
    const start = this.#used;
    let length = 0;
    while (this.u8(field) !== 0) length++;
    return UTF8.decode(this.#scratch.slice(start, start + length));
  }

  /** How many elements of `size` bytes the rest holds, without `behind` bytes at its end; a remainder is an error. */
  count(size: number, field: string, behind = 0): number {
    const room = this.remaining - behind;
    if (room < 0 || room % size !== 0) {
      const wanted = `a multiple of ${size} bytes`;
      throw new PeerError("Cannot read the message", { field, wanted, got: room });
    }
    return room / size;
  }

  /** Checks a number of elements before any is read. */
  atMost(count: number, limit: number, field: string): number {
    if (count > limit) {
      throw new PeerError("Cannot read the message", {
        field,
        wanted: `at most ${limit} elements`,
        got: count,
      });
    }
    return count;
  }

  /** The next struct of a known size, read at constant offsets. */
  struct<T>(
    size: number,
    read: (view: DataView, at: number, into: T, size: number) => T,
    into: T,
    field: string,
  ): T {
    const at = this.take(size, field);
    return read(this.view, at, into, size);
  }

  /** `count` elements. */
  array<T>(count: number, read: () => T): T[] {
    const elements: T[] = [];
    for (let i = 0; i < count; i++) elements.push(read());
    return elements;
  }

  /** Elements until nothing is left. */
  all<T>(read: () => T): T[] {
    const elements: T[] = [];
    while (this.remaining > 0) elements.push(read());
    return elements;
  }

  /** Passes over what is between the position and the next multiple of `align` from `start`, as far as it exists. */
  align(start: number, align: number): void {
    const over = (this.#from - start) % align;
    if (over !== 0) this.#from = Math.min(this.#end, this.#from + align - over);
  }

  /** Refuses another value than the standard's. */
  mustBe(value: number | bigint, wanted: number | bigint, field: string): void {
    if (value !== wanted) this.refuse(field, String(wanted), value);
  }

  /** Refuses bytes that are not zero. */
  zeroes(length: number, field: string): void {
    for (const byte of this.bytes(length, field)) this.mustBe(byte, 0, field);
  }

  /** Refuses a value; used where a description says so. */
  refuse(field: string, wanted: string, got: number | bigint): never {
    throw new PeerError("Cannot read the message", { field, wanted, got });
  }

  #need(length: number, field: string): void {
    if (!(length >= 0 && length <= this.remaining)) {
      if (this.#endless && length >= 0 && length <= DECODE_LIMIT) {
        this.#end = this.#from + length;
        return;
      }
      throw new PeerError("Cannot read the message", {
        field,
        wanted: `${length} bytes`,
        got: this.remaining,
      });
    }
  }

  #grow(length: number, field: string): void {
    if (length > DECODE_LIMIT) {
      throw new PeerError("Cannot read the message", {
        field,
        wanted: `at most ${DECODE_LIMIT} bytes`,
        got: length,
      });
    }
    const grown = new Uint8Array(Math.max(length, this.#scratch.length * 2));
    grown.set(this.#scratch.subarray(0, this.#used));
    this.#scratch = grown;
    this.view = new DataView(grown.buffer);
  }
}

/**
 * Writes a message, field by field, into private memory; a queue then copies it out in one piece.
 *
 * @module
 */

import { within, within64 } from "./values.ts";

const UTF8 = new TextEncoder();

/** A growing message. Values out of a field's range are a RangeError naming the field. */
export class Encoder {
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  // The last view that was made: messages of a queue are often of one length.
  #bytes: Uint8Array<ArrayBuffer> = this.#scratch;
  /** The memory behind the message; replaced when it grows. */
  view: DataView = new DataView(this.#scratch.buffer);
  /** Bytes written so far. */
  length = 0;
  /** Where payloads belong between the bytes, in order. */
  readonly marks: number[] = [];

  /** Starts over, keeping the memory. */
  reset(): void {
    this.length = 0;
    this.marks.length = 0;
  }

  /** What was written, as a view that the next {@linkcode reset} makes invalid. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === this.length) return this.#bytes;
    return this.#bytes = this.#scratch.subarray(0, this.length);
  }

  /** Makes room for `length` bytes of zeroes; returns their offset in {@linkcode view}. */
  put(length: number): number {
    const at = this.length;
    if (at + length > this.#scratch.length) {
      const grown = new Uint8Array(Math.max(at + length, this.#scratch.length * 2));
      grown.set(this.#scratch.subarray(0, at));
      this.#scratch = this.#bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.#scratch.fill(0, at, at + length);
    this.length = at + length;
    return at;
  }

  /** One byte. */
  u8(value: number, field: string): void {
    const at = this.put(1);
    this.view.setUint8(at, within(value, 0xff, field));
  }
  /** Two bytes, least significant first. */
  le16(value: number, field: string): void {
    const at = this.put(2);
    this.view.setUint16(at, within(value, 0xffff, field), true);
  }
  /** Four bytes, least significant first. */
  le32(value: number, field: string): void {
    const at = this.put(4);
    this.view.setUint32(at, within(value, 0xffff_ffff, field), true);
  }
  /** Eight bytes, least significant first. */
  le64(value: bigint, field: string): void {
    const at = this.put(8);
    this.view.setBigUint64(at, within64(value, field), true);
  }
  /** Two bytes, most significant first. */
  be16(value: number, field: string): void {
    const at = this.put(2);
    this.view.setUint16(at, within(value, 0xffff, field));
  }
  /** Four bytes, most significant first. */
  be32(value: number, field: string): void {
    const at = this.put(4);
    this.view.setUint32(at, within(value, 0xffff_ffff, field));
  }
  /** Eight bytes, most significant first. */
  be64(value: bigint, field: string): void {
    const at = this.put(8);
    this.view.setBigUint64(at, within64(value, field));
  }

  /** Two bytes in the session's order. */
  session16(value: number, field: string, littleEndian: boolean): void {
    const at = this.put(2);
    this.view.setUint16(at, within(value, 0xffff, field), littleEndian);
  }
  /** Four bytes in the session's order. */
  session32(value: number, field: string, littleEndian: boolean): void {
    const at = this.put(4);
    this.view.setUint32(at, within(value, 0xffff_ffff, field), littleEndian);
  }
  /** Eight bytes in the session's order. */
  session64(value: bigint, field: string, littleEndian: boolean): void {
    const at = this.put(8);
    this.view.setBigUint64(at, within64(value, field), littleEndian);
  }

  /** A struct of a known size, written at constant offsets. */
  struct<T>(
    size: number,
    write: (view: DataView, at: number, value: T, size: number) => void,
    value: T,
  ): void {
    const at = this.put(size);
    write(this.view, at, value, size);
  }

  /** Notes that a payload, which is not copied here, belongs at this place. */
  mark(): void {
    this.marks.push(this.length);
  }

  /** Bytes as they are; with `length`, exactly that many are demanded. */
  bytesOf(value: Uint8Array, field: string, length: number = value.length): void {
    if (value.length !== length) {
      throw new RangeError(
        `Cannot write ${field}: ${value.length} bytes were given, ${length} are wanted`,
      );
    }
    const at = this.put(length);
    this.#scratch.set(value, at);
  }

  /** Bytes followed by zeroes up to `length`. */
  bytesUpTo(value: Uint8Array, length: number, field: string): void {
    if (value.length > length) {
      throw new RangeError(
        `Cannot write ${field}: ${value.length} bytes were given, ${length} fit`,
      );
    }
    this.#scratchSet(value, this.put(length));
  }

  /** Texts, each ended by a NUL. */
  texts(values: readonly string[], field: string): void {
    for (const value of values) this.terminated(value, field);
  }

  /** Text padded with NULs to `length` bytes, of which it needs at least `nuls`. */
  padded(value: string, length: number, field: string, nuls = 0): void {
    const bytes = UTF8.encode(value);
    if (bytes.length + nuls > length) {
      throw new RangeError(
        `Cannot write ${field}: ${bytes.length} bytes of text were given, ${length - nuls} fit`,
      );
    }
    this.#scratchSet(bytes, this.put(length));
  }

  /** Text ended by a NUL. */
  terminated(value: string, field: string): void {
    this.utf8(value, field);
    this.put(1);
  }

  /** Text as it is. */
  utf8(value: string, field: string): void {
    if (value.includes("\0")) throw new RangeError(`Cannot write ${field}: the text holds a NUL`);
    const bytes = UTF8.encode(value);
    this.#scratchSet(bytes, this.put(bytes.length));
  }

  /** Fills with zeroes up to `length` bytes behind `start`; more than that is a RangeError. */
  pad(start: number, length: number, field: string): void {
    const written = this.length - start;
    if (written > length) {
      throw new RangeError(`Cannot write ${field}: it takes ${written} bytes, ${length} fit`);
    }
    this.put(length - written);
  }

  /** Cuts what stands behind `start` to `length` bytes, or fills it up to that with zeroes. */
  fit(start: number, length: number): void {
    const end = start + length;
    if (this.length < end) this.put(end - this.length);
    else this.length = end;
  }

  /** Zeroes up to the next multiple of `align` from `start`. */
  align(start: number, align: number): void {
    const over = (this.length - start) % align;
    if (over !== 0) this.put(align - over);
  }

  #scratchSet(bytes: Uint8Array, at: number): void {
    this.#scratch.set(bytes, at);
  }
}

/**
 * Values at constant offsets of private memory, and what they may be.
 *
 * @module
 */

import { PeerError } from "./errors.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The value, when it is a whole number from 0 to `max`; a RangeError naming the field otherwise. */
export function within(value: number, max: number, field: string): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
    throw new RangeError(
      `Cannot write ${field}: ${value} was given, a whole number from 0 to ${max} is wanted`,
    );
  }
  return value;
}

/** The value, when it fits in 64 bits without a sign; a RangeError naming the field otherwise. */
export function within64(value: bigint, field: string): bigint {
  if (BigInt.asUintN(64, value) !== value) {
    throw new RangeError(`Cannot write ${field}: ${value} was given, 64 bits are wanted`);
  }
  return value;
}

/** Whether a value below 2^53 has bits beyond the allowed ones. */
export function hasOtherBits(value: number, allowed: number): boolean {
  return (BigInt(value) & ~BigInt(allowed)) !== 0n;
}

/** A length that a field of the message states too; a RangeError when the two differ. */
export function sameLength(stated: number, given: number, field: string): void {
  if (stated !== given) {
    throw new RangeError(`Cannot write ${field}: its length is ${given}, ${stated} is stated`);
  }
}

/** The value, when it is one of those named; else the fallback, or a PeerError where there is none. */
export function knownValue<T extends number>(
  values: Readonly<Record<string, T>>,
  value: number,
  field: string,
  fallback?: T,
): T {
  for (const known of Object.values(values)) if (known === value) return known;
  if (fallback !== undefined) return fallback;
  const wanted = Object.entries(values).map(([name, each]) => `${each} (${name})`).join(", ");
  throw new PeerError("Cannot read the message", { field, wanted: `one of ${wanted}`, got: value });
}

/** The 64-bit number at `at`, as a number: exact below 2^53, above that too large for any check to pass. */
export function getNumber64(view: DataView, at: number, littleEndian: boolean): number {
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  return littleEndian ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second;
}

/** Writes a number below 2^53 as 64 bits. */
export function setNumber64(
  view: DataView,
  at: number,
  value: number,
  littleEndian: boolean,
): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(littleEndian ? at : at + 4, value >>> 0, littleEndian);
  view.setUint32(littleEndian ? at + 4 : at, high, littleEndian);
}

/** A copy of `length` bytes. */
export function getBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

/** Writes bytes; RangeError unless there are exactly `length`. */
export function setBytes(
  view: DataView,
  at: number,
  value: Uint8Array,
  length: number,
  field: string,
): void {
  if (value.length !== length) {
    throw new RangeError(
      `Cannot write ${field}: ${value.length} bytes were given, ${length} are wanted`,
    );
  }
  new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
}

/** Text in `length` bytes of UTF-8, up to the first NUL. */
export function getText(view: DataView, at: number, length: number): string {
  const bytes = getBytes(view, at, length);
  const nul = bytes.indexOf(0);
  return DECODER.decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}

/** Writes text padded with NULs; RangeError when it takes more than `length` bytes. */
export function setText(
  view: DataView,
  at: number,
  value: string,
  length: number,
  field: string,
): void {
  const bytes = ENCODER.encode(value);
  if (bytes.length > length) {
    throw new RangeError(
      `Cannot write ${field}: ${bytes.length} bytes of text were given, ${length} fit`,
    );
  }
  const area = new Uint8Array(view.buffer, view.byteOffset + at, length);
  area.set(bytes);
  area.fill(0, bytes.length);
}

/** Bytes that a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return ENCODER.encode(text).length;
}

/** Whether a handler answers later. */
export function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof answer === "object" && answer !== null && "then" in answer &&
    typeof answer.then === "function";
}

/** Bytes of several arrays together. */
export function lengthOf(arrays: readonly Uint8Array[]): number {
  let length = 0;
  for (const array of arrays) length += array.length;
  return length;
}

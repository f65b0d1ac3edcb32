/**
 * Values at constant offsets of private memory, and what they may be.
 *
 * @module
 */

import { PeerError, type PeerErrorDetail } from "./errors.ts";

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

/** Whether a value below 2^53, or of any size as a bigint, has bits beyond the allowed ones. */
export function hasOtherBits(value: number | bigint, allowed: number | bigint): boolean {
  return (BigInt(value) & ~BigInt(allowed)) !== 0n;
}

/** Whether bytes have bits beyond the allowed ones at their places; there are none behind the end. */
export function bytesHaveOtherBits(value: Uint8Array, allowed: Uint8Array): boolean {
  return value.some((byte, at) => (byte & ~(allowed[at] ?? 0)) !== 0);
}

/** Whether one value is a multiple of another; every value is one of 0, which stands for no demand. */
export function isMultiple<T extends number | bigint>(value: T, of: T): boolean {
  return Number(of) === 0 || Number(value % of) === 0;
}

/** The value of the lowest bit that is set; 0 of 0. */
export function lowestBit<T extends number | bigint>(value: T): T {
  if (typeof value === "bigint") return (value & -value) as T;
  return (value & -value) >>> 0 as T;
}

/** What a field may be beside its type. */
export interface Bounds {
  /** The least value. */
  readonly min?: number;
  /** The greatest value. */
  readonly max?: number;
  /** It is a multiple of this. */
  readonly multipleOf?: number;
  /** It is a power of two. */
  readonly powerOfTwo?: boolean;
  /** It is one of these. */
  readonly oneOf?: readonly number[];
}

/** The value that the other side sent, when it is within bounds; a PeerError naming the field otherwise. */
export function bounded<T extends number | bigint>(value: T, bounds: Bounds, field: string): T {
  const wanted = boundOf(value, bounds);
  if (wanted === "") return value;
  throw new PeerError("Cannot read the message", { field, wanted, got: value });
}

/** The value that the user gave, when it is within bounds; a RangeError naming the field otherwise. */
export function allowed<T extends number | bigint>(value: T, bounds: Bounds, field: string): T {
  const wanted = boundOf(value, bounds);
  if (wanted === "") return value;
  throw new RangeError(`Cannot write ${field}: ${value} was given, ${wanted} is wanted`);
}

/** Throws the RangeError of a field of the configuration that is not what it has to be beside the others. */
export function refuseFault(fault: PeerErrorDetail | undefined): void {
  if (fault === undefined) return;
  const { field, wanted, got } = fault;
  throw new RangeError(`Cannot write ${field}: ${got} was given, ${wanted} is wanted`);
}

/** The bound that a value breaks, in words; empty when there is none. */
function boundOf(value: number | bigint, bounds: Bounds): string {
  const { min, max, multipleOf, powerOfTwo, oneOf } = bounds;
  if (min !== undefined && value < min) return `at least ${min}`;
  if (max !== undefined && value > max) return `at most ${max}`;
  if (multipleOf !== undefined && !isMultiple(BigInt(value), BigInt(multipleOf))) {
    return `a multiple of ${multipleOf}`;
  }
  if (powerOfTwo === true && !isPowerOfTwo(BigInt(value))) return "a power of two";
  if (oneOf !== undefined && !oneOf.includes(Number(value))) return `one of ${oneOf.join(", ")}`;
  return "";
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
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

/**
 * How each scalar type is read and written in TypeScript, as text.
 *
 * @module
 */

import type { ScalarType } from "../../spec/types.ts";

/** Text for one scalar type. */
export interface ScalarText {
  /** Bytes. */
  readonly size: number;
  readonly type: "number" | "bigint";
  /** The value of zero as a literal. */
  readonly zero: string;
  /** Reads at an offset of `view`. */
  get(at: string): string;
  /** Writes at an offset of `view`, refusing what does not fit. */
  set(at: string, value: string, field: string): string;
  /** Reads the next field of the decoder `d`. */
  decode(field: string): string;
  /** Writes the next field of the encoder `e`. */
  encode(value: string, field: string): string;
}

/** Bytes of a scalar. */
export function scalarSize(type: ScalarType): number {
  return Number(type.replace(/\D/g, "")) / 8;
}

/** Text for a scalar; `as` says how a 64-bit one is represented. */
export function scalarText(type: ScalarType, as?: "number" | "bigint"): ScalarText {
  const size = scalarSize(type);
  return size === 8 ? wideText(type, as ?? "bigint") : narrowText(type, size);
}

/** The last arguments of a DataView method that say the byte order. */
function order(type: ScalarType): string {
  if (type.startsWith("le")) return ", true";
  return type.startsWith("session") ? ", s.littleEndian" : "";
}

function narrowText(type: ScalarType, size: number): ScalarText {
  const bits = size * 8;
  const max = size === 1 ? "0xff" : size === 2 ? "0xffff" : "0xffff_ffff";
  return {
    size,
    type: "number",
    zero: "0",
    get: (at) => `view.getUint${bits}(${at}${size === 1 ? "" : order(type)})`,
    set: (at, value, field) =>
      `view.setUint${bits}(${at}, within(${value}, ${max}, "${field}")${
        size === 1 ? "" : order(type)
      })`,
    decode: (field) => `d.${type}("${field}"${ownOrder(type)})`,
    encode: (value, field) => `e.${type}(${value}, "${field}"${ownOrder(type)})`,
  };
}

/** The last argument of a decoder's or encoder's method for a field in the order of the session. */
function ownOrder(type: ScalarType): string {
  return type.startsWith("session") ? ", s.littleEndian" : "";
}

function wideText(type: ScalarType, as: "number" | "bigint"): ScalarText {
  const little = type.startsWith("session") ? "s.littleEndian" : String(type.startsWith("le"));
  if (as === "bigint") {
    return {
      size: 8,
      type: "bigint",
      zero: "0n",
      get: (at) => `view.getBigUint64(${at}${order(type)})`,
      set: (at, value, field) =>
        `view.setBigUint64(${at}, within64(${value}, "${field}")${order(type)})`,
      decode: (field) => `d.${type}("${field}"${ownOrder(type)})`,
      encode: (value, field) => `e.${type}(${value}, "${field}"${ownOrder(type)})`,
    };
  }
  return {
    size: 8,
    type: "number",
    zero: "0",
    get: (at) => `getNumber64(view, ${at}, ${little})`,
    set: (at, value, field) =>
      `setNumber64(view, ${at}, within(${value}, Number.MAX_SAFE_INTEGER, "${field}"), ${little})`,
    decode: (field) => `Number(d.${type}("${field}"${ownOrder(type)}))`,
    encode: (value, field) =>
      `e.${type}(BigInt(within(${value}, Number.MAX_SAFE_INTEGER, "${field}")), "${field}"${
        ownOrder(type)
      })`,
  };
}

/**
 * Values of samples: what a literal can say.
 *
 * @module
 */

import type * as dsl from "../../../spec/types.ts";
import { propertyName } from "../../names.ts";
import type { Siblings } from "../siblings.ts";

/** A value of a message. */
export type Sample =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Sample[]
  | { readonly [property: string]: Sample };

/** A message, a struct or a configuration. */
export type Values = { [property: string]: Sample };

/** A request while it is made: its fields, and the bytes of each payload. */
export interface Parts {
  readonly readable: Siblings;
  readonly writable: Siblings;
  readonly request: Values;
  readonly payloads: { [name: string]: number };
}

/** `length` bytes that are not all the same. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at + 1);
}

/** Texts of a list. */
export const TEXTS = ["ab", "c"];

/** Bytes of texts with a NUL behind each. */
export function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}

/** The whole word of bit-fields that are properties. */
export function wordOf(field: dsl.Bits, values: Values): number {
  let value = 0;
  let low = 0;
  for (const [name, bit] of Object.entries(field.fields)) {
    value += Number(values[propertyName(name)] ?? 0) * 2 ** low;
    low += bit.width;
  }
  return value;
}

/** Elements of an array, or bytes of a text or a key. */
export function countOf(value: Sample | undefined): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : 0;
}

/** Sets a field by its path; false when it is not there. */
export function assign(values: Values, path: readonly string[], value: number): boolean {
  const holder = holderOf(values, path);
  const last = propertyName(path.at(-1)!);
  if (holder === undefined || !(last in holder)) return false;
  holder[last] = value;
  return true;
}

/** What has the last field of a path; undefined when an arm on the way is not there. */
export function holderOf(values: Values, path: readonly string[]): Values | undefined {
  return path.slice(0, -1).reduce<Values | undefined>(
    (at, name) => at?.[propertyName(name)] as Values | undefined,
    values,
  );
}

/** Most elements of an array that are written out. */
const WRITTEN_MAX = 64;

/** The element of an array of numbers: not all are the same, and each fits a byte. */
export function elementAt(at: number): number {
  return at % 255 + 1;
}

/** An array as TypeScript: a long one by how its elements follow. */
function arrayLiteral(value: readonly Sample[]): string {
  const { length } = value;
  if (length <= WRITTEN_MAX) return `[${value.map(literal).join(", ")}]`;
  const [first] = value;
  if (typeof first === "number") {
    return `Array.from({ length: ${length} }, (_, at) => at % 255 + 1)`;
  }
  if (typeof first === "bigint") {
    return `Array.from({ length: ${length} }, (_, at) => BigInt(at % 255 + 1))`;
  }
  return `Array.from({ length: ${length} }, () => (${literal(first!)}))`;
}

/** A sample as TypeScript. */
export function literal(value: Sample): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    const plain = value.every((byte, at) => byte === (at + 1) % 256);
    return plain && value.length > 8
      ? `pattern(${value.length})`
      : `Uint8Array.of(${[...value].join(", ")})`;
  }
  if (Array.isArray(value)) return arrayLiteral(value);
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, each]) => `${name}: ${literal(each)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return String(value);
}

/**
 * The vectors of `testdata/vectors`: what is on the wire, and the same as values.
 *
 * @module
 */

import { parseHex, parseValue } from "./hex.ts";

/** One payload of a vector. */
export interface VectorPayload {
  readonly name: string;
  /** The bytes; `..` is one that nobody writes. */
  readonly hex: string;
  readonly writable?: boolean;
}

/** What is on the wire, as values. */
export interface VectorValues {
  readonly request?: Readonly<Record<string, unknown>>;
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly status?: number;
  readonly payloads?: readonly VectorPayload[];
  /** Bytes that the driver sets aside for an answer without a fixed size. */
  readonly room?: number;
  /** Lengths that other messages tell, in the model's words. */
  readonly given?: Readonly<Record<string, number>>;
}

/** What becomes of a message that has a part of the wrong length: a status, or in words. */
export type Outcome = "served" | "empty" | "event" | number;

/** The lengths that are one off. */
export const EDGES = ["readable-1", "readable+1", "writable-1", "writable+1"] as const;

/** One vector as the files hold it; the README there says what each property means. */
export interface Vector {
  readonly name: string;
  readonly section: string;
  readonly message: string;
  readonly queue?: number;
  readonly item?: number;
  readonly only?: "device" | "driver";
  readonly order?: "big";
  readonly features: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly readable?: string;
  readonly writable?: string;
  readonly used?: number;
  readonly buffers?: readonly number[];
  readonly statusAt?: number;
  readonly strict?: true;
  readonly values?: VectorValues;
  readonly refused?: "empty" | "handler" | "event" | number;
  readonly edges?: Readonly<Partial<Record<typeof EDGES[number], Outcome>>>;
}

/** The vectors of one device. */
export function readVectors(device: string): Vector[] {
  const url = new URL(`../testdata/vectors/${device}.json`, import.meta.url);
  const vectors: unknown = JSON.parse(Deno.readTextFileSync(url));
  if (!Array.isArray(vectors)) throw new TypeError(`Cannot read ${url}: it is not an array`);
  return vectors.map((vector) => checked(device, vector));
}

/** Properties that a vector may have: a misspelt one would go unnoticed. */
const PROPERTIES = new Set([
  ..."name section message queue item only order features config readable writable used".split(" "),
  ..."buffers statusAt strict values refused edges".split(" "),
]);

function checked(device: string, vector: Vector): Vector {
  const wrong = Object.keys(vector).find((property) => !PROPERTIES.has(property));
  if (wrong !== undefined) {
    throw new TypeError(`Cannot read the vector ${device} ${vector.name}: it has ${wrong}`);
  }
  return vector;
}

/** The part that the device reads. */
export function readableOf(vector: Vector): Uint8Array {
  return parseHex(vector.readable ?? "").bytes;
}

/** Fields as values, deep. */
export function fieldsOf(
  fields: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  return parseValue(fields ?? {}) as Record<string, unknown>;
}

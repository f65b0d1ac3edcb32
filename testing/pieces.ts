/**
 * Ways to cut a buffer.
 *
 * @module
 */

import type { Pieces } from "./device_bench.ts";

/** Every way that counts: whole, either part in two at each byte, and both in single bytes. */
export function* cuts(readable: Uint8Array, writable: number): Generator<Pieces> {
  const whole = { readable: wholeOf(readable), writable: writable === 0 ? [] : [writable] };
  yield whole;
  for (let at = 1; at < readable.length; at++) {
    yield { ...whole, readable: [readable.subarray(0, at), readable.subarray(at)] };
  }
  for (let at = 1; at < writable; at++) yield { ...whole, writable: [at, writable - at] };
  yield {
    readable: Array.from(readable, (_, at) => readable.subarray(at, at + 1)),
    writable: new Array<number>(writable).fill(1),
  };
}

/** A buffer in as few pieces as it takes. */
export function whole(readable: Uint8Array, writable: number): Pieces {
  return { readable: wholeOf(readable), writable: writable === 0 ? [] : [writable] };
}

function wholeOf(bytes: Uint8Array): Uint8Array[] {
  return bytes.length === 0 ? [] : [bytes];
}

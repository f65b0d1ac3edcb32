/**
 * How a device puts an answer into the writable part of a buffer.
 *
 * @module
 */

import type { Chain } from "./chain.ts";
import type { WritableBytes } from "./cursor.ts";
import type { ByteSource } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { PeerError } from "./errors.ts";

/**
 * Writes an encoded answer: all but the last `trailer` bytes at the front, those at the very end, and
 * zeroes over what neither they nor `payload` bytes behind the front fill: no more than the trailer
 * has, which are counted in its place, if that is `surplus`. Returns the used length, to the end of the
 * buffer. PeerError when the driver left too little room.
 */
export function answerBytes(
  chain: Chain,
  e: Encoder,
  trailer: number,
  payload = 0,
  surplus = false,
): number {
  const front = e.length - trailer;
  const room = chain.writableLength;
  if (e.length + payload > room) {
    throw new PeerError("Cannot answer the request", {
      field: "writable part",
      wanted: `${e.length + payload} bytes`,
      got: room,
    });
  }
  const { bytes } = e;
  if (front > 0) chain.write(0, bytes, 0, front);
  if (trailer === 0) return front + payload;
  const end = room - trailer;
  const gap = end - front - payload;
  if (gap > 0) chain.zero(front + payload, surplus ? Math.min(trailer, gap) : gap);
  chain.write(end, bytes, front, trailer);
  return room;
}

/**
 * Writes zeroes over what nobody wrote of payloads that stand one behind the other; returns all their
 * bytes. What lies behind them is not ours to touch.
 */
export function fillRest(payloads: readonly WritableBytes[]): number {
  let bytes = 0;
  for (const payload of payloads) {
    payload.fill();
    bytes += payload.length;
  }
  return bytes;
}

/** A chain's readable part, for a decoder. */
export function chainSource(chain: Chain): ByteSource {
  return {
    length: chain.readableLength,
    copy: (from, target, at, length) => chain.read(from, target, at, length),
  };
}

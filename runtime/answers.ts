/**
 * How a device puts an answer into the writable part of a buffer.
 *
 * @module
 */

import type { Chain } from "./chain.ts";
import type { ByteSource } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { PeerError } from "./errors.ts";

/**
 * Writes an encoded answer: all but the last `trailer` bytes at the front, those at the very end, and
 * zeroes over what neither they nor `payload` bytes behind the front fill, unless that is `surplus`,
 * which is not ours to touch. Returns the used length. PeerError when the driver left too little room.
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
  if (!surplus && front + payload < end) chain.zero(front + payload, end - front - payload);
  chain.write(end, bytes, front, trailer);
  return room;
}

/** A chain's readable part, for a decoder. */
export function chainSource(chain: Chain): ByteSource {
  return {
    length: chain.readableLength,
    copy: (from, target, at, length) => chain.read(from, target, at, length),
  };
}

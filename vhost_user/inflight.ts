/**
 * Buffers in flight, recorded in memory that outlives this process.
 *
 * The front end keeps the memory and gives it to the back end that follows, which finds there what its
 * predecessor had taken and not given back. The records lie as the protocol describes, for each format
 * of rings in its own way: inflight_split.ts and inflight_packed.ts.
 *
 * Security model: the front end can write the records at any time. They are believed once, when a ring
 * starts, and checked there; what does not fit is refused with a PeerError.
 *
 * @module
 */

import {
  INFLIGHT_DESC_PACKED_SIZE,
  INFLIGHT_DESC_SPLIT_SIZE,
  INFLIGHT_REGION_PACKED,
  INFLIGHT_REGION_SPLIT,
  VHOST_USER_INFLIGHT_ALIGN,
} from "../generated/layout/vhost_user.ts";
import { PeerError } from "../runtime/errors.ts";
import type { QueueFormat } from "../runtime/queue.ts";

/** What is recorded while a ring is served. */
export interface RingRecords {
  /** A buffer was taken. */
  taken(head: number): void;
  /** The record of a buffer that is to be given back, and whose head may stand for another one from now on. */
  pushed(head: number): number;
  /** The buffers of these records are about to be given back together. */
  giving(records: readonly number[]): void;
  /** The driver sees that they were given back. */
  given(records: readonly number[]): void;
}

/** Bytes of the records of one ring. */
export function recordsSize(queueSize: number, format: QueueFormat): number {
  const size = format === "packed"
    ? INFLIGHT_REGION_PACKED.desc + queueSize * INFLIGHT_DESC_PACKED_SIZE
    : INFLIGHT_REGION_SPLIT.desc + queueSize * INFLIGHT_DESC_SPLIT_SIZE;
  return Math.ceil(size / VHOST_USER_INFLIGHT_ALIGN) * VHOST_USER_INFLIGHT_ALIGN;
}

/** Throws what is wrong with a recorded buffer, by its head or its first record. */
export function refuseBuffer(
  queue: number,
  index: number,
  field: string,
  wanted: string,
  got: string | number,
): never {
  throw new PeerError("Cannot take up the buffer", { queue, index, field, wanted, got });
}

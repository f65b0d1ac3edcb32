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
import type { QueueFormat, QueueLayout } from "../runtime/queue.ts";

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

/** Memory in which the buffers in flight of all rings are recorded. */
export class InflightMemory {
  readonly #bytes: Uint8Array;
  readonly #queues: number;
  readonly #queueSize: number;

  /** For so many rings of up to so many entries. */
  constructor(bytes: Uint8Array, queues: number, queueSize: number) {
    this.#bytes = bytes;
    this.#queues = queues;
    this.#queueSize = queueSize;
  }

  /** The bytes of one ring, if it is one of them; PeerError when there are too few for all rings of its format. */
  of({ index, size, format }: QueueLayout): Uint8Array | undefined {
    if (index >= this.#queues || size > this.#queueSize) return undefined;
    const each = recordsSize(this.#queueSize, format);
    const wanted = this.#queues * each;
    if (wanted > this.#bytes.length) {
      throw new PeerError("Cannot record buffers in flight", {
        queue: index,
        field: "mmap_size",
        wanted: `at least ${wanted} for ${format} rings`,
        got: this.#bytes.length,
      });
    }
    return this.#bytes.subarray(index * each, (index + 1) * each);
  }
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

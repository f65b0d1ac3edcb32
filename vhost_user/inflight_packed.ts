/**
 * Buffers in flight of packed rings; see inflight.ts.
 *
 * While a ring is served, its records are only written: what they say is known here as well.
 *
 * @module
 */

import { PeerError } from "../runtime/errors.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type { DeviceQueue, InflightBuffer, QueueLayout, QueuePosition } from "../runtime/queue.ts";
import type { RingRecords } from "./inflight.ts";
import { advance, PackedRegion, type Recorded } from "./packed_region.ts";

/** A slot whose buffer is not recorded. */
const NONE = -1;

/** The records of one packed ring that is served. */
export class PackedRecords implements RingRecords {
  readonly #region: PackedRegion;
  readonly #queue: DeviceQueue;
  readonly #next: Uint16Array; // by record
  readonly #first: Int32Array; // by slot: the first record of its buffer
  readonly #last: Uint16Array; // by first record
  readonly #count: Uint16Array; // by first record
  #free = 0;
  #freeCount = 0;
  #avail = 0;
  #used = 0;
  #counter = 0;

  /** Of a queue that was just made, from its beginning or where another one had stood. */
  constructor(bytes: Uint8Array, queue: DeviceQueue, layout: QueueLayout, memory: GuestMemory) {
    const { size } = queue;
    this.#region = new PackedRegion(bytes, layout, memory);
    this.#queue = queue;
    this.#next = new Uint16Array(size);
    this.#first = new Int32Array(size).fill(NONE);
    this.#last = new Uint16Array(size);
    this.#count = new Uint16Array(size);
  }

  /**
   * Takes over what is recorded, or starts anew when nothing is in flight. False when the queue has
   * buffers in flight of which the records do not know: none can be recorded then, and none are.
   */
  begin({ avail, used, inflight }: QueuePosition): boolean {
    const region = this.#region;
    this.#avail = avail;
    this.#used = used;
    const recorded = region.known ? readable(region) : undefined;
    const buffers = recorded?.used === used ? this.#match(recorded, inflight) : undefined;
    if (recorded !== undefined && buffers !== undefined) {
      this.#adopt(recorded, buffers);
      return true;
    }
    if (inflight.length > 0) {
      region.forget();
      return false;
    }
    region.format(used);
    this.#setFree(Array.from({ length: this.#queue.size }, (_, at) => at));
    return true;
  }

  /** A buffer was taken. */
  taken(slot: number): void {
    if (this.#first[slot] !== NONE) return; // it was recorded by who took it first
    const count = this.#queue.chain(slot).descriptors;
    if (count > this.#freeCount) this.#queue.expose(); // what was pushed still has its records
    if (count > this.#freeCount) return; // the queue is broken
    const region = this.#region;
    const { size } = this.#queue;
    const first = this.#free;
    region.start(first, this.#counter++);
    let last = first;
    for (let left = count; left > 0; left--) {
      last = this.#free;
      region.copy(last, this.#avail & 0x7fff);
      this.#avail = advance(this.#avail, 1, size);
      this.#free = this.#next[last]!;
    }
    region.end(first, last, count);
    region.setFree(this.#free);
    region.commit(this.#free, this.#used);
    this.#freeCount -= count;
    this.#first[slot] = first;
    this.#last[first] = last;
    this.#count[first] = count;
  }

  /** Slots are free for others once their buffers were pushed; records are known by the first of a buffer. */
  pushed(slot: number): number {
    const first = this.#first[slot]!;
    this.#first[slot] = NONE;
    return first;
  }

  /** The buffers of these records are about to be given back together. */
  giving(records: readonly number[]): void {
    const region = this.#region;
    const { size } = this.#queue;
    for (const first of records) {
      const last = this.#last[first]!;
      this.#next[last] = this.#free;
      region.link(last, this.#free);
      region.setFree(this.#free = first);
      this.#used = advance(this.#used, this.#count[first]!, size);
      this.#freeCount += this.#count[first]!;
    }
    region.setUsed(this.#used);
  }

  /** The driver sees that they were given back. */
  given(records: readonly number[]): void {
    for (const first of records) this.#region.clear(first);
    this.#region.commit(this.#free, this.#used);
  }

  /** The records of each buffer in flight; undefined when those are others than the records say. */
  #match(
    { buffers }: Recorded,
    inflight: readonly InflightBuffer[],
  ): (readonly number[])[] | undefined {
    if (buffers.length !== inflight.length) return undefined;
    const left = [...buffers];
    const found = inflight.flatMap(({ id, descriptors }) => {
      const at = left.findIndex((records) =>
        records.length === descriptors && this.#region.idOf(records) === id
      );
      return at < 0 ? [] : left.splice(at, 1);
    });
    return left.length === 0 ? found : undefined;
  }

  /** Slots of a new queue are numbered as the buffers of its position are. */
  #adopt({ free, buffers }: Recorded, bySlot: readonly (readonly number[])[]): void {
    // No counter grows, and none passes another, so that their order holds at any time.
    for (const [first] of buffers) this.#region.start(first!, this.#counter++);
    for (const [slot, records] of bySlot.entries()) {
      const first = records[0]!;
      this.#first[slot] = first;
      this.#last[first] = records.at(-1)!;
      this.#count[first] = records.length;
      this.#link(records);
    }
    this.#setFree(free);
  }

  #setFree(records: readonly number[]): void {
    this.#link(records);
    this.#free = records[0] ?? this.#queue.size;
    this.#freeCount = records.length;
  }

  #link(records: readonly number[]): void {
    const end = this.#queue.size;
    for (const [at, record] of records.entries()) this.#next[record] = records[at + 1] ?? end;
  }
}

/** What the records say; undefined when they lie. */
function readable(region: PackedRegion): Recorded | undefined {
  try {
    region.settle();
    return region.read();
  } catch (error) {
    if (error instanceof PeerError) return undefined;
    throw error;
  }
}

/**
 * The position that the records of a packed ring stand for, undefined when nothing was recorded;
 * PeerError when they lie. It counts more than what the front end says of the ring's base, which QEMU
 * only knows from the last time that a back end told it.
 */
export function packedPosition(
  bytes: Uint8Array,
  layout: QueueLayout,
  memory: GuestMemory,
): QueuePosition | undefined {
  const region = new PackedRegion(bytes, layout, memory);
  if (!region.known) return undefined;
  region.settle();
  return region.positionOf(region.read());
}

/**
 * What the driver's ends of both formats share: staged elements, breaking, indirect tables.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { PeerError } from "./errors.ts";
import { IndirectPool } from "./indirect_pool.ts";
import { BUFFER_BYTES_MAX, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DriverPosition,
  DriverQueueOptions,
  QueueFeatures,
  QueueFormat,
  QueueLayout,
} from "./queue.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
const TOTAL_MAX = BUFFER_BYTES_MAX;

/** State of a driver's end that does not depend on the format. */
export abstract class DriverRing {
  /** Index of the queue. */
  declare readonly index: number;
  /** Entries of the ring. */
  declare readonly size: number;
  /** Descriptors that are free. */
  declare free: number;
  /** After a collect: bytes that the device wrote. */
  usedLength = 0;
  /** What broke the queue. */
  broken: PeerError | undefined = undefined;
  /** Called when the device is to be notified. */
  onKick: () => void = nothing;
  /** Called once, when the queue breaks. */
  onBroken: (error: PeerError) => void = nothing;

  declare protected readonly memory: GuestMemory;
  declare protected readonly layout: QueueLayout;
  declare protected readonly features: QueueFeatures;
  /** Neither broken nor stopped: the ring may be touched. */
  protected live = true;
  /** Generation of memory for which the ring is mapped; no generation at all once the ring must not be touched. */
  declare protected generation: number;
  /**
   * Two words for each head or id: how many descriptors a pending buffer has (0 when it is not pending) with the count
   * at which it was added in the upper half, then its writable bytes.
   */
  declare protected readonly records: Int32Array;
  /** Neither in order nor with lengths to ignore. */
  declare protected readonly ordinary: boolean;
  declare protected readonly pool: IndirectPool | undefined;
  /** Staged elements: how many, whether the last is writable, and what the first is. */
  protected stagedCount = 0;
  protected stagedLast = 0;
  protected stagedLow = 0;
  protected stagedHigh = 0;
  protected stagedLength = 0;
  protected stagedFlags = 0;
  /** Four words each for the others: address low and high, length, flags; the first four are free. */
  protected staged: Int32Array = new Int32Array(4 * 4);
  /** In-order queues: buffers of the current batch that are not collected, and the used length of the last of them. */
  protected batch = 0;
  protected batchLength = 0;
  protected stopped: DriverPosition | undefined = undefined;

  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DriverQueueOptions,
  ) {
    // A double once, and V8 holds these fields as doubles in every queue to come: 10 ns more for each buffer.
    this.index = layout.index | 0;
    this.size = layout.size | 0;
    this.free = this.size;
    this.memory = memory;
    this.layout = layout;
    this.features = features;
    this.generation = memory.generation;
    this.records = new Int32Array(2 * layout.size);
    this.ordinary = !features.inOrder && (features.lengths ?? "exact") === "exact";
    this.pool = features.indirect && options.arena !== undefined
      ? new IndirectPool(options.arena, layout.size)
      : undefined;
  }

  /** Format of the ring. */
  abstract readonly format: QueueFormat;

  /** Makes the typed arrays over the ring anew. */
  protected abstract mapRing(): void;

  /** Where the queue stands. */
  abstract position(): DriverPosition;

  /** Stages an element that the device reads. */
  readable(address: number, length: number): void {
    if (this.stagedLast !== 0 && this.stagedCount > 0) this.#refuseReadable();
    this.#stage(address, length, 0);
  }

  /** Stages an element that the device writes. */
  writable(address: number, length: number): void {
    this.#stage(address, length, WRITE);
  }

  /** Ends the use of the ring. */
  stop(): void {
    if (this.stopped !== undefined) return;
    this.stopped = this.position();
    this.live = false;
    this.generation = -1;
    this.pool?.close();
  }

  /** Throws unless the staged elements can be a buffer. */
  protected checkStaged(): void {
    const count = this.stagedCount;
    if (count > 0 && count <= this.size) return;
    this.stagedCount = 0;
    if (count === 0) throw new TypeError("Cannot add a buffer: nothing is staged");
    throw new RangeError(`Cannot add a buffer: ${count} elements in a ring of ${this.size}`);
  }

  /**
   * Writes the staged elements to the table that the pool has found, linked if `linked`; their writable bytes, as used
   * lengths go. RangeError for more than 2^32 bytes in all.
   */
  protected fillTable({ words, base }: IndirectPool, linked: boolean): number {
    const staged = this.gatherStaged();
    const last = (this.stagedCount << 2) - 4;
    let readable = 0;
    let writable = 0;
    let all = 0; // negative once a length or a sum does not fit 31 bits
    for (let at = 0; at <= last; at += 4) {
      const word = base + at;
      const length = staged[at | 2]!;
      const flags = staged[at | 3]!;
      words[word] = staged[at]!;
      words[word | 1] = staged[at | 1]!;
      words[word | 2] = length;
      words[word | 3] = linked
        ? at === last ? flags : flags | NEXT | (at + 4 >> 2) << 16
        : flags << 16;
      if (flags === 0) readable = readable + length | 0;
      else writable = writable + length | 0;
      all |= length | readable | writable;
    }
    return all < 0 ? this.writableStaged() : writable;
  }

  /** Writable bytes of all staged elements, as used lengths go; RangeError for more than 2^32 bytes in all. */
  protected writableStaged(): number {
    const staged = this.gatherStaged();
    let total = 0;
    let writable = 0;
    for (let at = 0; at < this.stagedCount; at++) {
      const length = staged[at << 2 | 2]! >>> 0;
      total += length;
      if (staged[at << 2 | 3] !== 0) writable += length;
    }
    if (total <= TOTAL_MAX) return Math.min(writable, TOTAL_MAX - 1);
    this.stagedCount = 0;
    throw new RangeError(`Cannot add a buffer: ${total} bytes are more than 2^32`);
  }

  /** Remembers a pending buffer, the one added as number `at`; nothing is staged then. */
  protected take(head: number, count: number, at: number, writable: number): void {
    this.records[head << 1] = count | at << 16;
    this.records[head << 1 | 1] = writable;
    this.free -= count;
    this.stagedCount = 0;
  }

  /** Descriptors of a buffer, 0 when it is not pending. */
  protected countOf(head: number): number {
    return this.records[head << 1]! & 0xffff;
  }

  /** Bytes that the device may write. */
  protected writableOf(head: number): number {
    return this.records[head << 1 | 1]! >>> 0;
  }

  /** The number that {@linkcode DriverRing.take} was given. */
  protected addedAt(head: number): number {
    return this.records[head << 1]! >>> 16;
  }

  /** Accepts the used length of a pending buffer and ends it; false when the length is a lie. */
  protected accept(head: number, length: number): boolean {
    const writable = this.writableOf(head);
    const { lengths = "exact" } = this.features;
    if (length > writable && lengths === "exact") {
      return this.break("used.len", head, `at most ${writable}`, length);
    }
    this.usedLength = lengths === "ignored" ? writable : Math.min(length, writable);
    this.free += this.countOf(head);
    this.records[head << 1] = 0;
    return true;
  }

  /** Goes on within a batch. */
  protected resumeBatch(what: string, { batch, pending }: DriverPosition): void {
    if (batch === undefined) return;
    if (!this.features.inOrder) throw new TypeError(`${what}: batch needs VIRTIO_F_IN_ORDER`);
    checkInteger(`${what}: batch.count`, batch.count, 1, pending.length);
    checkInteger(`${what}: batch.length`, batch.length, 0, 0xffffffff);
    this.batch = batch.count;
    this.batchLength = batch.length;
  }

  /** Finds the ring again when regions changed; whether it may be touched. */
  protected refresh(): boolean {
    if (this.live) this.#remap();
    return this.live;
  }

  #remap(): void {
    this.generation = this.memory.generation;
    for (const area of ["desc", "driver", "device"] as const) {
      if (this.memory.extent(this.layout[area]) > 0) continue;
      this.break("memory", undefined, `a region with the ${area} area`, "none");
      return;
    }
    this.mapRing();
    this.pool?.remap();
  }

  /** Breaks the queue; returns false. */
  protected break(
    field: string,
    index: number | undefined,
    wanted: string,
    got: string | number,
  ): false {
    if (!this.live) return false;
    const where = index === undefined ? { queue: this.index } : { queue: this.index, index };
    this.broken = new PeerError("Cannot collect a buffer", { ...where, field, wanted, got });
    this.live = false;
    this.generation = -1;
    this.onBroken(this.broken);
    return false;
  }

  #stage(address: number, length: number, flags: number): void {
    // Both values fit 31 bits nearly always; only otherwise is arithmetic on doubles needed.
    let high = 0;
    if ((address | 0) !== address || (length | 0) !== length || address < 0 || length <= 0) {
      this.#checkElement(address, length);
      high = Math.floor(address / 2 ** 32) | 0;
    }
    this.stagedLast = flags;
    if (this.stagedCount > 0) return this.#stageMore(address | 0, high, length | 0, flags);
    this.stagedLow = address | 0;
    this.stagedHigh = high;
    this.stagedLength = length | 0;
    this.stagedFlags = flags;
    this.stagedCount = 1;
  }

  #stageMore(low: number, high: number, length: number, flags: number): void {
    const at = this.stagedCount << 2;
    if (at === this.staged.length) this.#grow();
    const staged = this.staged;
    staged[at] = low;
    staged[at | 1] = high;
    staged[at | 2] = length;
    staged[at | 3] = flags;
    this.stagedCount++;
  }

  /** Puts the first element to the others. */
  protected gatherStaged(): Int32Array {
    const staged = this.staged;
    staged[0] = this.stagedLow;
    staged[1] = this.stagedHigh;
    staged[2] = this.stagedLength;
    staged[3] = this.stagedFlags;
    return staged;
  }

  #checkElement(address: number, length: number): void {
    if (Number.isSafeInteger(address) && address >= 0) {
      if (Number.isInteger(length) && length > 0 && length < BUFFER_BYTES_MAX) return;
    }
    this.stagedCount = 0;
    throw new RangeError(`Cannot stage ${length} bytes at ${address}: not a range of guest memory`);
  }

  #refuseReadable(): never {
    this.stagedCount = 0;
    throw new TypeError("Cannot stage a readable element: it follows a writable one");
  }

  #grow(): void {
    const staged = new Int32Array(this.staged.length * 2);
    staged.set(this.staged);
    this.staged = staged;
  }
}

function nothing(): void {}

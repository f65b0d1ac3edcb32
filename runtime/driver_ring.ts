/**
 * What the driver's ends of both formats share: staged elements, breaking, indirect tables.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { PeerError } from "./errors.ts";
import { IndirectPool, type PooledTable } from "./indirect_pool.ts";
import { BUFFER_BYTES_MAX, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DriverPosition,
  DriverQueueOptions,
  QueueFeatures,
  QueueFormat,
  QueueLayout,
} from "./queue.ts";

/** State of a driver's end that does not depend on the format. */
export abstract class DriverRing {
  /** Index of the queue. */
  readonly index: number;
  /** Entries of the ring. */
  readonly size: number;
  /** Descriptors that are free. */
  free: number;
  /** Buffers added and not yet collected. */
  pending = 0;
  /** After a collect: bytes that the device wrote. */
  usedLength = 0;
  /** What broke the queue. */
  broken: PeerError | undefined = undefined;
  /** Called when the device is to be notified. */
  onKick: () => void = nothing;
  /** Called once, when the queue breaks. */
  onBroken: (error: PeerError) => void = nothing;

  protected readonly memory: GuestMemory;
  protected readonly layout: QueueLayout;
  protected readonly features: QueueFeatures;
  /** Neither broken nor stopped: the ring may be touched. */
  protected live = true;
  protected generation: number;
  /** Descriptors of each pending buffer by head or id; 0 for what is not pending. */
  protected readonly counts: Uint16Array;
  /** Writable bytes of each pending buffer. */
  protected readonly writables: Float64Array;
  protected readonly legacy: boolean;
  protected readonly pool: IndirectPool | undefined;
  /** Staged elements, four words each: address low and high, length, flags. */
  protected staged: Int32Array = new Int32Array(4 * 4);
  protected stagedCount = 0;
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
    this.index = layout.index;
    this.size = layout.size;
    this.free = layout.size;
    this.memory = memory;
    this.layout = layout;
    this.features = features;
    this.generation = memory.generation;
    this.legacy = features.legacyLengths === true;
    this.counts = new Uint16Array(layout.size);
    this.writables = new Float64Array(layout.size);
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
    const count = this.stagedCount;
    if (count > 0 && this.staged[(count << 2) - 1] !== 0) this.#refuseReadable();
    this.#stage(address, length, 0);
  }

  /** Stages an element that the device writes. */
  writable(address: number, length: number): void {
    this.#stage(address, length, DESC_F_WRITE);
  }

  /** Ends the use of the ring. */
  stop(): void {
    if (this.stopped !== undefined) return;
    this.stopped = this.position();
    this.live = false;
    this.pending = 0;
    this.pool?.close();
  }

  /** Whether there is a ring to add to; throws unless the staged elements can be a buffer. */
  protected checkStaged(): boolean {
    const count = this.stagedCount;
    if (count === 0 || count > this.size) this.#refuseStaged();
    if (this.memory.generation !== this.generation) this.remap();
    return this.live;
  }

  /** Writable bytes of all staged elements; RangeError when there are more than 2^32 bytes in all. */
  protected sumStaged(): number {
    const { staged, stagedCount } = this;
    let total = 0;
    let writable = 0;
    for (let at = 0; at < stagedCount << 2; at += 4) {
      const length = staged[at + 2]! >>> 0;
      total += length;
      if (staged[at + 3] !== 0) writable += length;
    }
    if (total <= BUFFER_BYTES_MAX) return writable;
    this.stagedCount = 0;
    throw new RangeError(`Cannot add a buffer: ${total} bytes are more than 2^32`);
  }

  /** Writes the staged elements to a table, linked if `linked`. */
  protected fillTable(table: PooledTable, linked: boolean): void {
    const { staged, stagedCount } = this;
    const words = table.words;
    const end = stagedCount << 2;
    for (let at = 0; at < end; at += 4) {
      words[at] = staged[at]!;
      words[at + 1] = staged[at + 1]!;
      words[at + 2] = staged[at + 2]!;
      const flags = staged[at + 3]!;
      if (!linked) words[at + 3] = flags << 16;
      else if (at + 4 < end) words[at + 3] = flags | DESC_F_NEXT | ((at >> 2) + 1) << 16;
      else words[at + 3] = flags;
    }
  }

  /** Counts a buffer of `count` descriptors as pending; nothing is staged then. */
  protected take(head: number, count: number, writable: number): void {
    this.counts[head] = count;
    this.writables[head] = writable;
    this.free -= count;
    this.pending++;
    this.stagedCount = 0;
  }

  /** Accepts the used length of a pending buffer and ends it; false when the length is a lie. */
  protected accept(head: number, length: number): boolean {
    const writable = this.writables[head]!;
    if (length > writable || this.legacy) {
      if (!this.legacy) return this.break("used.len", head, `at most ${writable}`, length);
      length = writable;
    }
    this.usedLength = length;
    this.free += this.counts[head]!;
    this.counts[head] = 0;
    this.pending--;
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

  /** The regions changed: finds the ring again, and breaks the queue when it is gone. */
  protected remap(): void {
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
    this.onBroken(this.broken);
    return false;
  }

  #stage(address: number, length: number, flags: number): void {
    let at = this.stagedCount << 2;
    if (at === this.staged.length) this.#grow();
    // Both values fit 31 bits nearly always; only otherwise is arithmetic on doubles needed.
    let high = 0;
    if ((address | 0) !== address || (length | 0) !== length || address < 0 || length <= 0) {
      this.#checkElement(address, length);
      high = Math.floor(address / 2 ** 32) | 0;
    }
    const staged = this.staged;
    staged[at++] = address;
    staged[at++] = high;
    staged[at++] = length;
    staged[at] = flags;
    this.stagedCount++;
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

  #refuseStaged(): never {
    const count = this.stagedCount;
    this.stagedCount = 0;
    if (count === 0) throw new TypeError("Cannot add a buffer: nothing is staged");
    throw new RangeError(`Cannot add a buffer: ${count} elements in a ring of ${this.size}`);
  }

  #grow(): void {
    const staged = new Int32Array(this.staged.length * 2);
    staged.set(this.staged);
    this.staged = staged;
  }
}

function nothing(): void {}

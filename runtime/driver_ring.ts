/**
 * What the driver's ends of both formats share: what is staged and what is pending.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { IndirectPool } from "./indirect_pool.ts";
import { DESC_F_WRITE } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type { DriverPosition, DriverQueueOptions, QueueFeatures, QueueLayout } from "./queue.ts";
import { Ring } from "./ring.ts";
import { Staging } from "./staging.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const WRITE = DESC_F_WRITE;

/** State of a driver's end that does not depend on the format. */
export abstract class DriverRing extends Ring {
  /** After a collect: bytes that the device wrote. */
  usedLength = 0;
  /** Called when the device is to be notified. */
  onKick: () => void = nothing;

  /**
   * Four words for each head or id. Of a pending buffer: how many descriptors it has (0 when it is not pending) with the
   * count at which it was added in the upper half, its writable bytes, the descriptor that follows, its last one.
   */
  declare protected readonly records: Int32Array;
  /** The first head or id that is free, linked with the others by the third words of their records; -1 when there is none. */
  protected next = 0;
  /** Descriptors of pending buffers beyond one for each. */
  protected more = 0;
  declare protected readonly pool: IndirectPool | undefined;
  /** The elements of the next buffer. */
  declare protected readonly staging: Staging;
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
    // Neither in order nor with lengths that say less than the bytes written.
    super(memory, layout, features, !features.inOrder && (features.lengths ?? "exact") === "exact");
    this.records = new Int32Array(4 * layout.size);
    for (let at = 0; at < this.size; at++) this.link(at, at + 1 < this.size ? at + 1 : -1);
    this.pool = features.indirect && options.arena !== undefined
      ? new IndirectPool(options.arena, this.size)
      : undefined;
    this.staging = new Staging(layout.format === "split", this.pool);
  }

  /** Descriptors that are free. */
  get free(): number {
    return this.size - this.outstanding() - this.more;
  }

  /** Buffers added and not yet collected, also of a stopped queue. */
  protected abstract outstanding(): number;

  override memoryChanged(): void {
    super.memoryChanged();
    this.staging.remap();
  }

  /** Where the queue stands. */
  abstract position(): DriverPosition;

  /** Stages an element that the device reads. */
  readable(address: number, length: number): void {
    this.staging.put(address, length, 0);
  }

  /** Stages an element that the device writes. */
  writable(address: number, length: number): void {
    this.staging.put(address, length, WRITE);
  }

  /** Ends the use of the ring. */
  stop(): void {
    if (this.stopped !== undefined) return;
    this.stopped = this.position();
    this.leave();
    this.pool?.close();
  }

  /** Stages nothing any more: there is no room. */
  protected refuseAdd(): number {
    this.staging.clear();
    return -1;
  }

  /** Remembers a pending buffer, the one added as number `at`; nothing is staged then. */
  protected take(head: number, count: number, at: number, writable: number): void {
    this.records[head << 2] = count | at << 16;
    this.records[head << 2 | 1] = writable;
    this.more += count - 1;
    this.staging.clear();
  }

  /** What follows a head or id: the next descriptor of its buffer, or the next that is free. */
  protected following(head: number): number {
    return this.records[head << 2 | 2]!;
  }

  /** Says what follows. */
  protected link(head: number, following: number): void {
    this.records[head << 2 | 2] = following;
  }

  /** Descriptors of a buffer, 0 when it is not pending. */
  protected countOf(head: number): number {
    return this.records[head << 2]! & 0xffff;
  }

  /** Bytes that the device may write. */
  protected writableOf(head: number): number {
    return this.records[head << 2 | 1]! >>> 0;
  }

  /** The number that {@linkcode DriverRing.take} was given. */
  protected addedAt(head: number): number {
    return this.records[head << 2]! >>> 16;
  }

  /** Accepts the used length of a pending buffer and ends it; false when the length is a lie. */
  protected accept(head: number, length: number): boolean {
    const writable = this.writableOf(head);
    const { lengths = "exact" } = this.features;
    if (length > writable && lengths === "exact") {
      return this.break("used.len", head, `at most ${writable}`, length);
    }
    this.usedLength = lengths === "ignored" ? writable : Math.min(length, writable);
    this.more -= this.countOf(head) - 1;
    this.records[head << 2] = 0;
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

  protected override map(): boolean {
    if (this.pool?.found !== false) return super.map();
    return this.break("memory", undefined, "a region with the indirect tables", "none");
  }

  protected get purpose(): string {
    return "collect a buffer";
  }
}

function nothing(): void {}

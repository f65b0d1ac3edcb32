/**
 * The driver's end of a split queue (VIRTIO 1.4, 2.7).
 *
 * Security model: the device can write the used ring at any time and to any value, and, as all of this may be shared
 * memory, the rest of the ring too. Each used entry is read once; an id counts only when it names a buffer that we
 * published and that is still pending, a length only up to the buffer's writable bytes. Free descriptors, their links
 * and all indices are private: nothing we wrote to the ring is ever read back from it.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { DriverRing } from "./driver_ring.ts";
import { AVAIL_F_NO_INTERRUPT, DESC_F_INDIRECT, DESC_F_NEXT, USED_F_NO_NOTIFY } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DriverPosition,
  DriverQueue,
  DriverQueueOptions,
  PendingBuffer,
  QueueFeatures,
  QueueLayout,
} from "./queue.ts";
import { ringSizes } from "./ring_sizes.ts";
import {
  NO_HALVES,
  NO_RING_EVENT,
  NO_RING_WORD,
  NO_WORDS,
  passedEvent,
  RingEvent,
  RingWord,
} from "./ring_word.ts";

/** Makes buffers available in a split queue and collects them used. */
export class SplitDriverQueue extends DriverRing implements DriverQueue {
  /** Format of the ring. */
  readonly format = "split";
  #mask = 0;
  #inOrder = false;
  // Views of the ring's parts.
  #desc: Int32Array = NO_WORDS; // four words each: address low and high, length, flags | next << 16
  #avail: Uint16Array = NO_HALVES; // heads
  #availWord: RingWord = NO_RING_WORD; // flags | idx << 16
  #used: Int32Array = NO_WORDS; // id and length each
  #usedWord: RingWord = NO_RING_WORD;
  #usedEvent: RingEvent = NO_RING_EVENT; // written by us
  #availEvent: RingEvent = NO_RING_EVENT; // written by the device
  // Our own indices, modulo 65536.
  #nextAvail = 0; // next to fill
  #published = 0; // our index as the device sees it
  #kicked = 0; // our index when we last considered a kick, -1 when not known
  #nextUsed = 0; // next to collect
  #seenUsed = 0; // the device's index when we last looked
  #flags = 0; // our flags as the device sees them, -1 when not known
  // Links of free and of pending descriptors; in-order queues go round the table and never relink.
  #next: Uint16Array = NO_HALVES;
  #last: Uint16Array = NO_HALVES; // last descriptor of a pending chain of several, by head
  #heads: Uint16Array = NO_HALVES; // heads by slot of the available ring
  #free = 0;

  /** Use {@linkcode createDriverQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DriverQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.#mask = this.size - 1;
    this.#inOrder = features.inOrder;
    this.#next = new Uint16Array(layout.size).map((_, at) => (at + 1) & this.#mask);
    this.#last = new Uint16Array(layout.size);
    this.#heads = new Uint16Array(layout.size);
    this.mapRing();
    if (options.position !== undefined) this.#resumeAt(options.position);
  }

  /** Buffers added and not yet collected. */
  get pending(): number {
    return this.stopped !== undefined ? 0 : (this.#nextAvail - this.#nextUsed) & 0xffff;
  }

  /** Turns the staged elements into a buffer: its head, or -1 when there is no room. */
  add(): number {
    if (
      this.stagedCount !== 1 || this.free === 0 || this.memory.generation !== this.generation
    ) return this.#addOther();
    const head = this.#free;
    const desc = this.#desc;
    const word = head << 2;
    const length = this.stagedLength;
    const flags = this.stagedFlags;
    desc[word] = this.stagedLow;
    desc[word | 1] = this.stagedHigh;
    desc[word | 2] = length;
    desc[word | 3] = flags;
    this.#free = this.#next[head]!;
    this.take(head, 1, this.#nextAvail, flags === 0 ? 0 : length);
    return this.#offer(head);
  }

  /** Puts a head into the available ring. */
  #offer(head: number): number {
    const at = this.#nextAvail;
    const slot = at & this.#mask;
    if (this.#inOrder === true) this.#heads[slot] = head;
    this.#avail[slot] = head;
    this.#nextAvail = (at + 1) & 0xffff;
    return head;
  }

  /** Makes all added buffers visible. */
  publish(): void {
    const avail = this.#nextAvail;
    if (avail === this.#published) return;
    if (this.memory.generation !== this.generation && !this.refresh()) return;
    this.#published = avail;
    // Descriptors, ring entries and the data itself were written before this store, and the device reads them after
    // a load that sees it; see ring_word.ts.
    this.#availWord.store(Math.max(this.#flags, 0) | avail << 16);
  }

  /** Publishes, then notifies the device if it wants that. */
  kick(): void {
    this.publish();
    if (this.#kicked === this.#published || !this.live) return;
    const old = this.#kicked;
    this.#kicked = this.#published;
    // Read after the store in publish: either we see what the device asks for, or it sees our index.
    const wanted = this.features.eventIdx
      ? old < 0 || passedEvent(this.#availEvent.load(), this.#published, old)
      : (this.#usedWord.load() & USED_F_NO_NOTIFY) === 0;
    if (wanted) this.onKick();
  }

  /** What a kick carries under VIRTIO_F_NOTIFICATION_DATA (VIRTIO 1.4, 2.9). */
  notificationData(): number {
    return (this.index | this.#published << 16) >>> 0;
  }

  /** Takes the next used buffer: its head, or -1. */
  collect(): number {
    const at = this.#nextUsed;
    if (at === this.#seenUsed || this.memory.generation !== this.generation) {
      return this.#collectNext();
    }
    if (this.ordinary !== true) return this.#collectOther(at);
    const word = (at & this.#mask) << 1;
    const id = this.#used[word]!;
    const length = this.#used[word | 1]! >>> 0;
    const count = this.#pendingCount(id);
    if (count === 0) return this.#refuseId(id, at);
    const records = this.records;
    if (length > records[id << 1 | 1]! >>> 0) return this.#refuseLength(id, length);
    this.usedLength = length;
    this.free += count;
    records[id << 1] = 0;
    this.#next[count === 1 ? id : this.#last[id]!] = this.#free;
    this.#free = id;
    this.#nextUsed = (at + 1) & 0xffff;
    return id;
  }

  /** Asks the device for no notifications; with event indices, by asking for none further. */
  suppress(): void {
    if (!this.features.eventIdx) this.#ask(AVAIL_F_NO_INTERRUPT);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (this.memory.generation !== this.generation && !this.refresh()) return true;
    this.#ask(0);
    if (this.features.eventIdx) this.#usedEvent.store(this.#nextUsed);
    // Read after what we asked for is visible: a buffer used before that is seen here, a later one notifies.
    return this.#usedWord.load() >>> 16 === this.#nextUsed;
  }

  /** Where the queue stands. */
  position(): DriverPosition {
    if (this.stopped !== undefined) return this.stopped;
    this.publish();
    const heads = this.#inOrder
      ? Array.from({ length: this.pending }, (_, at) => {
        return this.#heads[(this.#nextUsed + at) & this.#mask]!;
      })
      : [...this.#next.keys()].filter((head) => this.countOf(head) > 0);
    return {
      format: "split",
      avail: this.#nextAvail,
      used: this.#nextUsed,
      next: this.#free,
      ...(this.batch === 0 ? {} : { batch: { count: this.batch, length: this.batchLength } }),
      pending: heads.map((head) => ({
        id: head,
        descriptors: this.#descriptors(head),
        writableLength: this.writableOf(head),
      })),
    };
  }

  protected mapRing(): void {
    const { size, memory, layout } = this;
    const sizes = ringSizes("split", size);
    const desc = memory.view(layout.desc, sizes.desc.size)!;
    const avail = memory.view(layout.driver, sizes.driver.size)!;
    const used = memory.view(layout.device, sizes.device.size)!;
    const atomic = memory.shared;
    this.#desc = new Int32Array(desc.buffer, desc.byteOffset, 4 * size);
    this.#avail = new Uint16Array(avail.buffer, avail.byteOffset + 4, size);
    this.#used = new Int32Array(used.buffer, used.byteOffset + 4, 2 * size);
    this.#availWord = new RingWord(avail, atomic);
    this.#usedWord = new RingWord(used, atomic);
    this.#usedEvent = new RingEvent(avail.subarray(4 + 2 * size), atomic);
    this.#availEvent = new RingEvent(used.subarray(4 + 8 * size), atomic);
  }

  /** All that an add may meet but one element and room for it. */
  #addOther(): number {
    this.checkStaged();
    const ready = this.memory.generation === this.generation || this.refresh();
    if (!ready || this.free === 0) {
      this.stagedCount = 0;
      return -1;
    }
    if (this.stagedCount === 1) return this.add();
    const head = this.#free;
    if (this.#addTable(head) || this.#addChain(head)) return this.#offer(head);
    this.stagedCount = 0;
    return -1;
  }

  #addTable(head: number): boolean {
    const count = this.stagedCount;
    const { pool } = this;
    if (pool === undefined || !pool.take(head, count)) return false;
    const writable = this.fillTable(pool, true);
    const desc = this.#desc;
    const word = head << 2;
    desc[word] = pool.low;
    desc[word + 1] = pool.high;
    desc[word + 2] = count << 4;
    desc[word + 3] = DESC_F_INDIRECT;
    this.#free = this.#next[head]!;
    this.take(head, 1, this.#nextAvail, writable);
    return true;
  }

  #addChain(head: number): boolean {
    const count = this.stagedCount;
    if (count > this.free) return false;
    const writable = this.writableStaged();
    const { staged } = this;
    const desc = this.#desc;
    let index = head;
    for (let at = 0; at < count << 2; at += 4) {
      const word = index << 2;
      const next = this.#next[index]!;
      desc[word] = staged[at]!;
      desc[word + 1] = staged[at + 1]!;
      desc[word + 2] = staged[at + 2]!;
      const more = at + 4 < count << 2;
      desc[word + 3] = more ? staged[at + 3]! | DESC_F_NEXT | next << 16 : staged[at + 3]!;
      this.#last[head] = index;
      index = next;
    }
    this.#free = index;
    this.take(head, count, this.#nextAvail, writable);
    return true;
  }

  /** Learns the device's index; whether it has moved. */
  #look(): boolean {
    if (this.#usedWord.peek() >>> 16 === this.#nextUsed) return false;
    // The used entries below this index, and the data, were written before the store that this load sees.
    const used = this.#usedWord.load() >>> 16;
    const count = (used - this.#nextUsed) & 0xffff;
    const most = (this.#published - this.#nextUsed) & 0xffff;
    if (count > most) {
      const wanted = `at most ${most} ahead of ${this.#nextUsed}`;
      return this.break("used.idx", undefined, wanted, used);
    }
    this.#seenUsed = used;
    return count > 0;
  }

  /** Descriptors of the buffer that the used id names, 0 unless it was published and is pending. */
  #pendingCount(id: number): number {
    if (id < 0 || id >= this.size) return 0;
    const record = this.records[id << 1]!;
    // Added but not published, a buffer lies at or ahead of the published index.
    return ((this.#published - (record >>> 16) - 1) & 0xffff) < 0x8000 ? record & 0xffff : 0;
  }

  #refuseId(id: number, at: number): number {
    const wanted = "the head of a published, pending buffer";
    this.break("used.id", at & this.#mask, wanted, id >>> 0);
    return -1;
  }

  #refuseLength(id: number, length: number): number {
    this.break("used.len", id, `at most ${this.writableOf(id)}`, length);
    return -1;
  }

  /** Looks for used buffers, or for the ring itself, before it collects. */
  #collectNext(): number {
    if (this.memory.generation !== this.generation && !this.refresh()) return -1;
    return this.#nextUsed !== this.#seenUsed || this.#look() ? this.collect() : -1;
  }

  /** In order, one used entry stands for all buffers up to the one that it names (VIRTIO 1.4, 2.7.9). */
  #collectOther(at: number): number {
    const word = (at & this.#mask) << 1;
    if (this.batch === 0) {
      const id = this.#used[word]!;
      this.batchLength = this.#used[word | 1]! >>> 0;
      if (this.#pendingCount(id) === 0) return this.#refuseId(id, at);
      if (!this.#inOrder) return this.#end(id, this.batchLength);
      const ahead = (this.addedAt(id) - at) & 0xffff;
      const most = (this.#seenUsed - at) & 0xffff;
      if (ahead >= most) {
        this.break("used.id", at & this.#mask, `one of the ${most} oldest buffers`, id);
        return -1;
      }
      this.batch = ahead + 1;
    }
    const head = this.#heads[at & this.#mask]!;
    const length = this.batch === 1 ? this.batchLength : this.writableOf(head);
    this.batch--;
    return this.#end(head, length);
  }

  #end(head: number, length: number): number {
    const last = this.countOf(head) === 1 ? head : this.#last[head]!;
    if (!this.accept(head, length)) return -1;
    if (!this.#inOrder) {
      this.#next[last] = this.#free;
      this.#free = head;
    }
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
    return head;
  }

  #ask(flags: number): void {
    if (this.memory.generation !== this.generation && !this.refresh()) return;
    if (flags === this.#flags) return;
    this.#flags = flags;
    this.#availWord.store(flags | this.#published << 16);
  }

  #descriptors(head: number): number[] {
    const list = [head];
    while (list.length < this.countOf(head)) list.push(this.#next[list.at(-1)!]!);
    return list;
  }

  #resumeAt(position: DriverPosition): void {
    const what = `Cannot resume queue ${this.index}`;
    if (position.format !== "split") throw new TypeError(`${what}: format is ${position.format}`);
    checkInteger(`${what}: avail`, position.avail, 0, 0xffff);
    checkInteger(`${what}: used`, position.used, 0, 0xffff);
    const ahead = (position.avail - position.used) & 0xffff;
    if (ahead !== position.pending.length) {
      throw new RangeError(
        `${what}: ${position.pending.length} buffers pending instead of ${ahead}`,
      );
    }
    this.#nextAvail = this.#published = position.avail;
    this.#nextUsed = this.#seenUsed = position.used;
    this.resumeBatch(what, position);
    this.#kicked = this.#flags = -1;
    const taken = new Set<number>();
    for (const [at, buffer] of position.pending.entries()) {
      const index = (position.used + at) & 0xffff;
      this.#resumeBuffer(what, buffer, index, taken);
      this.#heads[index & this.#mask] = buffer.id;
    }
    if (this.#inOrder) {
      this.#free = position.next ?? 0;
      checkInteger(`${what}: next`, this.#free, 0, this.#mask);
      return;
    }
    const free = [...this.#next.keys()].filter((index) => !taken.has(index));
    this.#free = free[0] ?? 0;
    for (const [at, index] of free.entries()) this.#next[index] = free[at + 1] ?? 0;
  }

  #resumeBuffer(what: string, buffer: PendingBuffer, index: number, taken: Set<number>): void {
    const list = typeof buffer.descriptors === "number" ? [] : buffer.descriptors;
    if (list[0] !== buffer.id) {
      throw new RangeError(`${what}: buffer ${buffer.id} does not start with its head`);
    }
    checkInteger(`${what}: writableLength`, buffer.writableLength, 0, 0xffffffff);
    for (const [at, link] of list.entries()) {
      checkInteger(`${what}: descriptor`, link, 0, this.#mask);
      if (taken.has(link)) throw new RangeError(`${what}: descriptor ${link} is used twice`);
      taken.add(link);
      if (at > 0) this.#next[list[at - 1]!] = link;
    }
    this.#last[buffer.id] = list.at(-1)!;
    this.take(buffer.id, list.length, index, buffer.writableLength);
  }
}

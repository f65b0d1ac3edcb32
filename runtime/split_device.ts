/**
 * The device's end of a split queue (VIRTIO 1.4, 2.7).
 *
 * Security model: the driver can write the whole descriptor table and available ring, and indirect tables, at any time
 * and to any value. Each field is read once into a local and checked there; indices and flags of our own live in
 * private copies and are never read back from memory; a walk over descriptors ends after as many steps as the ring has
 * entries. What does not fit breaks the queue. An element of zero bytes describes no memory at all, which a buffer
 * element must (2.7.13.1), so it counts as such a lie.
 *
 * @module
 */

import { type Chain, FAULT_NONE } from "./chain.ts";
import { checkInteger } from "./check.ts";
import { DeviceRing } from "./device_ring.ts";
import { IndirectTable, TABLE_MAX } from "./indirect.ts";
import {
  AVAIL_F_NO_INTERRUPT,
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_F_WRITE,
  USED_F_NO_NOTIFY,
} from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DeviceQueue,
  DeviceQueueOptions,
  QueueFeatures,
  QueueLayout,
  QueuePosition,
} from "./queue.ts";
import {
  NO_HALVES,
  NO_RING_EVENT,
  NO_RING_WORD,
  NO_WORDS,
  passedEvent,
  type RingEvent,
  type RingWord,
} from "./ring_word.ts";
import { splitAreas } from "./split_areas.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const CHAINED = DESC_F_NEXT | DESC_F_INDIRECT;
const NEXT = DESC_F_NEXT;
const INDIRECT = DESC_F_INDIRECT;
const WRITE = DESC_F_WRITE;
const NO_FAULT = FAULT_NONE;
/** All that an index of a head's row may be: where V8 sees that it is not negative, it need not extend it. */
const ROWS = 32767 << 4;

/** Takes available buffers of a split queue and gives them back used. */
export class SplitDeviceQueue extends DeviceRing implements DeviceQueue {
  /** Format of the ring. */
  readonly format = "split";
  private readonly table: IndirectTable;
  // Views of the ring's parts.
  private desc: Int32Array = NO_WORDS; // four words each: address low and high, length, flags | next << 16
  private avail: Uint16Array = NO_HALVES; // heads
  private availWord: RingWord = NO_RING_WORD; // flags | idx << 16
  private used: Int32Array = NO_WORDS; // id and length each
  private usedWord: RingWord = NO_RING_WORD;
  private usedEvent: RingEvent = NO_RING_EVENT; // written by the driver
  private availEvent: RingEvent = NO_RING_EVENT; // written by us
  // Our own indices, modulo 65536.
  private nextAvail = 0; // next to pop
  private seenAvail = 0; // the driver's index when we last looked
  private until = 0; // index at which a pop must look closer: the driver's, or our own
  private nextUsed = 0; // next to fill
  private published = 0; // our index as the driver sees it
  private signalled = 0; // our index when we last considered a notification, -1 when not known
  private flags = 0; // our flags as the driver sees them, -1 when not known

  /** Use {@linkcode createDeviceQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DeviceQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.table = new IndirectTable(memory);
    this.map();
    if (options.position !== undefined) this.resumeAt(options.position);
    memory.attach(this);
  }

  /** Whether the next pop would take a buffer, or find something wrong. */
  get waiting(): boolean {
    if (!this.mapped) return this.live;
    if (this.availWord.load() >>> 16 !== this.nextAvail) return true;
    return this.resumed.length > 0;
  }

  /** Takes the next available buffer: its head, or -1. */
  pop(): number {
    const at = this.nextAvail;
    if (at !== this.until) {
      const { avail, desc, rows } = this;
      const head = avail[at & (avail.length - 1)]!;
      const row = head << 4;
      if (head < avail.length && (rows[row]! & 1) === 0) {
        const word = head << 2;
        const low = desc[word]!;
        const high = desc[word | 1]!;
        const length = desc[word | 2]!;
        const flags = desc[word | 3]!;
        if (
          (flags & CHAINED) !== 0
            ? this.few.keepLinked(head, desc)
            : this.keep(row, low, high, length, flags & WRITE)
        ) {
          rows[row]!++;
          this.nextAvail = (at + 1) & 0xffff;
          return head;
        }
      }
    }
    return this.popOther();
  }

  /** All that a pop may meet but few elements in the next of the buffers seen; what was read for that counts no more. */
  private popOther(): number {
    if (!this.ready()) return -1;
    if (this.resumed.length > 0) return this.resumed.pop()!;
    const at = this.nextAvail;
    if (at === this.until) {
      if (at === this.seenAvail) {
        if (this.availWord.peek() >>> 16 === at) return -1;
        // The ring entries and descriptors below this index were written before the store that this load sees.
        const avail = this.availWord.load() >>> 16;
        if (((avail - at) & 0xffff) > this.size) {
          this.break("avail.idx", undefined, `at most ${this.size} ahead of ${at}`, avail);
          return -1;
        }
        this.seenAvail = avail;
        if (avail === at) return -1;
      }
      if (this.plain === true) {
        this.until = this.seenAvail;
        return this.pop();
      }
    }
    const { desc, order } = this;
    const slot = at & (this.size - 1);
    const head = this.avail[slot]!;
    if (head >= this.size || this.isPending(head) || order?.add(head) === false) {
      const wanted = head < this.size ? "a head that is not in use" : `less than ${this.size}`;
      this.break("avail.ring", slot, wanted, head);
      return -1;
    }
    const word = head << 2;
    const low = desc[word]!;
    const high = desc[word | 1]!;
    const length = desc[word | 2]!;
    const flags = desc[word | 3]!;
    if (!this.few.keepLinked(head, desc) && !this.walk(head, low, high, length, flags)) return -1;
    this.rows[head << 4]!++;
    this.nextAvail = (at + 1) & 0xffff;
    if (order !== undefined) this.until = this.nextAvail;
    return head;
  }

  /** Gives a buffer back, of which the first `written` writable bytes were written. */
  push(head: number, written: number): void {
    const { rows, used } = this;
    const row = head << 4 & ROWS;
    if (!(head >= 0 && head < this.size) || (rows[row]! & 1) === 0) return this.refusePush(head);
    if (this.plain !== true || (written !== 0 && !(written > 0 && written <= rows[row | 3]!))) {
      return this.pushOther(head, written);
    }
    rows[row]!++;
    const at = this.nextUsed;
    const entry = at << 1 & (used.length - 2);
    used[entry] = head;
    used[entry | 1] = written;
    this.nextUsed = (at + 1) & 0xffff;
  }

  /** Gives back a pending buffer in order, or of great length, or when memory has changed. */
  private pushOther(head: number, written: number): void {
    const word = this.lengthWord(head, written);
    this.rows[head << 4]!++;
    if (!this.ready()) return;
    if (this.order !== undefined) return this.order.complete(head, written);
    this.fill(this.nextUsed, head, word);
    this.nextUsed = (this.nextUsed + 1) & 0xffff;
  }

  /** Makes all pushed buffers visible, then notifies the driver if it wants that. */
  publish(): void {
    this.expose();
    if (!this.live) return;
    if (this.nextUsed === this.signalled) return;
    if (this.wanted(this.nextUsed)) this.onNotify();
  }

  /** Asks the driver for no notifications; with event indices, by asking for none further. */
  suppress(): void {
    if (!this.features.eventIdx) this.ask(USED_F_NO_NOTIFY);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (!this.ready()) return true;
    this.ask(0);
    if (this.features.eventIdx) this.availEvent.store(this.nextAvail);
    if (this.resumed.length > 0) return false;
    // Read after what we asked for is visible: a buffer added before that is seen here, a later one notifies.
    return this.availWord.load() >>> 16 === this.nextAvail;
  }

  /** Makes all pushed buffers visible. */
  expose(): void {
    if (!this.ready()) return;
    if (this.order !== undefined) this.retire();
    const used = this.nextUsed;
    if (used === this.published) return;
    this.published = used;
    // Ids, lengths and the data itself were written before this store, and the driver reads them after a load that
    // sees it; see ring_word.ts, also for why the event word is read after it.
    this.usedWord.store(Math.max(this.flags, 0) | used << 16);
  }

  protected where(): { avail: number; used: number } {
    return { avail: this.nextAvail, used: this.nextUsed };
  }

  protected idOf(head: number): number {
    return head;
  }

  override memoryChanged(): void {
    super.memoryChanged();
    this.until = this.nextAvail;
  }

  protected mapRing(): void {
    const areas = splitAreas(this.memory, this.layout);
    this.desc = areas.desc;
    this.avail = areas.avail;
    this.used = areas.used;
    this.availWord = areas.availWord;
    this.usedWord = areas.usedWord;
    this.usedEvent = areas.usedEvent;
    this.availEvent = areas.availEvent;
  }

  /** Follows a chain from its head, whose descriptor was read already; false when it broke the queue. */
  private walk(
    head: number,
    low: number,
    high: number,
    length: number,
    flags: number,
  ): boolean {
    const desc = this.desc;
    const chain = this.clearChain(head);
    let index = head;
    for (let count = 1; count <= this.size; count++) {
      chain.descriptors = count;
      if ((flags & INDIRECT) !== 0) {
        return this.walkTable(index, low, high, length, flags, count - 1, chain);
      }
      const fault = chain.append(low, high, length, (flags & WRITE) !== 0);
      if (fault !== NO_FAULT) return this.breakFor(fault, index, length);
      if ((flags & NEXT) === 0) return this.checkTotal(index, chain);
      const next = flags >>> 16;
      if (next >= this.size) return this.break("next", index, `less than ${this.size}`, next);
      index = next;
      const word = index << 2;
      low = desc[word]!;
      high = desc[word | 1]!;
      length = desc[word | 2]!;
      flags = desc[word | 3]!;
    }
    return this.break("next", index, `an end after ${this.size} descriptors`, "none");
  }

  /** Follows the table of an indirect descriptor, which ends a chain; `before` descriptors preceded it. */
  private walkTable(
    index: number,
    low: number,
    high: number,
    length: number,
    flags: number,
    before: number,
    chain: Chain,
  ): boolean {
    if (this.features.indirect !== true) {
      return this.break("flags", index, "no INDIRECT, which was not negotiated", "INDIRECT");
    }
    if ((flags & NEXT) !== 0) {
      return this.break("flags", index, "INDIRECT without NEXT", "both");
    }
    const table = this.table;
    if (!table.open(low, high, length)) {
      const wanted = "a multiple of 16 bytes inside guest memory";
      return this.break("indirect table", index, wanted, length >>> 0);
    }
    const { words, base, entries } = table;
    const most = Math.max(this.size, TABLE_MAX);
    let entry = 0;
    for (let count = before + 1; count <= most; count++) {
      const word = base + (entry << 2);
      const size = words[word + 2]!;
      const own = words[word + 3]!;
      if ((own & INDIRECT) !== 0) {
        return this.break("flags", entry, "no INDIRECT in an indirect table", "INDIRECT");
      }
      const write = (own & WRITE) !== 0;
      const fault = chain.append(words[word]!, words[word + 1]!, size, write);
      if (fault !== NO_FAULT) return this.breakFor(fault, entry, size);
      if ((own & NEXT) === 0) return this.checkTotal(entry, chain);
      entry = own >>> 16;
      if (entry >= entries) {
        return this.break("next", index, `less than the table's ${entries}`, entry);
      }
    }
    return this.break("next", index, `an end after ${most} descriptors`, "none");
  }

  private checkTotal(index: number, chain: Chain): boolean {
    const fault = this.total(chain);
    return fault === NO_FAULT || this.breakFor(fault, index, 0);
  }

  private fill(used: number, head: number, length: number): void {
    const entries = this.used;
    const at = used << 1 & (entries.length - 2);
    entries[at] = head;
    entries[at | 1] = length;
  }

  /** Moves complete buffers to the ring in their order; one entry stands for a run of completely written ones. */
  private retire(): void {
    const order = this.order!;
    let start = this.nextUsed;
    let count = 0;
    for (let head = order.front(); head >= 0;) {
      const written = order.written(head)!;
      order.shift();
      count++;
      const next = order.front();
      if (next < 0 || written !== this.writableOf(head)) {
        this.fill(start, head, this.lengthWord(head, written));
        start = (start + count) & 0xffff;
        count = 0;
      }
      head = next;
    }
    this.nextUsed = start;
  }

  private wanted(used: number): boolean {
    const old = this.signalled;
    this.signalled = used;
    if (!this.features.eventIdx) return (this.availWord.load() & AVAIL_F_NO_INTERRUPT) === 0;
    return old < 0 || passedEvent(this.usedEvent.load(), used, old);
  }

  private ask(flags: number): void {
    if (!this.ready()) return;
    if (flags === this.flags) return;
    this.flags = flags;
    this.usedWord.store(flags | this.published << 16);
  }

  private resumeAt(position: QueuePosition): void {
    const what = `Cannot resume queue ${this.index}`;
    checkInteger(`${what}: avail`, position.avail, 0, 0xffff);
    checkInteger(`${what}: used`, position.used, 0, 0xffff);
    this.resume(position, (buffer) => buffer.id);
    this.nextAvail = this.seenAvail = this.until = position.avail;
    this.nextUsed = this.published = position.used;
    this.signalled = this.flags = -1;
  }
}

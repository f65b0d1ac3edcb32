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
import {
  AVAIL_F_NO_INTERRUPT,
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_F_WRITE,
  USED_F_NO_NOTIFY,
} from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DriverPosition,
  DriverQueue,
  DriverQueueOptions,
  PendingBuffer,
  QueueFeatures,
  QueueLayout,
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
const INDIRECT = DESC_F_INDIRECT;
const NEXT = DESC_F_NEXT;
const WRITE = DESC_F_WRITE;
/** All that an index of a head's first word may be: where V8 sees that it is not negative, it need not extend it. */
const WORDS = 32767 << 2;

/** Makes buffers available in a split queue and collects them used. */
export class SplitDriverQueue extends DriverRing implements DriverQueue {
  /** Format of the ring. */
  readonly format = "split";
  private inOrder = false;
  // Views of the ring's parts.
  private desc: Int32Array = NO_WORDS; // four words each: address low and high, length, flags | next << 16
  private avail: Uint16Array = NO_HALVES; // heads
  private availWord: RingWord = NO_RING_WORD; // flags | idx << 16
  private used: Int32Array = NO_WORDS; // id and length each
  private usedWord: RingWord = NO_RING_WORD;
  private usedEvent: RingEvent = NO_RING_EVENT; // written by us
  private availEvent: RingEvent = NO_RING_EVENT; // written by the device
  // Our own indices, modulo 65536.
  private nextAvail = 0; // next to fill
  private published = 0; // our index as the device sees it
  private kicked = 0; // our index when we last considered a kick, -1 when not known
  private nextUsed = 0; // next to collect
  private seenUsed = 0; // the device's index when we last looked
  private until = 0; // index at which a collect must look closer: the device's, or our own
  private flags = 0; // our flags as the device sees them, -1 when not known
  private heads: Uint16Array = NO_HALVES; // in-order: heads by slot of the available ring

  /** Use {@linkcode createDriverQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DriverQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.inOrder = features.inOrder;
    if (this.inOrder) {
      this.heads = new Uint16Array(layout.size);
      this.link(this.size - 1, 0); // goes round the table and never links anew
    }
    this.map();
    if (options.position !== undefined) this.resumeAt(options.position);
    memory.attach(this);
  }

  /** Buffers added and not yet collected. */
  get pending(): number {
    return this.stopped !== undefined ? 0 : this.outstanding();
  }

  /** Turns the staged elements into a buffer: its head, or -1 when there is no room. */
  add(): number {
    return this.staging.count === 1 ? this.addOne() : this.addTable();
  }

  /** Adds a buffer of one element. */
  private addOne(): number {
    const head = this.next;
    const staging = this.staging;
    if (head < 0 || this.plain !== true) return this.addOther();
    const desc = this.desc;
    const records = this.records;
    const avail = this.avail;
    const at = this.nextAvail;
    const word = head << 2 & WORDS;
    const length = staging.length;
    const flags = staging.flags;
    staging.count = 0;
    desc[word] = staging.low;
    desc[word | 1] = staging.high;
    desc[word | 2] = length;
    desc[word | 3] = flags;
    this.next = records[word | 2]!;
    records[word] = 1 | at << 16;
    records[word | 1] = flags === 0 ? 0 : length;
    avail[at & (avail.length - 1)] = head;
    this.nextAvail = (at + 1) & 0xffff;
    return head;
  }

  /** Makes all added buffers visible. */
  publish(): void {
    const avail = this.nextAvail;
    if (avail === this.published) return;
    if (!this.ready()) return;
    this.published = avail;
    // Descriptors, ring entries and the data itself were written before this store, and the device reads them after
    // a load that sees it; see ring_word.ts.
    this.availWord.store(Math.max(this.flags, 0) | avail << 16);
  }

  /** Publishes, then notifies the device if it wants that. */
  kick(): void {
    this.publish();
    if (this.kicked === this.published || !this.live) return;
    const old = this.kicked;
    this.kicked = this.published;
    // Read after the store in publish: either we see what the device asks for, or it sees our index.
    const wanted = this.features.eventIdx
      ? old < 0 || passedEvent(this.availEvent.load(), this.published, old)
      : (this.usedWord.load() & USED_F_NO_NOTIFY) === 0;
    if (wanted) this.onKick();
  }

  /** What a kick carries under VIRTIO_F_NOTIFICATION_DATA (VIRTIO 1.4, 2.9). */
  notificationData(): number {
    return (this.index | this.published << 16) >>> 0;
  }

  /** Takes the next used buffer: its head, or -1. */
  collect(): number {
    const at = this.nextUsed;
    if (at !== this.until) {
      const { records, used } = this;
      const entry = at << 1 & (used.length - 2);
      const id = used[entry]!;
      const length = used[entry | 1]!;
      if (id >>> 0 < used.length >>> 1) {
        const word = id << 2 & WORDS;
        const state = records[word]!;
        // Added but not published, a buffer lies at or ahead of the published index.
        if (
          (state & 0xffff) === 1 && ((this.published - (state >>> 16) - 1) & 0x8000) === 0 &&
          length >= 0 && length <= records[word | 1]!
        ) {
          this.usedLength = length;
          records[word] = 0;
          records[word | 2] = this.next;
          this.nextUsed = (at + 1) & 0xffff;
          return this.next = id;
        }
      }
    }
    return this.collectOther();
  }

  /** Asks the device for no notifications; with event indices, by asking for none further. */
  suppress(): void {
    if (!this.features.eventIdx) this.ask(AVAIL_F_NO_INTERRUPT);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (!this.ready()) return true;
    this.ask(0);
    if (this.features.eventIdx) this.usedEvent.store(this.nextUsed);
    // Read after what we asked for is visible: a buffer used before that is seen here, a later one notifies.
    return this.usedWord.load() >>> 16 === this.nextUsed;
  }

  /** Where the queue stands. */
  position(): DriverPosition {
    if (this.stopped !== undefined) return this.stopped;
    this.publish();
    const heads = this.inOrder
      ? Array.from({ length: this.pending }, (_, at) => {
        return this.heads[(this.nextUsed + at) & (this.size - 1)]!;
      })
      : Array.from({ length: this.size }, (_, head) => head)
        .filter((head) => this.countOf(head) > 0);
    return {
      format: "split",
      avail: this.nextAvail,
      used: this.nextUsed,
      next: this.next,
      ...(this.batch === 0 ? {} : { batch: { count: this.batch, length: this.batchLength } }),
      pending: heads.map((head) => ({
        id: head,
        descriptors: this.descriptors(head),
        writableLength: this.writableOf(head),
      })),
    };
  }

  protected outstanding(): number {
    return (this.nextAvail - this.nextUsed) & 0xffff;
  }

  override memoryChanged(): void {
    super.memoryChanged();
    this.until = this.nextUsed;
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

  /** Adds a buffer of several elements that are in the spare table already. */
  private addTable(): number {
    const { next: head, pool, staging } = this;
    const count = staging.count;
    if (head < 0 || this.plain !== true || staging.seal() !== true) return this.addOther();
    const { avail, records } = this;
    const at = this.nextAvail;
    const word = head << 2 & WORDS;
    this.fillIndirect(head, pool!.low + (staging.base << 2) | 0, pool!.high, count);
    this.next = records[word | 2]!;
    records[word] = 1 | at << 16;
    records[word | 1] = staging.writableLength;
    avail[at & (avail.length - 1)] = head;
    this.nextAvail = (at + 1) & 0xffff;
    staging.handOver(pool!.exchange(head, staging.base));
    return head;
  }

  /** All that an add may meet but one element, or a spare table of them, and room for it. */
  private addOther(): number {
    const { next: head, pool, staging } = this;
    staging.check(this.size);
    const count = staging.count;
    if (!this.ready() || this.free === 0) return this.refuseAdd();
    let taken = 1;
    let writable = 0;
    if (staging.seal()) {
      writable = staging.writableLength;
      this.fillIndirect(head, pool!.low + (staging.base << 2) | 0, pool!.high, count);
      staging.handOver(pool!.exchange(head, staging.base));
      this.next = this.following(head);
    } else {
      const staged = staging.gather();
      writable = staging.countWritable();
      const table = count > 1 ? pool?.long(head, count) : undefined;
      if (table !== undefined) {
        table.words.set(staged.subarray(0, count << 2));
        this.fillIndirect(head, table.low, table.high, count);
        this.next = this.following(head);
      } else {
        if (count > this.free) return this.refuseAdd();
        this.fillList(head, staged, count);
        taken = count;
      }
    }
    const at = this.nextAvail;
    const slot = at & (this.size - 1);
    this.take(head, taken, at, writable);
    if (this.inOrder) this.heads[slot] = head;
    this.avail[slot] = head;
    this.nextAvail = (at + 1) & 0xffff;
    return head;
  }

  private fillIndirect(head: number, low: number, high: number, count: number): void {
    const desc = this.desc;
    const word = head << 2 & WORDS;
    desc[word] = low;
    desc[word | 1] = high;
    desc[word | 2] = count << 4;
    desc[word | 3] = INDIRECT;
  }

  /** Writes elements into free descriptors from a head on. */
  private fillList(head: number, staged: Int32Array, count: number): void {
    const desc = this.desc;
    for (let from = 0, index = head; from < count << 2; from += 4) {
      const word = index << 2;
      const more = from + 4 < count << 2;
      const next = this.following(index);
      desc[word] = staged[from]!;
      desc[word | 1] = staged[from | 1]!;
      desc[word | 2] = staged[from | 2]!;
      desc[word | 3] = staged[from | 3]! & WRITE | (more ? NEXT | next << 16 : 0);
      this.records[head << 2 | 3] = index;
      this.next = index = next;
    }
  }

  /** All that a collect may meet but one descriptor in a used buffer seen; what was read for that counts no more. */
  private collectOther(): number {
    if (!this.ready()) return -1;
    const at = this.nextUsed;
    if (at === this.until) {
      if (at === this.seenUsed) {
        if (this.usedWord.peek() >>> 16 === at) return -1;
        // The used entries below this index, and the data, were written before the store that this load sees.
        const used = this.usedWord.load() >>> 16;
        const most = (this.published - at) & 0xffff;
        if (((used - at) & 0xffff) > most) {
          this.break("used.idx", undefined, `at most ${most} ahead of ${at}`, used);
          return -1;
        }
        this.seenUsed = used;
        if (used === at) return -1;
      }
      if (this.plain === true) {
        this.until = this.seenUsed;
        return this.collect();
      }
    }
    const slot = at & (this.size - 1);
    let head = this.used[slot << 1]!;
    let length = this.used[slot << 1 | 1]! >>> 0;
    if (this.batch === 0) {
      const pending = head >= 0 && head < this.size && this.countOf(head) > 0;
      if (!pending || ((this.published - this.addedAt(head) - 1) & 0xffff) >= 0x8000) {
        this.break("used.id", slot, "the head of a published, pending buffer", head >>> 0);
        return -1;
      }
    }
    if (this.inOrder) {
      if (this.batch === 0 && !this.openBatch(at, head, length)) return -1;
      head = this.heads[slot]!;
      length = this.batch === 1 ? this.batchLength : this.writableOf(head);
      this.batch--;
    }
    const last = this.countOf(head) === 1 ? head : this.records[head << 2 | 3]!;
    if (!this.accept(head, length)) return -1;
    this.nextUsed = (at + 1) & 0xffff;
    if (!this.plain) this.until = this.nextUsed;
    if (this.inOrder) return head;
    this.link(last, this.next);
    return this.next = head;
  }

  /** In order, one used entry stands for all buffers up to the one that it names (VIRTIO 1.4, 2.7.9). */
  private openBatch(at: number, head: number, length: number): boolean {
    const ahead = (this.addedAt(head) - at) & 0xffff;
    const most = (this.seenUsed - at) & 0xffff;
    if (ahead >= most) {
      const slot = at & (this.size - 1);
      return this.break("used.id", slot, `one of the ${most} oldest buffers`, head);
    }
    this.batch = ahead + 1;
    this.batchLength = length;
    return true;
  }

  private ask(flags: number): void {
    if (!this.ready()) return;
    if (flags === this.flags) return;
    this.flags = flags;
    this.availWord.store(flags | this.published << 16);
  }

  private descriptors(head: number): number[] {
    const list = [head];
    while (list.length < this.countOf(head)) list.push(this.following(list.at(-1)!));
    return list;
  }

  private resumeAt(position: DriverPosition): void {
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
    this.nextAvail = this.published = position.avail;
    this.nextUsed = this.seenUsed = this.until = position.used;
    this.resumeBatch(what, position);
    this.kicked = this.flags = -1;
    const taken = new Set<number>();
    for (const [at, buffer] of position.pending.entries()) {
      const index = (position.used + at) & 0xffff;
      this.resumeBuffer(what, buffer, index, taken);
      if (this.inOrder) this.heads[index & (this.size - 1)] = buffer.id;
    }
    if (this.inOrder) {
      this.next = position.next ?? 0;
      checkInteger(`${what}: next`, this.next, 0, this.size - 1);
      return;
    }
    this.next = -1;
    for (let index = this.size - 1; index >= 0; index--) {
      if (taken.has(index)) continue;
      this.link(index, this.next);
      this.next = index;
    }
  }

  private resumeBuffer(
    what: string,
    buffer: PendingBuffer,
    index: number,
    taken: Set<number>,
  ): void {
    const list = typeof buffer.descriptors === "number" ? [] : buffer.descriptors;
    if (list[0] !== buffer.id) {
      throw new RangeError(`${what}: buffer ${buffer.id} does not start with its head`);
    }
    checkInteger(`${what}: writableLength`, buffer.writableLength, 0, 0xffffffff);
    for (const [at, link] of list.entries()) {
      checkInteger(`${what}: descriptor`, link, 0, this.size - 1);
      if (taken.has(link)) throw new RangeError(`${what}: descriptor ${link} is used twice`);
      taken.add(link);
      if (at > 0) this.link(list[at - 1]!, link);
    }
    this.records[buffer.id << 2 | 3] = list.at(-1)!;
    this.take(buffer.id, list.length, index, buffer.writableLength);
  }
}

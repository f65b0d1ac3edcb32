/**
 * The driver's end of a packed queue (VIRTIO 1.4, 2.8).
 *
 * Security model: the device can write the ring and its event word at any time and to any value. Each used descriptor
 * is read once; an id counts only when it names a buffer that we published and that is still pending, a length only up
 * to the buffer's writable bytes. Positions, wrap counters, free ids and the descriptors of each buffer are private:
 * nothing we wrote to the ring is ever read back from it.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { DriverRing } from "./driver_ring.ts";
import {
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_F_WRITE,
  RING_EVENT_FLAGS_DESC,
  RING_EVENT_FLAGS_DISABLE,
} from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import {
  availTurn,
  checkOffset,
  eventFlags,
  NO_EVENT,
  passedOffset,
  TURN_MASK,
  usedTurn,
  wrapOf,
} from "./packed_event.ts";
import type {
  DriverPosition,
  DriverQueue,
  DriverQueueOptions,
  QueueFeatures,
  QueueLayout,
} from "./queue.ts";
import { ringSizes } from "./ring_sizes.ts";
import { NO_HALVES, NO_RING_WORD, NO_WORDS, RingWord } from "./ring_word.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const TURNS = TURN_MASK;
const WRITE = DESC_F_WRITE << 16;
const INDIRECT = DESC_F_INDIRECT << 16;
const NEXT = DESC_F_NEXT << 16;

/** Makes buffers available in a packed queue and collects them used. */
export class PackedDriverQueue extends DriverRing implements DriverQueue {
  /** Format of the ring. */
  readonly format = "packed";
  private inOrder = false;
  private desc: Int32Array = NO_WORDS; // four words each: address low and high, length, id | flags << 16
  private atomic = false;
  private driverEvent: RingWord = NO_RING_WORD; // written by us: offset and wrap | flags << 16
  private deviceEvent: RingWord = NO_RING_WORD; // written by the device
  private nextAvail = 0; // offset of the next descriptor to fill
  private availTurn = availTurn(1); // in this lap of ours
  private nextUsed = 0; // offset of the next used descriptor to read
  private usedTurn = usedTurn(1); // in this lap of the device
  private held = -1; // index of the word that publishes, -1 when nothing is held back
  private heldWord = 0;
  private since = 0; // descriptors added since we last considered a kick, a lap or more when not known
  private event = NO_EVENT; // our event word as the device sees it
  // Buffers counted modulo 65536: which were added, published and collected, in-order the id of each too.
  private added = 0;
  private published = 0;
  private collected = 0;
  private order: Uint16Array = NO_HALVES; // in-order: ids by that count

  /** Use {@linkcode createDriverQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DriverQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.inOrder = features.inOrder;
    if (this.inOrder) this.order = new Uint16Array(2 ** Math.ceil(Math.log2(layout.size)));
    this.map();
    if (options.position !== undefined) this.resumeAt(options.position);
    memory.attach(this);
  }

  /** Buffers added and not yet collected. */
  get pending(): number {
    return this.stopped !== undefined ? 0 : this.outstanding();
  }

  /** Turns the staged elements into a buffer: its id, or -1 when there is no room. */
  add(): number {
    return this.staging.count === 1 ? this.addOne() : this.addTable();
  }

  /** Adds a buffer of one element. */
  private addOne(): number {
    const id = this.next;
    const staging = this.staging;
    if (id < 0 || this.plain !== true) return this.addOther();
    const records = this.records;
    const record = id << 2;
    const at = this.added;
    const length = staging.length;
    const flags = staging.flags;
    staging.count = 0;
    this.fill(staging.low, staging.high, length, id | flags << 16);
    this.next = records[record | 2]!;
    records[record] = 1 | at << 16;
    records[record | 1] = flags === 0 ? 0 : length;
    this.added = (at + 1) & 0xffff;
    return id;
  }

  /** Makes all added buffers visible. */
  publish(): void {
    if (this.held < 0) return;
    if (!this.ready()) return;
    // The device polls the first of these descriptors alone. Its flags come last: all other descriptors and the data
    // were written before this store, and the device reads them after a load that sees it; see ring_word.ts.
    if (this.atomic === true) Atomics.store(this.desc, this.held, this.heldWord);
    else this.desc[this.held] = this.heldWord;
    const count = this.nextAvail - (this.held >> 2);
    this.since += count > 0 ? count : count + this.size;
    this.held = -1;
    this.published = this.added;
  }

  /** Publishes, then notifies the device if it wants that. */
  kick(): void {
    this.publish();
    const since = this.since;
    if (since === 0 || !this.live) return;
    this.since = 0;
    // Read after the store in publish: either we see what the device asks for, or it sees our descriptors.
    const event = this.deviceEvent.load();
    const flags = eventFlags(event);
    if (flags === RING_EVENT_FLAGS_DISABLE) return;
    if (flags === RING_EVENT_FLAGS_DESC && this.features.eventIdx) {
      const wrap = wrapOf(this.availTurn);
      if (!passedOffset(event, this.nextAvail, wrap, since, this.size)) return;
    }
    this.onKick();
  }

  /** What a kick carries under VIRTIO_F_NOTIFICATION_DATA (VIRTIO 1.4, 2.9). */
  notificationData(): number {
    return (this.index | (this.nextAvail | wrapOf(this.availTurn) << 15) << 16) >>> 0;
  }

  /** Takes the next used buffer: its id, or -1. */
  collect(): number {
    const { desc, nextUsed: at, records, usedTurn } = this;
    const word = at << 2;
    let end = desc[word | 3]!;
    if ((end & TURNS) === usedTurn && this.plain === true) {
      if (this.atomic === true) end = Atomics.load(desc, word | 3);
      const id = end & 0xffff;
      const length = desc[word | 2]!;
      if ((end & TURNS) === usedTurn && id < this.size) {
        const record = id << 2;
        const state = records[record]!;
        // Added but not published, a buffer's count lies at or ahead of the published one.
        if (
          (state & 0xffff) === 1 && ((this.published - (state >>> 16) - 1) & 0x8000) === 0 &&
          length >= 0 && length <= records[record | 1]!
        ) {
          this.usedLength = length;
          records[record] = 0;
          records[record | 2] = this.next;
          this.collected = (this.collected + 1) & 0xffff;
          if (word + 4 < desc.length) this.nextUsed = at + 1;
          else this.turnUsed(at + 1);
          return this.next = id;
        }
      }
    }
    return this.collectOther();
  }

  /** Asks the device for no notifications. */
  suppress(): void {
    this.ask(RING_EVENT_FLAGS_DISABLE << 16);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (!this.ready()) return true;
    if (this.batch > 0) return false;
    const offset = this.nextUsed | wrapOf(this.usedTurn) << 15;
    this.ask(this.features.eventIdx ? offset | RING_EVENT_FLAGS_DESC << 16 : 0);
    // Read after what we asked for is visible: a buffer used before that is seen here, a later one notifies.
    const word = (this.nextUsed << 2) + 3;
    return !this.isUsed(this.atomic ? Atomics.load(this.desc, word) : this.desc[word]!);
  }

  /** Where the queue stands. */
  position(): DriverPosition {
    if (this.stopped !== undefined) return this.stopped;
    this.publish();
    const ids = this.inOrder
      ? Array.from({ length: this.pending }, (_, at) => {
        return this.order[(this.collected + at) & (this.order.length - 1)]!;
      })
      : Array.from({ length: this.size }, (_, id) => id).filter((id) => this.countOf(id) > 0);
    return {
      format: "packed",
      avail: this.nextAvail | wrapOf(this.availTurn) << 15,
      used: this.nextUsed | wrapOf(this.usedTurn) << 15,
      ...(this.batch === 0 ? {} : { batch: { count: this.batch, length: this.batchLength } }),
      pending: ids.map((id) => ({
        id,
        descriptors: this.countOf(id),
        writableLength: this.writableOf(id),
      })),
    };
  }

  protected outstanding(): number {
    return (this.added - this.collected) & 0xffff;
  }

  /** While a buffer has several descriptors, the ring may be full before all ids are taken. */
  protected override choose(): void {
    this.plain = this.mapped && this.ordinary && this.more === 0;
  }

  protected mapRing(): void {
    const { size, memory, layout } = this;
    const sizes = ringSizes("packed", size);
    const desc = memory.view(layout.desc, sizes.desc.size)!;
    this.atomic = memory.shared;
    this.desc = new Int32Array(desc.buffer, desc.byteOffset, 4 * size);
    this.driverEvent = new RingWord(memory.view(layout.driver, 4)!, this.atomic);
    this.deviceEvent = new RingWord(memory.view(layout.device, 4)!, this.atomic);
  }

  /** Adds a buffer of several elements that are in the spare table already. */
  private addTable(): number {
    const { next: id, pool, staging } = this;
    const count = staging.count;
    if (id < 0 || this.plain !== true || staging.seal() !== true) return this.addOther();
    const records = this.records;
    const record = id << 2;
    const at = this.added;
    this.fill(pool!.low + (staging.base << 2) | 0, pool!.high, count << 4, id | INDIRECT);
    this.next = records[record | 2]!;
    records[record] = 1 | at << 16;
    records[record | 1] = staging.writableLength;
    this.added = (at + 1) & 0xffff;
    staging.handOver(pool!.exchange(id, staging.base));
    return id;
  }

  /** All that an add may meet but one element, or a spare table of them, and room for it. */
  private addOther(): number {
    const { next: id, pool, staging } = this;
    staging.check(this.size);
    const count = staging.count;
    if (!this.ready() || this.free === 0) return this.refuseAdd();
    let taken = 1;
    let writable = 0;
    if (staging.seal()) {
      writable = staging.writableLength;
      this.fill(pool!.low + (staging.base << 2) | 0, pool!.high, count << 4, id | INDIRECT);
      staging.handOver(pool!.exchange(id, staging.base));
    } else {
      const staged = staging.gather();
      writable = staging.countWritable();
      const table = count > 1 ? pool?.long(id, count) : undefined;
      if (table !== undefined) {
        table.words.set(staged.subarray(0, count << 2));
        this.fill(table.low, table.high, count << 4, id | INDIRECT);
      } else {
        if (count > this.free) return this.refuseAdd();
        this.fillList(id, staged, count);
        taken = count;
      }
    }
    const at = this.added;
    this.take(id, taken, at, writable);
    this.choose();
    this.next = this.following(id);
    if (this.inOrder) this.order[at & (this.order.length - 1)] = id;
    this.added = (at + 1) & 0xffff;
    return id;
  }

  /** Writes elements into the next descriptors. */
  private fillList(id: number, staged: Int32Array, count: number): void {
    for (let from = 0; from < count << 2; from += 4) {
      const more = from + 4 < count << 2 ? NEXT : 0;
      const end = id | staged[from | 3]! & WRITE | more;
      this.fill(staged[from]!, staged[from | 1]!, staged[from | 2]!, end);
    }
  }

  /** Writes the next descriptor, all but the word that publishes when it is the first since the last publish. */
  private fill(low: number, high: number, length: number, end: number): void {
    const desc = this.desc;
    const word = this.nextAvail << 2;
    const marked = end | this.availTurn;
    desc[word] = low;
    desc[word | 1] = high;
    desc[word | 2] = length;
    if (this.held < 0) {
      this.held = word | 3;
      this.heldWord = marked;
    } else {
      desc[word | 3] = marked;
    }
    if (word + 4 < desc.length) {
      this.nextAvail++;
    } else {
      this.nextAvail = 0;
      this.availTurn ^= TURNS;
    }
  }

  private turnUsed(next: number): void {
    this.nextUsed = next - this.size;
    this.usedTurn ^= TURNS;
  }

  private isUsed(word: number): boolean {
    return (word & TURNS) === this.usedTurn;
  }

  /** All that a collect may meet but one descriptor in any order; what was read for that counts no more. */
  private collectOther(): number {
    if (!this.ready()) return -1;
    if (this.batch > 0) return this.collectBatch();
    const at = this.nextUsed;
    const word = at << 2;
    if (!this.isUsed(this.desc[word | 3]!)) return -1;
    // Length, data and the used descriptors of the same burst were written before the store that this load sees.
    const end = this.atomic ? Atomics.load(this.desc, word | 3) : this.desc[word | 3]!;
    if (!this.isUsed(end)) return -1;
    const id = end & 0xffff;
    const pending = id < this.size && this.countOf(id) > 0;
    if (!pending || ((this.published - this.addedAt(id) - 1) & 0xffff) >= 0x8000) {
      this.break("id", at, "the id of a published, pending buffer", id);
      return -1;
    }
    let length = this.desc[word | 2]! >>> 0;
    if ((end & WRITE) === 0 && length > this.writableOf(id) && this.features.lengths !== "bound") {
      length = 0; // reserved without WRITE (VIRTIO 1.4, 2.8.4); QEMU never sets it, and means the length
    }
    if (!this.inOrder) return this.end(id, length) ? id : -1;
    this.batch = ((this.addedAt(id) - this.collected) & 0xffff) + 1;
    this.batchLength = length;
    return this.collectBatch();
  }

  /** One used descriptor stands for all buffers up to the one that it names (VIRTIO 1.4, 2.8.9). */
  private collectBatch(): number {
    const id = this.order[this.collected & (this.order.length - 1)]!;
    const length = this.batch === 1 ? this.batchLength : this.writableOf(id);
    if (!this.end(id, length)) return -1;
    this.batch--;
    return id;
  }

  /** Frees an id, and moves on by as many descriptors as its buffer had. */
  private end(id: number, length: number): boolean {
    const count = this.countOf(id);
    if (!this.accept(id, length)) return false;
    this.link(id, this.next);
    this.next = id;
    this.collected = (this.collected + 1) & 0xffff;
    if (this.nextUsed + count < this.size) this.nextUsed += count;
    else this.turnUsed(this.nextUsed + count);
    this.choose();
    return true;
  }

  private ask(event: number): void {
    if (!this.ready()) return;
    if (event === this.event) return;
    this.event = event;
    this.driverEvent.store(event);
  }

  private resumeAt(position: DriverPosition): void {
    const what = `Cannot resume queue ${this.index}`;
    if (position.format !== "packed") throw new TypeError(`${what}: format is ${position.format}`);
    checkOffset(`${what}: avail`, position.avail, this.size);
    checkOffset(`${what}: used`, position.used, this.size);
    this.nextAvail = position.avail & 0x7fff;
    this.availTurn = availTurn(position.avail >>> 15);
    this.nextUsed = position.used & 0x7fff;
    this.usedTurn = usedTurn(position.used >>> 15);
    this.since = this.size;
    this.event = -1;
    this.resumeBatch(what, position);
    for (const buffer of position.pending) {
      const { id, writableLength } = buffer;
      const count = typeof buffer.descriptors === "number" ? buffer.descriptors : 0;
      checkInteger(`${what}: id`, id, 0, this.size - 1);
      checkInteger(`${what}: descriptors`, count, 1, this.free);
      checkInteger(`${what}: writableLength`, writableLength, 0, 0xffffffff);
      if (this.countOf(id) !== 0) throw new RangeError(`${what}: id ${id} is pending twice`);
      this.take(id, count, this.added, writableLength);
      if (this.inOrder) this.order[this.added & (this.order.length - 1)] = id;
      this.added++;
    }
    this.published = this.added;
    this.next = -1;
    for (let id = this.size - 1; id >= 0; id--) {
      if (this.countOf(id) > 0) continue;
      this.link(id, this.next);
      this.next = id;
    }
    this.choose();
    const turns = wrapOf(this.availTurn) === wrapOf(this.usedTurn) ? 0 : this.size;
    if (this.nextAvail + turns - this.nextUsed !== this.size - this.free) {
      throw new RangeError(`${what}: the pending descriptors do not lead to avail`);
    }
  }
}

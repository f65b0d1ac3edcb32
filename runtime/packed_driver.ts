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

/** Makes buffers available in a packed queue and collects them used. */
export class PackedDriverQueue extends DriverRing implements DriverQueue {
  /** Format of the ring. */
  readonly format = "packed";
  #inOrder = false;
  #desc: Int32Array = NO_WORDS; // four words each: address low and high, length, id | flags << 16
  #atomic = false;
  #driverEvent: RingWord = NO_RING_WORD; // written by us: offset and wrap | flags << 16
  #deviceEvent: RingWord = NO_RING_WORD; // written by the device
  #nextAvail = 0; // offset of the next descriptor to fill
  #availTurn = availTurn(1); // in this lap of ours
  #nextUsed = 0; // offset of the next used descriptor to read
  #usedTurn = usedTurn(1); // in this lap of the device
  #held = -1; // index of the word that publishes, -1 when nothing is held back
  #heldWord = 0;
  #since = 0; // descriptors added since we last considered a kick, a lap or more when not known
  #event = NO_EVENT; // our event word as the device sees it
  #ids: Uint16Array = NO_HALVES; // free ids
  #idCount = 0;
  // Buffers counted modulo 65536: which were added, published and collected, and the id of each since collected.
  #added = 0;
  #published = 0;
  #collected = 0;
  #order: Uint16Array = NO_HALVES; // ids by that count
  #orderMask = 0;

  /** Use {@linkcode createDriverQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DriverQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.#inOrder = features.inOrder;
    this.#ids = new Uint16Array(layout.size).map((_, at) => layout.size - 1 - at);
    this.#idCount = this.size;
    this.#order = new Uint16Array(2 ** Math.ceil(Math.log2(layout.size)));
    this.#orderMask = this.#order.length - 1;
    this.mapRing();
    if (options.position !== undefined) this.#resumeAt(options.position);
  }

  /** Buffers added and not yet collected. */
  get pending(): number {
    return this.stopped !== undefined ? 0 : (this.#added - this.#collected) & 0xffff;
  }

  /** Turns the staged elements into a buffer: its id, or -1 when there is no room. */
  add(): number {
    if (
      this.stagedCount !== 1 || this.free === 0 || this.memory.generation !== this.generation
    ) return this.#addOther();
    const id = this.#ids[this.#idCount - 1]!;
    const length = this.stagedLength;
    const flags = this.stagedFlags;
    this.#fill(this.stagedLow, this.stagedHigh, length, id | flags << 16);
    this.take(id, 1, this.#added, flags === 0 ? 0 : length);
    return this.#count(id);
  }

  /** Counts a buffer whose descriptors are written. */
  #count(id: number): number {
    const at = this.#added;
    this.#idCount--;
    if (this.#inOrder === true) this.#order[at & this.#orderMask] = id;
    this.#added = (at + 1) & 0xffff;
    return id;
  }

  /** Makes all added buffers visible. */
  publish(): void {
    if (this.#held < 0) return;
    if (this.memory.generation !== this.generation && !this.refresh()) return;
    // The device polls the first of these descriptors alone. Its flags come last: all other descriptors and the data
    // were written before this store, and the device reads them after a load that sees it; see ring_word.ts.
    if (this.#atomic === true) Atomics.store(this.#desc, this.#held, this.#heldWord);
    else this.#desc[this.#held] = this.#heldWord;
    this.#held = -1;
    this.#published = this.#added;
  }

  /** Publishes, then notifies the device if it wants that. */
  kick(): void {
    this.publish();
    const since = this.#since;
    if (since === 0 || !this.live) return;
    this.#since = 0;
    // Read after the store in publish: either we see what the device asks for, or it sees our descriptors.
    const event = this.#deviceEvent.load();
    const flags = eventFlags(event);
    if (flags === RING_EVENT_FLAGS_DISABLE) return;
    if (flags === RING_EVENT_FLAGS_DESC && this.features.eventIdx) {
      const wrap = wrapOf(this.#availTurn);
      if (!passedOffset(event, this.#nextAvail, wrap, since, this.size)) return;
    }
    this.onKick();
  }

  /** What a kick carries under VIRTIO_F_NOTIFICATION_DATA (VIRTIO 1.4, 2.9). */
  notificationData(): number {
    return (this.index | (this.#nextAvail | wrapOf(this.#availTurn) << 15) << 16) >>> 0;
  }

  /** Takes the next used buffer: its id, or -1. */
  collect(): number {
    if (this.batch > 0 || this.memory.generation !== this.generation) {
      return this.#collectOther();
    }
    const word = this.#nextUsed << 2 | 3;
    if (!this.#isUsed(this.#desc[word]!)) return -1;
    // Length, data and the used descriptors of the same burst were written before the store that this load sees.
    const end = this.#atomic === true ? Atomics.load(this.#desc, word) : this.#desc[word]!;
    if (!this.#isUsed(end)) return -1;
    const id = end & 0xffff;
    const length = this.#desc[word - 1]! >>> 0;
    const count = this.#pendingCount(id);
    if (count === 0) return this.#refuseId(id);
    const records = this.records;
    const writable = records[id << 1 | 1]! >>> 0;
    if (this.ordinary !== true || length > writable) {
      // Without WRITE the length is reserved (VIRTIO 1.4, 2.8.4); QEMU never sets it, and means the length.
      const exact = this.features.lengths !== "bound";
      const reserved = (end & WRITE) === 0 && length > writable && exact;
      return this.#collectChecked(id, reserved ? 0 : length);
    }
    this.usedLength = length;
    this.free += count;
    records[id << 1] = 0;
    this.#pass(id, count);
    return id;
  }

  /** Asks the device for no notifications. */
  suppress(): void {
    this.#ask(RING_EVENT_FLAGS_DISABLE << 16);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (this.memory.generation !== this.generation && !this.refresh()) return true;
    if (this.batch > 0) return false;
    const offset = this.#nextUsed | wrapOf(this.#usedTurn) << 15;
    this.#ask(this.features.eventIdx ? offset | RING_EVENT_FLAGS_DESC << 16 : 0);
    // Read after what we asked for is visible: a buffer used before that is seen here, a later one notifies.
    const word = (this.#nextUsed << 2) + 3;
    return !this.#isUsed(this.#atomic ? Atomics.load(this.#desc, word) : this.#desc[word]!);
  }

  /** Where the queue stands. */
  position(): DriverPosition {
    if (this.stopped !== undefined) return this.stopped;
    this.publish();
    const ids = this.#inOrder
      ? Array.from({ length: this.pending }, (_, at) => {
        return this.#order[(this.#collected + at) & this.#orderMask]!;
      })
      : Array.from({ length: this.size }, (_, id) => id).filter((id) => this.countOf(id) > 0);
    return {
      format: "packed",
      avail: this.#nextAvail | wrapOf(this.#availTurn) << 15,
      used: this.#nextUsed | wrapOf(this.#usedTurn) << 15,
      ...(this.batch === 0 ? {} : { batch: { count: this.batch, length: this.batchLength } }),
      pending: ids.map((id) => ({
        id,
        descriptors: this.countOf(id),
        writableLength: this.writableOf(id),
      })),
    };
  }

  protected mapRing(): void {
    const { size, memory, layout } = this;
    const sizes = ringSizes("packed", size);
    const desc = memory.view(layout.desc, sizes.desc.size)!;
    this.#atomic = memory.shared;
    this.#desc = new Int32Array(desc.buffer, desc.byteOffset, 4 * size);
    this.#driverEvent = new RingWord(memory.view(layout.driver, 4)!, this.#atomic);
    this.#deviceEvent = new RingWord(memory.view(layout.device, 4)!, this.#atomic);
  }

  /** All that an add may meet but one element and room for it; out of line, for speed. */
  #addOther(): number {
    this.checkStaged();
    const ready = this.memory.generation === this.generation || this.refresh();
    if (!ready || this.free === 0) {
      this.stagedCount = 0;
      return -1;
    }
    if (this.stagedCount === 1) return this.add();
    const id = this.#ids[this.#idCount - 1]!;
    if (this.#addTable(id) || this.#addList(id)) return this.#count(id);
    this.stagedCount = 0;
    return -1;
  }

  #addTable(id: number): boolean {
    const count = this.stagedCount;
    const { pool } = this;
    if (pool === undefined || !pool.take(id, count)) return false;
    const writable = this.fillTable(pool, false);
    this.#fill(pool.low, pool.high, count << 4, id | DESC_F_INDIRECT << 16);
    this.take(id, 1, this.#added, writable);
    return true;
  }

  #addList(id: number): boolean {
    const count = this.stagedCount;
    if (count > this.free) return false;
    const writable = this.writableStaged();
    const { staged } = this;
    for (let at = 0; at < count << 2; at += 4) {
      const flags = at + 4 < count << 2 ? staged[at + 3]! | DESC_F_NEXT : staged[at + 3]!;
      this.#fill(staged[at]!, staged[at + 1]!, staged[at + 2]!, id | flags << 16);
    }
    this.take(id, count, this.#added, writable);
    return true;
  }

  /** Writes the next descriptor, all but the word that publishes when it is the first since the last publish. */
  #fill(low: number, high: number, length: number, end: number): void {
    const desc = this.#desc;
    const word = this.#nextAvail << 2;
    const marked = end | this.#availTurn;
    desc[word] = low;
    desc[word | 1] = high;
    desc[word | 2] = length;
    if (this.#held < 0) {
      this.#held = word | 3;
      this.#heldWord = marked;
    } else {
      desc[word | 3] = marked;
    }
    this.#since++;
    if (++this.#nextAvail === this.size) {
      this.#nextAvail = 0;
      this.#availTurn ^= TURNS;
    }
  }

  #isUsed(word: number): boolean {
    return (word & TURNS) === this.#usedTurn;
  }

  /** Descriptors of the buffer that the used id names, 0 unless it was published and is pending. */
  #pendingCount(id: number): number {
    if (id >= this.size) return 0;
    const record = this.records[id << 1]!;
    // Added but not published, a buffer's count lies at or ahead of the published one.
    return ((this.#published - (record >>> 16) - 1) & 0xffff) < 0x8000 ? record & 0xffff : 0;
  }

  #refuseId(id: number): number {
    this.break("id", this.#nextUsed, "the id of a published, pending buffer", id);
    return -1;
  }

  #collectOther(): number {
    if (this.memory.generation !== this.generation && !this.refresh()) return -1;
    return this.batch > 0 ? this.#collectBatch() : this.collect();
  }

  /** Collects in order, or where lengths are to be ignored, or are lies. */
  #collectChecked(id: number, length: number): number {
    if (!this.#inOrder) return this.#end(id, length) ? id : -1;
    this.batch = ((this.addedAt(id) - this.#collected) & 0xffff) + 1;
    this.batchLength = length;
    return this.#collectBatch();
  }

  /** One used descriptor stands for all buffers up to the one that it names (VIRTIO 1.4, 2.8.9). */
  #collectBatch(): number {
    const id = this.#order[this.#collected & this.#orderMask]!;
    const length = this.batch === 1 ? this.batchLength : this.writableOf(id);
    if (!this.#end(id, length)) return -1;
    this.batch--;
    return id;
  }

  #end(id: number, length: number): boolean {
    const count = this.countOf(id);
    if (!this.accept(id, length)) return false;
    this.#pass(id, count);
    return true;
  }

  /** Frees an id, and moves on by as many descriptors as its buffer had. */
  #pass(id: number, count: number): void {
    this.#collected = (this.#collected + 1) & 0xffff;
    this.#ids[this.#idCount++] = id;
    this.#nextUsed += count;
    if (this.#nextUsed >= this.size) {
      this.#nextUsed -= this.size;
      this.#usedTurn ^= TURNS;
    }
  }

  #ask(event: number): void {
    if (this.memory.generation !== this.generation && !this.refresh()) return;
    if (event === this.#event) return;
    this.#event = event;
    this.#driverEvent.store(event);
  }

  #resumeAt(position: DriverPosition): void {
    const what = `Cannot resume queue ${this.index}`;
    if (position.format !== "packed") throw new TypeError(`${what}: format is ${position.format}`);
    checkOffset(`${what}: avail`, position.avail, this.size);
    checkOffset(`${what}: used`, position.used, this.size);
    this.#nextAvail = position.avail & 0x7fff;
    this.#availTurn = availTurn(position.avail >>> 15);
    this.#nextUsed = position.used & 0x7fff;
    this.#usedTurn = usedTurn(position.used >>> 15);
    this.#since = this.size;
    this.#event = -1;
    this.resumeBatch(what, position);
    for (const buffer of position.pending) {
      const { id, writableLength } = buffer;
      const count = typeof buffer.descriptors === "number" ? buffer.descriptors : 0;
      checkInteger(`${what}: id`, id, 0, this.size - 1);
      checkInteger(`${what}: descriptors`, count, 1, this.free);
      checkInteger(`${what}: writableLength`, writableLength, 0, 0xffffffff);
      if (this.countOf(id) !== 0) throw new RangeError(`${what}: id ${id} is pending twice`);
      this.take(id, count, this.#added, writableLength);
      this.#order[this.#added & this.#orderMask] = id;
      this.#added++;
    }
    this.#published = this.#added;
    this.#idCount = 0;
    for (let id = this.size - 1; id >= 0; id--) {
      if (this.countOf(id) === 0) this.#ids[this.#idCount++] = id;
    }
    const turns = wrapOf(this.#availTurn) === wrapOf(this.#usedTurn) ? 0 : this.size;
    if (this.#nextAvail + turns - this.#nextUsed !== this.size - this.free) {
      throw new RangeError(`${what}: the pending descriptors do not lead to avail`);
    }
  }
}

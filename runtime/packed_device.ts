/**
 * The device's end of a packed queue (VIRTIO 1.4, 2.8).
 *
 * Security model: the driver can write the whole ring, its event word and indirect tables at any time and to any value.
 * Each field is read once into a local and checked there; positions, wrap counters and the number of descriptors taken
 * live in private copies; buffer ids are only echoed, never used as an index (buffers in flight are named by slots of
 * our own); a walk ends after as many steps as there are descriptors that can be available. What does not fit breaks
 * the queue, elements of zero bytes included (see split_device.ts).
 *
 * @module
 */

import { type Chain, FAULT_NONE } from "./chain.ts";
import { DeviceRing } from "./device_ring.ts";
import { IndirectTable, TABLE_MAX } from "./indirect.ts";
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
  DeviceQueue,
  DeviceQueueOptions,
  QueueFeatures,
  QueueLayout,
  QueuePosition,
} from "./queue.ts";
import { NO_RING_WORD, NO_WORDS, RingWord } from "./ring_word.ts";
import { ringSizes } from "./ring_sizes.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const TURNS = TURN_MASK;
const CHAINED = (DESC_F_NEXT | DESC_F_INDIRECT) << 16;
const INDIRECT = DESC_F_INDIRECT << 16;
const WRITE = DESC_F_WRITE << 16;
/** One descriptor, as {@linkcode PackedDeviceQueue} counts them. */
const ONE = 1 << 16;
const NO_FAULT = FAULT_NONE;

/** Takes available buffers of a packed queue and gives them back used. */
export class PackedDeviceQueue extends DeviceRing implements DeviceQueue {
  /** Format of the ring. */
  readonly format = "packed";
  private readonly table: IndirectTable;
  private desc: Int32Array = NO_WORDS; // four words each: address low and high, length, id | flags << 16
  private atomic = false;
  private driverEvent: RingWord = NO_RING_WORD; // written by the driver: offset and wrap | flags << 16
  private deviceEvent: RingWord = NO_RING_WORD; // written by us
  private nextAvail = 0; // offset of the next descriptor to take
  private availTurn = availTurn(1); // in this lap of the driver
  private until = 0; // offset at which a pop must look closer: that of the oldest taken once, or our own
  private nextUsed = 0; // offset of the next used descriptor to write
  private usedTurn = usedTurn(1); // in this lap of ours
  private held = -1; // index of the word that publishes, -1 when nothing is held back
  private heldWord = 0;
  private since = 0; // descriptors exposed since we last considered a notification, a lap or more when not known
  private event = NO_EVENT; // our event word as the driver sees it
  // By slot: buffer id | descriptors << 16. A buffer takes the slot of its id where it can, as it does nearly always,
  // and one descriptor; this is also what a free slot says.
  private buffers: Int32Array = NO_WORDS;
  private lastSlot = 0; // the one found last for a buffer that could not have that of its id
  private readonly run: number[] = []; // in-order: buffers for which one used descriptor will stand

  /** Use {@linkcode createDeviceQueue}, which checks the layout. */
  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DeviceQueueOptions,
  ) {
    super(memory, layout, features, options);
    this.table = new IndirectTable(memory);
    this.buffers = new Int32Array(layout.size).map((_, slot) => slot | ONE);
    this.map();
    if (options.position !== undefined) this.resumeAt(options.position);
    memory.attach(this);
  }

  /** Whether the next pop would take a buffer, or find something wrong. */
  get waiting(): boolean {
    if (!this.mapped) return this.live;
    if ((this.load(this.nextAvail) & TURNS) === this.availTurn) return true;
    return this.resumed.length > 0;
  }

  /** Takes the next available buffer: its slot, or -1. */
  pop(): number {
    const { desc, nextAvail: at, availTurn, rows } = this;
    const word = at << 2;
    let end = desc[word | 3]!;
    if ((end & TURNS) === availTurn && at !== this.until) {
      if (this.atomic === true) end = Atomics.load(desc, word | 3);
      const id = end & 0xffff;
      const row = id << 4;
      if ((end & TURNS) === availTurn && id < this.size && (rows[row]! & 1) === 0) {
        if ((end & CHAINED) !== 0) return this.popFew(id);
        if (this.keep(row, desc[word]!, desc[word | 1]!, desc[word | 2]!, end & WRITE)) {
          rows[row]!++;
          if (word + 4 < desc.length) this.nextAvail = at + 1;
          else this.turnAvail(at + 1);
          return id;
        }
      }
    }
    return this.popOther();
  }

  /** Takes a buffer of several elements in a table, whose id is that of a free slot. */
  private popFew(id: number): number {
    const { desc, nextAvail: at } = this;
    const word = at << 2;
    const table = (desc[word | 3]! & CHAINED) === INDIRECT;
    if (!table || !this.few.keepTable(id, desc, word)) return this.popOther();
    this.rows[id << 4]!++;
    if (word + 4 < desc.length) this.nextAvail = at + 1;
    else this.turnAvail(at + 1);
    return id;
  }

  /** All that a pop may meet but few elements, and what was read for that counts no more. */
  private popOther(): number {
    if (!this.ready()) return -1;
    if (this.resumed.length > 0) return this.resumed.pop()!;
    const at = this.nextAvail;
    const word = at << 2;
    const { desc, order } = this;
    if ((desc[word | 3]! & TURNS) !== this.availTurn) return -1;
    // What was written before the flags were stored is visible then: the rest of the descriptor, those that follow in
    // a list, and the data.
    const end = this.load(at);
    if ((end & TURNS) !== this.availTurn) return -1;
    if (this.taken() === this.size) {
      this.break("flags", at, "used before it is available again", "available");
      return -1;
    }
    const slot = this.slotFor(end & 0xffff);
    const low = desc[word]!;
    const high = desc[word | 1]!;
    const length = desc[word | 2]!;
    this.buffers[slot] = end & 0xffff | ONE;
    const few = (end & CHAINED) === INDIRECT && this.few.keepTable(slot, desc, word);
    const count = few ? 1 : this.walk(at, slot, low, high, length, end);
    if (count === 0) return -1;
    this.rows[slot << 4]!++;
    order?.add(slot);
    if (at + count < this.size) this.nextAvail = at + count;
    else this.turnAvail(at + count);
    this.until = order === undefined ? this.nextUsed : this.nextAvail;
    return slot;
  }

  /** Gives a buffer back, of which the first `written` writable bytes were written. */
  push(head: number, written: number): void {
    const rows = this.rows;
    const row = head << 4;
    if (!this.isPending(head)) return this.refusePush(head);
    if (
      this.plain !== true || this.buffers[head] !== (head | ONE) ||
      (written !== 0 && !(written > 0 && written <= rows[row | 3]!))
    ) return this.pushOther(head, written);
    rows[row]!++;
    this.fill(head, written);
    const next = this.nextUsed + 1;
    if (next < this.size) this.nextUsed = next;
    else this.turnUsed(next);
  }

  /** Gives back a pending buffer in order, or of great length or several descriptors, or when memory has changed. */
  private pushOther(head: number, written: number): void {
    const word = this.lengthWord(head, written);
    this.rows[head << 4]!++;
    if (!this.ready()) return;
    if (this.order !== undefined) return this.order.complete(head, written);
    this.fill(this.idOf(head), word);
    this.pass(head);
  }

  /** Makes all pushed buffers visible, then notifies the driver if it wants that. */
  publish(): void {
    this.expose();
    if (this.since === 0 || !this.live) return;
    if (this.wanted()) this.onNotify();
  }

  /** Asks the driver for no notifications. */
  suppress(): void {
    this.ask(RING_EVENT_FLAGS_DISABLE << 16);
  }

  /** Asks for a notification and looks again: true when nothing waits. */
  arm(): boolean {
    if (!this.ready()) return true;
    const offset = this.nextAvail | wrapOf(this.availTurn) << 15;
    this.ask(this.features.eventIdx ? offset | RING_EVENT_FLAGS_DESC << 16 : 0);
    if (this.resumed.length > 0) return false;
    // Read after what we asked for is visible: a buffer added before that is seen here, a later one notifies.
    return (this.load(this.nextAvail) & TURNS) !== this.availTurn;
  }

  /** Makes all pushed buffers visible. */
  expose(): void {
    if (!this.ready()) return;
    if (this.order !== undefined) this.retire();
    if (this.held < 0) return;
    // The driver polls the first of these descriptors alone. Its flags come last: all other used descriptors and the
    // data were written before this store, and the driver reads them after a load that sees it; see ring_word.ts.
    if (this.atomic === true) Atomics.store(this.desc, this.held, this.heldWord);
    else this.desc[this.held] = this.heldWord;
    const exposed = this.nextUsed - (this.held >> 2);
    this.since += exposed > 0 ? exposed : exposed + this.size;
    this.held = -1;
  }

  protected where(): { avail: number; used: number } {
    return {
      avail: this.nextAvail | wrapOf(this.availTurn) << 15,
      used: this.nextUsed | wrapOf(this.usedTurn) << 15,
    };
  }

  protected idOf(head: number): number {
    return this.buffers[head]! & 0xffff;
  }

  override memoryChanged(): void {
    super.memoryChanged();
    this.until = this.nextAvail;
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

  /** Id and flags of a descriptor; what was written before its flags were stored is visible then. */
  private load(at: number): number {
    const word = at << 2 | 3;
    return this.atomic === true ? Atomics.load(this.desc, word) : this.desc[word]!;
  }

  /** Descriptors taken and not yet given back. */
  private taken(): number {
    const lap = wrapOf(this.availTurn) === wrapOf(this.usedTurn) ? 0 : this.size;
    return this.nextAvail + lap - this.nextUsed;
  }

  /** A free slot: that of the id, where it can be. There is one, unless all descriptors are taken. */
  private slotFor(id: number): number {
    if (id < this.size && this.isFree(id)) return id;
    do {
      this.lastSlot = this.lastSlot + 1 < this.size ? this.lastSlot + 1 : 0;
    } while (!this.isFree(this.lastSlot));
    return this.lastSlot;
  }

  private isFree(slot: number): boolean {
    return !this.isPending(slot) && this.order?.written(slot) === undefined;
  }

  /** Follows a list from its first descriptor, which was read already: how many there are, 0 when it broke the queue. */
  private walk(
    first: number,
    slot: number,
    low: number,
    high: number,
    length: number,
    end: number,
  ): number {
    const most = this.size - this.taken();
    let at = first;
    let turn = this.availTurn;
    const chain = this.clearChain(slot);
    for (let count = 1; count <= most; count++) {
      chain.descriptors = count;
      this.buffers[slot] = end & 0xffff | count << 16; // the last one's id counts
      const flags = end >>> 16;
      if ((flags & DESC_F_INDIRECT) !== 0) {
        if (count === 1) return this.walkTable(at, chain, low, high, length, flags) ? 1 : 0;
        this.break("flags", at, "no INDIRECT in a list of descriptors", "INDIRECT");
        return 0;
      }
      const fault = chain.append(low, high, length, (flags & DESC_F_WRITE) !== 0);
      if (fault !== NO_FAULT) {
        this.breakFor(fault, at, length);
        return 0;
      }
      if ((flags & DESC_F_NEXT) === 0) return this.checkTotal(at, chain) ? count : 0;
      if (++at === this.size) {
        at = 0;
        turn ^= TURNS;
      }
      // Plain reads do: the first descriptor's flags were stored after all others of its list.
      const word = at << 2;
      low = this.desc[word]!;
      high = this.desc[word | 1]!;
      length = this.desc[word | 2]!;
      end = this.desc[word | 3]!;
      if (count < most && (end & TURNS) !== turn) {
        this.break("flags", at, "available, as part of a list", end >>> 16);
        return 0;
      }
    }
    this.break("flags", at, `an end after ${most} descriptors`, "NEXT");
    return 0;
  }

  /** Reads the table of an indirect descriptor, in which only WRITE means something. */
  private walkTable(
    at: number,
    chain: Chain,
    low: number,
    high: number,
    length: number,
    flags: number,
  ): boolean {
    if (this.features.indirect !== true) {
      return this.break("flags", at, "no INDIRECT, which was not negotiated", "INDIRECT");
    }
    if ((flags & DESC_F_NEXT) !== 0) return this.break("flags", at, "INDIRECT or NEXT", "both");
    const table = this.table;
    if (!table.open(low, high, length)) {
      const wanted = "a multiple of 16 bytes inside guest memory";
      return this.break("indirect table", at, wanted, length >>> 0);
    }
    const { words, base, entries } = table;
    const most = Math.max(this.size, TABLE_MAX);
    if (entries > most) {
      return this.break("indirect table", at, `at most ${most} descriptors`, entries);
    }
    for (let entry = 0; entry < entries; entry++) {
      const word = base + (entry << 2);
      const size = words[word + 2]!;
      const write = (words[word + 3]! & DESC_F_WRITE << 16) !== 0;
      const fault = chain.append(words[word]!, words[word + 1]!, size, write);
      if (fault !== NO_FAULT) return this.breakFor(fault, entry, size);
    }
    return this.checkTotal(at, chain);
  }

  private checkTotal(at: number, chain: Chain): boolean {
    const fault = this.total(chain);
    return fault === NO_FAULT || this.breakFor(fault, at, 0);
  }

  /** Writes a used descriptor, all but the word that publishes when it is the first since the last publish. */
  private fill(id: number, length: number): void {
    const word = this.nextUsed << 2 | 3;
    const end = id | this.usedTurn | (length !== 0 ? WRITE : 0);
    this.desc[word ^ 1] = length;
    if (this.held < 0) {
      this.held = word;
      this.heldWord = end;
    } else {
      this.desc[word] = end;
    }
  }

  /** Moves on by as many descriptors as the buffer had, and frees its slot. */
  private pass(slot: number): void {
    const next = this.nextUsed + (this.buffers[slot]! >>> 16);
    if (next < this.size) this.nextUsed = next;
    else this.turnUsed(next);
    this.buffers[slot] = slot | ONE;
  }

  private turnAvail(next: number): void {
    this.nextAvail = next - this.size;
    this.availTurn ^= TURNS;
  }

  private turnUsed(next: number): void {
    this.nextUsed = next - this.size;
    this.usedTurn ^= TURNS;
  }

  /** Moves complete buffers to the ring in their order; one descriptor stands for a run of completely written ones. */
  private retire(): void {
    const order = this.order!;
    const run = this.run;
    for (let slot = order.front(); slot >= 0;) {
      const written = order.written(slot)!;
      const last = slot;
      order.shift();
      run.push(slot);
      slot = order.front();
      if (slot >= 0 && written === this.writableOf(last)) continue;
      this.fill(this.idOf(last), this.lengthWord(last, written));
      for (const passed of run) this.pass(passed);
      run.length = 0;
    }
  }

  private wanted(): boolean {
    const since = this.since;
    this.since = 0;
    const event = this.driverEvent.load();
    const flags = eventFlags(event);
    if (flags === RING_EVENT_FLAGS_DISABLE) return false;
    if (flags !== RING_EVENT_FLAGS_DESC || !this.features.eventIdx) return true;
    return passedOffset(event, this.nextUsed, wrapOf(this.usedTurn), since, this.size);
  }

  private ask(event: number): void {
    if (!this.ready()) return;
    if (event === this.event) return;
    this.event = event;
    this.deviceEvent.store(event);
  }

  private resumeAt(position: QueuePosition): void {
    const what = `Cannot resume queue ${this.index}`;
    checkOffset(`${what}: avail`, position.avail, this.size);
    checkOffset(`${what}: used`, position.used, this.size);
    let slots = 0; // numbered as the buffers of the position are, which who records them relies on
    let descriptors = 0;
    this.resume(position, (buffer) => {
      this.buffers[slots] = buffer.id | buffer.descriptors << 16;
      descriptors += buffer.descriptors;
      return slots++;
    });
    this.nextAvail = this.until = position.avail & 0x7fff;
    this.availTurn = availTurn(position.avail >>> 15);
    this.nextUsed = position.used & 0x7fff;
    this.usedTurn = usedTurn(position.used >>> 15);
    this.since = this.size;
    this.event = -1;
    if (this.taken() !== descriptors) {
      throw new RangeError(`${what}: ${descriptors} descriptors in flight do not lead to avail`);
    }
  }
}

/**
 * The memory in which buffers in flight of a packed ring are recorded, as the protocol has it.
 *
 * Used descriptors are written over available ones, so that the descriptors of each buffer are copied.
 * Copies are linked: those that are free from `free_head` on, those of a buffer from its first to its
 * last. Every change is prepared beside what holds, and becomes valid by the store to an `old_` field:
 *
 * - A buffer is in flight once `old_free_head` has passed its copies.
 * - Buffers that are given back together return to the free list, and `used_idx` moves on, before the
 *   driver sees the first of them. Who comes later sees by the ring, at `old_used_idx`, or by
 *   `old_free_head` having followed, that the driver has, and finishes the change; it takes the change
 *   back otherwise.
 *
 * @module
 */

import {
  INFLIGHT_DESC_PACKED as D,
  INFLIGHT_DESC_PACKED_SIZE,
  INFLIGHT_REGION_PACKED as R,
  VHOST_USER_INFLIGHT_VERSION,
} from "../generated/layout/vhost_user.ts";
import {
  DESC_F_AVAIL,
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_F_USED,
  DESC_F_WRITE,
} from "../runtime/layout.ts";
import { PeerError } from "../runtime/errors.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type { BufferElement, QueueLayout, QueuePosition } from "../runtime/queue.ts";
import { refuseBuffer } from "./inflight.ts";

/** Bytes of a descriptor in a ring or a table. */
const DESCRIPTOR = 16;

/** What the records say. */
export interface Recorded {
  /** Where the next used descriptor goes, with the wrap counter in bit 15. */
  readonly used: number;
  /** The free records, in their order. */
  readonly free: readonly number[];
  /** The records of each buffer in flight, oldest buffer first. */
  readonly buffers: readonly (readonly number[])[];
}

type Refuse = (field: string, wanted: string, got: string | number) => never;

/** A position, with the wrap counter in bit 15, that many descriptors on. */
export function advance(position: number, count: number, size: number): number {
  const next = (position & 0x7fff) + count;
  return next < size ? next | position & 0x8000 : next - size | ~position & 0x8000;
}

/** The records of one packed ring. */
export class PackedRegion {
  readonly #view: DataView;
  readonly #layout: QueueLayout;
  readonly #memory: GuestMemory;
  readonly #bytes = new Uint8Array(DESCRIPTOR);
  readonly #descriptor = new DataView(this.#bytes.buffer);

  /** Over their bytes, and over the memory of the ring. */
  constructor(bytes: Uint8Array, layout: QueueLayout, memory: GuestMemory) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#layout = layout;
    this.#memory = memory;
  }

  /** Whether anything was recorded of a ring of this size. */
  get known(): boolean {
    return this.#view.getUint16(R.version, true) === VHOST_USER_INFLIGHT_VERSION &&
      this.#view.getUint16(R.descNum, true) === this.#layout.size;
  }

  /** Nothing is recorded. */
  forget(): void {
    this.#view.setUint16(R.version, 0, true);
  }

  /** Nothing is in flight, and the next used descriptor goes there. */
  format(used: number): void {
    const { size } = this.#layout;
    this.forget();
    for (let at = 0; at < size; at++) {
      this.clear(at);
      this.link(at, at + 1);
    }
    this.#view.setUint16(R.descNum, size, true);
    this.setFree(0);
    this.setUsed(used);
    this.commit(0, used);
    this.#view.setUint16(R.version, VHOST_USER_INFLIGHT_VERSION, true);
  }

  /** Finishes the change that was under way, or takes it back. */
  settle(): void {
    const free = this.#view.getUint16(R.freeHead, true);
    const oldFree = this.#view.getUint16(R.oldFreeHead, true);
    const used = this.#used(R.usedIdx, R.usedWrapCounter);
    const oldUsed = this.#used(R.oldUsedIdx, R.oldUsedWrapCounter);
    if (used !== oldUsed && (free === oldFree || !this.#isAvailable(oldUsed))) {
      return this.commit(free, used);
    }
    // In this order: as long as the used positions differ, the heads must.
    this.setUsed(oldUsed);
    this.setFree(oldFree);
  }

  /** What holds; PeerError when that is no partition of the records. */
  read(): Recorded {
    const { size } = this.#layout;
    const seen = new Set<number>();
    for (let at = this.#view.getUint16(R.freeHead, true); at < size && !seen.has(at);) {
      seen.add(at);
      this.clear(at); // which may have been in flight before
      at = this.#get(at, D.next);
    }
    const free = [...seen];
    const buffers = Array.from({ length: size }, (_, at) => at)
      .filter((at) => !seen.has(at) && this.#view.getUint8(this.#at(at) + D.inflight) === 1)
      .map((first) => this.#recordsFrom(first, seen));
    if (seen.size !== size) {
      refuseBuffer(this.#layout.index, 0, "num", `${size} records in all`, seen.size);
    }
    const counter = ([first]: readonly number[]) =>
      this.#view.getBigUint64(this.#at(first!) + D.counter, true);
    buffers.sort((a, b) => counter(a) < counter(b) ? -1 : 1);
    return { used: this.#used(R.usedIdx, R.usedWrapCounter), free, buffers };
  }

  /** The position that these records stand for; PeerError when a buffer is none. */
  positionOf({ used, buffers }: Recorded): QueuePosition {
    const inflight = buffers.map((records) => ({
      id: this.idOf(records),
      descriptors: records.length,
      elements: this.#elementsOf(records),
    }));
    const avail = advance(used, buffers.flat().length, this.#layout.size);
    return { format: "packed", avail, used, inflight };
  }

  /** The buffer id, which the last descriptor has. */
  idOf(records: readonly number[]): number {
    return this.#get(records.at(-1)!, D.id);
  }

  /** Copies the descriptor at an offset of the ring. */
  copy(to: number, offset: number): void {
    this.#memory.read(this.#layout.desc + DESCRIPTOR * offset, this.#bytes);
    const at = this.#at(to);
    const from = this.#descriptor;
    for (let word = 0; word < 2; word++) {
      this.#view.setUint32(at + D.addr + 4 * word, from.getUint32(4 * word, true), true);
    }
    this.#view.setUint32(at + D.len, from.getUint32(8, true), true);
    this.#view.setUint16(at + D.id, from.getUint16(12, true), true);
    this.#view.setUint16(at + D.flags, from.getUint16(14, true), true);
  }

  /** The buffer that starts there is in flight, as so many others were before. */
  start(first: number, counter: number): void {
    const at = this.#at(first);
    this.#view.setUint32(at + D.counter, counter >>> 0, true);
    this.#view.setUint32(at + D.counter + 4, Math.floor(counter / 2 ** 32), true);
    this.#view.setUint8(at + D.inflight, 1);
  }

  /** The buffer that starts there has so many records, up to the last. */
  end(first: number, last: number, count: number): void {
    this.#view.setUint16(this.#at(first) + D.last, last, true);
    this.#view.setUint16(this.#at(first) + D.num, count, true);
  }

  /** No buffer in flight starts there. */
  clear(at: number): void {
    this.#view.setUint8(this.#at(at) + D.inflight, 0);
  }

  /** One record follows another. */
  link(at: number, next: number): void {
    this.#view.setUint16(this.#at(at) + D.next, next, true);
  }

  /** The free records start there; to be committed. */
  setFree(free: number): void {
    this.#view.setUint16(R.freeHead, free, true);
  }

  /** The next used descriptor goes there; to be committed. */
  setUsed(used: number): void {
    this.#view.setUint16(R.usedIdx, used & 0x7fff, true);
    this.#view.setUint8(R.usedWrapCounter, used >>> 15);
  }

  /** Both hold from now on. */
  commit(free: number, used: number): void {
    this.#view.setUint16(R.oldFreeHead, free, true);
    this.#view.setUint16(R.oldUsedIdx, used & 0x7fff, true);
    this.#view.setUint8(R.oldUsedWrapCounter, used >>> 15);
  }

  #used(index: number, wrap: number): number {
    const { index: queue, size } = this.#layout;
    const offset = this.#view.getUint16(index, true);
    const counter = this.#view.getUint8(wrap);
    if (offset < size && counter < 2) return offset | counter << 15;
    throw new PeerError("Cannot take up the ring", {
      queue,
      field: "used_idx",
      wanted: `less than ${size}, and a wrap counter of 0 or 1`,
      got: `${offset} and ${counter}`,
    });
  }

  /** Whether the descriptor at that position is still available in the lap that the position is in. */
  #isAvailable(position: number): boolean {
    const address = this.#layout.desc + DESCRIPTOR * (position & 0x7fff);
    if (!this.#memory.contains(address, DESCRIPTOR)) return true; // the device refuses such a ring
    this.#memory.read(address, this.#bytes);
    const flags = this.#descriptor.getUint16(14, true) & (DESC_F_AVAIL | DESC_F_USED);
    return flags === (position >>> 15 === 1 ? DESC_F_AVAIL : DESC_F_USED);
  }

  #recordsFrom(first: number, seen: Set<number>): number[] {
    const { index, size } = this.#layout;
    const records: number[] = [];
    const count = this.#get(first, D.num);
    if (count === 0) refuseBuffer(index, first, "num", "more than 0", 0);
    for (let at = first; records.length < count; at = this.#get(at, D.next)) {
      if (at >= size) refuseBuffer(index, first, "next", `less than ${size}`, at);
      if (seen.has(at)) refuseBuffer(index, first, "next", "a record of this buffer alone", at);
      seen.add(at);
      records.push(at);
    }
    const last = this.#get(first, D.last);
    if (records.at(-1) !== last) refuseBuffer(index, first, "last", `${records.at(-1)}`, last);
    return records;
  }

  #elementsOf(records: readonly number[]): BufferElement[] {
    const refuse: Refuse = (field, wanted, got) =>
      refuseBuffer(this.#layout.index, records[0]!, field, wanted, got);
    const elements = records.map((record, at) => {
      const flags = this.#get(record, D.flags);
      if ((flags & DESC_F_INDIRECT) !== 0 && records.length > 1) {
        refuse("flags", "no INDIRECT in a list of descriptors", "INDIRECT");
      }
      const more = at < records.length - 1;
      if ((flags & DESC_F_NEXT) !== 0 !== more) refuse("flags", "NEXT in all but the last", flags);
      const place = this.#at(record);
      return elementOf(this.#view, place + D.addr, place + D.len, flags, refuse);
    });
    const indirect = (this.#get(records[0]!, D.flags) & DESC_F_INDIRECT) !== 0;
    return indirect ? this.#tableOf(elements[0]!, refuse) : elements;
  }

  #tableOf({ address, length }: BufferElement, refuse: Refuse): BufferElement[] {
    const { size } = this.#layout;
    const entries = length / DESCRIPTOR;
    if (!Number.isInteger(entries) || entries < 1 || entries > size) {
      refuse("len", `a table of 1 to ${size} descriptors`, `${length} bytes`);
    }
    if (!this.#memory.contains(address, length)) refuse("addr", "inside guest memory", address);
    return Array.from({ length: entries }, (_, entry) => {
      this.#memory.read(address + DESCRIPTOR * entry, this.#bytes);
      const table = this.#descriptor;
      return elementOf(table, 0, 8, table.getUint16(14, true), refuse);
    });
  }

  #get(record: number, field: number): number {
    return this.#view.getUint16(this.#at(record) + field, true);
  }

  #at(record: number): number {
    return R.desc + record * INFLIGHT_DESC_PACKED_SIZE;
  }
}

function elementOf(
  view: DataView,
  addr: number,
  len: number,
  flags: number,
  refuse: Refuse,
): BufferElement {
  const address = view.getBigUint64(addr, true);
  if (address > BigInt(Number.MAX_SAFE_INTEGER)) refuse("addr", "less than 2^53", "more");
  const writable = (flags & DESC_F_WRITE) !== 0;
  return { address: Number(address), length: view.getUint32(len, true), writable };
}

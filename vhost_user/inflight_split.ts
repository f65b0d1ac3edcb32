/**
 * Buffers in flight of split rings, as the protocol has them recorded; see inflight.ts.
 *
 * What is read from the records names heads of descriptors, which are looked up and checked as those of
 * the ring are; loops end after as many steps as the ring has entries.
 *
 * @module
 */

import {
  INFLIGHT_DESC_SPLIT,
  INFLIGHT_DESC_SPLIT_SIZE,
  INFLIGHT_REGION_SPLIT,
  VHOST_USER_INFLIGHT_VERSION,
} from "../generated/layout/vhost_user.ts";
import { TABLE_MAX } from "../runtime/indirect.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from "../runtime/layout.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type {
  BufferElement,
  InflightBuffer,
  QueueLayout,
  QueuePosition,
} from "../runtime/queue.ts";
import { refuseBuffer, type RingRecords } from "./inflight.ts";

/** The records of one split ring. */
export class SplitRecords implements RingRecords {
  readonly #view: DataView;
  readonly #size: number;
  #counter = 0n;

  /** Over the bytes of a ring of so many entries. */
  constructor(bytes: Uint8Array, size: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#size = size;
  }

  /** A buffer was taken. */
  taken(head: number): void {
    const at = this.#at(head);
    if (this.#view.getUint8(at + INFLIGHT_DESC_SPLIT.inflight) === 1) return; // and keeps its turn
    this.#view.setBigUint64(at + INFLIGHT_DESC_SPLIT.counter, this.#counter++, true);
    this.#view.setUint8(at + INFLIGHT_DESC_SPLIT.inflight, 1);
  }

  /** Records are known by the heads of their buffers. */
  pushed(head: number): number {
    return head;
  }

  /** The buffers of these heads are about to be given back together. */
  giving(heads: readonly number[]): void {
    for (const head of heads) {
      const last = this.#view.getUint16(INFLIGHT_REGION_SPLIT.lastBatchHead, true);
      this.#view.setUint16(this.#at(head) + INFLIGHT_DESC_SPLIT.next, last, true);
      this.#view.setUint16(INFLIGHT_REGION_SPLIT.lastBatchHead, head, true);
    }
  }

  /** The driver sees that they were given back. */
  given(heads: readonly number[]): void {
    for (const head of heads) this.#forget(head);
    const used = this.#view.getUint16(INFLIGHT_REGION_SPLIT.usedIdx, true);
    this.#view.setUint16(INFLIGHT_REGION_SPLIT.usedIdx, (used + heads.length) & 0xffff, true);
  }

  /**
   * The heads that are in flight, oldest first, when the used index of the ring is `used`; none when
   * nothing was recorded before. From here on this process records.
   */
  recover(used: number): number[] {
    const view = this.#view;
    const { version, descNum, lastBatchHead, usedIdx } = INFLIGHT_REGION_SPLIT;
    const known = view.getUint16(version, true) === VHOST_USER_INFLIGHT_VERSION &&
      view.getUint16(descNum, true) === this.#size;
    if (!known) {
      for (let head = 0; head < this.#size; head++) this.#forget(head);
      view.setUint16(descNum, this.#size, true);
      view.setUint16(lastBatchHead, 0, true);
    } else {
      // The driver saw the last batch, but its records may not say so yet.
      const batch = (used - view.getUint16(usedIdx, true)) & 0xffff;
      let head = view.getUint16(lastBatchHead, true);
      for (let count = 0; count < Math.min(batch, this.#size) && head < this.#size; count++) {
        this.#forget(head);
        head = view.getUint16(this.#at(head) + INFLIGHT_DESC_SPLIT.next, true);
      }
    }
    view.setUint16(usedIdx, used, true);
    view.setUint16(version, VHOST_USER_INFLIGHT_VERSION, true);
    return this.#heads();
  }

  #heads(): number[] {
    const view = this.#view;
    const counter = (head: number) =>
      view.getBigUint64(this.#at(head) + INFLIGHT_DESC_SPLIT.counter, true);
    const heads = Array.from({ length: this.#size }, (_, head) => head)
      .filter((head) => view.getUint8(this.#at(head) + INFLIGHT_DESC_SPLIT.inflight) === 1)
      .map((head) => ({ head, counter: counter(head) }))
      .sort((a, b) => a.counter < b.counter ? -1 : 1);
    this.#counter = (heads.at(-1)?.counter ?? -1n) + 1n;
    return heads.map(({ head }) => head);
  }

  #forget(head: number): void {
    this.#view.setUint8(this.#at(head) + INFLIGHT_DESC_SPLIT.inflight, 0);
  }

  #at(head: number): number {
    return INFLIGHT_REGION_SPLIT.desc + head * INFLIGHT_DESC_SPLIT_SIZE;
  }
}

/** The position that the records of a split ring stand for; PeerError when a head is no buffer's. */
export function splitPosition(
  bytes: Uint8Array,
  used: number,
  layout: QueueLayout,
  memory: GuestMemory,
): QueuePosition {
  const heads = new SplitRecords(bytes, layout.size).recover(used);
  return {
    format: "split",
    avail: (used + heads.length) & 0xffff,
    used,
    inflight: heads.map((head) => bufferAt(head, layout, memory)),
  };
}

/** The buffer whose first descriptor is `head`. */
function bufferAt(head: number, layout: QueueLayout, memory: GuestMemory): InflightBuffer {
  const refuse = (field: string, wanted: string, got: string | number): never =>
    refuseBuffer(layout.index, head, field, wanted, got);
  const elements: BufferElement[] = [];
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  let table = { address: layout.desc, entries: layout.size };
  let descriptors = 1;
  const most = Math.max(layout.size, TABLE_MAX);
  for (let at = head, steps = 0;; steps++) {
    if (steps > most) refuse("next", `an end after ${most} descriptors`, "none");
    if (at >= table.entries) refuse("next", `less than ${table.entries}`, at);
    const place = table.address + 16 * at;
    if (!memory.contains(place, 16)) refuse("addr", "inside guest memory", place);
    memory.read(place, bytes);
    const address = view.getBigUint64(0, true);
    const length = view.getUint32(8, true);
    const flags = view.getUint16(12, true);
    if (address > BigInt(Number.MAX_SAFE_INTEGER)) refuse("addr", "less than 2^53", "more");
    if ((flags & DESC_F_INDIRECT) !== 0) {
      if (table.address !== layout.desc) refuse("flags", "no INDIRECT in a table", "INDIRECT");
      table = { address: Number(address), entries: Math.floor(length / 16) };
      at = 0;
      continue;
    }
    elements.push({ address: Number(address), length, writable: (flags & DESC_F_WRITE) !== 0 });
    if ((flags & DESC_F_NEXT) === 0) return { id: head, descriptors, elements };
    at = view.getUint16(14, true);
    if (table.address === layout.desc) descriptors++;
  }
}

/**
 * What a front end has said about one ring, and where a device stands in it.
 *
 * @module
 */

import type { GuestMemory } from "../runtime/memory.ts";
import type { QueueFormat, QueueLayout, QueuePosition } from "../runtime/queue.ts";
import { close, neverBlock } from "./ffi.ts";
import type { RingAddresses } from "./protocol.ts";
import type { Records } from "./records.ts";

/** Both ends of a packed ring at its first descriptor, with both wrap counters at 1. */
export const PACKED_START = 0x8000_8000;

/** One ring; its descriptors are its own. */
export class Ring {
  /** Index of the queue. */
  readonly index: number;
  /** Entries; 0 before they were told. */
  size = 0;
  /** Where it lies. */
  addresses: RingAddresses | undefined = undefined;
  /** Where to start, in the form of SET_VRING_BASE; undefined for the beginning. */
  base: number | undefined = undefined;
  /** Where the device stopped, if it did and nobody set a base since. */
  position: QueuePosition | undefined = undefined;
  /** A kick may come: the ring is started. */
  started = false;
  /** The ring is enabled. */
  enabled = false;
  /** The device uses it, where and as this says. */
  running: Records | undefined = undefined;
  /** Event of available buffers; -1 for none. */
  kick = -1;
  /** Event of used buffers; -1 for none. */
  call = -1;
  /** Event of a broken ring; -1 for none. */
  error = -1;

  /** Nothing is known of it. */
  constructor(index: number) {
    this.index = index;
  }

  /** Takes a descriptor, -1 for none, and returns the one before, which is to be dropped. */
  exchange(event: "kick" | "call" | "error", fd: number): number {
    if (fd >= 0) neverBlock(fd);
    const old = this[event];
    this[event] = fd;
    return old;
  }

  /** Closes a descriptor that nobody uses any more. */
  drop(fd: number): void {
    if (fd >= 0) close(fd);
  }

  /** Lets go of all descriptors. */
  close(): void {
    for (const event of ["kick", "call", "error"] as const) this.drop(this.exchange(event, -1));
  }
}

/** The position that a base stands for; the used index of a split ring is read from memory. */
export function positionOf(
  base: number,
  { format, device }: QueueLayout,
  memory: GuestMemory,
): QueuePosition {
  if (format === "packed") {
    return { format, avail: base & 0xffff, used: base >>> 16, inflight: [] };
  }
  const used = new Uint8Array(4);
  memory.read(device, used);
  return { format, avail: base & 0xffff, used: used[2]! | used[3]! << 8, inflight: [] };
}

/**
 * The base from which another device gets every buffer that this one has not given back: what was
 * taken last is put back. `lost` counts the buffers for which that is not possible, because younger
 * ones were given back before.
 */
export function baseOf(
  position: QueuePosition,
  layout: QueueLayout,
  memory: GuestMemory,
): { readonly base: number; readonly lost: number } {
  const { format, avail, used, inflight } = position;
  const base = format === "packed" ? (avail | used << 16) >>> 0 : avail;
  if (inflight.length === 0) return { base, lost: 0 };
  if (format === "split" && isSplitTail(position, layout, memory)) {
    return { base: (avail - inflight.length) & 0xffff, lost: 0 };
  }
  if (format === "packed" && isPackedTail(position, layout, memory)) {
    return { base: (used | used << 16) >>> 0, lost: 0 };
  }
  return { base, lost: inflight.length };
}

/** Whether the buffers in flight are those that the available ring named last. */
function isSplitTail(
  { avail, inflight }: QueuePosition,
  { driver, size }: QueueLayout,
  memory: GuestMemory,
): boolean {
  const ids = new Set(inflight.map(({ id }) => id));
  const entry = new Uint8Array(2);
  for (let back = 1; back <= inflight.length; back++) {
    memory.read(driver + 4 + 2 * ((avail - back) & 0xffff & (size - 1)), entry);
    if (!ids.delete(entry[0]! | entry[1]! << 8)) return false;
  }
  return true;
}

/** Whether the descriptors from the used position on are still those of the buffers in flight. */
function isPackedTail(
  { used, inflight }: QueuePosition,
  { desc, size }: QueueLayout,
  memory: GuestMemory,
): boolean {
  const left = [...inflight];
  const id = new Uint8Array(2);
  for (let at = used & 0x7fff; left.length > 0;) {
    const next = left.findIndex((buffer) => {
      memory.read(desc + 16 * ((at + buffer.descriptors - 1) % size) + 12, id);
      return (id[0]! | id[1]! << 8) === buffer.id;
    });
    if (next < 0) return false;
    at += left.splice(next, 1)[0]!.descriptors;
  }
  return true;
}

/** Guest addresses of a ring's areas. */
export function layoutOf(
  ring: Ring,
  format: QueueFormat,
  guestAddress: (user: bigint) => number,
): QueueLayout {
  const { desc, driver, device } = ring.addresses!;
  return {
    index: ring.index,
    size: ring.size,
    format,
    desc: guestAddress(desc),
    driver: guestAddress(driver),
    device: guestAddress(device),
  };
}

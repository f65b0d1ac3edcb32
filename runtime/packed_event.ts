/** Positions and event words of packed rings (VIRTIO 1.4, 2.8.1 and 2.8.10). @module */

import { checkInteger } from "./check.ts";
import { DESC_F_AVAIL, DESC_F_USED } from "./layout.ts";

/**
 * The two flags, in a descriptor's last word, that say whose turn a descriptor is. An available one has one of them,
 * AVAIL in a lap with wrap counter 1; a used one has both in such a lap, otherwise none. From lap to lap both change.
 */
export const TURN_MASK: number = (DESC_F_AVAIL | DESC_F_USED) << 16;
/** These flags of an available descriptor in a lap with that wrap counter. */
export function availTurn(wrap: number): number {
  return (wrap === 1 ? DESC_F_AVAIL : DESC_F_USED) << 16;
}
/** These flags of a used descriptor in a lap with that wrap counter. */
export function usedTurn(wrap: number): number {
  return wrap === 1 ? TURN_MASK : 0;
}
/** The wrap counter of a lap in which descriptors have these flags, available or used. */
export function wrapOf(turn: number): number {
  return (turn & DESC_F_AVAIL << 16) === 0 ? 0 : 1;
}
/** The event word of zeroed memory: all events are wanted. */
export const NO_EVENT = 0;

/** What the event word asks for; its other bits are reserved. */
export function eventFlags(event: number): number {
  return (event >>> 16) & 3;
}

/**
 * Whether going on by `count` descriptors to `offset` (and `wrap`) passed the one that the event word names. A word
 * that names no descriptor of the ring is never passed: who writes it waits in vain.
 */
export function passedOffset(
  event: number,
  offset: number,
  wrap: number,
  count: number,
  size: number,
): boolean {
  if (count >= size) return true; // a whole lap, as when buffers were published without a kick
  const named = event & 0x7fff;
  const turn = (event >>> 15) & 1;
  const distance = offset - (turn === wrap ? named : named - size);
  return distance > 0 && distance <= count;
}

/** RangeError unless the value is an offset in the ring with a wrap counter in bit 15. */
export function checkOffset(what: string, value: number, size: number): void {
  checkInteger(what, value, 0, 0xffff);
  checkInteger(what, value & 0x7fff, 0, size - 1);
}

/**
 * Indicators in guest memory: bits that the device sets and the driver clears (VIRTIO 1.4, 4.3.2.6).
 *
 * A classic indicator is a big-endian word of 64 bits, in which queue n has the bit of value 2^n. Bits
 * of adapter indicators are counted from the most significant bit of the first byte.
 *
 * @module
 */

import type { GuestMemory } from "../memory.ts";

/** Queues that classic indicators have bits for. */
export const CLASSIC_QUEUES = 64;

/** Where a bit is. */
export interface BitPlace {
  /** Guest address of its byte. */
  readonly address: number;
  /** The bit in it. */
  readonly mask: number;
}

/** The bit of a queue in a classic indicator. */
export function classicBit(address: number, index: number): BitPlace {
  return { address: address + 7 - (index >> 3), mask: 1 << (index & 7) };
}

/** A bit among adapter indicators. */
export function adapterBit(address: number, bit: number): BitPlace {
  return { address: address + Math.floor(bit / 8), mask: 0x80 >> bit % 8 };
}

/** Sets a bit; whether it was set before, undefined when it lies outside memory. */
export function setBit(memory: GuestMemory, { address, mask }: BitPlace): boolean | undefined {
  const byte = memory.view(address, 1);
  return byte === undefined ? undefined : (Atomics.or(byte, 0, mask) & mask) !== 0;
}

/** Clears a bit; whether it was set before. */
export function takeBit(memory: GuestMemory, { address, mask }: BitPlace): boolean {
  const byte = memory.view(address, 1);
  return byte !== undefined && (Atomics.and(byte, 0, ~mask) & mask) !== 0;
}

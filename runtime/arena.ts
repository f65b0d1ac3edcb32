/** Allocation of memory that a device may reach. @module */

import type { GuestMemory } from "./memory.ts";

/** A piece of guest memory lent to a driver. */
export interface DmaBuffer {
  /** Guest address of the first byte. */
  readonly address: number;
  /** The bytes, a view of guest memory. */
  readonly bytes: Uint8Array;
}

interface Hole {
  address: number;
  size: number;
}

/** Hands out pieces of one range of guest memory, first fit, and takes them back. */
export class Arena {
  /** The memory that the arena is a part of. */
  readonly memory: GuestMemory;
  /** Guest address of the arena's first byte. */
  readonly address: number;
  /** Bytes in the arena. */
  readonly size: number;
  #holes: Hole[]; // by rising address, never adjacent
  #lent = new Map<number, number>(); // address to size

  /** The arena owns `size` bytes at `address`; RangeError unless one region holds them. */
  constructor(memory: GuestMemory, address: number, size: number) {
    if (size <= 0 || memory.view(address, size) === undefined) {
      throw new RangeError(
        `Cannot make an arena of ${size} bytes at ${address}: no region of guest memory holds it`,
      );
    }
    this.memory = memory;
    this.address = address;
    this.size = size;
    this.#holes = [{ address, size }];
  }

  /** Bytes that are not lent, in however many pieces. */
  get available(): number {
    return this.#holes.reduce((sum, hole) => sum + hole.size, 0);
  }

  /**
   * Lends `size` bytes at a multiple of `align` (a power of two); what they hold is undefined.
   * RangeError when no hole is large enough.
   */
  allocate(size: number, align = 16): DmaBuffer {
    const buffer = this.tryAllocate(size, align);
    if (buffer === undefined) {
      throw new RangeError(
        `Cannot allocate ${size} bytes: ${this.available} bytes are free in the arena`,
      );
    }
    return buffer;
  }

  /** Like {@linkcode Arena.allocate}, but gives undefined when no hole is large enough. */
  tryAllocate(size: number, align = 16): DmaBuffer | undefined {
    if (!Number.isInteger(size) || size <= 0) {
      throw new RangeError(`Cannot allocate ${size} bytes: not a positive integer`);
    }
    if (!Number.isInteger(Math.log2(align)) || align < 1) {
      throw new RangeError(`Cannot allocate at a multiple of ${align}: not a power of two`);
    }
    for (let at = 0; at < this.#holes.length; at++) {
      const hole = this.#holes[at]!;
      const address = Math.ceil(hole.address / align) * align;
      const after = hole.address + hole.size - (address + size);
      if (after < 0) continue;
      const rest: Hole[] = [];
      if (address > hole.address) {
        rest.push({ address: hole.address, size: address - hole.address });
      }
      if (after > 0) rest.push({ address: address + size, size: after });
      this.#holes.splice(at, 1, ...rest);
      this.#lent.set(address, size);
      return { address, bytes: this.#view(address, size) };
    }
    return undefined;
  }

  /** Takes a buffer back; TypeError when it is not lent (anymore). */
  free(buffer: DmaBuffer): void {
    const size = this.#lent.get(buffer.address);
    if (size === undefined) {
      throw new TypeError(`Cannot free the buffer at ${buffer.address}: the arena has not lent it`);
    }
    this.#lent.delete(buffer.address);
    this.#fill(buffer.address, size);
  }

  /** Takes back everything that is lent. */
  close(): void {
    this.#lent.clear();
    this.#holes = [{ address: this.address, size: this.size }];
  }

  #fill(address: number, size: number): void {
    let at = this.#holes.findIndex((hole) => hole.address > address);
    if (at < 0) at = this.#holes.length;
    const before = this.#holes[at - 1];
    const after = this.#holes[at];
    const joinsBefore = before !== undefined && before.address + before.size === address;
    const joinsAfter = after !== undefined && address + size === after.address;
    if (joinsBefore) {
      before.size += size + (joinsAfter ? after.size : 0);
      if (joinsAfter) this.#holes.splice(at, 1);
    } else if (joinsAfter) {
      after.address = address;
      after.size += size;
    } else {
      this.#holes.splice(at, 0, { address, size });
    }
  }

  #view(address: number, size: number): Uint8Array {
    const view = this.memory.view(address, size);
    if (view === undefined) {
      throw new RangeError(`Cannot allocate at ${address}: the arena's region was removed`);
    }
    return view;
  }
}

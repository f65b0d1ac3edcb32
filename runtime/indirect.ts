/** Tables of descriptors outside the ring (VIRTIO 1.4, 2.7.5.3 and 2.8.7), as a device reads them. @module */

import { DESCRIPTOR_BYTES } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";
import { NO_WORDS } from "./ring_word.ts";

/**
 * Entries of a table that a device takes of any queue, as QEMU does: a driver must not make a table longer than its queue
 * (VIRTIO 1.4, 2.7.5.3.1), but Linux does, of requests with more segments than a small queue has entries.
 */
export const TABLE_MAX = 1024;

// `next` has 16 bits: entries beyond these can not be reached.
const REACHABLE = 65536;
// Small integers of this module, because V8 folds neither imports nor doubles: dividing took longer than all the rest.
const DESCRIPTOR_MASK = DESCRIPTOR_BYTES - 1;
const DESCRIPTOR_SHIFT = 31 - Math.clz32(DESCRIPTOR_BYTES);

/** The table that was opened last, as words; one object serves a whole queue. */
export class IndirectTable {
  /** Words that hold the table, four to an entry. */
  words: Int32Array = NO_WORDS;
  /** Index in {@linkcode IndirectTable.words} of the first entry. */
  base = 0;
  /** Entries that can be read, at most 65536. */
  entries = 0;
  readonly #memory: GuestMemory;

  /** Tables lie in this memory. */
  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Finds the table of an indirect descriptor; false unless its bytes are whole descriptors inside one region. */
  open(low: number, high: number, length: number): boolean {
    if (length === 0 || (length & DESCRIPTOR_MASK) !== 0) return false;
    const offset = this.#memory.locate(low, high, length);
    if (offset < 0) return false;
    const entries = length >>> DESCRIPTOR_SHIFT;
    this.entries = entries < REACHABLE ? entries : REACHABLE;
    const window = this.#memory.window(this.#memory.found);
    const words = window.words;
    if ((offset & 3) === 0 && words.length > 0) {
      this.words = words;
      this.base = offset >> 2;
    } else {
      // No rule says where a table starts. A copy serves tables at odd places.
      const copy = new Int32Array(this.entries * 4);
      const size = this.entries * DESCRIPTOR_BYTES;
      new Uint8Array(copy.buffer).set(window.bytes.subarray(offset, offset + size));
      this.words = copy;
      this.base = 0;
    }
    return true;
  }
}

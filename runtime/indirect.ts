/** Tables of descriptors outside the ring (VIRTIO 1.4, 2.7.5.3 and 2.8.7), as a device reads them. @module */

import { DESCRIPTOR_BYTES } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";

// `next` has 16 bits: entries beyond these can not be reached.
const REACHABLE = 65536;

/** The table that was opened last, as words; one object serves a whole queue. */
export class IndirectTable {
  /** Words that hold the table, four to an entry. */
  words: Int32Array = new Int32Array(0);
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
    if (length === 0 || length % DESCRIPTOR_BYTES !== 0) return false;
    const offset = this.#memory.locate(low, high, length);
    if (offset < 0) return false;
    this.entries = Math.min((length >>> 0) / DESCRIPTOR_BYTES, REACHABLE);
    const { words, bytes } = this.#memory.window(this.#memory.found);
    if ((offset & 3) === 0 && words.length > 0) {
      this.words = words;
      this.base = offset >> 2;
    } else {
      // No rule says where a table starts. A copy serves tables at odd places.
      const copy = new Int32Array(this.entries * 4);
      const size = this.entries * DESCRIPTOR_BYTES;
      new Uint8Array(copy.buffer).set(bytes.subarray(offset, offset + size));
      this.words = copy;
      this.base = 0;
    }
    return true;
  }
}

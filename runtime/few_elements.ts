/**
 * Buffers of two to four elements, as the device keeps them: in the row of their head, without a {@linkcode Chain}.
 *
 * Most buffers are like that: a header, data, a status. Nothing but a few words of one array is touched for them until
 * somebody asks for the chain (split, a table of three: 24 to 26 ns to pop instead of 60 in a process where all devices ran).
 *
 * Security model: everything here is a short cut. Whatever is not plain gives false, and the queue walks the buffer
 * again from its first descriptor, with every check and a name for what is wrong; nothing read here counts then.
 *
 * @module
 */

import type { Chain } from "./chain.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const NEXT = DESC_F_NEXT;
const INDIRECT = DESC_F_INDIRECT;
const WRITE = DESC_F_WRITE;
const PACKED_WRITE = DESC_F_WRITE << 16;
/** Words of the elements in a row, three each. */
const WORDS = 12;

/**
 * A negative number, other than -1, for the shape of a buffer: how many elements it has, how many of them are readable,
 * and how many descriptors of the ring it takes.
 */
function shapeOf(elements: number, readables: number, descriptors: number): number {
  return -2 - (elements | readables << 4 | descriptors << 8);
}

/** Gives a chain the buffer that a row holds; `row` is the index of its first word. */
export function fillChain(chain: Chain, rows: Int32Array, row: number): void {
  const parts = -2 - rows[row | 1]!;
  chain.several(rows, row | 4, parts & 15, parts >> 4 & 15);
  chain.descriptors = parts >> 8;
  chain.readableLength = rows[row | 2]!;
  chain.writableLength = rows[row | 3]!;
}

/**
 * Keeps a buffer whose descriptors are linked; its first one was read already. The others are in `words` from `base` on,
 * `limit` of them. `indirect` when they are those of a table.
 */
export function keepLinked(
  memory: GuestMemory,
  rows: Int32Array,
  row: number,
  words: Int32Array,
  base: number,
  limit: number,
  indirect: boolean,
  low: number,
  high: number,
  length: number,
  flags: number,
): boolean {
  // As GuestMemory.locateHot does it.
  const { hotLow, hotHigh, hotLimit, found } = memory;
  const end = (row | 4) + WORDS;
  let at = row | 4;
  let elements = 0;
  let readables = 0;
  let readable = 0;
  let writable = 0;
  for (;;) {
    const offset = (low - hotLow) | 0;
    if (
      high !== hotHigh || offset < 0 || length <= 0 || length > hotLimit - offset ||
      at === end || (flags & INDIRECT) !== 0
    ) return false;
    rows[at] = found;
    rows[at + 1] = offset;
    rows[at + 2] = length;
    at += 3;
    elements++;
    if ((flags & WRITE) !== 0) {
      writable = writable + length | 0;
      if (writable < 0) return false;
    } else {
      readable = readable + length | 0;
      readables++;
      if (readable < 0 || writable !== 0) return false;
    }
    if ((flags & NEXT) === 0) break;
    const next = flags >>> 16;
    if (next >= limit) return false;
    const word = base + (next << 2);
    low = words[word]!;
    high = words[word + 1]!;
    length = words[word + 2]!;
    flags = words[word + 3]!;
  }
  rows[row | 1] = shapeOf(elements, readables, indirect ? 1 : elements);
  rows[row | 2] = readable;
  rows[row | 3] = writable;
  return true;
}

/** Keeps a buffer whose descriptors follow each other in the table of a packed ring: `entries` in `words` from `base` on. */
export function keepTable(
  memory: GuestMemory,
  rows: Int32Array,
  row: number,
  words: Int32Array,
  base: number,
  entries: number,
): boolean {
  const { hotLow, hotHigh, hotLimit, found } = memory;
  let at = row | 4;
  if (entries * 3 > WORDS) return false;
  let readables = 0;
  let readable = 0;
  let writable = 0;
  for (let entry = 0; entry < entries; entry++) {
    const word = base + (entry << 2);
    const offset = (words[word]! - hotLow) | 0;
    const length = words[word + 2]!;
    if (
      words[word + 1] !== hotHigh || offset < 0 || length <= 0 || length > hotLimit - offset
    ) return false;
    rows[at] = found;
    rows[at + 1] = offset;
    rows[at + 2] = length;
    at += 3;
    if ((words[word + 3]! & PACKED_WRITE) !== 0) {
      writable = writable + length | 0;
      if (writable < 0) return false;
    } else {
      readable = readable + length | 0;
      readables++;
      if (readable < 0 || writable !== 0) return false;
    }
  }
  rows[row | 1] = shapeOf(entries, readables, 1);
  rows[row | 2] = readable;
  rows[row | 3] = writable;
  return true;
}

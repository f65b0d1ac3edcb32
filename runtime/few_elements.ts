/**
 * Buffers of two to four elements, as the device keeps them: in the row of their head, without a {@linkcode Chain}.
 *
 * Most buffers are like that: a header, data, a status. Nothing but a few words of one array is touched for them until
 * somebody asks for the chain (split, a table of three: 20 to 23 ns to pop instead of 60 in a process where all devices ran).
 * All elements lie in the window of memory that was used last.
 *
 * Security model: to keep a buffer like that is a short cut. Whatever is not plain about it is left to the queue, which
 * walks it again from its first descriptor, with every check and a name for what is wrong.
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
/** Where the elements begin in a row: offset and length each, after serial, shape, readable and writable bytes, window. */
const FEW_START = 5;
/** Where the elements end, four at most. */
const FEW_END = FEW_START + 4 * 2;

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
  chain.several(rows[row | 4]!, rows, row + FEW_START, parts & 15, parts >> 4 & 15);
  chain.descriptors = parts >> 8;
  chain.readableLength = rows[row | 2]!;
  chain.writableLength = rows[row | 3]!;
}

/**
 * Keeps a buffer of linked descriptors, of which the first was read already: in the ring of that many, or where that may
 * be, in an indirect table. False when the buffer is not plain: then nothing that was read here counts.
 */
export function keepLinked(
  memory: GuestMemory,
  rows: Int32Array,
  row: number,
  desc: Int32Array,
  size: number,
  indirect: boolean,
  low: number,
  high: number,
  length: number,
  flags: number,
): boolean {
  // As GuestMemory.locate does it in the window of the last access.
  const { hotLow, hotHigh, hotLimit } = memory;
  let words = desc;
  let base = 0;
  let limit = size;
  const table = (flags & INDIRECT) !== 0;
  if (table) {
    const offset = (low - hotLow) | 0;
    words = memory.hotWords;
    base = offset >> 2;
    limit = length >> 4;
    if (
      high !== hotHigh || offset < 0 || length <= 0 || length > (hotLimit - offset | 0) ||
      ((offset & 3) | (length & 15)) !== 0 || (flags & NEXT) !== 0 || words.length === 0 ||
      !indirect
    ) return false;
    low = words[base]!;
    high = words[(base + 1) | 0]!;
    length = words[(base + 2) | 0]!;
    flags = words[(base + 3) | 0]!;
  }
  // No chain is longer than the ring, also in a table (VIRTIO 1.4, 2.7.5.3.1).
  const end = row + (size < 4 ? FEW_START + 2 * size : FEW_END);
  let at = row + FEW_START;
  let readables = 0;
  let readable = 0;
  let writable = 0;
  for (;;) {
    const offset = (low - hotLow) | 0;
    if (
      high !== hotHigh || offset < 0 || length <= 0 || length > (hotLimit - offset | 0) ||
      at >= end || (flags & INDIRECT) !== 0
    ) return false;
    rows[at] = offset;
    rows[at + 1] = length;
    at += 2;
    if ((flags & WRITE) !== 0) {
      writable = (writable + length) | 0;
      if (writable < 0) return false;
    } else {
      readable = (readable + length) | 0;
      readables++;
      if (readable < 0 || writable !== 0) return false;
    }
    if ((flags & NEXT) === 0) break;
    const next = flags >>> 16;
    if (next >= limit) return false;
    const word = (base + (next << 2)) | 0;
    low = words[word]!;
    high = words[(word + 1) | 0]!;
    length = words[(word + 2) | 0]!;
    flags = words[(word + 3) | 0]!;
  }
  const elements = (at - row - FEW_START) >> 1;
  rows[row | 1] = shapeOf(elements, readables, table ? 1 : elements);
  rows[row | 2] = readable;
  rows[row | 3] = writable;
  rows[row | 4] = memory.found;
  return true;
}

/**
 * Keeps a buffer in the indirect table of a packed ring, where descriptors follow each other, no more than that many.
 * False when the buffer is not plain: then nothing that was read here counts.
 */
export function keepTable(
  memory: GuestMemory,
  rows: Int32Array,
  row: number,
  size: number,
  low: number,
  high: number,
  length: number,
): boolean {
  // As GuestMemory.locate does it in the window of the last access.
  const { hotLow, hotHigh, hotLimit } = memory;
  const table = (low - hotLow) | 0;
  const words = memory.hotWords;
  let at = row + FEW_START;
  const end = at + (length >> 3);
  if (
    high !== hotHigh || table < 0 || length <= 0 || length > (hotLimit - table | 0) ||
    ((table & 3) | (length & 15)) !== 0 || end > row + FEW_END || length >> 4 > size ||
    words.length === 0
  ) return false;
  let readables = 0;
  let readable = 0;
  let writable = 0;
  for (let word = table >> 2; at < end; word = (word + 4) | 0) {
    const offset = (words[word]! - hotLow) | 0;
    const size = words[(word + 2) | 0]!;
    if (
      words[(word + 1) | 0]! !== hotHigh || offset < 0 || size <= 0 ||
      size > (hotLimit - offset | 0)
    ) return false;
    rows[at] = offset;
    rows[at + 1] = size;
    at += 2;
    if ((words[(word + 3) | 0]! & PACKED_WRITE) !== 0) {
      writable = (writable + size) | 0;
      if (writable < 0) return false;
    } else {
      readable = (readable + size) | 0;
      readables++;
      if (readable < 0 || writable !== 0) return false;
    }
  }
  rows[row | 1] = shapeOf(length >> 4, readables, 1);
  rows[row | 2] = readable;
  rows[row | 3] = writable;
  rows[row | 4] = memory.found;
  return true;
}

/**
 * Buffers of up to four elements, as the device keeps them: in the row of their head, sixteen words of one array.
 *
 * Most buffers are like that: a header, data, a status. Nothing but their row is touched until somebody asks for the
 * {@linkcode Chain}, which then finds its segments there.
 *
 * Security model: to keep a buffer like that is a short cut. Whatever is not plain about it, as an element outside the
 * window of memory that was used last, is left to the queue, which walks it again from its first descriptor, with
 * every check and a name for what is wrong.
 *
 * @module
 */

import type { Chain } from "./chain.ts";
import { DESC_F_INDIRECT, DESC_F_NEXT, DESC_F_WRITE, DESCRIPTOR_BYTES } from "./layout.ts";
import type { GuestMemory } from "./memory.ts";

/** The index of a head's row is the head, shifted by that. */
export const ROW_SHIFT = 4;
/** Words of a row before its segments: a serial, the shape, then bytes that the device may read and write. */
export const ROW_SEGMENTS = 4;
/** Words of a segment: the number of its window, its offset in that, its bytes. */
export const SEGMENT_WORDS = 3;
/** Where the last segment of a row ends. */
export const ROW_END = 16;

// Imported constants are loaded and checked at each use, constants of the module itself are not.
const NEXT = DESC_F_NEXT;
const INDIRECT = DESC_F_INDIRECT;
const WRITE = DESC_F_WRITE;
const PACKED_WRITE = DESC_F_WRITE << 16;
/** Where the first segment ends. */
const FIRST_END = ROW_SEGMENTS + SEGMENT_WORDS;
const ELEMENTS_MAX = (ROW_END - ROW_SEGMENTS) / SEGMENT_WORDS;

/** The rows of all heads of a ring. */
export class FewElements {
  /**
   * Sixteen words for each head, one line of the cache. First a serial, odd while its buffer is pending. Then, of a
   * buffer of one element, its window, offset and length, negative when the device reads it; of a longer one its shape,
   * which is less than -1, the bytes that the device may read and write, and its segments. A shape of -1 is that of a
   * buffer which its chain has, the fourth word being the writable bytes, or fewer.
   */
  declare readonly rows: Int32Array;
  declare private readonly memory: GuestMemory;
  declare private readonly size: number;
  /** Bytes that a table may have here, which is none where none is allowed. */
  declare private readonly tableMax: number;
  /** Where the last segment may begin: no buffer has more elements than its ring entries (VIRTIO 1.4, 2.7.5.3.1, 2.8.8). */
  declare private readonly last: number;

  /** For a ring of that size over that memory, in which indirect tables are allowed or not. */
  constructor(memory: GuestMemory, size: number, tables: boolean) {
    this.rows = new Int32Array(size << ROW_SHIFT);
    this.memory = memory;
    this.size = size;
    const elements = Math.min(size, ELEMENTS_MAX);
    this.tableMax = tables ? elements * DESCRIPTOR_BYTES : 0;
    this.last = ROW_SEGMENTS + (elements - 1) * SEGMENT_WORDS;
  }

  /** Gives a chain the buffer of its row: of one element, whose window is the row's shape, or of several. */
  show(chain: Chain): void {
    const rows = this.rows;
    const row = chain.head << ROW_SHIFT;
    const shape = rows[row | 1]!;
    const third = rows[row | 2]!;
    const fourth = rows[row | 3]!;
    if (shape < 0) {
      const parts = -2 - shape;
      const end = parts & 31;
      chain.descriptors = parts >> 10 === 0 ? (end - ROW_SEGMENTS) / SEGMENT_WORDS : 1;
      return chain.few(parts >> 5 & 31, end, third, fourth);
    }
    const write = fourth > 0;
    rows[row | 4] = shape;
    rows[row | 5] = third;
    rows[row | 6] = write ? fourth : -fourth;
    chain.descriptors = 1;
    if (write) chain.few(ROW_SEGMENTS, FIRST_END, 0, fourth);
    else chain.few(FIRST_END, FIRST_END, -fourth, 0);
  }

  /**
   * Keeps a buffer of linked descriptors, the first of which is that of its head, there or in an indirect table. False
   * when the buffer is not plain: then nothing that was read here counts.
   */
  keepLinked(head: number, desc: Int32Array): boolean {
    const { memory, rows } = this;
    // As GuestMemory.locate does it in the window of the last access.
    const { hotLow, hotHigh, hotLimit, found } = memory;
    const row = head << 4;
    let words = desc;
    let word = head << 2;
    let base = 0;
    let limit = this.size;
    let flags = words[word | 3]!;
    const table = flags & INDIRECT;
    if (table !== 0) {
      const offset = (words[word]! - hotLow) | 0;
      const length = words[word | 2]!;
      words = memory.hotWords;
      if (
        desc[word | 1]! !== hotHigh || offset < 0 || length <= 0 ||
        length > (hotLimit - offset | 0) || ((offset | length) & 15) !== 0 ||
        (flags & NEXT) !== 0 || this.tableMax === 0 || words.length === 0
      ) return false;
      base = word = offset >> 2;
      limit = length >> 4;
    }
    const last = row | this.last;
    let middle = row | 4;
    let readable = 0;
    let writable = 0;
    let all = 0; // negative once a sum does not fit 31 bits
    for (let at = middle; at <= last;) {
      const offset = (words[word]! - hotLow) | 0;
      const length = words[word | 2]!;
      flags = words[word | 3]!;
      if (
        words[word | 1]! !== hotHigh || offset < 0 || length <= 0 ||
        length > (hotLimit - offset | 0) || (flags & INDIRECT) !== 0
      ) return false;
      rows[at] = found;
      rows[at + 1] = offset;
      rows[at + 2] = length;
      at += 3;
      if ((flags & WRITE) !== 0) {
        writable = (writable + length) | 0;
      } else {
        if (writable !== 0) return false;
        readable = (readable + length) | 0;
        middle = at;
      }
      all |= readable | writable;
      if ((flags & NEXT) === 0) {
        rows[row | 1] = -2 - (at - row | (middle - row) << 5 | table << 10);
        rows[row | 2] = readable;
        rows[row | 3] = writable;
        return all >= 0;
      }
      const next = flags >>> 16;
      if (next >= limit) return false;
      word = base + (next << 2);
    }
    return false;
  }

  /**
   * Keeps a buffer in the indirect table of a packed ring, where descriptors follow each other; that word is the first of
   * the one in the ring. False when the buffer is not plain: then nothing that was read here counts.
   */
  keepTable(head: number, desc: Int32Array, at: number): boolean {
    const { memory, rows } = this;
    // As GuestMemory.locate does it in the window of the last access.
    const { hotLow, hotHigh, hotLimit, hotWords: words, found } = memory;
    const row = head << 4;
    const table = (desc[at]! - hotLow) | 0;
    const bytes = desc[at | 2]!;
    if (
      desc[at | 1]! !== hotHigh || table < 0 || bytes <= 0 || bytes > (hotLimit - table | 0) ||
      ((table | bytes) & 15) !== 0 || bytes > this.tableMax || words.length === 0
    ) return false;
    let middle = row | 4;
    let readable = 0;
    let writable = 0;
    let all = 0; // negative once a sum does not fit 31 bits
    let to = middle;
    for (let word = table >> 2; word < (table + bytes) >> 2; word += 4) {
      const offset = (words[word]! - hotLow) | 0;
      const length = words[word | 2]!;
      if (
        words[word | 1]! !== hotHigh || offset < 0 || length <= 0 ||
        length > (hotLimit - offset | 0)
      ) return false;
      rows[to] = found;
      rows[to + 1] = offset;
      rows[to + 2] = length;
      to += 3;
      if ((words[word | 3]! & PACKED_WRITE) !== 0) {
        writable = (writable + length) | 0;
      } else {
        if (writable !== 0) return false;
        readable = (readable + length) | 0;
        middle = to;
      }
      all |= readable | writable;
    }
    rows[row | 1] = -2 - (to - row | (middle - row) << 5 | 1 << 10);
    rows[row | 2] = readable;
    rows[row | 3] = writable;
    return all >= 0;
  }
}

/**
 * Memory for the indirect tables of a driver, kept and used again.
 *
 * The tables of all heads lie side by side, as long as they are short: a table is then a place in one array, which costs
 * less than an object and an array of its own for each (a chain of three: 31 ns to add
 * instead of 45, where all devices ran before; bench/ring/README.md).
 *
 * @module
 */

import type { Arena, DmaBuffer } from "./arena.ts";
import { DESCRIPTOR_BYTES } from "./layout.ts";
import { NO_WORDS } from "./ring_word.ts";

/** Entries of a short table. */
const SHORT = 4;
const SHORT_BYTES = SHORT * DESCRIPTOR_BYTES;

/** Some memory, and the same as words. */
interface Piece {
  readonly buffer: DmaBuffer;
  readonly size: number;
  words: Int32Array;
}

/** One table for each head or buffer id. */
export class IndirectPool {
  /** After {@linkcode IndirectPool.take}: words that hold the table, four to an entry. */
  words: Int32Array = NO_WORDS;
  /** Index in {@linkcode IndirectPool.words} of the first entry. */
  base = 0;
  /** Low half of the table's guest address, as int32. */
  low = 0;
  /** High half of its guest address, as int32. */
  high = 0;
  readonly #arena: Arena;
  readonly #size: number;
  #short: Piece | undefined = undefined;
  #shortWords: Int32Array = NO_WORDS;
  #shortLow = 0;
  #shortHigh = 0;
  #refused = false; // there was no room for the short tables of all heads
  readonly #long: (Piece | undefined)[];

  /** Tables for ids below `size` come from this arena; those that are short, all at once when the first is needed. */
  constructor(arena: Arena, size: number) {
    this.#arena = arena;
    this.#size = size;
    this.#long = new Array<Piece | undefined>(size).fill(undefined);
  }

  /** Finds the table of that id, with room for `entries`; false when the arena is full. */
  take(id: number, entries: number): boolean {
    if (entries > SHORT || this.#shortWords.length === 0) return this.#takeOther(id, entries);
    this.words = this.#shortWords;
    this.base = id * SHORT << 2;
    this.low = this.#shortLow + id * SHORT_BYTES | 0;
    this.high = this.#shortHigh;
    return true;
  }

  /** Sees the arena's memory anew after its region was replaced. */
  remap(): void {
    for (const piece of [this.#short, ...this.#long]) {
      if (piece === undefined) continue;
      piece.words = wordsOf(this.#arena.memory.view(piece.buffer.address, piece.size)!);
    }
    this.#shortWords = this.#short?.words ?? NO_WORDS;
  }

  /** Gives all tables back to the arena. */
  close(): void {
    for (const piece of [this.#short, ...this.#long]) {
      if (piece !== undefined) this.#arena.free(piece.buffer);
    }
    this.#short = undefined;
    this.#shortWords = NO_WORDS;
    this.#long.fill(undefined);
  }

  /** Makes the memory of short tables, or takes a table of its own where one is too long or there is no such memory. */
  #takeOther(id: number, entries: number): boolean {
    if (entries <= SHORT && this.#makeShort()) return this.take(id, entries);
    let piece = this.#long[id];
    if (piece === undefined || piece.size < entries * DESCRIPTOR_BYTES) {
      if (piece !== undefined) this.#arena.free(piece.buffer);
      piece = this.#allocate(
        DESCRIPTOR_BYTES * Math.max(SHORT, 2 ** Math.ceil(Math.log2(entries))),
      );
      this.#long[id] = piece;
      if (piece === undefined) return false;
    }
    const { address } = piece.buffer;
    this.words = piece.words;
    this.base = 0;
    this.low = address | 0;
    this.high = highOf(address);
    return true;
  }

  /** Whether short tables have their memory; once there was no room, it is not asked for again. */
  #makeShort(): boolean {
    if (this.#short !== undefined || this.#refused) return false;
    const short = this.#allocate(this.#size * SHORT_BYTES);
    const address = short?.buffer.address ?? 0;
    if (short === undefined || highOf(address) !== highOf(address + short.size - 1)) {
      if (short !== undefined) this.#arena.free(short.buffer);
      this.#refused = true;
      return false;
    }
    this.#short = short;
    this.#shortWords = short.words;
    this.#shortLow = address | 0;
    this.#shortHigh = highOf(address);
    return true;
  }

  #allocate(size: number): Piece | undefined {
    const buffer = this.#arena.tryAllocate(size, DESCRIPTOR_BYTES);
    return buffer && { buffer, size, words: wordsOf(buffer.bytes) };
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

function highOf(address: number): number {
  return Math.floor(address / 2 ** 32) | 0;
}

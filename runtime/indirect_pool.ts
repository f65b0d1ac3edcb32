/**
 * Memory for the indirect tables of a driver, kept and used again.
 *
 * Short tables lie side by side, one for each head and a spare one: the elements of a buffer are put together in the spare
 * one, and the buffer's head gives its own for it. A table is then a place in one array, which costs less than an object
 * and an array for each. Longer ones are made for their heads where they are needed.
 *
 * @module
 */

import type { Arena, DmaBuffer } from "./arena.ts";
import { DESCRIPTOR_BYTES } from "./layout.ts";
import { NO_WORDS } from "./ring_word.ts";

/** Entries of a short table. */
export const SHORT_ENTRIES = 4;
const SHORT_BYTES = SHORT_ENTRIES * DESCRIPTOR_BYTES;
const SHORT_WORDS = SHORT_BYTES >> 2;

/** Memory of one table or more. */
export interface TableMemory {
  /** Where it is. */
  readonly buffer: DmaBuffer;
  /** Its bytes. */
  readonly size: number;
  /** Low half of its guest address, as int32. */
  readonly low: number;
  /** High half of its guest address, as int32. */
  readonly high: number;
  /** The same memory as words, four to an entry; none while it is away. */
  words: Int32Array;
}

/** One table for each head or buffer id. */
export class IndirectPool {
  /** Words of all short tables; none before {@linkcode IndirectPool.open}, and while their memory is away. */
  words: Int32Array = NO_WORDS;
  /** Low half of their guest address, as int32. */
  low = 0;
  /** High half of it, which is that of each of them. */
  high = 0;
  /** Whether the memory of all tables is there. */
  found = true;
  readonly #arena: Arena;
  readonly #size: number;
  /** By head or id: index in {@linkcode IndirectPool.words} of its short table; that of the spare one is the last. */
  private readonly places: Int32Array;
  private spare: number;
  #short: TableMemory | undefined = undefined;
  #refused: boolean; // there was no room for the short tables, or a buffer that fills one is too long for the ring
  readonly #long: (TableMemory | undefined)[];

  /** Tables for ids below `size` come from this arena; those that are short, all at once when the first is needed. */
  constructor(arena: Arena, size: number) {
    this.#arena = arena;
    this.places = Int32Array.from({ length: size }, (_, id) => id * SHORT_WORDS);
    this.spare = size * SHORT_WORDS;
    this.#size = size;
    this.#refused = size < SHORT_ENTRIES;
    this.#long = new Array<TableMemory | undefined>(size).fill(undefined);
  }

  /** Where the spare short table is, which is made with all others if it was not; -1 when the arena has no room for them. */
  open(): number {
    if (this.#short === undefined && !this.#refused) this.#makeShort();
    return this.words.length > 0 ? this.spare : -1;
  }

  /** Gives an id the spare table, which begins there, for its own; where the next spare one is. */
  exchange(id: number, spare: number): number {
    const own = this.places[id]!;
    this.places[id] = spare;
    return this.spare = own;
  }

  /** A table for that id alone, with room for `entries`; undefined when the arena is full. */
  long(id: number, entries: number): TableMemory | undefined {
    const old = this.#long[id];
    if (old !== undefined && old.size >= entries * DESCRIPTOR_BYTES) return old;
    if (old !== undefined) this.#arena.free(old.buffer);
    const room = Math.max(SHORT_ENTRIES, 2 ** Math.ceil(Math.log2(entries)));
    return this.#long[id] = this.#allocate(room * DESCRIPTOR_BYTES);
  }

  /** Sees the arena's memory anew after regions changed. */
  remap(): void {
    this.found = true;
    for (const memory of this.#all()) {
      const bytes = this.#arena.memory.view(memory.buffer.address, memory.size);
      memory.words = bytes === undefined ? NO_WORDS : wordsOf(bytes);
      if (bytes === undefined) this.found = false;
    }
    this.words = this.#short?.words ?? NO_WORDS;
  }

  /** Gives all tables back to the arena, and makes no more short ones. */
  close(): void {
    for (const { buffer } of this.#all()) this.#arena.free(buffer);
    this.#short = undefined;
    this.#refused = true;
    this.words = NO_WORDS;
    this.#long.fill(undefined);
  }

  /** Makes the memory of short tables; once there was no room, it is not asked for again. */
  #makeShort(): void {
    const short = this.#allocate((this.#size + 1) * SHORT_BYTES);
    if (short === undefined || highOf(short.buffer.address + short.size - 1) !== short.high) {
      if (short !== undefined) this.#arena.free(short.buffer);
      this.#refused = true;
      return;
    }
    this.#short = short;
    this.words = short.words;
    this.low = short.low;
    this.high = short.high;
  }

  #all(): TableMemory[] {
    return [this.#short, ...this.#long].filter((memory) => memory !== undefined);
  }

  #allocate(size: number): TableMemory | undefined {
    const buffer = this.#arena.tryAllocate(size, DESCRIPTOR_BYTES);
    if (buffer === undefined) return undefined;
    const { address, bytes } = buffer;
    return { buffer, size, low: address | 0, high: highOf(address), words: wordsOf(bytes) };
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

function highOf(address: number): number {
  return Math.floor(address / 2 ** 32) | 0;
}

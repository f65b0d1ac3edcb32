/** Memory for the indirect tables of a driver, kept and used again. @module */

import type { Arena, DmaBuffer } from "./arena.ts";
import { DESCRIPTOR_BYTES } from "./layout.ts";

/** A table that a driver fills. */
export interface PooledTable {
  /** Low half of its guest address, as int32. */
  readonly low: number;
  /** High half of its guest address, as int32. */
  readonly high: number;
  /** Four words to an entry. */
  readonly words: Int32Array;
  /** Its bytes, also once its ArrayBuffer was detached. */
  readonly size: number;
  /** Its memory. */
  readonly buffer: DmaBuffer;
}

/** One table for each head or buffer id, allocated when first needed and grown when too small. */
export class IndirectPool {
  readonly #arena: Arena;
  readonly #tables: (PooledTable | undefined)[];

  /** Tables for ids below `size` come from this arena. */
  constructor(arena: Arena, size: number) {
    this.#arena = arena;
    this.#tables = new Array<PooledTable | undefined>(size).fill(undefined);
  }

  /** The table of that id, with room for `entries`; undefined when the arena is full. */
  take(id: number, entries: number): PooledTable | undefined {
    const table = this.#tables[id];
    if (table !== undefined && table.words.length >= entries << 2) return table;
    return this.#replace(id, table, entries);
  }

  /** Sees the arena's memory anew after its region was replaced. */
  remap(): void {
    for (const [id, table] of this.#tables.entries()) {
      if (table === undefined) continue;
      const { address } = table.buffer;
      this.#tables[id] = tableOver({
        address,
        bytes: this.#arena.memory.view(address, table.size)!,
      });
    }
  }

  /** Gives all tables back to the arena. */
  close(): void {
    for (const table of this.#tables) {
      if (table !== undefined) this.#arena.free(table.buffer);
    }
    this.#tables.fill(undefined);
  }

  #replace(id: number, old: PooledTable | undefined, entries: number): PooledTable | undefined {
    if (old !== undefined) this.#arena.free(old.buffer);
    const size = DESCRIPTOR_BYTES * Math.max(4, 2 ** Math.ceil(Math.log2(entries)));
    const buffer = this.#arena.tryAllocate(size, DESCRIPTOR_BYTES);
    return this.#tables[id] = buffer === undefined ? undefined : tableOver(buffer);
  }
}

function tableOver(buffer: DmaBuffer): PooledTable {
  const { address, bytes } = buffer;
  return {
    low: address | 0,
    high: Math.floor(address / 2 ** 32) | 0,
    words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2),
    size: bytes.length,
    buffer,
  };
}

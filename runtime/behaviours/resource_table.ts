/**
 * Resources of a GPU device as numbers: what was created, what memory of the guest stands behind it,
 * and which displays, pointers and contexts use it. What the images show is not here.
 *
 * @module
 */

import type { GuestMemory } from "../memory.ts";
import { flag, integer, list, record, refuseField } from "../snapshot.ts";

/** A piece of guest memory. */
export interface MemoryPiece {
  /** Guest address. */
  readonly addr: number;
  /** Bytes. */
  readonly length: number;
}

/** A rectangle. */
export interface Rectangle {
  /** Left edge. */
  readonly x: number;
  /** Upper edge. */
  readonly y: number;
  /** Width. */
  readonly width: number;
  /** Height. */
  readonly height: number;
}

/** A resource. */
export interface DisplayResource {
  /** What it was created as. */
  readonly kind: "2d" | "3d" | "blob";
  /** Width of an image. */
  readonly width: number;
  /** Height of an image. */
  readonly height: number;
  /** Format of an image. */
  readonly format: number;
  /** Bytes of a blob. */
  readonly size: number;
  /** Whether the guest's memory can stand behind it. */
  readonly backable: boolean;
  /** The guest's memory behind it; undefined without any. */
  pieces?: readonly MemoryPiece[] | undefined;
  /** Whether the driver has it mapped. */
  mapped?: boolean;
}

/** What a display shows: part of a resource. */
export interface DisplayShown {
  /** The resource. */
  readonly resourceId: number;
  /** The part. */
  readonly r: Rectangle;
}

/** The pointer on a display. */
export interface DisplayPointer {
  /** From the display's left edge. */
  readonly x: number;
  /** From its upper edge. */
  readonly y: number;
  /** Its image; 0 for none. */
  readonly resourceId: number;
  /** From the image's left edge to the hot spot. */
  readonly hotX: number;
  /** From its upper edge. */
  readonly hotY: number;
}

const WORD = 0xffff_ffff;
const KINDS = ["2d", "3d", "blob"] as const;

/** The resources of one device, and their users. */
export class ResourceTable {
  /** Resources by their ids. */
  readonly resources: Map<number, DisplayResource> = new Map();
  /** What displays show. */
  readonly shown: Map<number, DisplayShown> = new Map();
  /** Pointers by displays. */
  readonly pointers: Map<number, DisplayPointer> = new Map();
  /** Contexts, and the resources that each may use. */
  readonly contexts: Map<number, Set<number>> = new Map();

  /** A resource is gone, wherever it was used. */
  drop(id: number): void {
    this.resources.delete(id);
    for (const [display, { resourceId }] of this.shown) {
      if (resourceId === id) this.shown.delete(display);
    }
    for (const [display, pointer] of this.pointers) {
      if (pointer.resourceId === id) this.pointers.set(display, { ...pointer, resourceId: 0 });
    }
    for (const used of this.contexts.values()) used.delete(id);
  }

  /** Forgets all. */
  clear(): void {
    for (const map of [this.resources, this.shown, this.pointers, this.contexts]) map.clear();
  }

  /** All of it, as plain data. */
  save(): unknown {
    return {
      resources: [...this.resources].map(([id, one]) => ({
        ...one,
        id,
        pieces: one.pieces?.map(({ addr, length }) => ({ addr, length })) ?? null,
        mapped: one.mapped ?? false,
      })),
      shown: [...this.shown].map(([display, one]) => ({ ...one, display })),
      pointers: [...this.pointers].map(([display, one]) => ({ ...one, display })),
      contexts: [...this.contexts].map(([id, used]) => ({ id, used: [...used] })),
    };
  }

  /** What {@linkcode ResourceTable.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  static read(state: unknown, path: string, displays: number): ResourceTable {
    const saved = record(state, path);
    const table = new ResourceTable();
    const each = (name: string, read: (one: Record<string, unknown>, path: string) => void) => {
      for (const [at, one] of list(saved[name], `${path}.${name}`).entries()) {
        read(record(one, `${path}.${name}[${at}]`), `${path}.${name}[${at}]`);
      }
    };
    const known = (value: unknown, at: string, none = false) => {
      const id = integer(value, at, WORD);
      if (table.resources.has(id) || (none && id === 0)) return id;
      return refuseField(at, "a resource", id);
    };
    each("resources", (one, at) => {
      table.resources.set(integer(one.id, `${at}.id`, WORD), readResource(one, at));
    });
    each("shown", (one, at) => {
      const resourceId = known(one.resourceId, `${at}.resourceId`);
      const r = readRectangle(one.r, `${at}.r`);
      table.shown.set(integer(one.display, `${at}.display`, displays - 1), { resourceId, r });
    });
    each("pointers", (one, at) => {
      const word = (name: string) => integer(one[name], `${at}.${name}`, WORD);
      const resourceId = known(one.resourceId, `${at}.resourceId`, true);
      const pointer = { x: word("x"), y: word("y"), hotX: word("hotX"), hotY: word("hotY") };
      const display = integer(one.display, `${at}.display`, displays - 1);
      table.pointers.set(display, { ...pointer, resourceId });
    });
    each("contexts", (one, at) => {
      const used = list(one.used, `${at}.used`).map((id, i) => known(id, `${at}.used[${i}]`));
      table.contexts.set(integer(one.id, `${at}.id`, WORD), new Set(used));
    });
    return table;
  }
}

/** Whether a rectangle lies within an image. */
export function covers(width: number, height: number, r: Rectangle): boolean {
  return r.x + r.width <= width && r.y + r.height <= height;
}

/** Bytes of all pieces. */
export function sizeOf(pieces: readonly MemoryPiece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Copies bytes out of the pieces, from an offset on; RangeError when they end before, or are not memory. */
export function copyPieces(
  memory: GuestMemory,
  pieces: readonly MemoryPiece[],
  offset: number,
  into: Uint8Array,
): void {
  let [skipped, done] = [offset, 0];
  for (const { addr, length } of pieces) {
    const from = Math.min(skipped, length);
    const part = into.subarray(done, done + length - from);
    skipped -= from;
    if (part.length > 0) memory.read(addr + from, part);
    done += part.length;
  }
  if (done === into.length) return;
  throw new RangeError(
    `Cannot copy ${into.length} bytes at ${offset}: the resource has ${offset + done}`,
  );
}

function readResource(one: Record<string, unknown>, path: string): DisplayResource {
  const kind = KINDS.find((name) => name === one.kind);
  if (kind === undefined) return refuseField(`${path}.kind`, KINDS.join(", "), one.kind);
  const pieces = one.pieces === null
    ? undefined
    : list(one.pieces, `${path}.pieces`).map((piece, at) =>
      readPiece(piece, `${path}.pieces[${at}]`)
    );
  return {
    kind,
    width: integer(one.width, `${path}.width`, WORD),
    height: integer(one.height, `${path}.height`, WORD),
    format: integer(one.format, `${path}.format`, WORD),
    size: integer(one.size, `${path}.size`, Number.MAX_SAFE_INTEGER),
    backable: flag(one.backable, `${path}.backable`),
    pieces,
    mapped: flag(one.mapped, `${path}.mapped`),
  };
}

function readPiece(value: unknown, path: string): MemoryPiece {
  const { addr, length } = record(value, path);
  return {
    addr: integer(addr, `${path}.addr`, Number.MAX_SAFE_INTEGER),
    length: integer(length, `${path}.length`, WORD),
  };
}

function readRectangle(value: unknown, path: string): Rectangle {
  const saved = record(value, path);
  const word = (name: string) => integer(saved[name], `${path}.${name}`, WORD);
  return { x: word("x"), y: word("y"), width: word("width"), height: word("height") };
}

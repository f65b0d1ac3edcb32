/**
 * What all ends of a queue share, whichever side and format: finding the ring in memory, and breaking.
 *
 * @module
 */

import { PeerError } from "./errors.ts";
import type { GuestMemory, MemoryUser } from "./memory.ts";
import type { QueueFeatures, QueueFormat, QueueLayout } from "./queue.ts";

/** One end of a queue. */
export abstract class Ring implements MemoryUser {
  /** Index of the queue. */
  declare readonly index: number;
  /** Entries of the ring. */
  declare readonly size: number;
  /** What broke the queue. */
  broken: PeerError | undefined = undefined;
  /** Called once, when the queue breaks. */
  onBroken: (error: PeerError) => void = nothing;

  declare protected readonly memory: GuestMemory;
  declare protected readonly layout: QueueLayout;
  declare protected readonly features: QueueFeatures;
  /** Nothing about the queue is special. */
  declare protected readonly ordinary: boolean;
  /** Neither broken nor stopped. */
  protected live = true;
  /** The ring may be touched: it is live, and was found in the regions that there are. */
  protected mapped = false;
  /** The ring may be touched, and it is ordinary: buffers go their shortest ways. */
  protected plain = false;

  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    ordinary: boolean,
  ) {
    // A double once, and V8 holds these fields as doubles in every queue to come: 10 ns more for each buffer.
    this.index = layout.index | 0;
    this.size = layout.size | 0;
    this.memory = memory;
    this.layout = layout;
    this.features = features;
    this.ordinary = ordinary;
  }

  /** Format of the ring. */
  abstract readonly format: QueueFormat;

  /** What this end does with a buffer, which it can't when the queue breaks. */
  protected abstract get purpose(): string;

  /** Makes the typed arrays over the ring anew. */
  protected abstract mapRing(): void;

  /** Regions were added, removed or replaced: the ring is found again before it is touched. */
  memoryChanged(): void {
    this.mapped = this.plain = false;
  }

  /** Whether the ring may be touched; it is found again if regions changed. */
  protected ready(): boolean {
    return this.mapped || (this.live && this.map());
  }

  /** Finds the ring in memory; whether it is there. */
  protected map(): boolean {
    for (const area of ["desc", "driver", "device"] as const) {
      if (this.memory.extent(this.layout[area]) > 0) continue;
      return this.break("memory", undefined, `a region with the ${area} area`, "none");
    }
    this.mapRing();
    this.mapped = true;
    this.choose();
    return true;
  }

  /** Finds out whether {@linkcode Ring.plain} holds. */
  protected choose(): void {
    this.plain = this.mapped && this.ordinary;
  }

  /** Touches the ring no more. */
  protected leave(): void {
    this.live = false;
    this.memory.detach(this);
    this.memoryChanged();
  }

  /** Breaks the queue; returns false, for who looked or walked. */
  protected break(
    field: string,
    index: number | undefined,
    wanted: string,
    got: string | number,
  ): false {
    if (!this.live) return false;
    const where = index === undefined ? { queue: this.index } : { queue: this.index, index };
    this.broken = new PeerError(`Cannot ${this.purpose}`, { ...where, field, wanted, got });
    this.leave();
    this.onBroken(this.broken);
    return false;
  }
}

function nothing(): void {}

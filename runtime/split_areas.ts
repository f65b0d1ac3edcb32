/** The areas of a split ring as both ends see them (VIRTIO 1.4, 2.7). @module */

import type { GuestMemory } from "./memory.ts";
import type { QueueLayout } from "./queue.ts";
import { ringSizes } from "./ring_sizes.ts";
import { RingEvent, RingWord } from "./ring_word.ts";

/** Views of all parts of a split ring. */
export interface SplitAreas {
  /** Four words for each descriptor: address low and high, length, flags | next << 16. */
  readonly desc: Int32Array;
  /** Heads that are available. */
  readonly avail: Uint16Array;
  /** Written by the driver: flags | idx << 16. */
  readonly availWord: RingWord;
  /** Id and length of each used buffer. */
  readonly used: Int32Array;
  /** Written by the device: flags | idx << 16. */
  readonly usedWord: RingWord;
  /** Written by the driver. */
  readonly usedEvent: RingEvent;
  /** Written by the device. */
  readonly availEvent: RingEvent;
}

/** Finds the areas of a ring that is in memory. */
export function splitAreas(memory: GuestMemory, layout: QueueLayout): SplitAreas {
  const { size } = layout;
  const sizes = ringSizes("split", size);
  const desc = memory.view(layout.desc, sizes.desc.size)!;
  const avail = memory.view(layout.driver, sizes.driver.size)!;
  const used = memory.view(layout.device, sizes.device.size)!;
  const atomic = memory.shared;
  return {
    desc: new Int32Array(desc.buffer, desc.byteOffset, 4 * size),
    avail: new Uint16Array(avail.buffer, avail.byteOffset + 4, size),
    availWord: new RingWord(avail, atomic),
    used: new Int32Array(used.buffer, used.byteOffset + 4, 2 * size),
    usedWord: new RingWord(used, atomic),
    usedEvent: new RingEvent(avail.subarray(4 + 2 * size), atomic),
    availEvent: new RingEvent(used.subarray(4 + 8 * size), atomic),
  };
}

/**
 * Checks of a queue that a driver wants enabled, before any of it is used.
 *
 * @module
 */

import { PeerError } from "./errors.ts";
import type { GuestMemory } from "./memory.ts";
import { type QueueFormat, type QueueLayout, ringSizes } from "./queue.ts";

/** The largest size up to `max` that the format can have: any, or a power of two. */
export function largestSize(format: QueueFormat, max: number): number {
  return format === "packed" ? max : 2 ** Math.floor(Math.log2(max));
}

/** PeerError naming the first field of a queue's layout that the device can not use. */
export function checkQueueLayout(
  layout: QueueLayout,
  format: QueueFormat,
  sizeMax: number,
  memory: GuestMemory,
): void {
  const { index: queue, size } = layout;
  const refuse = (field: string, wanted: string, got: string | number) => {
    throw new PeerError("Cannot enable the queue", { queue, field, wanted, got });
  };
  if (layout.format !== format) refuse("format", format, layout.format);
  if (!Number.isInteger(size) || size < 1 || size > sizeMax) {
    refuse("size", `1 to ${sizeMax}`, size);
  }
  if (size !== largestSize(format, size)) refuse("size", "a power of two", size);
  const sizes = ringSizes(format, size);
  for (const area of ["desc", "driver", "device"] as const) {
    const { size: length, align } = sizes[area];
    const address = layout[area];
    if (address % align !== 0) refuse(area, `a multiple of ${align}`, address);
    if (memory.view(address, length) === undefined) {
      refuse(area, `the address of ${length} bytes in one region of memory`, address);
    }
  }
}

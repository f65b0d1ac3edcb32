/** How much memory a ring takes, and where it may lie. @module */

import { DESCRIPTOR_BYTES, QUEUE_SIZE_MAX } from "./layout.ts";
import type { QueueFormat } from "./queue.ts";

/** Bytes and alignment of one area. */
export interface AreaSize {
  /** Bytes. */
  readonly size: number;
  /** The guest address is a multiple of this. */
  readonly align: number;
}

/** Bytes and alignment of the three areas of a queue (VIRTIO 1.4, 2.7 and 2.8.10.1). */
export function ringSizes(
  format: QueueFormat,
  size: number,
): { readonly desc: AreaSize; readonly driver: AreaSize; readonly device: AreaSize } {
  checkSize(format, size);
  const desc = { size: DESCRIPTOR_BYTES * size, align: 16 };
  if (format === "packed") {
    return { desc, driver: { size: 4, align: 4 }, device: { size: 4, align: 4 } };
  }
  return {
    desc,
    driver: { size: 6 + 2 * size, align: 2 },
    device: { size: 6 + 8 * size, align: 4 },
  };
}

/** Where the areas of a legacy queue lie: behind each other, the last at a multiple of `align` (VIRTIO 1.4, 2.7.2). */
export function legacyAreas(
  address: number,
  size: number,
  align: number,
): { readonly driver: number; readonly device: number; readonly end: number } {
  const sizes = ringSizes("split", size);
  const driver = address + sizes.desc.size;
  const device = Math.ceil((driver + sizes.driver.size) / align) * align;
  return { driver, device, end: device + sizes.device.size };
}

function checkSize(format: QueueFormat, size: number): void {
  const power = Number.isInteger(Math.log2(size));
  if (!Number.isInteger(size) || size < 1 || size > QUEUE_SIZE_MAX) {
    throw new RangeError(`Cannot make a queue of ${size} entries: not 1 to ${QUEUE_SIZE_MAX}`);
  }
  if (format === "split" && !power) {
    throw new RangeError(`Cannot make a split queue of ${size} entries: not a power of two`);
  }
}

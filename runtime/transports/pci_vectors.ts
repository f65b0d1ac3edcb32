/**
 * MSI-X as a driver sets it up: the first vector for the configuration, the others for queues in turn
 * (VIRTIO 1.4, 4.1.5.1.2).
 *
 * @module
 */

import { halves } from "./driver_core.ts";
import type { BarAccess, MessageVector, RegisterAccess } from "./bus.ts";
import { MSIX_ENABLE, MSIX_ENTRY_SIZE, MSIX_MASK_ALL } from "./pci_msix.ts";

/** The vector of configuration changes. */
export const CONFIG_VECTOR = 0;
const TABLE_SIZE = 0x7ff;

/** Writes the messages into the table and switches MSI-X on; gives how many vectors there are, 0 for none. */
export async function enableVectors(
  config: RegisterAccess,
  at: number,
  bar: (index: number) => BarAccess | undefined,
  messages: readonly MessageVector[],
): Promise<number> {
  const control = await config.read(at + 2, 2);
  const place = await config.read(at + 4, 4);
  const table = bar(place & 7);
  const count = Math.min((control & TABLE_SIZE) + 1, messages.length);
  if (table === undefined || count < 2) return 0;
  const base = place - (place & 7);
  await config.write(at + 2, 2, control | MSIX_ENABLE | MSIX_MASK_ALL);
  for (let vector = 0; vector < count; vector++) {
    const { address, data } = messages[vector]!;
    const entry = base + vector * MSIX_ENTRY_SIZE;
    for (const [word, value] of [...halves(address), data, 0].entries()) {
      await table.write(entry + 4 * word, 4, value);
    }
  }
  await config.write(at + 2, 2, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
  return count;
}

/** The vector of a queue, of so many. */
export function queueVector(index: number, vectors: number): number {
  return 1 + index % (vectors - 1);
}

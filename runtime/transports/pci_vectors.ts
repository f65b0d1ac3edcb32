/**
 * MSI-X as a driver sets it up: the first vector for the configuration, the others for queues in turn
 * (VIRTIO 1.4, 4.1.5.1.2).
 *
 * @module
 */

import { VIRTIO_MSI_NO_VECTOR } from "../../generated/layout/pci.ts";
import { halves } from "./driver_core.ts";
import type { BarAccess, MessageVector, PciTransport, RegisterAccess } from "./bus.ts";
import { MSIX_ENABLE, MSIX_ENTRY_SIZE, MSIX_MASK_ALL } from "./pci_msix.ts";

/** The vector of configuration changes. */
const CONFIG_VECTOR = 0;
const TABLE_SIZE = 0x7ff;

/**
 * Writes the messages into the table and switches MSI-X on, or off where it can not be used; gives how many
 * vectors there are, 0 for none.
 */
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
  if (table === undefined || count < 2) {
    if ((control & MSIX_ENABLE) !== 0) await config.write(at + 2, 2, control & ~MSIX_ENABLE);
    return 0;
  }
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

/** A register that maps an event to a vector. */
export interface VectorRegister {
  /** The vector; 0xffff for none, with which a device also answers a vector that it can not map. */
  read(): number | Promise<number>;
  /** Asks for a vector. */
  write(vector: number): void | Promise<void>;
}

/** The vectors of a function, and what is mapped to them until the next reset. */
export class Vectors {
  readonly #count: number;
  readonly #refuse: (message: string) => never;
  readonly #queues = new Map<number, number>();

  /** So many are in use, of which 0 leaves all interrupts to the pin; `refuse` throws. */
  constructor(count: number, refuse: (message: string) => never) {
    this.#count = count;
    this.#refuse = refuse;
  }

  /** Maps configuration changes. */
  async mapConfig(register: VectorRegister): Promise<void> {
    if (this.#count > 0) await this.#map(register, CONFIG_VECTOR);
  }

  /** Maps a queue; queues take turns at the vectors. */
  async mapQueue(index: number, register: VectorRegister): Promise<void> {
    if (this.#count === 0) return;
    const wanted = 1 + index % (this.#count - 1);
    this.#queues.set(index, await this.#map(register, wanted));
  }

  /** Tells the driver what a message of a vector means. */
  deliver(vector: number, { onQueueNotify, onConfigNotify }: PciTransport): void {
    for (const [index, own] of [...this.#queues]) {
      if (own === vector) onQueueNotify(index);
    }
    if (vector === CONFIG_VECTOR) onConfigNotify();
  }

  /** Nothing is mapped any more. */
  forget(): void {
    this.#queues.clear();
  }

  /** Maps an event to a vector, or else to the one of the configuration; the vector that it got. */
  async #map(register: VectorRegister, wanted: number): Promise<number> {
    for (const vector of [wanted, CONFIG_VECTOR]) {
      await register.write(vector);
      if (await register.read() === vector) return vector;
    }
    return this.#refuse(`Cannot map interrupts: the device answers ${VIRTIO_MSI_NO_VECTOR}`);
  }
}

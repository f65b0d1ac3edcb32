/**
 * The window from PCI configuration space into the base address ranges (VIRTIO 1.4, 4.1.4.9).
 *
 * @module
 */

import {
  CapabilityType,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_CAP_VNDR,
  VIRTIO_PCI_CFG_CAP as CFG_CAP,
  VIRTIO_PCI_CFG_CAP_SIZE,
} from "../../generated/layout/pci.ts";
import type { PciConfigSpace } from "./pci_config.ts";
import { isSize } from "./register_bank.ts";

/** A base address range as the window sees it. */
export interface WindowTarget {
  /** Bytes. */
  readonly size: number;
  /** Reads 1, 2 or 4 bytes. */
  read(offset: number, size: number): number;
  /** Writes 1, 2 or 4 bytes. */
  write(offset: number, size: number, value: number): void;
}

/** The capability, and what its last field does. */
export class PciWindow {
  readonly #space: PciConfigSpace;
  readonly #bar: (index: number) => WindowTarget | undefined;
  readonly #offset: number;
  #written = 0; // a bit for each byte of the data that waits for the rest

  /** Adds the capability to a configuration space. */
  constructor(space: PciConfigSpace, bar: (index: number) => WindowTarget | undefined) {
    const capability = new Uint8Array(VIRTIO_PCI_CFG_CAP_SIZE);
    capability[CAP.capVndr] = VIRTIO_PCI_CAP_VNDR;
    capability[CAP.capLen] = VIRTIO_PCI_CFG_CAP_SIZE;
    capability[CAP.cfgType] = CapabilityType.PCI_CFG;
    this.#space = space;
    this.#bar = bar;
    this.#offset = space.addCapability(capability);
    space.allow(this.#offset + CAP.bar, 0xff);
    space.allow(this.#offset + CAP.offset, ...new Uint8Array(8).fill(0xff));
    space.allow(this.#data, 0xff, 0xff, 0xff, 0xff);
  }

  /** To be called before bytes of the configuration space are read. */
  beforeRead(offset: number, size: number): void {
    if (!this.#touches(offset, size)) return;
    const { bar, at, length } = this.#place();
    if (bar !== undefined) this.#put(bar.read(at, length), length);
  }

  /** To be called after bytes of the configuration space were written. */
  afterWrite(offset: number, size: number): void {
    if (!this.#touches(offset, size)) {
      if (offset < this.#data && offset + size > this.#offset) this.#written = 0;
      return;
    }
    for (let at = offset; at < offset + size; at++) {
      if (at >= this.#data) this.#written |= 1 << at - this.#data;
    }
    const { bar, at, length } = this.#place();
    const all = (1 << length) - 1;
    if (bar === undefined || (this.#written & all) !== all) return;
    this.#written = 0;
    bar.write(at, length, this.#space.read(this.#data, length));
  }

  get #data(): number {
    return this.#offset + CFG_CAP.pciCfgData;
  }

  #touches(offset: number, size: number): boolean {
    return isSize(size) && offset < this.#data + 4 && offset + size > this.#data;
  }

  #place(): { bar: WindowTarget | undefined; at: number; length: number } {
    const { view } = this.#space;
    const length = view.getUint32(this.#offset + CAP.length, true);
    const at = view.getUint32(this.#offset + CAP.offset, true);
    const bar = this.#bar(view.getUint8(this.#offset + CAP.bar));
    const fits = bar !== undefined && isSize(length) && at % length === 0 &&
      at + length <= bar.size;
    return { bar: fits ? bar : undefined, at, length };
  }

  #put(value: number, length: number): void {
    for (let at = 0; at < length; at++) this.#space.bytes[this.#data + at] = value >>> 8 * at;
  }
}

/**
 * PCI configuration space of one function: header, base address registers and capabilities. What the
 * guest may write is a mask; reading back a base address register after writing all ones gives its
 * size that way.
 *
 * @module
 */

import { isSize } from "./register_bank.ts";

/** Offsets in the header that PCI defines. */
export const PciHeader = {
  VENDOR_ID: 0x00,
  DEVICE_ID: 0x02,
  COMMAND: 0x04,
  STATUS: 0x06,
  REVISION_ID: 0x08,
  CLASS_CODE: 0x09,
  BAR: 0x10,
  SUBSYSTEM_VENDOR_ID: 0x2c,
  SUBSYSTEM_ID: 0x2e,
  CAPABILITIES: 0x34,
  INTERRUPT_LINE: 0x3c,
  INTERRUPT_PIN: 0x3d,
} as const;

/** Bits of the command register. */
export const PciCommand = { IO: 1, MEMORY: 2, BUS_MASTER: 4, INTX_DISABLE: 0x400 } as const;

/** Bits of the status register. */
export const PciStatus = { INTERRUPT: 8, CAPABILITIES: 16 } as const;

/** Bytes of the configuration space of a PCI function. */
export const PCI_CONFIG_SIZE = 256;
/** Bytes of that of a function with extended capabilities, which begin where PCI's own space ends. */
export const PCI_EXTENDED_CONFIG_SIZE = 4096;

/** Where capabilities may begin. */
const CAPABILITIES = 0x40;
/** Type bits of a base address register. */
const BAR_IO = 1;
const BAR_64 = 4;
const BAR_PREFETCHABLE = 8;
const WORD = 2 ** 32;

/** A range of addresses that the guest places. */
export interface BarLayout {
  /** Number of the register, 0 to 5; one of 64 bits takes the next as well. */
  readonly index: number;
  /** Whether it lies among the I/O ports, or in memory. */
  readonly kind: "io" | "memory" | "memory64";
  /** Bytes: a power of two. */
  readonly size: number;
}

/** The configuration space of a function. */
export class PciConfigSpace {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** The same, for fields of several bytes. */
  readonly view: DataView;
  readonly #writable: Uint8Array;
  readonly #bars = new Map<number, BarLayout>();
  #end = CAPABILITIES;
  #link: number = PciHeader.CAPABILITIES;

  /** All zeros, of which nothing can be written. */
  constructor(size: number = PCI_CONFIG_SIZE) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.#writable = new Uint8Array(size);
  }

  /** Lets the guest write the bits of `mask` in the bytes from `offset` on. */
  allow(offset: number, ...mask: readonly number[]): void {
    this.#writable.set(mask, offset);
  }

  /** Adds a base address register. */
  addBar(bar: BarLayout): void {
    this.layBar(bar, PciHeader.BAR);
    this.#bars.set(bar.index, bar);
  }

  /** Lays out one of the base address registers that begin at an offset; the address in it keeps what it can. */
  layBar(bar: BarLayout, registers: number): void {
    const offset = registers + 4 * bar.index;
    const wide = bar.kind === "memory64";
    const type = bar.kind === "io" ? BAR_IO : wide ? BAR_64 | BAR_PREFETCHABLE : 0;
    const mask = BigInt.asUintN(64, -BigInt(bar.size));
    const writable = new DataView(this.#writable.buffer);
    const put = (at: number, bits: number, fixed: number) => {
      writable.setUint32(at, bits, true);
      this.view.setUint32(at, this.view.getUint32(at, true) & bits | fixed, true);
    };
    put(offset, Number(mask & 0xffff_fff0n), type);
    if (wide) put(offset + 4, Number(mask >> 32n), 0);
  }

  /**
   * Appends a capability, whose first byte is its id and whose second becomes the link; gives its
   * offset. RangeError when there is no room.
   */
  addCapability(capability: Uint8Array): number {
    const offset = this.#end;
    const end = offset + Math.ceil(capability.length / 4) * 4;
    if (end > PCI_CONFIG_SIZE) {
      throw new RangeError(
        `Cannot add a capability of ${capability.length} bytes: no room is left`,
      );
    }
    this.bytes.set(capability, offset);
    this.bytes[offset + 1] = 0;
    this.bytes[this.#link] = offset;
    this.#link = offset + 1;
    this.#end = end;
    this.view.setUint16(PciHeader.STATUS, PciStatus.CAPABILITIES, true);
    return offset;
  }

  /** Where the guest placed a base address register; undefined while it does not decode it. */
  barAddress(index: number): number | undefined {
    const bar = this.#bars.get(index);
    if (bar === undefined) return undefined;
    const enabled = bar.kind === "io" ? PciCommand.IO : PciCommand.MEMORY;
    if ((this.view.getUint16(PciHeader.COMMAND, true) & enabled) === 0) return undefined;
    return this.addressIn(bar, PciHeader.BAR);
  }

  /** The address in one of the base address registers that begin at an offset. */
  addressIn({ index, kind }: BarLayout, registers: number): number {
    const offset = registers + 4 * index;
    const low = this.view.getUint32(offset, true);
    if (kind === "io") return low - low % 4;
    const high = kind === "memory64" ? this.view.getUint32(offset + 4, true) : 0;
    return high * WORD + low - low % 16;
  }

  /** Reads 1, 2 or 4 bytes; 0 past the end. */
  read(offset: number, size: number): number {
    if (!isSize(size)) return 0;
    let value = 0;
    for (let at = size - 1; at >= 0; at--) value = value << 8 | (this.bytes[offset + at] ?? 0);
    return value >>> 0;
  }

  /** Writes what the guest may write of 1, 2 or 4 bytes. */
  write(offset: number, size: number, value: number): void {
    if (!isSize(size)) return;
    for (let at = 0; at < size; at++) {
      const mask = this.#writable[offset + at];
      if (mask === undefined) continue;
      const byte = value >>> 8 * at;
      this.bytes[offset + at] = this.bytes[offset + at]! & ~mask | byte & mask;
    }
  }

  /** Clears what the guest may write. */
  reset(): void {
    this.#writable.forEach((mask, at) => this.bytes[at]! &= ~mask);
  }

  /** Takes what the guest had written out of saved bytes. */
  restore(saved: readonly number[]): void {
    saved.forEach((byte, at) => this.write(at, 1, byte));
  }
}

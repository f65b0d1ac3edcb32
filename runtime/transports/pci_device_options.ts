/**
 * How a device is put behind a PCI function, what an emulator sees of it, and how it is saved.
 *
 * @module
 */

import type { GuestMemory } from "../memory.ts";
import type { SavedCore } from "./device_core.ts";
import type { VendorData } from "./pci_capabilities.ts";
import type { BarLayout } from "./pci_config.ts";

/** How a device is put behind a PCI function. */
export interface PciDeviceOptions {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /**
   * Drives the interrupt pin: called with each change of its level, also within an access. Without it there
   * is no pin.
   */
  readonly interrupt?: (level: boolean) => void;
  /** Sends a message of MSI-X; without it there is no MSI-X. */
  readonly message?: (address: number, data: number) => void;
  /** Number of MSI-X vectors, 1 to 2048; 16 when not given. */
  readonly vectors?: number;
  /** Adds the legacy interface, for guests older than VIRTIO 1 (VIRTIO 1.4, 4.1.4.10). */
  readonly transitional?: boolean;
  /** Puts the registers among the I/O ports; in memory when not given. */
  readonly io?: boolean;
  /** Called when the guest has placed, moved or switched off a range: its `address` says where it is. */
  readonly moved?: (bar: PciBar) => void;
  /**
   * Makes the function a virtual one of the function whose device owns it, where the guest switches it on
   * and places its ranges in memory. It has no pin, no I/O ports, and no virtual functions of its own.
   */
  readonly virtual?: boolean;
  /** Data of a vendor, which debuggers read (VIRTIO 1.4, 4.1.4.8). */
  readonly vendorData?: VendorData;
}

/** A range of addresses of the function. */
export interface PciBar extends BarLayout {
  /** Where the guest placed it; undefined while it does not decode it. */
  readonly address: number | undefined;
  /** Reads 1, 2 or 4 bytes as an unsigned number; 0 where there is nothing. */
  read(offset: number, size: number): number;
  /** Writes the lowest 1, 2 or 4 bytes of a value. A register written in pieces takes effect once. */
  write(offset: number, size: number, value: number): void;
}

/** The registers and the device as plain data, fit for JSON as long as the device's state is. */
export interface PciSnapshot extends SavedCore {
  /** `"virtio-pci"` */
  readonly name: string;
  /** Version of the snapshot's form. */
  readonly version: number;
  /** The configuration space, byte by byte. */
  readonly config: readonly number[];
  /** The interrupt status. */
  readonly interruptStatus: number;
  /** The vector of configuration changes. */
  readonly configVector: number;
  /** Table and pending bits of MSI-X. */
  readonly msix: readonly number[];
}

/**
 * What the configuration space of a virtio function says: its ids, and its capabilities (VIRTIO 1.4,
 * 4.1.2 and 4.1.4).
 *
 * @module
 */

import {
  CapabilityType,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_CAP_SIZE,
  VIRTIO_PCI_CAP_VNDR,
  VIRTIO_PCI_DEVICE_ID,
  VIRTIO_PCI_NOTIFY_CAP as NOTIFY_CAP,
  VIRTIO_PCI_NOTIFY_CAP_SIZE,
  VIRTIO_PCI_VENDOR_ID,
  VIRTIO_PCI_VNDR_DATA as VENDOR_CAP,
  VIRTIO_PCI_VNDR_DATA_SIZE,
} from "../../generated/layout/pci.ts";
import { PciCommand, type PciConfigSpace, PciHeader } from "./pci_config.ts";
import { MSIX_CAPABILITY, MSIX_CAPABILITY_SIZE, type MsixTable } from "./pci_msix.ts";

const WORD = 2 ** 32;
/** The PCI device ids of virtio end at 0x107f (VIRTIO 1.4, 4.1.2). */
const DEVICE_ID_MAX = 0x3f;
/** Ids of virtual functions (PCI Express, 9.3.4.1). */
const VIRTUAL_ID = 0xffff;
/** Class of devices that PCI has no class for. */
const CLASS_UNASSIGNED = 0xff;

/** Data of a vendor, for debuggers (VIRTIO 1.4, 4.1.4.8). */
export interface VendorData {
  /** PCI vendor id of who defines the bytes; not virtio's own. */
  readonly vendorId: number;
  /** The bytes, padded with zeros to a multiple of 4 with the 6 before them. */
  readonly bytes: Uint8Array;
}

/**
 * Writes the header of a function without legacy interface, and with an interrupt pin or without; RangeError
 * for a device that PCI has no id for.
 */
export function describeFunction(space: PciConfigSpace, deviceId: number, pin: boolean): void {
  if (deviceId > DEVICE_ID_MAX) {
    throw new RangeError(
      `Cannot put device type ${deviceId} behind PCI: not 1 to ${DEVICE_ID_MAX}`,
    );
  }
  const { bytes, view } = space;
  view.setUint16(PciHeader.VENDOR_ID, VIRTIO_PCI_VENDOR_ID, true);
  view.setUint16(PciHeader.DEVICE_ID, VIRTIO_PCI_DEVICE_ID + deviceId, true);
  bytes[PciHeader.REVISION_ID] = 1;
  bytes[PciHeader.CLASS_CODE + 2] = CLASS_UNASSIGNED;
  view.setUint16(PciHeader.SUBSYSTEM_VENDOR_ID, VIRTIO_PCI_VENDOR_ID, true);
  view.setUint16(PciHeader.SUBSYSTEM_ID, VIRTIO_PCI_DEVICE_ID + deviceId, true);
  bytes[PciHeader.INTERRUPT_PIN] = pin ? 1 : 0;
  const { IO, MEMORY, BUS_MASTER, INTX_DISABLE } = PciCommand;
  space.allow(PciHeader.COMMAND, IO | MEMORY | BUS_MASTER, INTX_DISABLE >> 8);
  space.allow(PciHeader.INTERRUPT_LINE, 0xff);
}

/** Overwrites the header with what a virtual function leaves to its owner's: ids, decoding of ranges, a line. */
export function describeVirtual(space: PciConfigSpace): void {
  space.view.setUint16(PciHeader.VENDOR_ID, VIRTUAL_ID, true);
  space.view.setUint16(PciHeader.DEVICE_ID, VIRTUAL_ID, true);
  space.allow(PciHeader.COMMAND, PciCommand.BUS_MASTER, 0);
  space.allow(PciHeader.INTERRUPT_LINE, 0);
}

/** A capability that says where a structure lies. */
export function structureCapability(
  type: number,
  bar: number,
  offset: number,
  length: number,
  size: number = VIRTIO_PCI_CAP_SIZE,
): Uint8Array<ArrayBuffer> {
  const capability = new Uint8Array(size);
  const view = new DataView(capability.buffer);
  capability[CAP.capVndr] = VIRTIO_PCI_CAP_VNDR;
  capability[CAP.capLen] = size;
  capability[CAP.cfgType] = type;
  capability[CAP.bar] = bar;
  view.setUint32(CAP.offset, offset % WORD, true);
  view.setUint32(CAP.length, length % WORD, true);
  return capability;
}

/** The capability that says where to notify. */
export function notifyCapability(
  bar: number,
  offset: number,
  length: number,
  multiplier: number,
): Uint8Array {
  const { NOTIFY_CFG } = CapabilityType;
  const capability = structureCapability(
    NOTIFY_CFG,
    bar,
    offset,
    length,
    VIRTIO_PCI_NOTIFY_CAP_SIZE,
  );
  new DataView(capability.buffer).setUint32(NOTIFY_CAP.notifyOffMultiplier, multiplier, true);
  return capability;
}

/** The capability of MSI-X, which is PCI's own. */
export function msixCapability(msix: MsixTable, bar: number): Uint8Array {
  const capability = new Uint8Array(MSIX_CAPABILITY_SIZE);
  const view = new DataView(capability.buffer);
  capability[0] = MSIX_CAPABILITY;
  view.setUint16(2, msix.count - 1, true);
  view.setUint32(4, bar, true);
  view.setUint32(8, msix.pendingOffset | bar, true);
  return capability;
}

/** A capability with data of a vendor; RangeError when the vendor is virtio. */
export function vendorCapability({ vendorId, bytes }: VendorData): Uint8Array {
  if (vendorId === VIRTIO_PCI_VENDOR_ID) {
    throw new RangeError("Cannot add data of a vendor: virtio's own id is not for vendors");
  }
  const size = Math.ceil((VIRTIO_PCI_VNDR_DATA_SIZE + bytes.length) / 4) * 4;
  const capability = new Uint8Array(size);
  capability[VENDOR_CAP.capVndr] = VIRTIO_PCI_CAP_VNDR;
  capability[VENDOR_CAP.capLen] = size;
  capability[VENDOR_CAP.cfgType] = CapabilityType.VENDOR_CFG;
  new DataView(capability.buffer).setUint16(VENDOR_CAP.vendorId, vendorId, true);
  capability.set(bytes, VIRTIO_PCI_VNDR_DATA_SIZE);
  return capability;
}

/** The least power of two that is not less. */
export function powerOfTwo(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

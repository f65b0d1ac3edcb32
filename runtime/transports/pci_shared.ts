/**
 * Shared memory regions of a PCI device: one range of addresses for all, each from a page of its own
 * (VIRTIO 1.4, 4.1.4.7).
 *
 * @module
 */

import {
  CapabilityType,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_CAP64 as CAP64,
  VIRTIO_PCI_CAP64_SIZE,
} from "../../generated/layout/pci.ts";
import type { Device } from "../device.ts";
import { powerOfTwo, structureCapability } from "./pci_capabilities.ts";
import type { PciConfigSpace } from "./pci_config.ts";
import type { WindowTarget } from "./pci_window.ts";
import { isSize } from "./register_bank.ts";

const IDS = 256;
const PAGE = 4096;
const WORD = 2 ** 32;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Adds a capability for each region; undefined when the device has none. */
export function sharedMemoryBar(
  device: Device,
  space: PciConfigSpace,
  bar: number,
): WindowTarget | undefined {
  const pieces: Piece[] = [];
  let end = 0;
  for (let id = 0; id < IDS; id++) {
    const region = device.sharedMemory(id);
    if (region === undefined) continue;
    space.addCapability(capabilityOf(id, bar, end, region.length));
    if (region.bytes !== undefined) pieces.push({ start: end, bytes: region.bytes });
    end += Math.ceil(region.length / PAGE) * PAGE;
  }
  return end === 0 ? undefined : targetOf(pieces, powerOfTwo(end));
}

function capabilityOf(id: number, bar: number, offset: number, length: number): Uint8Array {
  const { SHARED_MEMORY_CFG } = CapabilityType;
  const capability = structureCapability(
    SHARED_MEMORY_CFG,
    bar,
    offset,
    length,
    VIRTIO_PCI_CAP64_SIZE,
  );
  const view = new DataView(capability.buffer);
  capability[CAP.id] = id;
  view.setUint32(CAP64.offsetHi, Math.floor(offset / WORD), true);
  view.setUint32(CAP64.lengthHi, Math.floor(length / WORD), true);
  return capability;
}

function targetOf(pieces: readonly Piece[], size: number): WindowTarget {
  const find = (offset: number) =>
    pieces.find(({ start, bytes }) => offset >= start && offset < start + bytes.length);
  return {
    size,
    read: (offset, count) => {
      if (!isSize(count)) return 0;
      let value = 0;
      for (let at = count - 1; at >= 0; at--) {
        const piece = find(offset + at);
        value = value << 8 | (piece?.bytes[offset + at - piece.start] ?? 0);
      }
      return value >>> 0;
    },
    write: (offset, count, value) => {
      if (!isSize(count)) return;
      for (let at = 0; at < count; at++) {
        const piece = find(offset + at);
        if (piece !== undefined) piece.bytes[offset + at - piece.start] = value >>> 8 * at;
      }
    },
  };
}

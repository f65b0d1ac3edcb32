/**
 * What each transport can carry, as far as the runtime decides on it. A test compares this with the
 * table of the descriptions, which says why something is missing.
 *
 * @module
 */

import type { Facilities } from "../transport.ts";

const ALL = {
  featureBits: 128,
  queueReset: true,
  sharedMemory: true,
  notificationData: true,
  suspend: true,
  configGeneration: true,
} as const;

/** Virtio over MMIO (VIRTIO 1.4, 4.2). */
export const MMIO_FACILITIES: Facilities = { ...ALL, name: "mmio", adminQueue: false };

/** Virtio over PCI (VIRTIO 1.4, 4.1). */
export const PCI_FACILITIES: Facilities = { ...ALL, name: "pci", adminQueue: true };

/** Virtio over channel I/O with revision 2 (VIRTIO 1.4, 4.3). */
export const CCW_FACILITIES: Facilities = {
  ...ALL,
  name: "ccw",
  queueReset: false,
  sharedMemory: false,
  adminQueue: false,
  configGeneration: false,
};

/**
 * The legacy interface: features 0 to 31, and VERSION_1, which here stands for the interface itself and
 * is never sent (VIRTIO 1.4, 2.2.3).
 */
const LEGACY = {
  featureBits: 33,
  queueReset: false,
  sharedMemory: false,
  adminQueue: false,
  notificationData: false,
  suspend: false,
  configGeneration: false,
} as const;

/** The legacy interface over MMIO (VIRTIO 1.4, 4.2.4). */
export const MMIO_LEGACY_FACILITIES: Facilities = { ...LEGACY, name: "mmio-legacy" };

/** The legacy interface over PCI (VIRTIO 1.4, 4.1.4.10). */
export const PCI_LEGACY_FACILITIES: Facilities = { ...LEGACY, name: "pci-legacy" };

/**
 * MMIO, PCI and channel I/O: the device's ends, which an emulator plugs in, and the driver's ends, which
 * run on access to registers that the user implements.
 *
 * @module
 */

export type * from "./bus.ts";
export type { ChannelCommand, ChannelStatus } from "./ccw_channel.ts";
export { CcwDevice, type CcwDeviceOptions, type CcwSnapshot } from "./ccw_device.ts";
export { findCcw } from "./ccw_driver.ts";
export type { SavedCore } from "./device_core.ts";
export { MmioDevice, type MmioDeviceOptions, type MmioSnapshot } from "./mmio_device.ts";
export { findMmio } from "./mmio_driver.ts";
export { findBars, placeBar } from "./pci_bars.ts";
export type { VendorData } from "./pci_capabilities.ts";
export type { BarLayout } from "./pci_config.ts";
export { PciDevice } from "./pci_device.ts";
export type { PciBar, PciDeviceOptions, PciSnapshot } from "./pci_device_options.ts";
export { findPci } from "./pci_driver.ts";
export { MmioLegacyDevice, type MmioLegacySnapshot } from "./mmio_legacy_device.ts";
export { findLegacyPci } from "./pci_legacy_driver.ts";
export type { LegacyQueues } from "../transport.ts";

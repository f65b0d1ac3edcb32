/**
 * Finding the structures of a virtio device in PCI configuration space (VIRTIO 1.4, 4.1.4).
 *
 * Security model: the function is the other side. Links of the list are followed a bounded number of
 * times, and structures are used within the lengths that they state.
 *
 * @module
 */

import {
  CapabilityType,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_CAP64 as CAP64,
  VIRTIO_PCI_CAP64_SIZE,
  VIRTIO_PCI_CAP_SIZE,
  VIRTIO_PCI_CAP_VNDR,
  VIRTIO_PCI_CFG_CAP as CFG_CAP,
  VIRTIO_PCI_DEVICE_ID,
  VIRTIO_PCI_NOTIFY_CAP as NOTIFY_CAP,
  VIRTIO_PCI_NOTIFY_CAP_SIZE,
  VIRTIO_PCI_VENDOR_ID,
} from "../../generated/layout/pci.ts";
import { TransportError } from "../errors.ts";
import type { AccessSize, RegisterAccess } from "./bus.ts";
import { PciHeader, PciStatus } from "./pci_config.ts";
import { MSIX_CAPABILITY } from "./pci_msix.ts";

const FIRST_CAPABILITY = 0x40;
const CAPABILITIES_MAX = 48;
const BAR_MAX = 5;
const NO_FUNCTION = 0xffff;
const TRANSITIONAL_MIN = 0x1000;
const DEVICE_MAX = 0x107f;
const WORD = 2 ** 32;

/** A structure that a capability points to. */
export interface PciStructure {
  /** What it is. */
  readonly type: number;
  /** Offset of the capability. */
  readonly at: number;
  /** The base address range. */
  readonly bar: number;
  /** Tells several of one type apart. */
  readonly id: number;
  /** First byte in the range. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Notifications only: bytes between queues. */
  readonly multiplier: number;
}

/** What the configuration space says of a device. */
export interface PciScan {
  /** Type of the device. */
  readonly deviceId: number;
  /** The structures, in the device's order of preference. */
  readonly structures: readonly PciStructure[];
  /** Offset of the MSI-X capability; 0 when there is none. */
  readonly msix: number;
}

/** The type of the device; undefined when there is no function, TransportError when it is none of virtio's. */
export async function readDeviceId(config: RegisterAccess): Promise<number | undefined> {
  const vendor = await config.read(PciHeader.VENDOR_ID, 2);
  if (vendor === NO_FUNCTION) return undefined;
  const id = await config.read(PciHeader.DEVICE_ID, 2);
  if (vendor !== VIRTIO_PCI_VENDOR_ID || id < TRANSITIONAL_MIN || id > DEVICE_MAX) {
    throw new TransportError(
      `Cannot find a virtio device: the function is ${vendor.toString(16)}:${id.toString(16)}`,
    );
  }
  if (id >= VIRTIO_PCI_DEVICE_ID) return id - VIRTIO_PCI_DEVICE_ID;
  return await config.read(PciHeader.SUBSYSTEM_ID, 2);
}

/** Walks the list of capabilities. */
export async function scanCapabilities(config: RegisterAccess, deviceId: number): Promise<PciScan> {
  const structures: PciStructure[] = [];
  let msix = 0;
  const status = await config.read(PciHeader.STATUS, 2);
  let at = (status & PciStatus.CAPABILITIES) === 0
    ? 0
    : await config.read(PciHeader.CAPABILITIES, 1);
  for (let count = 0; count < CAPABILITIES_MAX && at >= FIRST_CAPABILITY; count++) {
    at &= ~3;
    const kind = await config.read(at, 1);
    if (kind === MSIX_CAPABILITY) msix = at;
    if (kind === VIRTIO_PCI_CAP_VNDR) {
      const structure = await readStructure(config, at);
      if (structure !== undefined) structures.push(structure);
    }
    at = await config.read(at + 1, 1);
  }
  return { deviceId, structures, msix };
}

/** A structure whose type and range are known; others are reserved, and ignored. */
async function readStructure(
  config: RegisterAccess,
  at: number,
): Promise<PciStructure | undefined> {
  const read = async (field: number, size: AccessSize) => await config.read(at + field, size);
  const length = await read(CAP.capLen, 1);
  const type = await read(CAP.cfgType, 1);
  const bar = await read(CAP.bar, 1);
  const { VENDOR_CFG, PCI_CFG } = CapabilityType;
  const known = (Object.values(CapabilityType) as number[]).includes(type) && type !== VENDOR_CFG;
  if (!known || length < VIRTIO_PCI_CAP_SIZE || bar > BAR_MAX && type !== PCI_CFG) return undefined;
  const isNotify = type === CapabilityType.NOTIFY_CFG;
  const isShared = type === CapabilityType.SHARED_MEMORY_CFG;
  if (isNotify && length < VIRTIO_PCI_NOTIFY_CAP_SIZE) return undefined;
  if (isShared && length < VIRTIO_PCI_CAP64_SIZE) return undefined;
  return {
    type,
    at,
    bar,
    id: await read(CAP.id, 1),
    offset: await read(CAP.offset, 4) + (isShared ? await read(CAP64.offsetHi, 4) * WORD : 0),
    length: await read(CAP.length, 4) + (isShared ? await read(CAP64.lengthHi, 4) * WORD : 0),
    multiplier: isNotify ? await read(NOTIFY_CAP.notifyOffMultiplier, 4) : 0,
  };
}

/** Access to base address ranges through the configuration space, one access at a time. */
export class ConfigWindow {
  readonly #config: RegisterAccess;
  readonly #at: number;
  #last: Promise<unknown> = Promise.resolve();

  /** Through the capability at an offset. */
  constructor(config: RegisterAccess, at: number) {
    this.#config = config;
    this.#at = at;
  }

  /** One of the ranges. */
  bar(index: number): RegisterAccess {
    return {
      read: (offset, size) =>
        this.#next(async () => {
          await this.#aim(index, offset, size);
          return await this.#config.read(this.#at + CFG_CAP.pciCfgData, size);
        }),
      write: (offset, size, value) =>
        this.#next(async () => {
          await this.#aim(index, offset, size);
          await this.#config.write(this.#at + CFG_CAP.pciCfgData, size, value);
        }),
    };
  }

  async #aim(bar: number, offset: number, size: AccessSize): Promise<void> {
    await this.#config.write(this.#at + CAP.bar, 1, bar);
    await this.#config.write(this.#at + CAP.length, 4, size);
    await this.#config.write(this.#at + CAP.offset, 4, offset);
  }

  #next<T>(access: () => Promise<T>): Promise<T> {
    const result = this.#last.then(access, access);
    this.#last = result.catch(() => {});
    return result;
  }
}

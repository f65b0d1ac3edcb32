/**
 * The legacy registers of a transitional PCI device, in its first range of I/O ports (VIRTIO 1.4,
 * 4.1.4.10), for little-endian guests. While MSI-X is enabled, two vectors push the configuration back.
 *
 * @module
 */

import {
  PCI_LEGACY,
  TransitionalId,
  VIRTIO_PCI_LEGACY_CONFIG,
  VIRTIO_PCI_LEGACY_CONFIG_MSIX,
  VIRTIO_PCI_LEGACY_QUEUE_ADDR_SHIFT,
} from "../../generated/layout/pci.ts";
import { DeviceId } from "../../generated/layout/core.ts";
import { Status } from "../status.ts";
import { type DeviceCore, QueueWord } from "./device_core.ts";
import { LegacyCore, legacyPage } from "./legacy_core.ts";
import { type PciRegisters, validVector } from "./pci_common.ts";
import { type PciConfigSpace, PciHeader } from "./pci_config.ts";
import type { WindowTarget } from "./pci_window.ts";
import { powerOfTwo } from "./pci_capabilities.ts";
import { type Actions, RegisterBank, RegisterMap } from "./register_bank.ts";

const PAGE = 2 ** VIRTIO_PCI_LEGACY_QUEUE_ADDR_SHIFT;

const IDS: ReadonlyMap<number, number> = new Map([
  [DeviceId.NET, TransitionalId.NET],
  [DeviceId.BLOCK, TransitionalId.BLOCK],
  [DeviceId.BALLOON, TransitionalId.BALLOON],
  [DeviceId.CONSOLE, TransitionalId.CONSOLE],
  [DeviceId.SCSI, TransitionalId.SCSI],
  [DeviceId.ENTROPY, TransitionalId.ENTROPY],
  [DeviceId.NINEP, TransitionalId.NINEP],
]);

interface LegacyRegisters {
  readonly file: PciRegisters;
  readonly core: DeviceCore;
  readonly legacy: LegacyCore;
}

/** Overwrites the header with the ids of a transitional device; RangeError for a type that has none. */
export function describeTransitional(space: PciConfigSpace, deviceId: number): void {
  const id = IDS.get(deviceId);
  if (id === undefined) {
    throw new RangeError(`Cannot make a transitional device of type ${deviceId}: it has no PCI id`);
  }
  space.view.setUint16(PciHeader.DEVICE_ID, id, true);
  space.view.setUint16(PciHeader.SUBSYSTEM_ID, deviceId, true);
  space.bytes[PciHeader.REVISION_ID] = 0;
}

/** Whether a device type has a legacy interface over PCI. */
export function hasLegacyInterface(deviceId: number): boolean {
  return IDS.has(deviceId);
}

/** The range of legacy registers. */
export function legacyBar(file: PciRegisters, messages: () => boolean): WindowTarget {
  const { core } = file;
  const bank = new RegisterBank(MAP, { file, core, legacy: new LegacyCore(core) });
  const start = () => messages() ? VIRTIO_PCI_LEGACY_CONFIG_MSIX : VIRTIO_PCI_LEGACY_CONFIG;
  return {
    size: powerOfTwo(VIRTIO_PCI_LEGACY_CONFIG_MSIX + core.device.config.bytes.length),
    read: (offset, size) =>
      offset >= start() ? core.readConfig(offset - start(), size) : bank.read(offset, size),
    write: (offset, size, value) => {
      if (offset >= start()) core.writeConfig(offset - start(), size, value);
      else bank.write(offset, size, value);
    },
  };
}

const ACTIONS: Actions<typeof PCI_LEGACY, LegacyRegisters> = {
  deviceFeatures: { read: ({ legacy }) => legacy.offered() },
  driverFeatures: {
    read: ({ legacy }) => legacy.accepted(),
    write: ({ legacy }, value) => legacy.accept(value),
  },
  queueAddress: {
    read: ({ core }) => legacyPage(core),
    write: ({ core, legacy }, page) => {
      if (page === 0) return core.disableQueue();
      core.setQueueWord(QueueWord.DESC_LOW, page);
      legacy.enableQueue(page * PAGE, PAGE);
    },
  },
  queueSize: { read: ({ core }) => core.queueSizeMax() },
  queueSelect: {
    read: ({ core }) => core.queueSelect,
    write: ({ core }, value) => core.selectQueue(value),
  },
  queueNotify: { read: () => 0, write: ({ core }, value) => core.device.notify(value) },
  deviceStatus: {
    read: ({ legacy }) => legacy.status(),
    // Linux before 2.6.34 does not make the function a bus master.
    write: ({ file, legacy }, value) => {
      if ((value & Status.DRIVER) !== 0) file.becomeMaster();
      legacy.setStatus(value);
    },
  },
  isrStatus: { read: ({ file }) => file.takeInterrupts() },
  configMsixVector: {
    read: ({ file }) => file.configVector,
    write: ({ file }, value) => file.configVector = validVector(file, value),
  },
  queueMsixVector: {
    read: ({ core }) => core.queueWord(QueueWord.VECTOR),
    write: ({ file, core }, value) => core.setQueueWord(QueueWord.VECTOR, validVector(file, value)),
  },
};

const MAP: RegisterMap<LegacyRegisters> = RegisterMap.of(PCI_LEGACY, ACTIONS);

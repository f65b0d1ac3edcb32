/**
 * The registers of a PCI device's structures: common configuration, interrupt status and notifications
 * (VIRTIO 1.4, 4.1.4.3 to 4.1.4.5).
 *
 * @module
 */

import { PCI_COMMON, PCI_ISR, VIRTIO_MSI_NO_VECTOR } from "../../generated/layout/pci.ts";
import { ReservedFeature } from "../features.ts";
import { type DeviceCore, QueueWord } from "./device_core.ts";
import { type Actions, RegisterMap } from "./register_bank.ts";

/** Bytes between the places where queues are notified; the place says nothing, the value does. */
export const NOTIFY_MULTIPLIER = 4;
/** Places where queues are notified. */
export const NOTIFY_PLACES = 16;
/** Offset of the common configuration among the structures. */
export const COMMON_OFFSET = 0;
/** Offset of the interrupt status. */
export const ISR_OFFSET = 0x40;
/** Offset of the first place where queues are notified. */
export const NOTIFY_OFFSET = 0x80;
/** Offset of the device's configuration space. */
export const DEVICE_OFFSET = 0x100;

/** What names a queue in a notification with NOTIF_CONFIG_DATA: not its index, so that mistakes show. */
const NOTIFY_DATA_FLIP = 0x8000;

/** What the registers need of the device. */
export interface PciRegisters {
  readonly core: DeviceCore;
  /** The vector of configuration changes. */
  configVector: number;
  /** Number of vectors. */
  readonly vectors: number;
  /** Reads the causes of an interrupt, and clears them. */
  takeInterrupts(): number;
  /** Lets the function access memory, for drivers that forget to. */
  becomeMaster(): void;
}

/** A vector as it is read back: none where there is no such vector. */
export function validVector(file: PciRegisters, vector: number): number {
  return vector < file.vectors ? vector : VIRTIO_MSI_NO_VECTOR;
}

/** Where a queue is notified, in multiples. */
export function notifyPlace(index: number): number {
  return index % NOTIFY_PLACES;
}

/** What names a queue in a notification with NOTIF_CONFIG_DATA. */
export function notifyData(index: number): number {
  return index ^ NOTIFY_DATA_FLIP;
}

/** Registers that a feature brings read 0 until it was negotiated. */
const COMMON: Actions<typeof PCI_COMMON, PciRegisters> = {
  deviceFeatureSelect: {
    read: ({ core }) => core.deviceFeatureSelect,
    write: ({ core }, value) => core.deviceFeatureSelect = value,
  },
  deviceFeature: { read: ({ core }) => core.deviceFeatures() },
  driverFeatureSelect: {
    read: ({ core }) => core.driverFeatureSelect,
    write: ({ core }, value) => core.driverFeatureSelect = value,
  },
  driverFeature: {
    read: ({ core }) => core.driverFeatures(),
    write: ({ core }, value) => core.setDriverFeatures(value),
  },
  configMsixVector: {
    read: (file) => file.configVector,
    write: (file, value) => file.configVector = validVector(file, value),
  },
  numQueues: { read: ({ core }) => Math.min(core.queueCount, 0xffff) },
  deviceStatus: {
    read: ({ core }) => core.status(),
    write: ({ core }, value) => core.setStatus(value),
  },
  configGeneration: { read: ({ core }) => core.device.configGeneration() & 0xff },
  queueSelect: {
    read: ({ core }) => core.queueSelect,
    write: ({ core }, value) => core.selectQueue(value),
  },
  queueSize: {
    read: ({ core }) => core.queueSize(),
    write: ({ core }, value) => core.setQueueWord(QueueWord.SIZE, value),
  },
  queueMsixVector: {
    read: ({ core }) => core.queueWord(QueueWord.VECTOR),
    write: (file, value) => file.core.setQueueWord(QueueWord.VECTOR, validVector(file, value)),
  },
  // Only a reset disables a queue: a driver does not write 0 here (VIRTIO 1.4, 4.1.4.3.2).
  queueEnable: {
    read: ({ core }) => core.queueWord(QueueWord.ENABLED),
    write: ({ core }, value) => value === 1 && core.enableQueue(),
  },
  queueNotifyOff: { read: ({ core }) => notifyPlace(core.queueSelect) },
  queueDesc: {
    low: word(QueueWord.DESC_LOW),
    high: word(QueueWord.DESC_HIGH),
  },
  queueDriver: {
    low: word(QueueWord.DRIVER_LOW),
    high: word(QueueWord.DRIVER_HIGH),
  },
  queueDevice: {
    low: word(QueueWord.DEVICE_LOW),
    high: word(QueueWord.DEVICE_HIGH),
  },
  queueNotifConfigData: {
    read: ({ core }) => namesQueues(core) ? notifyData(core.queueSelect) : 0,
  },
  // A queue is reset at once: the register never reads 1.
  queueReset: { read: () => 0, write: ({ core }, value) => value === 1 && core.ringReset() },
  // Administration queues follow the others.
  adminQueueIndex: { read: ({ core }) => Math.min(core.adminQueues.index, 0xffff) },
  adminQueueNum: { read: ({ core }) => core.adminQueues.count },
};

function word(at: number) {
  return {
    read: ({ core }: PciRegisters) => core.queueWord(at),
    write: ({ core }: PciRegisters, value: number) => core.setQueueWord(at, value),
  };
}

function namesQueues(core: DeviceCore): boolean {
  return core.hasOwnFeature(ReservedFeature.VIRTIO_F_NOTIF_CONFIG_DATA);
}

/** The 16 bits that name the queue: what a notification of 32 bits has beyond is a hint. */
const NOTIFY = { notify: { offset: 0, size: 2, access: "W" } } as const;
const notify = RegisterMap.of<typeof NOTIFY, PciRegisters>(NOTIFY, {
  notify: {
    write: ({ core }, value) => core.device.notify(namesQueues(core) ? notifyData(value) : value),
  },
});
const isr = RegisterMap.of<typeof PCI_ISR, PciRegisters>(PCI_ISR, {
  isr: { read: (file) => file.takeInterrupts() },
});

/** All structures but the device's configuration space, at their offsets. */
export const PCI_REGISTERS: RegisterMap<PciRegisters> = RegisterMap.join(
  [COMMON_OFFSET, RegisterMap.of(PCI_COMMON, COMMON)],
  [ISR_OFFSET, isr],
  ...Array.from(
    { length: NOTIFY_PLACES },
    (_, at) => [NOTIFY_OFFSET + at * NOTIFY_MULTIPLIER, notify] as const,
  ),
);

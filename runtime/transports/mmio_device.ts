/**
 * The device's end of virtio over MMIO, version 2 (VIRTIO 1.4, 4.2): a register file that an emulator
 * plugs in at some address.
 *
 * @module
 */

import {
  InterruptCause,
  MMIO_MODERN,
  VIRTIO_MMIO_CONFIG,
  VIRTIO_MMIO_MAGIC,
  VIRTIO_MMIO_VERSION,
} from "../../generated/layout/mmio.ts";
import type { Device } from "../device.ts";
import type { GuestMemory } from "../memory.ts";
import type { SharedMemory } from "../transport.ts";
import { MMIO_FACILITIES } from "./carried.ts";
import { DeviceCore, QueueWord, type SavedCore } from "./device_core.ts";
import { type Actions, low, RegisterBank, RegisterMap } from "./register_bank.ts";
import { checkSaved, savedInteger, savedRecord } from "./saved.ts";

const ALL_ONES = 0xffff_ffff;
const WORD = 2 ** 32;
const SNAPSHOT_NAME = "virtio-mmio";
const SNAPSHOT_VERSION = 1;

/** How a device is put behind MMIO registers. */
export interface MmioDeviceOptions {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Drives the interrupt line: called with each change of its level, also within an access. */
  readonly interrupt: (level: boolean) => void;
  /** What VendorID reads; 0 when not given. */
  readonly vendorId?: number;
}

/** The registers and the device as plain data, fit for JSON as long as the device's state is. */
export interface MmioSnapshot extends SavedCore {
  /** `"virtio-mmio"`, or `"virtio-mmio-legacy"` */
  readonly name: string;
  /** Version of the snapshot's form. */
  readonly version: number;
  /** The causes of the interrupt that are not yet acknowledged. */
  readonly interruptStatus: number;
  /** The selected region of shared memory. */
  readonly sharedSelect: number;
}

/** A device behind MMIO registers. */
export class MmioDevice {
  readonly #options: MmioDeviceOptions;
  readonly #bank: RegisterBank<MmioDevice>;
  readonly #core: DeviceCore;
  #interruptStatus = 0;
  #sharedSelect = 0;
  #shared: SharedMemory | undefined;

  /** Binds the device; TypeError when it is bound already. */
  constructor(device: Device, options: MmioDeviceOptions) {
    this.#options = options;
    this.#bank = new RegisterBank<MmioDevice>(MmioDevice.#MAP, this);
    const { memory } = options;
    this.#core = new DeviceCore(device, { memory, facilities: MMIO_FACILITIES }, {
      queueUsed: () => this.#raise(InterruptCause.VRING),
      configChanged: () => this.#raise(InterruptCause.CONFIG),
      deviceReset: () => this.#reset(),
    });
    this.#selectShared(0);
  }

  /** Bytes of the register file, the configuration space included. */
  get size(): number {
    return VIRTIO_MMIO_CONFIG + this.#core.device.config.bytes.length;
  }

  /**
   * Reads 1, 2 or 4 bytes as an unsigned number. Anything that is not there reads 0, and all ones
   * once the device was taken away.
   */
  read(offset: number, size: number): number {
    if (this.#core.closed) return low(ALL_ONES, size);
    if (offset >= VIRTIO_MMIO_CONFIG) {
      return this.#core.readConfig(offset - VIRTIO_MMIO_CONFIG, size);
    }
    return this.#bank.read(offset, size);
  }

  /**
   * Writes the lowest 1, 2 or 4 bytes of a value. A control register that is written in pieces takes
   * effect once, with the last of its bytes; writing QueueNotify serves the queue before it returns.
   */
  write(offset: number, size: number, value: number): void {
    if (this.#core.closed) return;
    if (offset >= VIRTIO_MMIO_CONFIG) {
      this.#core.writeConfig(offset - VIRTIO_MMIO_CONFIG, size, value);
    } else this.#bank.write(offset, size, value);
  }

  /** Takes the device away, as when it is unplugged: it is reset, and free to be bound elsewhere. */
  close(): void {
    this.#core.close();
    this.#reset();
  }

  /** The registers and the device as plain data, between two tasks. */
  save(): MmioSnapshot {
    return {
      name: SNAPSHOT_NAME,
      version: SNAPSHOT_VERSION,
      ...this.#core.save(),
      interruptStatus: this.#interruptStatus,
      sharedSelect: this.#sharedSelect,
    };
  }

  /**
   * Becomes what was saved, from untrusted data, over memory that holds what it held then. TypeError
   * or RangeError naming the field, which leaves the device reset or untouched.
   */
  restore(snapshot: unknown): void {
    const saved = savedRecord(snapshot, "snapshot");
    checkSaved(saved, SNAPSHOT_NAME, SNAPSHOT_VERSION);
    const causes = InterruptCause.VRING | InterruptCause.CONFIG;
    const interruptStatus = savedInteger(saved.interruptStatus, "interruptStatus", causes);
    const sharedSelect = savedInteger(saved.sharedSelect, "sharedSelect");
    this.#core.restore(snapshot, "snapshot");
    this.#selectShared(sharedSelect);
    this.#acknowledge(ALL_ONES);
    this.#raise(interruptStatus);
  }

  #raise(causes: number): void {
    const before = this.#interruptStatus;
    this.#interruptStatus |= causes;
    if (before === 0 && causes !== 0) this.#options.interrupt(true);
  }

  #acknowledge(causes: number): void {
    const before = this.#interruptStatus;
    this.#interruptStatus &= ~causes;
    if (before !== 0 && this.#interruptStatus === 0) this.#options.interrupt(false);
  }

  #reset(): void {
    this.#acknowledge(ALL_ONES);
    this.#selectShared(0);
  }

  #selectShared(id: number): void {
    this.#sharedSelect = id;
    this.#shared = this.#core.device.sharedMemory(id);
  }

  static readonly #ACTIONS: Actions<typeof MMIO_MODERN, MmioDevice> = {
    MagicValue: { read: () => VIRTIO_MMIO_MAGIC },
    Version: { read: () => VIRTIO_MMIO_VERSION },
    DeviceID: { read: (file) => file.#core.device.info.id },
    VendorID: { read: (file) => file.#options.vendorId ?? 0 },
    DeviceFeatures: { read: (file) => file.#core.deviceFeatures() },
    DeviceFeaturesSel: { write: (file, value) => file.#core.deviceFeatureSelect = value },
    DriverFeatures: { write: (file, value) => file.#core.setDriverFeatures(value) },
    DriverFeaturesSel: { write: (file, value) => file.#core.driverFeatureSelect = value },
    QueueSel: { write: (file, value) => file.#core.selectQueue(value) },
    QueueSizeMax: { read: (file) => file.#core.queueSizeMax() },
    QueueSize: { write: (file, value) => file.#core.setQueueWord(QueueWord.SIZE, value) },
    QueueReady: {
      read: (file) => file.#core.queueWord(QueueWord.ENABLED),
      write: (file, value) => {
        if (value === 1) file.#core.enableQueue();
        else if (value === 0) file.#core.disableQueue();
      },
    },
    QueueNotify: { write: (file, value) => file.#core.device.notify(value & 0xffff) },
    InterruptStatus: { read: (file) => file.#interruptStatus },
    InterruptACK: { write: (file, value) => file.#acknowledge(value) },
    Status: {
      read: (file) => file.#core.status(),
      write: (file, value) => file.#core.setStatus(value & 0xff),
    },
    QueueDescLow: { write: (file, value) => file.#core.setQueueWord(QueueWord.DESC_LOW, value) },
    QueueDescHigh: { write: (file, value) => file.#core.setQueueWord(QueueWord.DESC_HIGH, value) },
    QueueDriverLow: {
      write: (file, value) => file.#core.setQueueWord(QueueWord.DRIVER_LOW, value),
    },
    QueueDriverHigh: {
      write: (file, value) => file.#core.setQueueWord(QueueWord.DRIVER_HIGH, value),
    },
    QueueDeviceLow: {
      write: (file, value) => file.#core.setQueueWord(QueueWord.DEVICE_LOW, value),
    },
    QueueDeviceHigh: {
      write: (file, value) => file.#core.setQueueWord(QueueWord.DEVICE_HIGH, value),
    },
    SHMSel: { write: (file, value) => file.#selectShared(value) },
    SHMLenLow: { read: (file) => file.#shared?.length ?? ALL_ONES },
    SHMLenHigh: { read: (file) => high(file.#shared?.length) },
    SHMBaseLow: { read: (file) => file.#shared?.address ?? ALL_ONES },
    SHMBaseHigh: { read: (file) => high(file.#shared?.address) },
    // A queue is reset at once: the register never reads 1.
    QueueReset: { read: () => 0, write: (file, value) => value === 1 && file.#core.ringReset() },
    ConfigGeneration: { read: (file) => file.#core.device.configGeneration() },
  };

  static readonly #MAP: RegisterMap<MmioDevice> = RegisterMap.of(MMIO_MODERN, MmioDevice.#ACTIONS);
}

function high(value: number | undefined): number {
  return value === undefined ? ALL_ONES : Math.floor(value / WORD);
}

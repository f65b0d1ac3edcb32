/**
 * The device's end of the legacy interface over MMIO, version 1 (VIRTIO 1.4, 4.2.4), for little-endian
 * guests.
 *
 * @module
 */

import {
  InterruptCause,
  MMIO_LEGACY,
  VIRTIO_MMIO_CONFIG,
  VIRTIO_MMIO_MAGIC,
  VIRTIO_MMIO_VERSION_LEGACY,
} from "../../generated/layout/mmio.ts";
import type { Device } from "../device.ts";
import { MMIO_LEGACY_FACILITIES } from "./carried.ts";
import { DeviceCore, QueueWord, type SavedCore } from "./device_core.ts";
import { LegacyCore, legacyPage } from "./legacy_core.ts";
import type { MmioDeviceOptions } from "./mmio_device.ts";
import { type Actions, low, RegisterBank, RegisterMap } from "./register_bank.ts";
import { checkSaved, savedInteger, savedRecord } from "./saved.ts";

const ALL_ONES = 0xffff_ffff;
const PAGE = 4096;
const SNAPSHOT_NAME = "virtio-mmio-legacy";
const SNAPSHOT_VERSION = 1;

/** The registers and the device as plain data, fit for JSON as long as the device's state is. */
export interface MmioLegacySnapshot extends SavedCore {
  /** `"virtio-mmio-legacy"` */
  readonly name: string;
  /** Version of the snapshot's form. */
  readonly version: number;
  /** The causes of the interrupt that are not yet acknowledged. */
  readonly interruptStatus: number;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Alignment that the next queue is enabled with. */
  readonly queueAlign: number;
}

/** A device behind legacy MMIO registers. */
export class MmioLegacyDevice {
  readonly #options: MmioDeviceOptions;
  readonly #bank: RegisterBank<MmioLegacyDevice>;
  readonly #core: DeviceCore;
  readonly #legacy: LegacyCore;
  #interruptStatus = 0;
  #pageSize = PAGE;
  #queueAlign = PAGE;
  #offeredSelect = 0;
  #acceptedSelect = 0;

  /** Binds the device; TypeError when it is bound already. */
  constructor(device: Device, options: MmioDeviceOptions) {
    const { memory } = options;
    this.#options = options;
    this.#bank = new RegisterBank<MmioLegacyDevice>(MmioLegacyDevice.#MAP, this);
    this.#core = new DeviceCore(device, { memory, facilities: MMIO_LEGACY_FACILITIES }, {
      queueUsed: () => this.#raise(InterruptCause.VRING),
      configChanged: () => this.#raise(InterruptCause.CONFIG),
      deviceReset: () => this.#reset(),
    });
    this.#legacy = new LegacyCore(this.#core);
  }

  /** Bytes of the register file, the configuration space included. */
  get size(): number {
    return VIRTIO_MMIO_CONFIG + this.#core.device.config.bytes.length;
  }

  /** Reads 1, 2 or 4 bytes as an unsigned number; 0 where there is nothing, all ones without a device. */
  read(offset: number, size: number): number {
    if (this.#core.closed) return low(ALL_ONES, size);
    if (offset >= VIRTIO_MMIO_CONFIG) {
      return this.#core.readConfig(offset - VIRTIO_MMIO_CONFIG, size);
    }
    return this.#bank.read(offset, size);
  }

  /** Writes the lowest 1, 2 or 4 bytes of a value; a register written in pieces takes effect once. */
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
  save(): MmioLegacySnapshot {
    return {
      name: SNAPSHOT_NAME,
      version: SNAPSHOT_VERSION,
      ...this.#core.save(),
      interruptStatus: this.#interruptStatus,
      pageSize: this.#pageSize,
      queueAlign: this.#queueAlign,
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
    const pageSize = savedInteger(saved.pageSize, "pageSize");
    const queueAlign = savedInteger(saved.queueAlign, "queueAlign");
    this.#core.restore(snapshot, "snapshot");
    this.#acknowledge(ALL_ONES);
    this.#raise(interruptStatus);
    [this.#pageSize, this.#queueAlign] = [pageSize, queueAlign];
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

  /** The page size outlives a reset: drivers write it once. */
  #reset(): void {
    this.#acknowledge(ALL_ONES);
    this.#queueAlign = PAGE;
    this.#offeredSelect = this.#acceptedSelect = 0;
  }

  #setPage(page: number): void {
    if (page === 0) return this.#core.disableQueue();
    this.#core.setQueueWord(QueueWord.DESC_LOW, page);
    this.#legacy.enableQueue(page * this.#pageSize, this.#queueAlign);
  }

  static readonly #ACTIONS: Actions<typeof MMIO_LEGACY, MmioLegacyDevice> = {
    MagicValue: { read: () => VIRTIO_MMIO_MAGIC },
    Version: { read: () => VIRTIO_MMIO_VERSION_LEGACY },
    DeviceID: { read: (file) => file.#core.device.info.id },
    VendorID: { read: (file) => file.#options.vendorId ?? 0 },
    HostFeatures: { read: (file) => file.#offeredSelect === 0 ? file.#legacy.offered() : 0 },
    HostFeaturesSel: { write: (file, value) => file.#offeredSelect = value },
    GuestFeatures: {
      write: (file, value) => file.#acceptedSelect === 0 && file.#legacy.accept(value),
    },
    GuestFeaturesSel: { write: (file, value) => file.#acceptedSelect = value },
    GuestPageSize: { write: (file, value) => file.#pageSize = value },
    QueueSel: { write: (file, value) => file.#core.selectQueue(value) },
    QueueSizeMax: { read: (file) => file.#core.queueSizeMax() },
    QueueSize: { write: (file, value) => file.#core.setQueueWord(QueueWord.SIZE, value) },
    QueueAlign: { write: (file, value) => file.#queueAlign = value },
    QueuePFN: {
      read: (file) => legacyPage(file.#core),
      write: (file, value) => file.#setPage(value),
    },
    QueueNotify: { write: (file, value) => file.#core.device.notify(value & 0xffff) },
    InterruptStatus: { read: (file) => file.#interruptStatus },
    InterruptACK: { write: (file, value) => file.#acknowledge(value) },
    Status: {
      read: (file) => file.#legacy.status(),
      write: (file, value) => file.#legacy.setStatus(value & 0xff),
    },
  };

  static readonly #MAP: RegisterMap<MmioLegacyDevice> = RegisterMap.of(
    MMIO_LEGACY,
    MmioLegacyDevice.#ACTIONS,
  );
}

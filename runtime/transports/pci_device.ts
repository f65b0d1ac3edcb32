/**
 * The device's end of virtio over PCI (VIRTIO 1.4, 4.1): a function with its configuration space and
 * base address ranges, for an emulator to plug into its bus.
 *
 * @module
 */

import {
  CapabilityType,
  InterruptCause,
  VIRTIO_MSI_NO_VECTOR,
  VIRTIO_PCI_COMMON_CFG_SIZE,
  VIRTIO_PCI_DEVICE_ID,
} from "../../generated/layout/pci.ts";
import type { GroupMember } from "../admin/group.ts";
import type { Device } from "../device.ts";
import { featureSet, ReservedFeature } from "../features.ts";
import { PCI_FACILITIES } from "./carried.ts";
import { DeviceCore, QueueWord } from "./device_core.ts";
import {
  COMMON_OFFSET,
  DEVICE_OFFSET,
  ISR_OFFSET,
  NOTIFY_MULTIPLIER,
  NOTIFY_OFFSET,
  NOTIFY_PLACES,
  PCI_REGISTERS,
  type PciRegisters,
} from "./pci_common.ts";
import {
  describeFunction,
  describeVirtual,
  msixCapability,
  notifyCapability,
  powerOfTwo,
  structureCapability,
  vendorCapability,
} from "./pci_capabilities.ts";
import {
  type BarLayout,
  PCI_CONFIG_SIZE,
  PCI_EXTENDED_CONFIG_SIZE,
  PciCommand,
  PciConfigSpace,
  PciHeader,
  PciStatus,
} from "./pci_config.ts";
import type { PciBar, PciDeviceOptions, PciSnapshot } from "./pci_device_options.ts";
import { PciExpress } from "./pci_express.ts";
import { describeTransitional, legacyBar } from "./pci_legacy_bar.ts";
import { MSIX_ENABLE, MSIX_MASK_ALL, MsixTable } from "./pci_msix.ts";
import { pciMember } from "./pci_member.ts";
import { sharedMemoryBar } from "./pci_shared.ts";
import { EXTENDED_CAPABILITIES, functionsOf, PciSriov } from "./pci_sriov.ts";
import { PciWindow } from "./pci_window.ts";
import { low, RegisterBank } from "./register_bank.ts";
import { checkSaved, savedInteger, savedIntegers, savedRecord } from "./saved.ts";

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const SHARED_BAR = 2;
const STRUCTURES_BAR = 4;
const PAGE = 4096;
const ALL_ONES = 0xffff_ffff;
const SNAPSHOT_NAME = "virtio-pci";
const SNAPSHOT_VERSION = 1;
const OWN_FEATURES = featureSet(ReservedFeature.VIRTIO_F_NOTIF_CONFIG_DATA);
const SR_IOV = featureSet(ReservedFeature.VIRTIO_F_SR_IOV);

/**
 * A device behind a PCI function. One that owns virtual functions has the SR-IOV capability, and so
 * 4096 bytes of configuration space; others have 256.
 */
export class PciDevice {
  /** The ranges of addresses. */
  readonly bars: readonly PciBar[];
  readonly #options: PciDeviceOptions;
  readonly #core: DeviceCore;
  readonly #space: PciConfigSpace;
  readonly #bank: RegisterBank<PciRegisters>;
  readonly #window: PciWindow;
  readonly #registers: PciRegisters;
  readonly #msix: MsixTable | undefined;
  readonly #express: PciExpress | undefined;
  readonly #sriov: PciSriov | undefined;
  readonly #addresses: (number | undefined)[] = [];
  #msixOffset = 0;
  #interruptStatus = 0;
  #level = false;
  #master = false;
  #gone: boolean;
  #placed: ((bar: BarLayout) => number | undefined) | undefined;

  /**
   * Binds the device. TypeError when it is bound already, or for options and virtual functions that do not
   * go together; RangeError when its capabilities find no room.
   */
  constructor(device: Device, options: PciDeviceOptions) {
    const { memory, message, vectors = 16, vendorData, transitional = false } = options;
    const { virtual = false, interrupt, io = false } = options;
    if (virtual && (transitional || io || interrupt !== undefined)) {
      throw new TypeError("Cannot make a virtual function with I/O ports or an interrupt pin");
    }
    const groups = device.ownedGroups;
    const functions = groups === undefined || virtual ? [] : functionsOf(groups);
    groups?.enableFunctions?.(undefined); // until the guest enables them
    this.#options = options;
    this.#gone = virtual;
    this.#space = new PciConfigSpace(
      functions.length > 0 ? PCI_EXTENDED_CONFIG_SIZE : PCI_CONFIG_SIZE,
    );
    if (message !== undefined) this.#msix = new MsixTable(vectors, message);
    this.#core = new DeviceCore(device, {
      memory,
      facilities: PCI_FACILITIES,
      mayAccess: () => this.#master,
      ownFeatures: functions.length > 0 ? OWN_FEATURES | SR_IOV : OWN_FEATURES,
      noVector: VIRTIO_MSI_NO_VECTOR,
    }, {
      queueUsed: (index) => this.#queueUsed(index),
      configChanged: () => this.#configChanged(),
      deviceReset: () => this.#reset(),
    });
    this.#registers = {
      core: this.#core,
      configVector: VIRTIO_MSI_NO_VECTOR,
      vectors: this.#msix?.count ?? 0,
      takeInterrupts: () => this.#takeInterrupts(),
      becomeMaster: () => {
        this.writeConfig(PciHeader.COMMAND, 2, this.#command | PciCommand.BUS_MASTER);
      },
    };
    this.#bank = new RegisterBank(PCI_REGISTERS, this.#registers);
    describeFunction(this.#space, device.info.id, interrupt !== undefined);
    if (virtual) describeVirtual(this.#space);
    if (transitional) describeTransitional(this.#space, device.info.id);
    this.bars = [
      ...(transitional ? [this.#legacy()] : []),
      ...this.#structures(device),
      ...this.#vectors(),
      ...this.#shared(device),
    ];
    if (virtual || functions.length > 0) this.#express = new PciExpress(this.#space);
    if (vendorData !== undefined) this.#space.addCapability(vendorCapability(vendorData));
    this.#window = new PciWindow(this.#space, (index) => this.#bar(index));
    if (functions.length > 0) this.#sriov = new PciSriov(this.#space, groups!, functions);
  }

  /**
   * Reads 1, 2 or 4 bytes of the configuration space; all ones once the device was taken away, and while a
   * virtual function is switched off.
   */
  readConfig(offset: number, size: number): number {
    if (this.#gone) return low(ALL_ONES, size);
    this.#window.beforeRead(offset, size);
    return this.#space.read(offset, size);
  }

  /** Writes 1, 2 or 4 bytes of the configuration space. */
  writeConfig(offset: number, size: number, value: number): void {
    if (this.#gone) return;
    this.#space.write(offset, size, value);
    if (this.#express?.takeReset() === true) this.#functionReset();
    if (offset + size > EXTENDED_CAPABILITIES) this.#sriov?.written();
    this.#configWritten();
    this.#window.afterWrite(offset, size);
  }

  /** The function as a member of a group that another one owns (VIRTIO 1.4, 2.12). */
  member(): GroupMember {
    const member = pciMember(this.#registers, {
      messages: () => this.#msix?.enabled === true,
      bar: STRUCTURES_BAR,
      ownFeatures: OWN_FEATURES,
      save: () => this.save(),
      restore: (saved) => this.restore(saved),
    });
    if (this.#options.virtual !== true) return member;
    const id = VIRTIO_PCI_DEVICE_ID + member.device.info.id;
    return {
      ...member,
      virtual: { id, bars: this.bars, place: (address) => this.#place(address) },
    };
  }

  /** Takes the device away, as when it is unplugged: it is reset, and free to be bound elsewhere. */
  close(): void {
    this.#sriov?.reset();
    this.#core.close();
    this.#gone = true;
    this.#reset();
  }

  /** The registers and the device as plain data, between two tasks. */
  save(): PciSnapshot {
    return {
      name: SNAPSHOT_NAME,
      version: SNAPSHOT_VERSION,
      ...this.#core.save(),
      config: [...this.#space.bytes],
      interruptStatus: this.#interruptStatus,
      configVector: this.#registers.configVector,
      msix: [...this.#msix?.bytes ?? []],
    };
  }

  /**
   * Becomes what was saved, from untrusted data, over memory that holds what it held then. TypeError
   * or RangeError naming the field, which leaves the device reset or untouched. Virtual functions are
   * switched as they were, and then restored by themselves.
   */
  restore(snapshot: unknown): void {
    const saved = savedRecord(snapshot, "snapshot");
    checkSaved(saved, SNAPSHOT_NAME, SNAPSHOT_VERSION);
    const config = savedIntegers(saved.config, "config", this.#space.bytes.length, 0xff);
    const causes = InterruptCause.QUEUE | InterruptCause.CONFIG;
    const interruptStatus = savedInteger(saved.interruptStatus, "interruptStatus", causes);
    const configVector = savedInteger(saved.configVector, "configVector", VIRTIO_MSI_NO_VECTOR);
    const msix = savedIntegers(saved.msix, "msix", this.#msix?.bytes.length ?? 0, 0xff);
    this.#sriov?.reset();
    this.#core.restore(snapshot, "snapshot");
    this.#space.restore(config);
    this.#express?.takeReset(); // none was under way
    this.#sriov?.written();
    this.#msix?.restore(this.#space.view.getUint16(this.#msixOffset + 2, true), msix);
    this.#registers.configVector = configVector;
    this.#interruptStatus |= interruptStatus;
    this.#configWritten();
  }

  #queueUsed(index: number): void {
    if (this.#msix?.enabled === true) {
      this.#msix.raise(this.#core.wordOf(index, QueueWord.VECTOR));
    } else this.#setInterrupts(this.#interruptStatus | InterruptCause.QUEUE);
  }

  /** The cause is set under MSI-X as well (VIRTIO 1.4, 4.1.4.5.1). */
  #configChanged(): void {
    this.#setInterrupts(this.#interruptStatus | InterruptCause.CONFIG);
    this.#msix?.raise(this.#registers.configVector);
  }

  #takeInterrupts(): number {
    const causes = this.#interruptStatus;
    this.#setInterrupts(0);
    return causes;
  }

  #setInterrupts(causes: number): void {
    this.#interruptStatus = causes;
    const pending = causes !== 0 && this.#msix?.enabled !== true;
    const { view } = this.#space;
    const status = view.getUint16(PciHeader.STATUS, true) & ~PciStatus.INTERRUPT;
    view.setUint16(PciHeader.STATUS, pending ? status | PciStatus.INTERRUPT : status, true);
    const level = pending && (this.#command & PciCommand.INTX_DISABLE) === 0;
    if (level === this.#level) return;
    this.#level = level;
    this.#options.interrupt?.(level);
  }

  get #command(): number {
    return this.#space.view.getUint16(PciHeader.COMMAND, true);
  }

  #reset(): void {
    this.#registers.configVector = VIRTIO_MSI_NO_VECTOR;
    this.#msix?.forget();
    this.#setInterrupts(0);
  }

  /** Resets the function with its configuration space (PCI Express, 6.6.2). */
  #functionReset(): void {
    this.#core.setStatus(0);
    this.#space.reset();
    this.#msix?.reset();
    this.#sriov?.reset();
  }

  /** Switches a virtual function on or off, or moves it. */
  #place(address: ((bar: BarLayout) => number | undefined) | undefined): void {
    if (this.#core.closed) return;
    this.#placed = address;
    this.#gone = address === undefined;
    if (this.#gone) {
      this.#functionReset();
      this.#core.device.go();
    }
    this.#configWritten();
  }

  /** Does what follows from the bytes of the configuration space. */
  #configWritten(): void {
    const before = this.#master;
    this.#master = (this.#command & PciCommand.BUS_MASTER) !== 0;
    this.#setVectors();
    this.#setInterrupts(this.#interruptStatus);
    if (this.#master && !before) this.#core.device.wake();
    for (const bar of this.bars) {
      const { index, address } = bar;
      if (this.#addresses[index] === address) continue;
      this.#addresses[index] = address;
      this.#options.moved?.(bar);
    }
  }

  /** A message is an access to memory: without that, all of them wait. */
  #setVectors(): void {
    const written = this.#space.view.getUint16(this.#msixOffset + 2, true);
    const control = this.#master ? written : written | MSIX_MASK_ALL;
    if (this.#msix !== undefined && this.#msix.control !== control) this.#msix.setControl(control);
  }

  #bar(index: number): PciBar | undefined {
    return this.bars.find((bar) => bar.index === index);
  }

  #addBar(layout: BarLayout, access: Pick<PciBar, "read" | "write">): PciBar {
    const virtual = this.#options.virtual === true;
    const address = () => virtual ? this.#placed?.(layout) : this.#space.barAddress(layout.index);
    if (!virtual) this.#space.addBar(layout);
    return {
      ...layout,
      read: (offset, size) => this.#gone ? low(ALL_ONES, size) : access.read(offset, size),
      write: (offset, size, value) => {
        if (!this.#gone) access.write(offset, size, value);
      },
      get address() {
        return address();
      },
    };
  }

  #legacy(): PciBar {
    const bar = legacyBar(this.#registers, () => this.#msix?.enabled === true);
    return this.#addBar({ index: LEGACY_BAR, kind: "io", size: bar.size }, bar);
  }

  /** Common configuration, notifications, interrupt status and the configuration space. */
  #structures(device: Device): PciBar[] {
    const length = device.config.bytes.length;
    const place = (type: number, offset: number, bytes: number) =>
      this.#space.addCapability(structureCapability(type, STRUCTURES_BAR, offset, bytes));
    place(CapabilityType.COMMON_CFG, COMMON_OFFSET, VIRTIO_PCI_COMMON_CFG_SIZE);
    const places = NOTIFY_PLACES * NOTIFY_MULTIPLIER;
    this.#space.addCapability(
      notifyCapability(STRUCTURES_BAR, NOTIFY_OFFSET, places, NOTIFY_MULTIPLIER),
    );
    place(CapabilityType.ISR_CFG, ISR_OFFSET, 1);
    if (length > 0) place(CapabilityType.DEVICE_CFG, DEVICE_OFFSET, length);
    const io = this.#options.io === true;
    const size = powerOfTwo(Math.max(DEVICE_OFFSET + length, io ? 0 : PAGE));
    return [this.#addBar({ index: STRUCTURES_BAR, kind: io ? "io" : "memory64", size }, {
      read: (offset, size) =>
        offset >= DEVICE_OFFSET
          ? this.#core.readConfig(offset - DEVICE_OFFSET, size)
          : this.#bank.read(offset, size),
      write: (offset, size, value) =>
        offset >= DEVICE_OFFSET
          ? this.#core.writeConfig(offset - DEVICE_OFFSET, size, value)
          : this.#bank.write(offset, size, value),
    })];
  }

  #vectors(): PciBar[] {
    const msix = this.#msix;
    if (msix === undefined) return [];
    this.#msixOffset = this.#space.addCapability(msixCapability(msix, MSIX_BAR));
    this.#space.allow(this.#msixOffset + 3, (MSIX_ENABLE | MSIX_MASK_ALL) >> 8);
    msix.control = msix.count - 1;
    const size = powerOfTwo(Math.max(msix.bytes.length, PAGE));
    return [this.#addBar({ index: MSIX_BAR, kind: "memory", size }, msix)];
  }

  #shared(device: Device): PciBar[] {
    const shared = sharedMemoryBar(device, this.#space, SHARED_BAR);
    if (shared === undefined) return [];
    return [this.#addBar({ index: SHARED_BAR, kind: "memory64", size: shared.size }, shared)];
  }
}

/**
 * The driver's end of virtio over PCI (VIRTIO 1.4, 4.1).
 *
 * @module
 */

import { DeviceStatus } from "../../generated/layout/core.ts";
import { CapabilityType, InterruptCause, PCI_COMMON } from "../../generated/layout/pci.ts";
import { TransportError } from "../errors.ts";
import { featureSet, hasBit, ReservedFeature } from "../features.ts";
import type { QueueLayout } from "../queue.ts";
import type { AdminQueues, SharedMemory } from "../transport.ts";
import type {
  AccessSize,
  PciMachine,
  PciTransport,
  RegisterAccess,
  VirtualFunctions,
} from "./bus.ts";
import { PCI_FACILITIES } from "./carried.ts";
import {
  BusTransport,
  featureWord,
  halves,
  readBytes,
  untilQueueReset,
  writeBytes,
} from "./driver_core.ts";
import { PciCommand, PciHeader } from "./pci_config.ts";
import { findFunctions } from "./pci_functions.ts";
import {
  ConfigWindow,
  type PciScan,
  type PciStructure,
  readDeviceId,
  scanCapabilities,
} from "./pci_scan.ts";
import { enableVectors, type VectorRegister, Vectors } from "./pci_vectors.ts";

const { VIRTIO_F_NOTIF_CONFIG_DATA, VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_SR_IOV } = ReservedFeature;
/** What offsets of the structures are multiples of (VIRTIO 1.4, 4.1.4). */
const ALIGNMENT: Readonly<Record<number, number>> = {
  [CapabilityType.COMMON_CFG]: 4,
  [CapabilityType.NOTIFY_CFG]: 2,
  [CapabilityType.ISR_CFG]: 1,
  [CapabilityType.DEVICE_CFG]: 4,
};
/** Features that are negotiated here, and not seen by drivers. */
const OWN_FEATURES = featureSet(VIRTIO_F_NOTIF_CONFIG_DATA, VIRTIO_F_SR_IOV);

/** A register of the common configuration. */
type Name = keyof typeof PCI_COMMON;

/** A structure, and how it is reached. */
interface Place {
  readonly registers: RegisterAccess;
  readonly offset: number;
  readonly length: number;
}

/** Where a queue is notified, and what names it. */
interface Doorbell {
  readonly offset: number;
  readonly data: number;
}

/**
 * Finds the device behind a PCI function: undefined when there is no function. TransportError when it
 * is none of virtio's, or has no structures that can be reached. Base addresses must be set already.
 */
export async function findPci(machine: PciMachine): Promise<PciTransport | undefined> {
  const { config } = machine;
  const deviceId = await readDeviceId(config);
  if (deviceId === undefined) return undefined;
  const scan = await scanCapabilities(config, deviceId);
  const command = await config.read(PciHeader.COMMAND, 2);
  await config.write(PciHeader.COMMAND, 2, command | PciCommand.BUS_MASTER);
  const messages = machine.vectors ?? [];
  const vectors = scan.msix === 0
    ? 0
    : await enableVectors(config, scan.msix, (bar) => machine.bar(bar), messages);
  return new PciLink(machine, scan, vectors);
}

/** A device behind a PCI function, as its driver sees it; {@linkcode findPci} makes it. */
class PciLink extends BusTransport implements PciTransport {
  readonly #machine: PciMachine;
  readonly #scan: PciScan;
  readonly #vectors: Vectors;
  readonly #window: ConfigWindow | undefined;
  readonly #common: Place;
  readonly #isr: Place;
  readonly #device: Place | undefined;
  readonly #notify: Place;
  readonly #multiplier: number;
  readonly #doorbells = new Map<number, Doorbell>();
  #ownOffered = 0n;
  #found: VirtualFunctions | undefined;
  #functions: VirtualFunctions | undefined;
  #namesQueues = false;
  #notifySize: AccessSize = 2;

  /** For a device that was found; `vectors` of MSI-X are in use. */
  constructor(machine: PciMachine, scan: PciScan, vectors: number) {
    super(machine, PCI_FACILITIES, scan.deviceId);
    this.#machine = machine;
    this.#scan = scan;
    this.#vectors = new Vectors(vectors, (message) => this.refuse(message));
    const window = scan.structures.find(({ type }) => type === CapabilityType.PCI_CFG);
    if (window !== undefined) this.#window = new ConfigWindow(machine.config, window.at);
    this.#common = this.#need(CapabilityType.COMMON_CFG, PCI_COMMON.queueDevice.offset + 8);
    this.#isr = this.#need(CapabilityType.ISR_CFG, 1);
    this.#notify = this.#need(CapabilityType.NOTIFY_CFG, 2);
    this.#multiplier = this.#first(CapabilityType.NOTIFY_CFG)!.multiplier;
    const device = this.#first(CapabilityType.DEVICE_CFG);
    if (device !== undefined) this.#device = this.#place(device);
  }

  /** To be called when the interrupt pin of the function is raised: finds out why, and delivers. */
  async interrupt(): Promise<void> {
    if (this.ended) return;
    try {
      const causes = await this.#isr.registers.read(this.#isr.offset, 1);
      if ((causes & InterruptCause.QUEUE) !== 0) this.queuesUsed();
      if ((causes & InterruptCause.CONFIG) !== 0) this.onConfigNotify();
    } catch (error) {
      this.lose(error);
    }
  }

  /** To be called when the message of a vector arrives. */
  message(vector: number): void {
    if (!this.ended) this.#vectors.deliver(vector, this);
  }

  /** The administration queues, once VIRTIO_F_ADMIN_VQ is negotiated (VIRTIO 1.4, 2.13). */
  adminQueues(): Promise<AdminQueues> {
    return this.sequence(async () => ({
      index: await this.#read("adminQueueIndex"),
      count: await this.#read("adminQueueNum"),
    }));
  }

  get functions(): VirtualFunctions | undefined {
    return this.#functions;
  }

  /** Once the device agreed to them, virtual functions may be enabled also after a reset (VIRTIO 1.4, 6.1). */
  getStatus(): Promise<number> {
    return this.sequence(async () => {
      const status = await this.#read("deviceStatus");
      if ((status & DeviceStatus.FEATURES_OK) !== 0) this.#functions = this.#found;
      return status;
    });
  }

  setStatus(status: number): Promise<void> {
    return this.sequence(async () => {
      await this.#write("deviceStatus", status);
      if (status === 0) this.#forget();
    });
  }

  getFeatures(): Promise<bigint> {
    return this.sequence(async () => {
      let features = 0n;
      for (let word = this.facilities.featureBits / 32 - 1; word >= 0; word--) {
        await this.#write("deviceFeatureSelect", word);
        features = features << 32n | BigInt(await this.#read("deviceFeature"));
      }
      this.#ownOffered = features & OWN_FEATURES;
      if (hasBit(features, VIRTIO_F_SR_IOV)) await this.#findFunctions();
      return features & ~OWN_FEATURES;
    });
  }

  /** Also maps configuration changes to their vector, which a reset has undone. */
  setFeatures(features: bigint): Promise<void> {
    return this.sequence(async () => {
      const all = features | this.#ownOffered;
      for (let word = 0; word < this.facilities.featureBits / 32; word++) {
        await this.#write("driverFeatureSelect", word);
        await this.#write("driverFeature", featureWord(all, word));
      }
      this.#namesQueues = hasBit(all, VIRTIO_F_NOTIF_CONFIG_DATA);
      this.#notifySize = hasBit(all, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2;
      await this.#vectors.mapConfig(this.#vector("configMsixVector"));
    });
  }

  queueSizeMax(index: number): Promise<number> {
    return this.sequence(async () => {
      await this.#write("queueSelect", index);
      return await this.#read("queueSize");
    });
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    const { index, size, desc, driver, device } = layout;
    return this.sequence(async () => {
      await this.#write("queueSelect", index);
      if (await this.#read("queueEnable") !== 0) {
        this.refuse(`Cannot enable queue ${index}: it is in use`);
      }
      await this.#write("queueSize", size);
      await this.#writeHalves("queueDesc", desc);
      await this.#writeHalves("queueDriver", driver);
      await this.#writeHalves("queueDevice", device);
      await this.#vectors.mapQueue(index, this.#vector("queueMsixVector"));
      const data = this.#namesQueues ? await this.#read("queueNotifConfigData") : index;
      this.#doorbells.set(index, { offset: await this.#doorbell(index), data });
      await this.#write("queueEnable", 1);
      if (await this.#read("queueEnable") !== 1) {
        this.refuse(`Cannot enable queue ${index}: the device refuses it`);
      }
      this.queues.add(index);
    });
  }

  resetQueue(index: number): Promise<void> {
    return this.sequence(async () => {
      this.queues.delete(index);
      await this.#write("queueSelect", index);
      await this.#write("queueReset", 1);
      await untilQueueReset(index, () => this.#read("queueReset"));
    });
  }

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.sequence(async () => {
      const bytes = new Uint8Array(length);
      const place = this.#device;
      const there = Math.min(length, (place?.length ?? 0) - offset);
      if (place === undefined || there <= 0) return bytes;
      bytes.set(await readBytes(place.registers, this.config(place.offset), offset, there));
      return bytes;
    });
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    return this.sequence(async () => {
      const place = this.#device;
      if (place === undefined || offset + bytes.length > place.length) {
        this.refuse(
          `Cannot write ${bytes.length} bytes of the configuration at ${offset}: not there`,
        );
      }
      await writeBytes(place.registers, this.config(place.offset), offset, bytes);
    });
  }

  configGeneration(): Promise<number> {
    return this.sequence(async () => await this.#read("configGeneration"));
  }

  sharedMemory(id: number): Promise<SharedMemory | undefined> {
    return this.sequence(() => {
      const found = this.#scan.structures.find((structure) =>
        structure.type === CapabilityType.SHARED_MEMORY_CFG && structure.id === id
      );
      const base = found === undefined ? undefined : this.#machine.bar(found.bar)?.address;
      if (found === undefined || base === undefined) return Promise.resolve(undefined);
      const { length } = found;
      const address = base + found.offset;
      const bytes = this.#machine.map?.(address, length);
      const region = { id, address, length };
      return Promise.resolve(bytes === undefined ? region : { ...region, bytes });
    });
  }

  notify(index: number, data: number): void {
    const doorbell = this.#doorbells.get(index);
    if (doorbell === undefined) return;
    const { registers } = this.#notify;
    const value = (data & 0xffff_0000 | doorbell.data) >>> 0;
    const size = this.#notifySize;
    this.send(() => registers.write(doorbell.offset, size, size === 4 ? value : doorbell.data));
  }

  /** Without the capability, the feature is not negotiated (VIRTIO 1.4, 6.1). */
  async #findFunctions(): Promise<void> {
    this.#found ??= await findFunctions(this.#machine.config, {
      sequence: (steps) => this.sequence(steps),
      refuse: (message) => this.refuse(message),
    });
    if (this.#found === undefined) this.#ownOffered &= ~featureSet(VIRTIO_F_SR_IOV);
  }

  #vector(name: Name): VectorRegister {
    return { read: () => this.#read(name), write: (vector) => this.#write(name, vector) };
  }

  async #doorbell(index: number): Promise<number> {
    const offset = await this.#read("queueNotifyOff") * this.#multiplier;
    const at = this.#notify.offset + offset;
    if (offset + this.#notifySize > this.#notify.length || at % this.#notifySize !== 0) {
      const why = at % this.#notifySize === 0 ? "outside the structure" : "not aligned";
      this.refuse(`Cannot enable queue ${index}: it is notified at ${offset}, ${why}`);
    }
    return at;
  }

  #forget(): void {
    this.queues.clear();
    this.#doorbells.clear();
    this.#vectors.forget();
  }

  /** The first structure of a type that can be reached, by its range or through the window, in aligned accesses. */
  #first(type: number): PciStructure | undefined {
    const reached = ({ bar, offset }: PciStructure) =>
      offset % ALIGNMENT[type]! === 0 &&
      (this.#window !== undefined || this.#machine.bar(bar) !== undefined);
    return this.#scan.structures.find((one) => one.type === type && reached(one));
  }

  #place({ bar, offset, length }: PciStructure): Place {
    const registers = this.#machine.bar(bar) ?? this.#window!.bar(bar);
    return { registers, offset, length };
  }

  #need(type: number, length: number): Place {
    const structure = this.#first(type);
    if (structure !== undefined && structure.length >= length) return this.#place(structure);
    const found = structure === undefined
      ? "none can be reached"
      : `it has ${structure.length} bytes`;
    throw new TransportError(`Cannot find structure ${type} of the virtio device: ${found}`);
  }

  #read(name: Name): number | Promise<number> {
    return this.#common.registers.read(this.#at(name), PCI_COMMON[name].size as AccessSize);
  }

  #write(name: Name, value: number): void | Promise<void> {
    return this.#common.registers.write(this.#at(name), PCI_COMMON[name].size as AccessSize, value);
  }

  /** Offset of a register in its range; not all devices have those that features brought. */
  #at(name: Name): number {
    const { offset: base, length } = this.#common;
    const { offset, size } = PCI_COMMON[name];
    if (offset + size > length) {
      this.refuse(`Cannot access ${name}: the common configuration has ${length} bytes`);
    }
    return base + offset;
  }

  async #writeHalves(name: "queueDesc" | "queueDriver" | "queueDevice", value: number) {
    const { registers } = this.#common;
    const offset = this.#at(name);
    const [low, high] = halves(value);
    await registers.write(offset, 4, low);
    await registers.write(offset + 4, 4, high);
  }
}

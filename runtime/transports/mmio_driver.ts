/**
 * The driver's end of virtio over MMIO, version 2 (VIRTIO 1.4, 4.2).
 *
 * @module
 */

import {
  MMIO_MODERN,
  VIRTIO_MMIO_CONFIG,
  VIRTIO_MMIO_MAGIC,
  VIRTIO_MMIO_VERSION,
  VIRTIO_MMIO_VERSION_LEGACY,
} from "../../generated/layout/mmio.ts";
import { TransportError } from "../errors.ts";
import type { QueueLayout } from "../queue.ts";
import type { SharedMemory } from "../transport.ts";
import type { MmioMachine, MmioTransport } from "./bus.ts";
import { MMIO_FACILITIES } from "./carried.ts";
import {
  BusTransport,
  featureWord,
  halves,
  readBytes,
  untilQueueReset,
  writeBytes,
} from "./driver_core.ts";
import { MmioLegacyLink } from "./mmio_legacy_driver.ts";

const ALL_ONES = 0xffff_ffff;
const WORD = 2 ** 32;

/** A register of the layout. */
type Name = keyof typeof MMIO_MODERN;

/**
 * Finds the device behind MMIO registers: undefined when the place is empty (a DeviceID of 0), which
 * is no error. TransportError when there are no virtio registers of version 2, or 1: the legacy interface.
 */
export async function findMmio(machine: MmioMachine): Promise<MmioTransport | undefined> {
  const { registers } = machine;
  const read = async (name: Name) => await registers.read(MMIO_MODERN[name].offset, 4);
  const magic = await read("MagicValue");
  if (magic !== VIRTIO_MMIO_MAGIC) {
    throw new TransportError(`Cannot find a virtio device: MagicValue is 0x${magic.toString(16)}`);
  }
  const version = await read("Version");
  if (version !== VIRTIO_MMIO_VERSION && version !== VIRTIO_MMIO_VERSION_LEGACY) {
    throw new TransportError(
      `Cannot drive the device over mmio: its registers have version ${version}`,
    );
  }
  const id = await read("DeviceID");
  if (id === 0) return undefined;
  return version === VIRTIO_MMIO_VERSION
    ? new MmioLink(machine, id)
    : new MmioLegacyLink(machine, id);
}

/** A device behind MMIO registers, as its driver sees it; {@linkcode findMmio} makes it. */
class MmioLink extends BusTransport implements MmioTransport {
  readonly #machine: MmioMachine;
  #featureWords = 4;

  /** For a device that was found, of this type. */
  constructor(machine: MmioMachine, deviceId: number) {
    super(machine, MMIO_FACILITIES, deviceId);
    this.#machine = machine;
  }

  /** To be called when the device's interrupt line rises: finds out why, acknowledges and delivers. */
  interrupt(): Promise<void> {
    return this.interrupted(
      () => this.#read("InterruptStatus"),
      (causes) => this.#write("InterruptACK", causes),
    );
  }

  getStatus(): Promise<number> {
    return this.sequence(async () => await this.#read("Status"));
  }

  setStatus(status: number): Promise<void> {
    return this.sequence(async () => {
      await this.#write("Status", status);
      if (status === 0) this.queues.clear();
    });
  }

  /** QEMU takes every selector but 0 for 1: words that repeat the second are not there, nor to be written. */
  getFeatures(): Promise<bigint> {
    return this.sequence(async () => {
      const words: number[] = [];
      for (let word = 0; word < this.facilities.featureBits / 32; word++) {
        await this.#write("DeviceFeaturesSel", word);
        words.push(await this.#read("DeviceFeatures"));
      }
      const repeats = words.slice(1).every((word) => word !== 0 && word === words[1]);
      this.#featureWords = repeats ? 2 : words.length;
      return words.slice(0, this.#featureWords).reduceRight(
        (features, word) => features << 32n | BigInt(word),
        0n,
      );
    });
  }

  setFeatures(features: bigint): Promise<void> {
    return this.sequence(async () => {
      for (let word = 0; word < this.#featureWords; word++) {
        await this.#write("DriverFeaturesSel", word);
        await this.#write("DriverFeatures", featureWord(features, word));
      }
    });
  }

  queueSizeMax(index: number): Promise<number> {
    return this.sequence(async () => {
      await this.#write("QueueSel", index);
      return await this.#read("QueueSizeMax");
    });
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    const { index, size, desc, driver, device } = layout;
    return this.sequence(async () => {
      await this.#write("QueueSel", index);
      if (await this.#read("QueueReady") !== 0) {
        this.refuse(`Cannot enable queue ${index}: it is in use`);
      }
      await this.#write("QueueSize", size);
      await this.#writePair("QueueDescLow", "QueueDescHigh", desc);
      await this.#writePair("QueueDriverLow", "QueueDriverHigh", driver);
      await this.#writePair("QueueDeviceLow", "QueueDeviceHigh", device);
      await this.#write("QueueReady", 1);
      if (await this.#read("QueueReady") !== 1) {
        this.refuse(`Cannot enable queue ${index}: the device refuses it`);
      }
      this.queues.add(index);
    });
  }

  resetQueue(index: number): Promise<void> {
    return this.sequence(async () => {
      this.queues.delete(index);
      await this.#write("QueueSel", index);
      await this.#write("QueueReset", 1);
      await untilQueueReset(index, () => this.#read("QueueReset"));
    });
  }

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    const { registers } = this.#machine;
    return this.sequence(() =>
      readBytes(registers, this.config(VIRTIO_MMIO_CONFIG), offset, length)
    );
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    const { registers } = this.#machine;
    return this.sequence(() =>
      writeBytes(registers, this.config(VIRTIO_MMIO_CONFIG), offset, bytes)
    );
  }

  configGeneration(): Promise<number> {
    return this.sequence(async () => await this.#read("ConfigGeneration"));
  }

  sharedMemory(id: number): Promise<SharedMemory | undefined> {
    return this.sequence(async () => {
      await this.#write("SHMSel", id);
      const lengthHigh = await this.#read("SHMLenHigh");
      if (lengthHigh === ALL_ONES) return undefined;
      const length = await this.#read("SHMLenLow") + lengthHigh * WORD;
      const address = await this.#read("SHMBaseLow") + await this.#read("SHMBaseHigh") * WORD;
      const bytes = this.#machine.map?.(address, length);
      return bytes === undefined ? { id, address, length } : { id, address, length, bytes };
    });
  }

  notify(_index: number, data: number): void {
    this.send(() => this.#write("QueueNotify", data >>> 0));
  }

  #read(name: Name): number | Promise<number> {
    return this.#machine.registers.read(MMIO_MODERN[name].offset, 4);
  }

  #write(name: Name, value: number): void | Promise<void> {
    return this.#machine.registers.write(MMIO_MODERN[name].offset, 4, value);
  }

  async #writePair(low: Name, high: Name, value: number): Promise<void> {
    const [lowHalf, highHalf] = halves(value);
    await this.#write(low, lowHalf);
    await this.#write(high, highHalf);
  }
}

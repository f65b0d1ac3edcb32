/**
 * The driver's end of the legacy interface over PCI (VIRTIO 1.4, 4.1.4.10), which interrupts
 * through the pin, or through messages: then two vectors stand in front of the configuration.
 *
 * @module
 */

import {
  InterruptCause,
  PCI_LEGACY,
  VIRTIO_PCI_LEGACY_CONFIG,
  VIRTIO_PCI_LEGACY_CONFIG_MSIX,
} from "../../generated/layout/pci.ts";
import { TransportError } from "../errors.ts";
import type { QueueLayout } from "../queue.ts";
import type { AdminQueues, LegacyQueues } from "../transport.ts";
import type { AccessSize, PciMachine, PciTransport, RegisterAccess } from "./bus.ts";
import { PCI_LEGACY_FACILITIES } from "./carried.ts";
import { readBytes, writeBytes } from "./driver_core.ts";
import { LEGACY_PAGE, LegacyTransport, pageOf } from "./legacy_driver.ts";
import { PciCommand, PciHeader } from "./pci_config.ts";
import { readDeviceId, scanCapabilities } from "./pci_scan.ts";
import { enableVectors, type VectorRegister, Vectors } from "./pci_vectors.ts";

const BAR = 0;

type Name = keyof typeof PCI_LEGACY;

/**
 * Finds a legacy or transitional device behind a PCI function, to be driven through its legacy interface:
 * undefined when there is no function, TransportError when it is none of virtio's or has no such interface.
 */
export async function findLegacyPci(machine: PciMachine): Promise<PciTransport | undefined> {
  const { config } = machine;
  const deviceId = await readDeviceId(config);
  if (deviceId === undefined) return undefined;
  const registers = machine.bar(BAR);
  const revision = await config.read(PciHeader.REVISION_ID, 1);
  if (registers === undefined || revision !== 0) {
    throw new TransportError("Cannot drive the device over pci-legacy: it has no legacy interface");
  }
  const command = await config.read(PciHeader.COMMAND, 2);
  await config.write(PciHeader.COMMAND, 2, command | PciCommand.BUS_MASTER);
  const { msix } = await scanCapabilities(config, deviceId);
  const vectors = msix === 0
    ? 0
    : await enableVectors(config, msix, (bar) => machine.bar(bar), machine.vectors ?? []);
  return new PciLegacyLink(machine, registers, deviceId, vectors);
}

class PciLegacyLink extends LegacyTransport implements PciTransport {
  readonly functions = undefined;
  readonly legacyQueues: LegacyQueues = { align: LEGACY_PAGE, fixedSize: true };
  readonly #registers: RegisterAccess;
  readonly #vectors: Vectors;
  readonly #config: number;

  constructor(machine: PciMachine, registers: RegisterAccess, deviceId: number, vectors: number) {
    super(machine, PCI_LEGACY_FACILITIES, deviceId);
    this.#registers = registers;
    this.#vectors = new Vectors(vectors, (message) => this.refuse(message));
    this.#config = vectors > 0 ? VIRTIO_PCI_LEGACY_CONFIG_MSIX : VIRTIO_PCI_LEGACY_CONFIG;
  }

  async interrupt(): Promise<void> {
    if (this.ended) return;
    try {
      const causes = await this.#read("isrStatus");
      if ((causes & InterruptCause.QUEUE) !== 0) this.queuesUsed();
      if ((causes & InterruptCause.CONFIG) !== 0) this.onConfigNotify();
    } catch (error) {
      this.lose(error);
    }
  }

  message(vector: number): void {
    if (!this.ended) this.#vectors.deliver(vector, this);
  }

  adminQueues(): Promise<AdminQueues> {
    return this.sequence(() =>
      this.refuse("Cannot find administration queues: the device is legacy")
    );
  }

  queueSizeMax(index: number): Promise<number> {
    return this.sequence(async () => {
      await this.#write("queueSelect", index);
      return await this.#read("queueSize");
    });
  }

  enableQueue({ index, desc }: QueueLayout): Promise<void> {
    return this.sequence(async () => {
      await this.#write("queueSelect", index);
      if (await this.#read("queueAddress") !== 0) {
        this.refuse(`Cannot enable queue ${index}: it is in use`);
      }
      await this.#vectors.mapQueue(index, this.#vector("queueMsixVector"));
      await this.#write("queueAddress", pageOf(desc));
      if (await this.#read("queueAddress") !== pageOf(desc)) {
        this.refuse(`Cannot enable queue ${index}: the device refuses it`);
      }
      this.queues.add(index);
    });
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    return this.sequence(() =>
      writeBytes(this.#registers, this.config(this.#config), offset, bytes)
    );
  }

  notify(index: number, _data: number): void {
    this.send(() => this.#write("queueNotify", index));
  }

  protected readStatus(): number | Promise<number> {
    return this.#read("deviceStatus");
  }

  protected writeStatus(status: number): void | Promise<void> {
    if (status === 0) this.#vectors.forget();
    return this.#write("deviceStatus", status);
  }

  protected readFeatures(): number | Promise<number> {
    return this.#read("deviceFeatures");
  }

  /** Also maps configuration changes to their vector, which a reset has undone. */
  protected async writeFeatures(features: number): Promise<void> {
    await this.#vectors.mapConfig(this.#vector("configMsixVector"));
    await this.#write("driverFeatures", features);
  }

  protected readConfigOnce(offset: number, length: number): Promise<Uint8Array> {
    return readBytes(this.#registers, this.config(this.#config), offset, length);
  }

  #vector(name: Name): VectorRegister {
    return { read: () => this.#read(name), write: (vector) => this.#write(name, vector) };
  }

  #read(name: Name): number | Promise<number> {
    const { offset, size } = PCI_LEGACY[name];
    return this.#registers.read(offset, size as AccessSize);
  }

  #write(name: Name, value: number): void | Promise<void> {
    const { offset, size } = PCI_LEGACY[name];
    return this.#registers.write(offset, size as AccessSize, value);
  }
}

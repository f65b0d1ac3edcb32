/**
 * The driver's end of the legacy interface over MMIO, version 1 (VIRTIO 1.4, 4.2.4).
 *
 * @module
 */

import { MMIO_LEGACY, VIRTIO_MMIO_CONFIG } from "../../generated/layout/mmio.ts";
import type { QueueLayout } from "../queue.ts";
import type { LegacyQueues } from "../transport.ts";
import type { MmioMachine, MmioTransport } from "./bus.ts";
import { MMIO_LEGACY_FACILITIES } from "./carried.ts";
import { readBytes, writeBytes } from "./driver_core.ts";
import { LEGACY_PAGE, LegacyTransport, pageOf } from "./legacy_driver.ts";

type Name = keyof typeof MMIO_LEGACY;

/** A device behind legacy MMIO registers, as its driver sees it. */
export class MmioLegacyLink extends LegacyTransport implements MmioTransport {
  readonly legacyQueues: LegacyQueues = { align: LEGACY_PAGE, fixedSize: false };
  readonly #machine: MmioMachine;

  /** For a device that was found, of this type. */
  constructor(machine: MmioMachine, deviceId: number) {
    super(machine, MMIO_LEGACY_FACILITIES, deviceId);
    this.#machine = machine;
  }

  interrupt(): Promise<void> {
    return this.interrupted(
      () => this.#read("InterruptStatus"),
      (causes) => this.#write("InterruptACK", causes),
    );
  }

  queueSizeMax(index: number): Promise<number> {
    return this.sequence(async () => {
      await this.#write("QueueSel", index);
      return await this.#read("QueueSizeMax");
    });
  }

  enableQueue({ index, size, desc }: QueueLayout): Promise<void> {
    return this.sequence(async () => {
      await this.#write("GuestPageSize", LEGACY_PAGE);
      await this.#write("QueueSel", index);
      if (await this.#read("QueuePFN") !== 0) {
        this.refuse(`Cannot enable queue ${index}: it is in use`);
      }
      await this.#write("QueueSize", size);
      await this.#write("QueueAlign", this.legacyQueues.align);
      await this.#write("QueuePFN", pageOf(desc));
      if (await this.#read("QueuePFN") !== pageOf(desc)) {
        this.refuse(`Cannot enable queue ${index}: the device refuses it`);
      }
      this.queues.add(index);
    });
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    const { registers } = this.#machine;
    return this.sequence(() =>
      writeBytes(registers, this.config(VIRTIO_MMIO_CONFIG), offset, bytes)
    );
  }

  notify(index: number, _data: number): void {
    this.send(() => this.#write("QueueNotify", index));
  }

  protected readStatus(): number | Promise<number> {
    return this.#read("Status");
  }

  protected writeStatus(status: number): void | Promise<void> {
    return this.#write("Status", status);
  }

  protected async readFeatures(): Promise<number> {
    await this.#write("HostFeaturesSel", 0);
    return await this.#read("HostFeatures");
  }

  protected async writeFeatures(features: number): Promise<void> {
    await this.#write("GuestFeaturesSel", 0);
    await this.#write("GuestFeatures", features);
  }

  protected readConfigOnce(offset: number, length: number): Promise<Uint8Array> {
    return readBytes(this.#machine.registers, this.config(VIRTIO_MMIO_CONFIG), offset, length);
  }

  #read(name: Name): number | Promise<number> {
    return this.#machine.registers.read(MMIO_LEGACY[name].offset, 4);
  }

  #write(name: Name, value: number): void | Promise<void> {
    return this.#machine.registers.write(MMIO_LEGACY[name].offset, 4, value);
  }
}

/**
 * The legacy interface as a driver sees it that knows VIRTIO 1 alone: VERSION_1 and FEATURES_OK stand for
 * the interface itself, and are never sent (VIRTIO 1.4, 2.2.3 and 3.1.2).
 *
 * @module
 */

import { ReservedFeature } from "../features.ts";
import { Status } from "../status.ts";
import type { LegacyQueues, SharedMemory } from "../transport.ts";
import { BusTransport } from "./driver_core.ts";

const { FEATURES_OK } = Status;
const VERSION_1 = 1n << BigInt(ReservedFeature.VIRTIO_F_VERSION_1);
const PAGE = 4096;
/** How often a configuration that changes under the read is read again. */
const CONFIG_READS = 16;

/** Base of the legacy driver's ends. */
export abstract class LegacyTransport extends BusTransport {
  abstract readonly legacyQueues: LegacyQueues;
  #agreed = false;

  /** Reads the device status register. */
  protected abstract readStatus(): number | Promise<number>;
  /** Writes the device status register. */
  protected abstract writeStatus(status: number): void | Promise<void>;
  /** Reads features 0 to 31. */
  protected abstract readFeatures(): number | Promise<number>;
  /** Writes features 0 to 31. */
  protected abstract writeFeatures(features: number): void | Promise<void>;
  /** Reads the configuration once. */
  protected abstract readConfigOnce(offset: number, length: number): Promise<Uint8Array>;

  getStatus(): Promise<number> {
    return this.sequence(async () => {
      const status = await this.readStatus();
      return this.#agreed && status !== 0 ? status | FEATURES_OK : status;
    });
  }

  setStatus(status: number): Promise<void> {
    return this.sequence(async () => {
      await this.writeStatus(status & ~FEATURES_OK);
      this.#agreed = (status & FEATURES_OK) !== 0;
      if (status === 0) this.queues.clear();
    });
  }

  getFeatures(): Promise<bigint> {
    return this.sequence(async () => BigInt(await this.readFeatures()) | VERSION_1);
  }

  setFeatures(features: bigint): Promise<void> {
    return this.sequence(async () => await this.writeFeatures(Number(features & 0xffff_ffffn)));
  }

  resetQueue(index: number): Promise<void> {
    return this.sequence(() =>
      this.refuse(`Cannot reset queue ${index}: not over a legacy interface`)
    );
  }

  /** Without a generation, what two reads agree on is taken (VIRTIO 1.4, 2.5.4). */
  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.sequence(async () => {
      let bytes = await this.readConfigOnce(offset, length);
      for (let reads = 0; reads < CONFIG_READS; reads++) {
        const again = await this.readConfigOnce(offset, length);
        if (again.every((byte, at) => byte === bytes[at])) return again;
        bytes = again;
      }
      return this.refuse(`Cannot read the configuration: it changes within ${CONFIG_READS} reads`);
    });
  }

  configGeneration(): Promise<number> {
    return this.sequence(() => this.refuse("Cannot read a generation: legacy devices have none"));
  }

  sharedMemory(_id: number): Promise<SharedMemory | undefined> {
    return this.sequence(() => Promise.resolve(undefined));
  }
}

/** The page of a queue, of the size that addresses are counted in. */
export function pageOf(address: number): number {
  return address / PAGE;
}

/** Bytes of a page. */
export const LEGACY_PAGE: number = PAGE;

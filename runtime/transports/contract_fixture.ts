/**
 * The contract with one difference: `loopback` is the bus that {@linkcode over} chose. An import map
 * puts this in the place of the contract, and the tests of generated devices run over it.
 *
 * @module
 */

import type { Arena } from "../arena.ts";
import type { Device } from "../device.ts";
import type { TransportError } from "../errors.ts";
import { loopback as trueLoopback, LOOPBACK_FACILITIES } from "../loopback.ts";
import type { GuestMemory } from "../memory.ts";
import type { QueueLayout } from "../queue.ts";
import type { Facilities, SharedMemory, Transport } from "../transport.ts";
import type { Rig } from "./rigs_fixture.ts";

export * from "../contract.ts";

let rig: Rig | undefined;

/** From now on devices are connected over this rig; undefined for the true loopback. */
export function over(chosen: Rig | undefined): void {
  rig = chosen;
}

/** Connects a device, at the latest when the driver asks for something. */
export function loopback(device: Device): Transport {
  if (rig === undefined) return trueLoopback(device);
  return new Connecting(device.info.id, rig.connect(device).then(({ transport }) => transport));
}

class Connecting implements Transport {
  readonly deviceId: number;
  readonly #transport: Promise<Transport>;
  #connected: Transport | undefined;
  onQueueNotify: (index: number) => void = () => {};
  onConfigNotify: () => void = () => {};
  onLost: (error: TransportError) => void = () => {};

  constructor(deviceId: number, transport: Promise<Transport>) {
    this.deviceId = deviceId;
    this.#transport = transport.then((connected) => {
      connected.onQueueNotify = (index) => this.onQueueNotify(index);
      connected.onConfigNotify = () => this.onConfigNotify();
      connected.onLost = (error) => this.onLost(error);
      return this.#connected = connected;
    });
  }

  get facilities(): Facilities {
    return this.#connected?.facilities ?? LOOPBACK_FACILITIES;
  }

  get memory(): GuestMemory {
    return this.#connected!.memory;
  }

  get arena(): Arena {
    return this.#connected!.arena;
  }

  async getStatus(): Promise<number> {
    return await (await this.#transport).getStatus();
  }

  async setStatus(status: number): Promise<void> {
    await (await this.#transport).setStatus(status);
  }

  async getFeatures(): Promise<bigint> {
    return await (await this.#transport).getFeatures();
  }

  async setFeatures(features: bigint): Promise<void> {
    await (await this.#transport).setFeatures(features);
  }

  async queueSizeMax(index: number): Promise<number> {
    return await (await this.#transport).queueSizeMax(index);
  }

  async enableQueue(layout: QueueLayout): Promise<void> {
    await (await this.#transport).enableQueue(layout);
  }

  async resetQueue(index: number): Promise<void> {
    await (await this.#transport).resetQueue(index);
  }

  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    return await (await this.#transport).readConfig(offset, length);
  }

  async writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    await (await this.#transport).writeConfig(offset, bytes);
  }

  async configGeneration(): Promise<number> {
    return await (await this.#transport).configGeneration();
  }

  async sharedMemory(id: number): Promise<SharedMemory | undefined> {
    return await (await this.#transport).sharedMemory(id);
  }

  notify(index: number, data: number): void {
    this.#connected?.notify(index, data);
  }

  async close(): Promise<void> {
    await (await this.#transport).close();
  }
}

/**
 * The driver's end of virtio over channel I/O, revisions 1 and 2 (VIRTIO 1.4, 4.3).
 *
 * @module
 */

import {
  Command,
  Revision,
  VIRTIO_CCW_CONFIG_INDICATOR,
  VIRTIO_CCW_CU_TYPE,
  VIRTIO_FEATURE_DESC as FEATURE_DESC,
  VIRTIO_FEATURE_DESC_SIZE,
  VIRTIO_REV_INFO as REV_INFO,
  VIRTIO_THININT_AREA as THININT,
  VIRTIO_THININT_AREA_SIZE,
  VQ_CONFIG_BLOCK,
  VQ_CONFIG_BLOCK_SIZE,
  VQ_INFO_BLOCK,
  VQ_INFO_BLOCK_SIZE,
} from "../../generated/layout/ccw.ts";
import type { Arena, DmaBuffer } from "../arena.ts";
import { TransportError } from "../errors.ts";
import type { QueueLayout } from "../queue.ts";
import type { SharedMemory } from "../transport.ts";
import type { CcwMachine, CcwTransport } from "./bus.ts";
import { CCW_FACILITIES } from "./carried.ts";
import { BasicCommand, DeviceEnd, SENSE_ID_SIZE } from "./ccw_channel.ts";
import { adapterBit, CLASSIC_QUEUES, classicBit, takeBit } from "./ccw_indicators.ts";
import { BusTransport, featureWord, machineArena } from "./driver_core.ts";

/** Bytes of indicators: classic, configuration, summary padded to 8, then adapter bits. */
const ADAPTER_QUEUES = 1024;
const INDICATORS_SIZE = 24 + ADAPTER_QUEUES / 8;

/**
 * Finds the device behind a subchannel, and settles on the highest revision. TransportError when the
 * control unit is not virtio's, or knows neither revision 2 nor 1.
 */
export async function findCcw(machine: CcwMachine): Promise<CcwTransport> {
  const channel = new Channel(machine, machineArena(machine));
  const identity = await channel.try(BasicCommand.SENSE_ID, new Uint8Array(SENSE_ID_SIZE));
  if (identity === undefined) throw new TransportError("Cannot find a virtio device: no identity");
  const type = new DataView(identity.buffer).getUint16(1);
  if (type !== VIRTIO_CCW_CU_TYPE) {
    throw new TransportError(
      `Cannot find a virtio device: the control unit is 0x${type.toString(16)}`,
    );
  }
  for (const revision of [Revision.READ_STATUS, Revision.V1]) {
    const info = new Uint8Array(REV_INFO.data);
    new DataView(info.buffer).setUint16(REV_INFO.revision, revision);
    if (await channel.try(Command.SET_VIRTIO_REV, info) === undefined) continue;
    return new CcwLink(machine, identity[3]!, revision);
  }
  throw new TransportError("Cannot drive the device over ccw: it refuses revisions 2 and 1");
}

/** A device behind a subchannel, as its driver sees it; {@linkcode findCcw} makes it. */
class CcwLink extends BusTransport implements CcwTransport {
  readonly #machine: CcwMachine;
  readonly #channel: Channel;
  readonly #readsStatus: boolean;
  #indicators: DmaBuffer | undefined;
  #adapter = false;
  #status = 0;

  /** For a device that was found, of this type, with this revision. */
  constructor(machine: CcwMachine, deviceId: number, revision: number) {
    const readsStatus = revision >= Revision.READ_STATUS;
    super(machine, { ...CCW_FACILITIES, suspend: readsStatus }, deviceId);
    this.#machine = machine;
    this.#channel = new Channel(machine, this.arena);
    this.#readsStatus = readsStatus;
  }

  /** To be called when the subchannel's I/O interrupt was unsolicited: looks into the indicators. */
  interrupt(): void {
    const indicators = this.#indicators;
    if (this.ended || indicators === undefined) return;
    const { address } = indicators;
    for (const index of [...this.queues]) {
      const set = !this.#adapter && takeBit(this.memory, classicBit(address, index));
      if (set) this.onQueueNotify(index);
    }
    const config = classicBit(address + 8, VIRTIO_CCW_CONFIG_INDICATOR);
    if (takeBit(this.memory, config)) this.onConfigNotify();
  }

  /** To be called on an adapter interrupt: clears the summary, then looks into the indicators. */
  adapterInterrupt(): void {
    const indicators = this.#indicators;
    if (this.ended || indicators === undefined || !this.#adapter) return;
    const { address } = indicators;
    takeBit(this.memory, { address: address + 16, mask: 1 });
    for (const index of [...this.queues]) {
      if (takeBit(this.memory, adapterBit(address + 24, index))) this.onQueueNotify(index);
    }
  }

  /** With revision 1 the status cannot be read: what the device took is known, what it adds is not. */
  getStatus(): Promise<number> {
    return this.sequence(async () => {
      if (!this.#readsStatus) return this.#status;
      return (await this.#read(Command.READ_STATUS, 1))[0]!;
    });
  }

  setStatus(status: number): Promise<void> {
    return this.sequence(async () => {
      if (status === 0) {
        await this.#write(Command.VDEV_RESET, new Uint8Array(0));
        this.queues.clear();
        this.#status = 0;
      } else if (
        await this.#channel.try(Command.WRITE_STATUS, Uint8Array.of(status)) !== undefined
      ) {
        this.#status = status;
      }
    });
  }

  getFeatures(): Promise<bigint> {
    return this.sequence(async () => {
      let features = 0n;
      for (let index = this.facilities.featureBits / 32 - 1; index >= 0; index--) {
        const block = new Uint8Array(VIRTIO_FEATURE_DESC_SIZE);
        block[FEATURE_DESC.index] = index;
        const view = new DataView((await this.#write(Command.READ_FEAT, block)).buffer);
        features = features << 32n | BigInt(view.getUint32(FEATURE_DESC.features, true));
      }
      return features;
    });
  }

  /** Also says where the indicators lie, which a reset has undone. */
  setFeatures(features: bigint): Promise<void> {
    return this.sequence(async () => {
      for (let index = 0; index < this.facilities.featureBits / 32; index++) {
        const block = new Uint8Array(VIRTIO_FEATURE_DESC_SIZE);
        block[FEATURE_DESC.index] = index;
        new DataView(block.buffer).setUint32(
          FEATURE_DESC.features,
          featureWord(features, index),
          true,
        );
        await this.#write(Command.WRITE_FEAT, block);
      }
      await this.#setIndicators();
    });
  }

  queueSizeMax(index: number): Promise<number> {
    return this.sequence(async () => {
      const block = new Uint8Array(VQ_CONFIG_BLOCK_SIZE);
      new DataView(block.buffer).setUint16(VQ_CONFIG_BLOCK.index, index);
      const view = new DataView((await this.#write(Command.READ_VQ_CONF, block)).buffer);
      return view.getUint16(VQ_CONFIG_BLOCK.maxQueueSize);
    });
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    const { index, size, desc, driver, device } = layout;
    return this.sequence(async () => {
      const most = this.#adapter ? ADAPTER_QUEUES : CLASSIC_QUEUES;
      if (index >= most) this.refuse(`Cannot enable queue ${index}: there are ${most} indicators`);
      const view = new DataView(new ArrayBuffer(VQ_INFO_BLOCK_SIZE));
      view.setUint16(VQ_INFO_BLOCK.index, index);
      view.setUint16(VQ_INFO_BLOCK.size, size);
      view.setBigUint64(VQ_INFO_BLOCK.desc, BigInt(desc));
      view.setBigUint64(VQ_INFO_BLOCK.driver, BigInt(driver));
      view.setBigUint64(VQ_INFO_BLOCK.device, BigInt(device));
      await this.#write(Command.SET_VQ, new Uint8Array(view.buffer));
      this.queues.add(index);
    });
  }

  resetQueue(index: number): Promise<void> {
    return this.sequence(() => this.refuse(`Cannot reset queue ${index}: not over ccw`));
  }

  /** The configuration is read from its beginning, in one command. */
  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.sequence(async () => {
      return (await this.#read(Command.READ_CONF, offset + length)).slice(offset);
    });
  }

  /** What lies before the bytes is read, and written again with them. */
  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    return this.sequence(async () => {
      const config = await this.#read(Command.READ_CONF, offset + bytes.length);
      config.set(bytes, offset);
      await this.#write(Command.WRITE_CONF, config);
    });
  }

  configGeneration(): Promise<number> {
    return this.sequence(() => this.refuse("Cannot read a generation: ccw has none"));
  }

  sharedMemory(_id: number): Promise<SharedMemory | undefined> {
    return this.sequence(() => Promise.resolve(undefined));
  }

  notify(_index: number, data: number): void {
    this.send(() => this.#machine.notify(data >>> 0));
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.#indicators !== undefined) this.arena.free(this.#indicators);
    this.#indicators = undefined;
  }

  async #write(command: number, data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const result = await this.#channel.try(command, data);
    return result ??
      this.refuse(`Cannot carry out command 0x${command.toString(16)}: it fails`);
  }

  #read(command: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#write(command, new Uint8Array(length));
  }

  async #setIndicators(): Promise<void> {
    const { address, bytes } = this.#indicators ??= this.arena.allocate(INDICATORS_SIZE, 8);
    bytes.fill(0);
    this.#adapter = false;
    const { adapterSubclass } = this.#machine;
    if (adapterSubclass !== undefined) {
      const view = new DataView(new ArrayBuffer(VIRTIO_THININT_AREA_SIZE));
      view.setBigUint64(THININT.summaryIndicator, BigInt(address + 16));
      view.setBigUint64(THININT.indicator, BigInt(address + 24));
      view.setUint8(THININT.isc, adapterSubclass);
      const area = new Uint8Array(view.buffer);
      this.#adapter = await this.#channel.try(Command.SET_IND_ADAPTER, area) !== undefined;
    }
    if (!this.#adapter) await this.#write(Command.SET_IND, addressOf(address));
    await this.#write(Command.SET_CONF_IND, addressOf(address + 8));
  }
}

/** Commands on the subchannel, each with a copy of its data in memory that the device reaches. */
class Channel {
  readonly #machine: CcwMachine;
  readonly #arena: Arena;

  constructor(machine: CcwMachine, arena: Arena) {
    this.#machine = machine;
    this.#arena = arena;
  }

  /** Gives the data as it is after the command; undefined when the command was not carried out. */
  async try(command: number, data: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const buffer = this.#arena.allocate(Math.max(data.length, 1), 8);
    try {
      buffer.bytes.set(data);
      const [count, address] = [data.length, buffer.address];
      const status = await this.#machine.start({ command, flags: 0, count, address });
      const refused = status.subchannel !== 0 || (status.device & DeviceEnd.UNIT_CHECK) !== 0;
      return refused ? undefined : buffer.bytes.slice(0, count);
    } finally {
      this.#arena.free(buffer);
    }
  }
}

function addressOf(address: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(address));
  return new Uint8Array(view.buffer);
}

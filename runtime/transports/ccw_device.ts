/**
 * The device's end of virtio over channel I/O, revisions 1 and 2 (VIRTIO 1.4, 4.3). Revision 0, the
 * legacy interface in the guest's byte order, is refused.
 *
 * Security model: commands, lengths, addresses and payloads are the guest's. A payload is copied once,
 * then read; what is refused changes nothing; indicators outside memory are not set.
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
import type { Device } from "../device.ts";
import { PeerError } from "../errors.ts";
import { queueFormat } from "../features.ts";
import type { GuestMemory } from "../memory.ts";
import { Status } from "../status.ts";
import { CCW_FACILITIES } from "./carried.ts";
import {
  BasicCommand,
  type ChannelCommand,
  ChannelFlag,
  type ChannelStatus,
  COMMAND_REJECT,
  DeviceEnd,
  SENSE_ID_SIZE,
  SubchannelCheck,
} from "./ccw_channel.ts";
import { adapterBit, CLASSIC_QUEUES, classicBit, setBit } from "./ccw_indicators.ts";
import { DeviceCore, type SavedCore } from "./device_core.ts";
import { checkSaved, savedInteger, savedIntegers, savedRecord } from "./saved.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, FAILED } = Status;
const REV_INFO_SIZE = REV_INFO.data;
const SENSE_SIZE = 32;
const NO_REVISION = 0xffff;
const SNAPSHOT_NAME = "virtio-ccw";
const SNAPSHOT_VERSION = 1;

/** How a device is put behind a subchannel. */
export interface CcwDeviceOptions {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Makes the subchannel's I/O interrupt pending, unsolicited. */
  readonly interrupt: () => void;
  /** Makes an adapter interrupt of a subclass pending; without it, adapter indicators are refused. */
  readonly adapterInterrupt?: (subclass: number) => void;
}

/** The transport and the device as plain data, fit for JSON as long as the device's state is. */
export interface CcwSnapshot extends SavedCore {
  /** `"virtio-ccw"` */
  readonly name: string;
  /** Version of the snapshot's form. */
  readonly version: number;
  /** The revision that was set; 0xffff for none. */
  readonly revision: number;
  /** Addresses of the indicators: classic, configuration, adapter, summary; first bit and subclass. */
  readonly indicators: readonly number[];
}

/** Where indicators lie; an address of 0 for none. */
interface Indicators {
  classic: number;
  config: number;
  adapter: number;
  summary: number;
  firstBit: number;
  subclass: number;
}

const NO_INDICATORS: Indicators = {
  classic: 0,
  config: 0,
  adapter: 0,
  summary: 0,
  firstBit: 0,
  subclass: 0,
};

/** A command that the device does not accept. */
class Reject {
  readonly sense = COMMAND_REJECT;
}

/** A device behind a subchannel. */
export class CcwDevice {
  readonly #options: CcwDeviceOptions;
  readonly #core: DeviceCore;
  readonly #sense = new Uint8Array(SENSE_SIZE);
  #indicators: Indicators = { ...NO_INDICATORS };
  #revision = NO_REVISION;

  /** Binds the device; TypeError when it is bound already. */
  constructor(device: Device, options: CcwDeviceOptions) {
    const { memory } = options;
    this.#options = options;
    this.#core = new DeviceCore(device, { memory, facilities: CCW_FACILITIES }, {
      queueUsed: (index) => this.#queueUsed(index),
      configChanged: () => this.#configChanged(),
      deviceReset: () => this.#indicators = { ...NO_INDICATORS },
    });
  }

  /** Carries out one channel command. */
  execute({ command, flags, count, address }: ChannelCommand): ChannelStatus {
    const done = DeviceEnd.CHANNEL_END | DeviceEnd.DEVICE_END;
    const suppress = (flags & ChannelFlag.SUPPRESS_LENGTH) !== 0;
    try {
      if (this.#core.closed) throw new Reject();
      if (command !== BasicCommand.SENSE) this.#sense.fill(0);
      const [least, most] = this.#lengths(command);
      if (count < least || count > most) {
        if (count < least && suppress) throw new Reject();
        if (!suppress) {
          return { device: done, subchannel: SubchannelCheck.INCORRECT_LENGTH, residual: count };
        }
      }
      const used = Math.min(count, most);
      const data = new Uint8Array(used);
      this.#options.memory.read(address, data);
      if (this.#carryOut(command, data)) this.#options.memory.write(address, data);
      return { device: done, subchannel: 0, residual: count - used };
    } catch (error) {
      if (error instanceof Reject) return this.#refused(error, count);
      if (!(error instanceof RangeError)) throw error;
      return { device: 0, subchannel: SubchannelCheck.PROGRAM_CHECK, residual: count };
    }
  }

  /** A notification by hypercall: subcode 3 of diagnose 0x500 with this notification data. */
  notify(data: number): void {
    if (!this.#core.closed) this.#core.device.notify(data & 0xffff);
  }

  /** The subchannel was disabled: the revision is to be set anew. */
  disabled(): void {
    this.#revision = NO_REVISION;
  }

  /** Takes the device away, as when it is unplugged: it is reset, and free to be bound elsewhere. */
  close(): void {
    this.#core.close();
    this.#indicators = { ...NO_INDICATORS };
  }

  /** The transport and the device as plain data, between two tasks. */
  save(): CcwSnapshot {
    const { classic, config, adapter, summary, firstBit, subclass } = this.#indicators;
    return {
      name: SNAPSHOT_NAME,
      version: SNAPSHOT_VERSION,
      ...this.#core.save(),
      revision: this.#revision,
      indicators: [classic, config, adapter, summary, firstBit, subclass],
    };
  }

  /**
   * Becomes what was saved, from untrusted data, over memory that holds what it held then. TypeError
   * or RangeError naming the field, which leaves the device reset or untouched.
   */
  restore(snapshot: unknown): void {
    const saved = savedRecord(snapshot, "snapshot");
    checkSaved(saved, SNAPSHOT_NAME, SNAPSHOT_VERSION);
    const revision = savedInteger(saved.revision, "revision", NO_REVISION);
    const fields = savedIntegers(saved.indicators, "indicators", 6, Number.MAX_SAFE_INTEGER);
    const [classic, config, adapter, summary, firstBit, subclass] = fields as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    this.#core.restore(snapshot, "snapshot");
    this.#revision = revision;
    this.#indicators = { classic, config, adapter, summary, firstBit, subclass };
  }

  /** The least and the most bytes of a command; a Reject for one that does not exist now. */
  #lengths(command: number): readonly [least: number, most: number] {
    const exactly = (length: number) => [length, length] as const;
    if (command === BasicCommand.SENSE) return [1, SENSE_SIZE];
    if (command === BasicCommand.SENSE_ID) return [1, SENSE_ID_SIZE];
    if (command === Command.SET_VIRTIO_REV) return exactly(REV_INFO_SIZE);
    if (this.#revision === NO_REVISION) throw new Reject();
    switch (command) {
      case Command.VDEV_RESET:
        return exactly(0);
      case Command.SET_IND:
      case Command.SET_CONF_IND:
        return exactly(8);
      case Command.SET_IND_ADAPTER:
        return exactly(VIRTIO_THININT_AREA_SIZE);
      case Command.READ_FEAT:
      case Command.WRITE_FEAT:
        return exactly(VIRTIO_FEATURE_DESC_SIZE);
      case Command.READ_CONF:
      case Command.WRITE_CONF:
        return [0, this.#core.device.config.bytes.length];
      case Command.READ_VQ_CONF:
        return exactly(VQ_CONFIG_BLOCK_SIZE);
      case Command.SET_VQ:
        return exactly(VQ_INFO_BLOCK_SIZE);
      case Command.WRITE_STATUS:
        return exactly(1);
      case Command.READ_STATUS:
        if (this.#revision >= Revision.READ_STATUS) return exactly(1);
    }
    throw new Reject();
  }

  /** Does what a command says; true when it changed the data, which goes back. */
  #carryOut(command: number, data: Uint8Array): boolean {
    const core = this.#core;
    const view = new DataView(data.buffer);
    switch (command) {
      case BasicCommand.SENSE:
        data.set(this.#sense.subarray(0, data.length));
        this.#sense.fill(0);
        return true;
      case BasicCommand.SENSE_ID:
        data.set(this.#identity().subarray(0, data.length));
        return true;
      case Command.SET_VIRTIO_REV:
        this.#setRevision(view);
        return false;
      case Command.VDEV_RESET:
        core.setStatus(0);
        return false;
      case Command.READ_FEAT:
        core.deviceFeatureSelect = view.getUint8(FEATURE_DESC.index);
        view.setUint32(FEATURE_DESC.features, core.deviceFeatures(), true);
        return true;
      case Command.WRITE_FEAT:
        core.driverFeatureSelect = view.getUint8(FEATURE_DESC.index);
        core.setDriverFeatures(view.getUint32(FEATURE_DESC.features, true));
        return false;
      case Command.READ_CONF:
        core.device.readConfig(0, data);
        return true;
      case Command.WRITE_CONF:
        core.device.writeConfig(0, data);
        return false;
      case Command.WRITE_STATUS:
        this.#writeStatus(data[0]!);
        return false;
      case Command.READ_STATUS:
        data[0] = core.status();
        return true;
      case Command.READ_VQ_CONF:
        core.selectQueue(view.getUint16(VQ_CONFIG_BLOCK.index));
        view.setUint16(VQ_CONFIG_BLOCK.maxQueueSize, core.queueSizeMax());
        return true;
      case Command.SET_VQ:
        this.#setQueue(view);
        return false;
      default:
        this.#setIndicators(command, view);
        return false;
    }
  }

  #identity(): Uint8Array {
    const identity = new Uint8Array(SENSE_ID_SIZE);
    identity[0] = 0xff;
    new DataView(identity.buffer).setUint16(1, VIRTIO_CCW_CU_TYPE);
    identity[3] = this.#core.device.info.id;
    return identity;
  }

  #setRevision(view: DataView): void {
    const revision = view.getUint16(REV_INFO.revision);
    const known = revision === Revision.V1 || revision === Revision.READ_STATUS;
    if (!known || view.getUint16(REV_INFO.length) !== 0 || this.#revision !== NO_REVISION) {
      throw new Reject();
    }
    this.#revision = revision;
  }

  /** A step that the device does not take is refused; a suspend may take its time. */
  #writeStatus(written: number): void {
    const core = this.#core;
    core.setStatus(written);
    const steps = ACKNOWLEDGE | DRIVER | FEATURES_OK | FAILED |
      ((written & SUSPEND) === 0 ? DRIVER_OK : 0);
    if ((written & steps & ~core.status()) !== 0) throw new Reject();
  }

  /** No buffers at no address are how Linux takes a queue back, after the reset that did so already. */
  #setQueue(view: DataView): void {
    const { device } = this.#core;
    const index = view.getUint16(VQ_INFO_BLOCK.index);
    const size = view.getUint16(VQ_INFO_BLOCK.size);
    if (size === 0 && view.getBigUint64(VQ_INFO_BLOCK.desc) === 0n) {
      this.#core.selectQueue(index);
      return this.#core.disableQueue();
    }
    try {
      device.enableQueue({
        index,
        size,
        format: queueFormat(device.features),
        desc: Number(view.getBigUint64(VQ_INFO_BLOCK.desc)),
        driver: Number(view.getBigUint64(VQ_INFO_BLOCK.driver)),
        device: Number(view.getBigUint64(VQ_INFO_BLOCK.device)),
      });
    } catch (error) {
      if (error instanceof PeerError || error instanceof RangeError) throw new Reject();
      throw error;
    }
  }

  /** The two kinds of queue indicators exclude each other (VIRTIO 1.4, 4.3.2.6). */
  #setIndicators(command: number, view: DataView): void {
    const indicators = this.#indicators;
    if (command === Command.SET_IND_ADAPTER) {
      if (indicators.classic !== 0 || this.#options.adapterInterrupt === undefined) {
        throw new Reject();
      }
      indicators.summary = Number(view.getBigUint64(THININT.summaryIndicator));
      indicators.adapter = Number(view.getBigUint64(THININT.indicator));
      indicators.firstBit = Number(view.getBigUint64(THININT.bitNr));
      indicators.subclass = view.getUint8(THININT.isc);
      return;
    }
    const address = Number(view.getBigUint64(0));
    if (command === Command.SET_CONF_IND) indicators.config = address;
    else if (indicators.adapter !== 0) throw new Reject();
    else indicators.classic = address;
  }

  #queueUsed(index: number): void {
    const { classic, adapter, summary, firstBit, subclass } = this.#indicators;
    const { memory, interrupt, adapterInterrupt } = this.#options;
    if (adapter !== 0) {
      setBit(memory, adapterBit(adapter, firstBit + index));
      if (setBit(memory, { address: summary, mask: 1 }) === false) adapterInterrupt?.(subclass);
    } else if (classic !== 0 && index < CLASSIC_QUEUES) {
      if (setBit(memory, classicBit(classic, index)) === false) interrupt();
    }
  }

  #configChanged(): void {
    const { config } = this.#indicators;
    if (config === 0) return;
    const bit = classicBit(config, VIRTIO_CCW_CONFIG_INDICATOR);
    if (setBit(this.#options.memory, bit) === false) this.#options.interrupt();
  }

  #refused({ sense }: Reject, count: number): ChannelStatus {
    this.#sense[0] = sense;
    const device = DeviceEnd.CHANNEL_END | DeviceEnd.DEVICE_END | DeviceEnd.UNIT_CHECK;
    return { device, subchannel: 0, residual: count };
  }
}

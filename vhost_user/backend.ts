/**
 * The back end of one connection: what a front end says, done to a device.
 *
 * Security model: each message was checked for its shape before it arrives here; what it means is
 * checked here, before anything changes. A request that can not be served is answered with an error
 * if the front end waits for an answer, and ends the connection otherwise; the reason is logged.
 *
 * @module
 */

import {
  BackendRequest,
  MessageFlag,
  ProtocolFeature,
  Request,
  VHOST_USER_CONFIG,
} from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { featureSet } from "../runtime/features.ts";
import { Status } from "../runtime/status.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type { DeviceBinding } from "../runtime/transport.ts";
import { Channel } from "./channel.ts";
import { close } from "./ffi.ts";
import { FACILITIES } from "./facilities.ts";
import { Negotiation } from "./negotiation.ts";
import {
  ANSWERED,
  checkRequest,
  configRange,
  memoryRegion,
  memoryTable,
  type Message,
  number64,
  payload64,
  payloadOf,
  payloadState,
  refuse,
  ringAddresses,
  ringFile,
  ringState,
} from "./protocol.ts";
import { Recorder } from "./recorder.ts";
import { Regions, REGIONS_MAX } from "./regions.ts";
import { Rings } from "./rings.ts";
import { LoopRunner, type Runner } from "./runner.ts";

const F = ProtocolFeature;

/** Choices of a server. */
export interface ServeOptions {
  /** Takes only guest memory that can not shrink, which no lie of the front end can then turn into SIGBUS. */
  readonly requireSealed?: boolean;
  /** Sets the largest packet of a network; whether it can be that. */
  readonly setMtu?: (bytes: number) => boolean;
  /** Told what happens, line by line. */
  readonly log?: (line: string) => void;
}

/** Choices of a back end. */
export interface BackEndOptions extends ServeOptions {
  /** Makes who runs the rings of the bound device; the event loop of this thread when not given. */
  readonly runner?: (device: Device, memory: GuestMemory) => Runner;
}

type Answer = DataView<ArrayBuffer> | undefined;

/** A device, served over one connection at a time. */
export class BackEnd {
  /** What waits for descriptors of the rings. */
  readonly rings: Rings;
  readonly #device: Device;
  readonly #options: BackEndOptions;
  readonly #channel: Channel;
  readonly #regions: Regions;
  readonly #runner: Runner;
  readonly #recorder: Recorder;
  readonly #negotiation: Negotiation;
  #requests: Channel | undefined;

  /** Binds the device; TypeError when it is bound already. */
  constructor(device: Device, channel: Channel, options: BackEndOptions = {}) {
    this.#device = device;
    this.#channel = channel;
    this.#options = options;
    this.#regions = new Regions(options.requireSealed === true);
    const binding: DeviceBinding = {
      memory: this.#regions.memory,
      facilities: FACILITIES,
      notifyQueue: (index) => this.#notifyQueue(index),
      notifyConfig: () => this.#notifyConfig(),
    };
    device.bind(binding);
    const { runner = (device: Device) => new LoopRunner(device) } = options;
    this.#runner = runner(device, this.#regions.memory);
    this.rings = new Rings(device, this.#regions, this.#runner, (line) => this.#log(line));
    this.#recorder = new Recorder(device, this.rings);
    const offered = protocolFeatures(options, this.#runner);
    this.#negotiation = new Negotiation(device, this.rings, this.#recorder, offered);
  }

  /** Serves one message and lets go of descriptors that nothing took; throws what ends the connection. */
  async serve(message: Message): Promise<void> {
    const { request, flags } = message;
    const acknowledge = (flags & MessageFlag.NEED_REPLY) !== 0 && this.#has(F.REPLY_ACK);
    try {
      checkRequest(message, this.#negotiation.protocol);
      const answer = await this.#do(message);
      if (answer !== undefined) this.#reply(request, answer, filesOf(message));
      else if (acknowledge) this.#reply(request, payload64(0));
    } catch (error) {
      if (!acknowledge || ANSWERED.has(request)) throw error;
      this.#log(`${(error as Error).message}; answered with an error`);
      this.#reply(request, payload64(1));
    } finally {
      message.descriptors.splice(0).forEach(close);
    }
  }

  /** Resets the device, unbinds it, and lets go of memory and descriptors. */
  async close(): Promise<void> {
    await this.rings.close();
    this.#runner.close();
    this.#device.unbind();
    this.#requests?.close();
    this.#regions.clear();
    this.#recorder.close();
  }

  #do(message: Message): Answer | Promise<Answer> {
    switch (message.request) {
      case Request.GET_FEATURES:
        return payload64(this.#negotiation.features);
      case Request.SET_FEATURES:
        return this.#negotiation.setFeatures(message.payload.getBigUint64(0, true));
      case Request.GET_PROTOCOL_FEATURES:
        return payload64(this.#negotiation.offered);
      case Request.SET_PROTOCOL_FEATURES:
        return this.#negotiation.setProtocol(message.payload.getBigUint64(0, true));
      case Request.SET_OWNER:
        return undefined;
      case Request.GET_QUEUE_NUM:
        return payload64(this.#device.queueCount);
      case Request.SET_BACKEND_REQ_FD:
        this.#requests?.close();
        this.#requests = new Channel(message.descriptors.shift()!);
        return undefined;
      case Request.NET_SET_MTU:
        return this.#setMtu(number64(message, 0, "mtu"));
      case Request.GET_STATUS:
        return payload64(this.#device.getStatus());
      case Request.SET_STATUS:
        return this.#negotiation.setStatus(number64(message, 0, "status"));
      case Request.RESET_DEVICE:
        return this.#negotiation.reset().then(() => this.rings.forget()) as Promise<undefined>;
      case Request.GET_CONFIG:
      case Request.SET_CONFIG:
        return this.#config(message);
      default:
        return this.#doMemory(message);
    }
  }

  #doMemory(message: Message): Answer | Promise<Answer> {
    switch (message.request) {
      case Request.SET_MEM_TABLE:
      case Request.ADD_MEM_REG:
      case Request.REM_MEM_REG:
        return this.#changeMemory(message);
      case Request.GET_MAX_MEM_SLOTS:
        return payload64(REGIONS_MAX);
      default:
        return this.#doRing(message);
    }
  }

  #doRing(message: Message): Answer | Promise<Answer> {
    const { rings } = this;
    switch (message.request) {
      case Request.SET_VRING_NUM:
        return rings.setSize(ringState(message));
      case Request.SET_VRING_ADDR:
        return rings.setAddresses(ringAddresses(message));
      case Request.SET_VRING_BASE:
        return rings.setBase(ringState(message));
      case Request.GET_VRING_BASE:
        return this.#getBase(ringState(message).index);
      case Request.SET_VRING_KICK:
        return rings.setKick(ringFile(message));
      case Request.SET_VRING_CALL:
        return rings.setEvent("call", ringFile(message));
      case Request.SET_VRING_ERR:
        return rings.setEvent("error", ringFile(message));
      case Request.SET_VRING_ENABLE:
        return rings.enable(ringState(message));
      case Request.VRING_KICK:
        return rings.kick(ringState(message).index);
      case Request.RESET_OWNER:
        return rings.disableAll();
      default:
        return this.#doRecords(message);
    }
  }

  #doRecords(message: Message): Answer | Promise<Answer> {
    switch (message.request) {
      case Request.SET_LOG_BASE:
        return this.#recorder.setLog(message);
      case Request.SET_LOG_FD:
        return undefined; // the log is read without being told
      case Request.GET_INFLIGHT_FD:
        return this.#recorder.makeInflight(message);
      case Request.SET_INFLIGHT_FD:
        return this.#recorder.setInflight(message);
      default:
        return refuse(message.request, "request", "one that is served", message.request);
    }
  }

  async #changeMemory(message: Message): Promise<undefined> {
    const { descriptors, request } = message;
    if (this.#runner.elsewhere) await this.rings.pause();
    if (request === Request.SET_MEM_TABLE) {
      this.#regions.replace(memoryTable(message), descriptors);
    } else if (request === Request.ADD_MEM_REG) {
      this.#regions.add(memoryRegion(message), descriptors[0]!);
    } else this.#regions.remove(memoryRegion(message));
    return await this.rings.moved();
  }

  async #getBase(index: number): Promise<Answer> {
    return payloadState(index, await this.rings.stop(index));
  }

  #setMtu(bytes: number): undefined {
    if (this.#options.setMtu?.(bytes) !== true) {
      refuse(Request.NET_SET_MTU, "mtu", "one that the network can have", bytes);
    }
  }

  #config(message: Message): Answer {
    const { offset, size, flags, bytes } = configRange(message);
    if (message.request === Request.SET_CONFIG) {
      this.#device.writeConfig(offset, bytes);
      return undefined;
    }
    const answer = payloadOf(VHOST_USER_CONFIG.region + size);
    answer.setUint32(VHOST_USER_CONFIG.offset, offset, true);
    answer.setUint32(VHOST_USER_CONFIG.size, size, true);
    answer.setUint32(VHOST_USER_CONFIG.flags, flags, true);
    this.#device.readConfig(offset, new Uint8Array(answer.buffer, VHOST_USER_CONFIG.region));
    return answer;
  }

  #notifyQueue(index: number): void {
    if (!this.rings.call(index) && this.#has(F.INBAND_NOTIFICATIONS)) {
      this.#request(BackendRequest.VRING_CALL, payloadState(index, 0));
    }
  }

  #notifyConfig(): void {
    if ((this.#device.getStatus() & Status.DEVICE_NEEDS_RESET) !== 0) this.rings.signalErrors();
    if (this.#has(F.CONFIG)) this.#request(BackendRequest.CONFIG_CHANGE_MSG, payloadOf(0));
  }

  /** Sends a request of our own, if there is a way; one that does not get through is only logged. */
  #request(request: number, payload: DataView<ArrayBuffer>): void {
    try {
      this.#requests?.send(request, 0, payload);
    } catch (error) {
      this.#log((error as Error).message);
      this.#requests?.close();
      this.#requests = undefined;
    }
  }

  #reply(request: number, payload: DataView<ArrayBuffer>, files: readonly number[] = []): void {
    this.#channel.send(request, MessageFlag.REPLY, payload, files);
  }

  #has(feature: ProtocolFeature): boolean {
    return this.#negotiation.has(feature);
  }

  #log(line: string): void {
    this.#options.log?.(line);
  }
}

/** The descriptors of an answer, which were put into the message that is answered. */
function filesOf({ request, descriptors }: Message): readonly number[] {
  return request === Request.GET_INFLIGHT_FD ? descriptors : [];
}

/** What this side of the protocol implements. */
function protocolFeatures(options: BackEndOptions, runner: Runner): bigint {
  return featureSet(
    F.MQ,
    F.LOG_SHMFD,
    F.REPLY_ACK,
    F.BACKEND_REQ,
    F.INFLIGHT_SHMFD,
    F.CONFIG,
    F.RESET_DEVICE,
    F.CONFIGURE_MEM_SLOTS,
    F.STATUS,
    // Other threads signal events alone.
    ...(runner.elsewhere ? [] : [F.INBAND_NOTIFICATIONS]),
    ...(options.setMtu === undefined ? [] : [F.MTU]),
  );
}

/**
 * The front end of vhost-user: a transport to a device that another process serves.
 *
 * The protocol does not say of what type the device is; whoever connects knows. Memory is one region
 * that the back end maps as well.
 *
 * @module
 */

import {
  BackendRequest,
  ProtocolFeature,
  Request,
  VHOST_F_LOG_ALL,
  VHOST_USER_CONFIG,
  VHOST_USER_F_PROTOCOL_FEATURES,
  VHOST_USER_VRING_NOFD_MASK,
} from "../generated/layout/vhost_user.ts";
import type { Arena } from "../runtime/arena.ts";
import { PeerError, TransportError } from "../runtime/errors.ts";
import { featureSet, hasBit, ReservedFeature } from "../runtime/features.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type { QueueLayout } from "../runtime/queue.ts";
import { Status } from "../runtime/status.ts";
import type { Facilities, SharedMemory, Transport } from "../runtime/transport.ts";
import { FACILITIES } from "./facilities.ts";
import { drain, event, signal } from "./events.ts";
import { close } from "./ffi.ts";
import { connect as connectSocket, socketPair } from "./sockets.ts";
import { LentMemory } from "./lent_memory.ts";
import { Line } from "./line.ts";
import { poller } from "./poller.ts";
import { payload64, payloadOf, payloadState } from "./protocol.ts";
import { PACKED_START } from "./ring.ts";

const { FEATURES_OK, DRIVER_OK } = Status;
const F = ProtocolFeature;
const { VIRTIO_F_ACCESS_PLATFORM } = ReservedFeature;
const MEMORY_SIZE = 64 << 20;
const QUEUE_SIZE_MAX = 256;
/** The protocol features that this side takes part in. */
const WANTED = featureSet(
  F.MQ,
  F.REPLY_ACK,
  F.BACKEND_REQ,
  F.CONFIG,
  F.RESET_DEVICE,
  F.STATUS,
);

/** Choices of a connection. */
export interface ConnectOptions {
  /** Bytes of memory between the two ends: 64 MiB when not given. */
  readonly memorySize?: number;
  /** The largest queue to be asked for, since a back end does not tell: 256 when not given. */
  readonly queueSizeMax?: number;
  /** The configuration space, for a back end that leaves it to the front end. */
  readonly config?: Uint8Array;
  /** Protocol features to do without, by their bits. */
  readonly without?: readonly ProtocolFeature[];
}

interface Queue {
  readonly kick: number;
  readonly call: number;
}

/**
 * Connects to the back end that listens at a path. TransportError when nobody does, or it does not
 * answer within seconds; PeerError for an answer that makes no sense.
 */
export async function connect(path: string, options: ConnectOptions = {}): Promise<FrontEnd> {
  const line = new Line(connectSocket(path));
  try {
    const offered = await line.ask64(Request.GET_FEATURES);
    let carried = 0n;
    let protocol = 0n;
    if (hasBit(offered, VHOST_USER_F_PROTOCOL_FEATURES)) {
      carried = await line.ask64(Request.GET_PROTOCOL_FEATURES);
      protocol = carried & WANTED & ~featureSet(...options.without ?? []);
      await line.tell(Request.SET_PROTOCOL_FEATURES, payload64(protocol));
      line.acknowledged = hasBit(protocol, F.REPLY_ACK);
    }
    await line.tell(Request.SET_OWNER);
    const queues = hasBit(protocol, F.MQ) ? Number(await line.ask64(Request.GET_QUEUE_NUM)) : 0;
    return new FrontEnd(line, { offered, carried, protocol, queues }, options);
  } catch (error) {
    line.close();
    await poller.settle();
    throw error;
  }
}

/** A device in another process; made by {@linkcode connect}. */
export class FrontEnd implements Transport {
  /** What vhost-user can carry. */
  readonly facilities: Facilities = FACILITIES;
  /** The protocol does not tell. */
  readonly deviceId: undefined = undefined;
  /** One region, mapped by both ends. */
  readonly memory: GuestMemory;
  /** All of that memory. */
  readonly arena: Arena;
  /** Protocol features that the back end offers. */
  readonly offeredProtocolFeatures: bigint;
  /** Protocol features that are in force. */
  readonly protocolFeatures: bigint;
  /** The most queues, as the back end says; 0 when it does not. */
  readonly queueCount: number;
  /** Called when the device has used buffers of a queue. */
  onQueueNotify: (index: number) => void = () => {};
  /** Called when the configuration or the status changed. */
  onConfigNotify: () => void = () => {};
  /** Called once when the back end is gone. */
  onLost: (error: TransportError) => void = () => {};

  readonly #line: Line;
  readonly #options: ConnectOptions;
  readonly #offered: bigint;
  readonly #lent: LentMemory;
  readonly #queues = new Map<number, Queue>();
  #requests: Line | undefined;
  #shared = false;
  #status = 0;
  #features = 0n;

  /** Use {@linkcode connect}. */
  constructor(
    line: Line,
    found: {
      readonly offered: bigint;
      readonly carried: bigint;
      readonly protocol: bigint;
      readonly queues: number;
    },
    options: ConnectOptions,
  ) {
    this.#line = line;
    this.#options = options;
    // A back end that translates addresses would ask for a table of them, which is not served. Two bits
    // are the protocol's own, and no features of the device.
    const without = featureSet(
      VHOST_USER_F_PROTOCOL_FEATURES,
      VHOST_F_LOG_ALL,
      VIRTIO_F_ACCESS_PLATFORM,
    );
    this.#offered = found.offered & ~without;
    this.offeredProtocolFeatures = found.carried;
    this.protocolFeatures = found.protocol;
    this.queueCount = found.queues;
    this.#lent = new LentMemory(options.memorySize ?? MEMORY_SIZE);
    this.memory = this.#lent.memory;
    this.arena = this.#lent.arena;
    line.onEnd = (error) => this.onLost(error);
  }

  /** Reads the device status field: the back end's, or what was agreed on here. */
  async getStatus(): Promise<number> {
    if (!this.#has(F.STATUS)) return this.#status;
    return Number(await this.#line.ask64(Request.GET_STATUS)) & 0xff;
  }

  /** Writes the device status field; 0 stops all queues and resets the device. */
  async setStatus(status: number): Promise<void> {
    if (status === 0) return await this.#reset();
    const fresh = status & ~this.#status;
    if ((fresh & FEATURES_OK) !== 0 && !await this.#agree()) status &= ~FEATURES_OK;
    if ((fresh & DRIVER_OK) !== 0) {
      for (const index of this.#queues.keys()) await this.#enable(index);
    }
    if (this.#has(F.STATUS)) await this.#line.tell(Request.SET_STATUS, payload64(status));
    this.#status = status;
  }

  /** Reads the features that the device offers. */
  getFeatures(): Promise<bigint> {
    return Promise.resolve(this.#offered);
  }

  /** Keeps the features that the driver accepts; they are sent with FEATURES_OK. */
  setFeatures(features: bigint): Promise<void> {
    this.#features = features;
    return Promise.resolve();
  }

  /** The largest size of a queue; 0 beyond the number of queues, where that is known. */
  queueSizeMax(index: number): Promise<number> {
    const none = this.queueCount > 0 && index >= this.queueCount;
    return Promise.resolve(none ? 0 : this.#options.queueSizeMax ?? QUEUE_SIZE_MAX);
  }

  /**
   * Tells the back end where a queue lies, and starts it, from the beginning or from a base that
   * {@linkcode FrontEnd.stopQueue} gave; it is enabled with DRIVER_OK at the latest.
   */
  async enableQueue(
    layout: QueueLayout,
    base: number = layout.format === "packed" ? PACKED_START : 0,
  ): Promise<void> {
    const { index, size } = layout;
    const line = this.#line;
    await line.tell(Request.SET_VRING_NUM, payloadState(index, size));
    await line.tell(Request.SET_VRING_BASE, payloadState(index, base));
    await line.tell(Request.SET_VRING_ADDR, this.#lent.addresses(layout));
    const queue: Queue = { kick: event(), call: event() };
    this.#queues.set(index, queue);
    poller.add(queue.call, () => {
      drain(queue.call);
      this.onQueueNotify(index);
    });
    await line.tell(Request.SET_VRING_CALL, payload64(index), [queue.call]);
    const noError = payload64(index | VHOST_USER_VRING_NOFD_MASK);
    await line.tell(Request.SET_VRING_ERR, noError);
    await line.tell(Request.SET_VRING_KICK, payload64(index), [queue.kick]);
    if ((this.#status & DRIVER_OK) !== 0) await this.#enable(index);
  }

  /** Stops one queue. */
  async resetQueue(index: number): Promise<void> {
    await this.stopQueue(index);
  }

  /** Stops one queue; where the back end stands in it, as GET_VRING_BASE says, or undefined unless it is enabled. */
  async stopQueue(index: number): Promise<number | undefined> {
    if (!this.#queues.has(index)) return undefined;
    const answer = await this.#line.ask(Request.GET_VRING_BASE, payloadState(index, 0));
    if (answer.payload.byteLength !== 8) {
      throw new PeerError("Cannot stop the queue", {
        queue: index,
        field: "size",
        wanted: "8",
        got: answer.payload.byteLength,
      });
    }
    this.#forget(index);
    return answer.payload.getUint32(4, true);
  }

  /** Reads configuration space: the back end's, or the one given when connecting. */
  async readConfig(offset: number, length: number): Promise<Uint8Array> {
    if (!this.#has(F.CONFIG)) {
      const { config } = this.#options;
      if (config === undefined) throw new TransportError(NO_CONFIG);
      const bytes = new Uint8Array(length);
      bytes.set(config.subarray(offset, offset + length));
      return bytes;
    }
    const message = configMessage(offset, new Uint8Array(length));
    const { payload } = await this.#line.ask(Request.GET_CONFIG, message);
    if (payload.byteLength !== message.byteLength) {
      throw new PeerError("Cannot read the configuration", {
        field: "size",
        wanted: `${message.byteLength}`,
        got: payload.byteLength,
      });
    }
    return new Uint8Array(payload.buffer, VHOST_USER_CONFIG.region);
  }

  /** Writes configuration space. */
  async writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    if (!this.#has(F.CONFIG)) throw new TransportError(NO_CONFIG);
    await this.#line.tell(Request.SET_CONFIG, configMessage(offset, bytes));
  }

  /** There is no generation. */
  configGeneration(): Promise<number> {
    return Promise.resolve(0);
  }

  /** There are no regions. */
  sharedMemory(_id: number): Promise<SharedMemory | undefined> {
    return Promise.resolve(undefined);
  }

  /** Kicks a queue. */
  notify(index: number, _data: number): void {
    const queue = this.#queues.get(index);
    if (queue !== undefined) signal(queue.kick);
  }

  /** Closes the connection and lets go of memory and events. */
  async close(): Promise<void> {
    this.onLost = () => {};
    this.#line.close();
    this.#requests?.close();
    for (const index of [...this.#queues.keys()]) this.#forget(index);
    this.#lent.close();
    await poller.settle();
  }

  async #reset(): Promise<void> {
    for (const index of [...this.#queues.keys()]) await this.stopQueue(index);
    if (this.#has(F.STATUS)) await this.#line.tell(Request.SET_STATUS, payload64(0));
    else if (this.#has(F.RESET_DEVICE)) await this.#line.tell(Request.RESET_DEVICE);
    this.#status = 0;
  }

  /** Sends the features and, the first time, what else must be there before a queue; whether they were taken. */
  async #agree(): Promise<boolean> {
    const more = this.#protocol ? featureSet(VHOST_USER_F_PROTOCOL_FEATURES) : 0n;
    try {
      await this.#line.tell(Request.SET_FEATURES, payload64(this.#features | more));
    } catch (error) {
      if (error instanceof PeerError) return false;
      throw error;
    }
    if (!this.#shared) await this.#share();
    this.#shared = true;
    return true;
  }

  async #share(): Promise<void> {
    if (this.#has(F.BACKEND_REQ)) {
      const [ours, theirs] = socketPair();
      const requests = this.#requests = new Line(ours);
      requests.onRequest = (request) => {
        if (request === BackendRequest.CONFIG_CHANGE_MSG) this.onConfigNotify();
      };
      try {
        await this.#line.tell(Request.SET_BACKEND_REQ_FD, payloadOf(0), [theirs]);
      } finally {
        close(theirs);
      }
    }
    const { file } = this.#lent;
    await this.#line.tell(Request.SET_MEM_TABLE, this.#lent.table(), [file]);
  }

  async #enable(index: number): Promise<void> {
    if (!this.#protocol) return;
    await this.#line.tell(Request.SET_VRING_ENABLE, payloadState(index, 1));
  }

  #forget(index: number): void {
    const { kick, call } = this.#queues.get(index)!;
    this.#queues.delete(index);
    poller.remove(call);
    close(call);
    close(kick);
  }

  get #protocol(): boolean {
    return this.protocolFeatures !== 0n;
  }

  #has(feature: ProtocolFeature): boolean {
    return hasBit(this.protocolFeatures, feature);
  }
}

const NO_CONFIG = "Cannot access the configuration: the back end leaves it to the front end";

function configMessage(offset: number, bytes: Uint8Array): DataView<ArrayBuffer> {
  const payload = payloadOf(VHOST_USER_CONFIG.region + bytes.length);
  payload.setUint32(VHOST_USER_CONFIG.offset, offset, true);
  payload.setUint32(VHOST_USER_CONFIG.size, bytes.length, true);
  new Uint8Array(payload.buffer).set(bytes, VHOST_USER_CONFIG.region);
  return payload;
}

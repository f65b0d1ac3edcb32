/** A front end that says what it likes, for tests of the back end. @module */

import {
  MessageFlag,
  ProtocolFeature,
  Request,
  VHOST_VRING_ADDR,
} from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { featureSet, ReservedFeature } from "../runtime/features.ts";
import type { BackEndOptions } from "./backend.ts";
import { event } from "./events.ts";
import { close } from "./ffi.ts";
import { memoryFile } from "./shared_memory.ts";
import { send, socketPair } from "./sockets.ts";
import { Line } from "./line.ts";
import { poller } from "./poller.ts";
import { type Message, payload64, payloadOf, payloadState } from "./protocol.ts";
import { Session } from "./session.ts";

/** Feature bits that every session here accepts. */
export const FEATURES: bigint = featureSet(ReservedFeature.VIRTIO_F_VERSION_1, 30);
/** All protocol features that the back end offers without further choices. */
export const PROTOCOL: bigint = featureSet(
  ProtocolFeature.MQ,
  ProtocolFeature.REPLY_ACK,
  ProtocolFeature.CONFIG,
  ProtocolFeature.RESET_DEVICE,
  ProtocolFeature.CONFIGURE_MEM_SLOTS,
);

/** A memory region as it is put into a message. */
export interface RawRegion {
  /** Address for the guest. */
  readonly address: number | bigint;
  /** Bytes. */
  readonly size: number | bigint;
  /** Address for the front end. */
  readonly user: number | bigint;
  /** Where it starts in its file. */
  readonly offset?: number | bigint;
}

/** One end of a connection to a back end of ours, and that back end. */
export class RawPeer implements AsyncDisposable {
  /** The socket. */
  readonly fd: number;
  /** The back end. */
  readonly session: Session;
  /** What the back end logged. */
  readonly log: string[] = [];
  /** Requests and answers, once {@linkcode RawPeer.talk} was called. */
  line: Line | undefined;
  readonly #descriptors: number[] = [];

  /** Connects to a back end over the device. */
  constructor(device: Device, options: BackEndOptions = {}) {
    const [ours, theirs] = socketPair();
    this.fd = ours;
    this.session = new Session(device, theirs, { log: (line) => this.log.push(line), ...options });
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array, descriptors: readonly number[] = []): void {
    send(this.fd, bytes, descriptors);
  }

  /** Starts to speak in messages. */
  talk(): Line {
    return this.line ??= new Line(this.fd);
  }

  /** Agrees on features and protocol features. */
  async greet(features: bigint = FEATURES, protocol: bigint = PROTOCOL): Promise<Line> {
    const line = this.talk();
    await line.ask64(Request.GET_FEATURES);
    await line.tell(Request.SET_PROTOCOL_FEATURES, payload64(protocol));
    line.acknowledged = (protocol >> BigInt(ProtocolFeature.REPLY_ACK) & 1n) === 1n;
    await line.tell(Request.SET_OWNER);
    await line.tell(Request.SET_FEATURES, payload64(features));
    return line;
  }

  /** Memory that is closed with the peer. */
  memory(size: number): number {
    const fd = memoryFile("test", size);
    this.#descriptors.push(fd);
    return fd;
  }

  /** An event that is closed with the peer. */
  event(): number {
    const fd = event();
    this.#descriptors.push(fd);
    return fd;
  }

  /** Sends a table of regions, each with a descriptor. */
  async table(regions: readonly RawRegion[], descriptors: readonly number[]): Promise<void> {
    await this.line!.tell(Request.SET_MEM_TABLE, tableOf(regions), descriptors);
  }

  /** Sets a ring up over areas at these user addresses, enabled and started. */
  async ring(index: number, size: number, user: number, base = 0): Promise<number> {
    const line = this.line!;
    await line.tell(Request.SET_VRING_NUM, payloadState(index, size));
    await line.tell(Request.SET_VRING_BASE, payloadState(index, base));
    await line.tell(Request.SET_VRING_ADDR, addressesOf(index, user, user + 0x1000, user + 0x2000));
    const kick = this.event();
    await line.tell(Request.SET_VRING_KICK, payload64(index), [kick]);
    await line.tell(Request.SET_VRING_ENABLE, payloadState(index, 1));
    return kick;
  }

  /** Stops a ring; its base. */
  async base(index: number): Promise<number> {
    const answer: Message = await this.line!.ask(Request.GET_VRING_BASE, payloadState(index, 0));
    return answer.payload.getUint32(4, true);
  }

  /** Closes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.line === undefined) close(this.fd);
    else this.line.close();
    await this.session.ended;
    this.#descriptors.splice(0).forEach(close);
    await poller.settle();
  }
}

/** A message as bytes. */
export function messageOf(
  request: number,
  payload: DataView<ArrayBuffer> = payloadOf(0),
  size: number = payload.byteLength,
  flags: number = MessageFlag.VERSION,
): Uint8Array {
  const view = payloadOf(12 + payload.byteLength);
  [request, flags, size].forEach((value, at) => view.setUint32(4 * at, value, true));
  const bytes = new Uint8Array(view.buffer);
  bytes.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), 12);
  return bytes;
}

/** The payload of SET_MEM_TABLE. */
export function tableOf(regions: readonly RawRegion[]): DataView<ArrayBuffer> {
  const payload = payloadOf(8 + 32 * regions.length);
  payload.setUint32(0, regions.length, true);
  regions.forEach((region, at) => putRegion(payload, 8 + 32 * at, region));
  return payload;
}

/** The payload of ADD_MEM_REG and REM_MEM_REG. */
export function regionOf(region: RawRegion): DataView<ArrayBuffer> {
  const payload = payloadOf(40);
  putRegion(payload, 8, region);
  return payload;
}

function putRegion(payload: DataView, at: number, region: RawRegion): void {
  const { address, size, user, offset = 0 } = region;
  [address, size, user, offset].forEach((value, field) => {
    payload.setBigUint64(at + 8 * field, BigInt(value), true);
  });
}

/** The payload of SET_VRING_ADDR. */
export function addressesOf(
  index: number,
  desc: number,
  driver: number,
  device: number,
): DataView<ArrayBuffer> {
  const payload = payloadOf(40);
  payload.setUint32(VHOST_VRING_ADDR.index, index, true);
  payload.setBigUint64(VHOST_VRING_ADDR.descUserAddr, BigInt(desc), true);
  payload.setBigUint64(VHOST_VRING_ADDR.availUserAddr, BigInt(driver), true);
  payload.setBigUint64(VHOST_VRING_ADDR.usedUserAddr, BigInt(device), true);
  return payload;
}

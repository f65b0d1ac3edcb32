/**
 * Messages of vhost-user: what each request looks like, and reading and writing their payloads.
 *
 * Security model: the other side is hostile. A message is looked at only once it is complete, and
 * only if its size and its number of descriptors are those of its request; numbers are taken as
 * 64 bits and refused beyond what a JavaScript number holds exactly.
 *
 * @module
 */

import {
  ProtocolFeature,
  Request,
  VHOST_IOTLB_MSG_SIZE,
  VHOST_MEMORY_BASELINE_NREGIONS,
  VHOST_USER_CONFIG,
  VHOST_USER_INFLIGHT,
  VHOST_USER_INFLIGHT_SIZE,
  VHOST_USER_LOG_SIZE,
  VHOST_USER_MEM_REG,
  VHOST_USER_MEM_REG_SIZE,
  VHOST_USER_MEMORY,
  VHOST_USER_MEMORY_REGION,
  VHOST_USER_MEMORY_REGION_SIZE,
  VHOST_USER_U64_SIZE,
  VHOST_USER_VRING_IDX_MASK,
  VHOST_USER_VRING_NOFD_MASK,
  VHOST_VRING_ADDR,
  VHOST_VRING_ADDR_SIZE,
  VHOST_VRING_STATE,
  VHOST_VRING_STATE_SIZE,
} from "../generated/layout/vhost_user.ts";
import { PeerError } from "../runtime/errors.ts";

/** Most bytes of a payload: the largest configuration space that any peer asks for. */
export const PAYLOAD_MAX: number = VHOST_USER_CONFIG.region + 4096;

/** A message that arrived, or is about to be sent. Descriptors in it belong to whoever holds it. */
export interface Message {
  /** What is asked for, or answered. */
  readonly request: number;
  /** {@linkcode MessageFlag} values. */
  readonly flags: number;
  /** What follows the header. */
  readonly payload: DataView<ArrayBuffer>;
  /** Descriptors that came with it and were not taken yet. */
  readonly descriptors: number[];
}

/** What the payload of a request is, and what it goes with. */
interface Shape {
  /** Bytes, or the least when it varies. */
  readonly size: number;
  /** The payload has more bytes, as its own fields say. */
  readonly varies?: boolean;
  /** Most and least descriptors; none when not given. */
  readonly descriptors?: readonly [least: number, most: number];
  /** The protocol feature that must have been negotiated. */
  readonly feature?: ProtocolFeature;
}

const NOTHING: Shape = { size: 0 };
const NUMBER: Shape = { size: VHOST_USER_U64_SIZE };
const STATE: Shape = { size: VHOST_VRING_STATE_SIZE };
const FILE: Shape = { ...NUMBER, descriptors: [0, 1] };
const REGION: Shape = {
  size: VHOST_USER_MEM_REG_SIZE,
  feature: ProtocolFeature.CONFIGURE_MEM_SLOTS,
};
const CONFIG: Shape = {
  size: VHOST_USER_CONFIG.region,
  varies: true,
  feature: ProtocolFeature.CONFIG,
};
const INFLIGHT: Shape = {
  size: VHOST_USER_INFLIGHT_SIZE,
  feature: ProtocolFeature.INFLIGHT_SHMFD,
};

/** Requests of the front end that a back end may get. */
const SHAPES: Readonly<Record<number, Shape>> = {
  [Request.GET_FEATURES]: NOTHING,
  [Request.SET_FEATURES]: NUMBER,
  [Request.SET_OWNER]: NOTHING,
  [Request.RESET_OWNER]: NOTHING,
  [Request.SET_MEM_TABLE]: {
    size: VHOST_USER_MEMORY.regions,
    varies: true,
    descriptors: [0, VHOST_MEMORY_BASELINE_NREGIONS],
  },
  [Request.SET_LOG_BASE]: {
    size: VHOST_USER_LOG_SIZE,
    descriptors: [1, 1],
    feature: ProtocolFeature.LOG_SHMFD,
  },
  [Request.SET_LOG_FD]: { ...NOTHING, descriptors: [1, 1], feature: ProtocolFeature.LOG_SHMFD },
  [Request.SET_VRING_NUM]: STATE,
  [Request.SET_VRING_ADDR]: { size: VHOST_VRING_ADDR_SIZE },
  [Request.SET_VRING_BASE]: STATE,
  [Request.GET_VRING_BASE]: STATE,
  [Request.SET_VRING_KICK]: FILE,
  [Request.SET_VRING_CALL]: FILE,
  [Request.SET_VRING_ERR]: FILE,
  [Request.GET_PROTOCOL_FEATURES]: NOTHING,
  [Request.SET_PROTOCOL_FEATURES]: NUMBER,
  [Request.GET_QUEUE_NUM]: { ...NOTHING, feature: ProtocolFeature.MQ },
  [Request.SET_VRING_ENABLE]: STATE,
  [Request.NET_SET_MTU]: { ...NUMBER, feature: ProtocolFeature.MTU },
  [Request.SET_BACKEND_REQ_FD]: {
    ...NOTHING,
    descriptors: [1, 1],
    feature: ProtocolFeature.BACKEND_REQ,
  },
  [Request.IOTLB_MSG]: { size: VHOST_IOTLB_MSG_SIZE },
  [Request.GET_CONFIG]: CONFIG,
  [Request.SET_CONFIG]: CONFIG,
  [Request.GET_INFLIGHT_FD]: INFLIGHT,
  [Request.SET_INFLIGHT_FD]: { ...INFLIGHT, descriptors: [1, 1] },
  [Request.RESET_DEVICE]: { ...NOTHING, feature: ProtocolFeature.RESET_DEVICE },
  [Request.VRING_KICK]: { ...STATE, feature: ProtocolFeature.INBAND_NOTIFICATIONS },
  [Request.GET_MAX_MEM_SLOTS]: { ...NOTHING, feature: ProtocolFeature.CONFIGURE_MEM_SLOTS },
  [Request.ADD_MEM_REG]: { ...REGION, descriptors: [1, 1] },
  [Request.REM_MEM_REG]: { ...REGION, descriptors: [0, 1] },
  [Request.SET_STATUS]: { ...NUMBER, feature: ProtocolFeature.STATUS },
  [Request.GET_STATUS]: { ...NOTHING, feature: ProtocolFeature.STATUS },
};

/** The requests that are answered, whether or not an acknowledgement is asked for. */
export const ANSWERED: ReadonlySet<number> = new Set<number>([
  Request.GET_FEATURES,
  Request.GET_PROTOCOL_FEATURES,
  Request.GET_QUEUE_NUM,
  Request.GET_VRING_BASE,
  Request.SET_LOG_BASE,
  Request.GET_CONFIG,
  Request.GET_INFLIGHT_FD,
  Request.GET_MAX_MEM_SLOTS,
  Request.GET_STATUS,
  Request.IOTLB_MSG,
]);

/** Name of a request, for messages. */
export function requestName(request: number): string {
  return Object.entries(Request).find(([, value]) => value === request)?.[0] ??
    `request ${request}`;
}

/** The error of a message that can not be. */
export function refuse(
  request: number,
  field: string,
  wanted: string,
  got: string | number | bigint,
): never {
  throw new PeerError(`Cannot serve ${requestName(request)}`, { field, wanted, got });
}

/** PeerError unless a front end may send the message, with these protocol features negotiated. */
export function checkRequest(message: Message, features: bigint): void {
  const { request, payload, descriptors } = message;
  const shape = SHAPES[request];
  if (shape === undefined) return refuse(request, "request", "one that is served", request);
  const { size, varies = false, descriptors: [least, most] = [0, 0], feature } = shape;
  if (feature !== undefined && (features >> BigInt(feature) & 1n) === 0n) {
    refuse(request, "request", "of a negotiated protocol feature", `one of feature ${feature}`);
  }
  const found = payload.byteLength;
  if (varies ? found < size : found !== size) {
    refuse(request, "size", `${varies ? "at least " : ""}${size}`, found);
  }
  if (descriptors.length < least || descriptors.length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    refuse(request, "descriptors", wanted, descriptors.length);
  }
}

/** A number of 64 bits; PeerError beyond 2^53. */
export function number64(message: Message, offset: number, field: string): number {
  const value = message.payload.getBigUint64(offset, true);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return refuse(message.request, field, "less than 2^53", value);
}

/** The ring and the number of a message about a ring. */
export function ringState(message: Message): { readonly index: number; readonly num: number } {
  const { payload } = message;
  return {
    index: payload.getUint32(VHOST_VRING_STATE.index, true),
    num: payload.getUint32(VHOST_VRING_STATE.num, true),
  };
}

/** The ring and the descriptor of a message that brings an event; -1 when it says that there is none. */
export function ringFile(message: Message): { readonly index: number; readonly fd: number } {
  const { request, descriptors } = message;
  const value = number64(message, 0, "u64");
  const index = value & VHOST_USER_VRING_IDX_MASK;
  const none = (value & VHOST_USER_VRING_NOFD_MASK) !== 0;
  if (value > (VHOST_USER_VRING_IDX_MASK | VHOST_USER_VRING_NOFD_MASK)) {
    refuse(request, "u64", "bits 0 to 8", value);
  }
  if (none !== (descriptors.length === 0)) {
    refuse(request, "descriptors", none ? "0" : "1", descriptors.length);
  }
  return { index, fd: descriptors.shift() ?? -1 };
}

/** Where a ring lies, by the front end's own addresses. */
export interface RingAddresses {
  /** The ring. */
  readonly index: number;
  /** Bit 0: writes to the used ring are logged. */
  readonly flags: number;
  /** Descriptor area. */
  readonly desc: bigint;
  /** Driver area. */
  readonly driver: bigint;
  /** Device area. */
  readonly device: bigint;
  /** Guest address under which the device area is logged. */
  readonly log: bigint;
}

/** The payload of SET_VRING_ADDR. */
export function ringAddresses({ payload }: Message): RingAddresses {
  return {
    index: payload.getUint32(VHOST_VRING_ADDR.index, true),
    flags: payload.getUint32(VHOST_VRING_ADDR.flags, true),
    desc: payload.getBigUint64(VHOST_VRING_ADDR.descUserAddr, true),
    driver: payload.getBigUint64(VHOST_VRING_ADDR.availUserAddr, true),
    device: payload.getBigUint64(VHOST_VRING_ADDR.usedUserAddr, true),
    log: payload.getBigUint64(VHOST_VRING_ADDR.logGuestAddr, true),
  };
}

/** A memory region as it is described; what the front end calls its address is only compared. */
export interface RegionInfo {
  /** Address for the guest. */
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  /** Address for the front end. */
  readonly user: bigint;
  /** Where it starts in its file. */
  readonly offset: number;
}

function regionInfo(message: Message, at: number): RegionInfo {
  const { guestPhysAddr, memorySize, userspaceAddr, mmapOffset } = VHOST_USER_MEMORY_REGION;
  return {
    address: number64(message, at + guestPhysAddr, "guest_phys_addr"),
    size: number64(message, at + memorySize, "memory_size"),
    user: message.payload.getBigUint64(at + userspaceAddr, true),
    offset: number64(message, at + mmapOffset, "mmap_offset"),
  };
}

/** The regions of SET_MEM_TABLE, as many as there are descriptors. */
export function memoryTable(message: Message): RegionInfo[] {
  const { request, payload, descriptors } = message;
  const count = payload.getUint32(VHOST_USER_MEMORY.nregions, true);
  if (count > VHOST_MEMORY_BASELINE_NREGIONS) {
    refuse(request, "nregions", `at most ${VHOST_MEMORY_BASELINE_NREGIONS}`, count);
  }
  const size = VHOST_USER_MEMORY.regions + count * VHOST_USER_MEMORY_REGION_SIZE;
  if (payload.byteLength !== size) refuse(request, "size", `${size}`, payload.byteLength);
  if (descriptors.length !== count) refuse(request, "descriptors", `${count}`, descriptors.length);
  return Array.from(
    { length: count },
    (_, at) => regionInfo(message, VHOST_USER_MEMORY.regions + at * VHOST_USER_MEMORY_REGION_SIZE),
  );
}

/** The region of ADD_MEM_REG or REM_MEM_REG. */
export function memoryRegion(message: Message): RegionInfo {
  return regionInfo(message, VHOST_USER_MEM_REG.region);
}

/** The range of GET_CONFIG or SET_CONFIG, whose bytes follow; GET_CONFIG may come without them. */
export function configRange(message: Message): {
  readonly offset: number;
  readonly size: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
} {
  const { request, payload } = message;
  const offset = payload.getUint32(VHOST_USER_CONFIG.offset, true);
  const size = payload.getUint32(VHOST_USER_CONFIG.size, true);
  const flags = payload.getUint32(VHOST_USER_CONFIG.flags, true);
  const bytes = new Uint8Array(payload.buffer, payload.byteOffset + VHOST_USER_CONFIG.region);
  const room = PAYLOAD_MAX - VHOST_USER_CONFIG.region;
  if (size > room || offset > room) refuse(request, "size", `at most ${room}`, offset + size);
  const short = request === Request.GET_CONFIG && bytes.length === 0;
  if (bytes.length !== size && !short) refuse(request, "size", `${bytes.length} bytes`, size);
  return { offset, size, flags, bytes };
}

/** What GET_INFLIGHT_FD asks for and SET_INFLIGHT_FD brings. */
export interface InflightInfo {
  /** Bytes. */
  readonly size: number;
  /** Where they start in the file. */
  readonly offset: number;
  /** Number of rings. */
  readonly queues: number;
  /** Size of the rings. */
  readonly queueSize: number;
}

/** The payload of GET_INFLIGHT_FD or SET_INFLIGHT_FD. */
export function inflightInfo(message: Message): InflightInfo {
  const { payload } = message;
  return {
    size: number64(message, VHOST_USER_INFLIGHT.mmapSize, "mmap_size"),
    offset: number64(message, VHOST_USER_INFLIGHT.mmapOffset, "mmap_offset"),
    queues: payload.getUint16(VHOST_USER_INFLIGHT.numQueues, true),
    queueSize: payload.getUint16(VHOST_USER_INFLIGHT.queueSize, true),
  };
}

/** A payload of so many bytes, all zero. */
export function payloadOf(size: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(size));
}

/** A payload of one number. */
export function payload64(value: number | bigint): DataView<ArrayBuffer> {
  const payload = payloadOf(VHOST_USER_U64_SIZE);
  payload.setBigUint64(0, BigInt(value), true);
  return payload;
}

/** A payload of a ring and a number. */
export function payloadState(index: number, num: number): DataView<ArrayBuffer> {
  const payload = payloadOf(VHOST_VRING_STATE_SIZE);
  payload.setUint32(VHOST_VRING_STATE.index, index, true);
  payload.setUint32(VHOST_VRING_STATE.num, num, true);
  return payload;
}

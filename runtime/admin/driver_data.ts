/**
 * What a driver says in commands, and what it makes of their results: members, objects, and data of
 * capabilities and objects, as bytes or as values.
 *
 * @module
 */

import {
  GroupType,
  ResourceObject as ObjectType,
  VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA_SIZE,
} from "../../generated/layout/admin.ts";
import { fitted, joined, wholeSize } from "./command.ts";
import type { ObjectLayout } from "./layouts.ts";

/** A member of a group that the device owns. */
export interface Member {
  /** Kind of the group: a number of `GroupType`. */
  readonly groupType: number;
  /** The member: 0 in the self group, 1 and up for virtual functions. */
  readonly memberId: bigint;
}

/** The device itself, as the member of its self group. */
export const SELF: Member = { groupType: GroupType.SELF, memberId: 0n };

/** A virtual function of the device, from 1 on. */
export function virtualFunction(number: number): Member {
  return { groupType: GroupType.SRIOV, memberId: BigInt(number) };
}

/** Which object a command is about. */
export interface ObjectId {
  /** Type of the object: a number of `ResourceObject`, or of the device type. */
  readonly type: number;
  /** Its number, which the driver chooses below the limit. */
  readonly id: number;
}

/** Which object a command is about, of a type with a layout. */
export interface ObjectOf<T> {
  /** Type of the object, with the layout of its value. */
  readonly type: ObjectLayout<T>;
  /** Its number, which the driver chooses below the limit. */
  readonly id: number;
}

/** Asks for a result of at most so many bytes. */
export type ReadResult = (room: number) => Promise<Uint8Array>;

/** No data. */
export const NONE: Uint8Array = new Uint8Array(0);
/** Flags of objects: none so far. */
const NO_FLAGS = new Uint8Array(8);
/** Bytes that are asked for at first of what may be longer. */
const ROOM = 512;
/** Bytes that are asked for at most: more than 255 elements take. */
const ROOM_MAX = 1 << 17;

/** 16 bits, and zeroes up to `size` bytes. */
export function words16(value: number, size: number): Uint8Array {
  return fitted(Uint8Array.of(value & 0xff, value >> 8 & 0xff), size);
}

/** The head of a command about an object. */
export function objectHead<T>({ type, id }: ObjectId | ObjectOf<T>): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, typeof type === "number" ? type : type.type, true);
  view.setUint32(4, id, true);
  return new Uint8Array(view.buffer);
}

/** What reads an object. */
export function objectQuery<T>(object: ObjectId | ObjectOf<T>): Uint8Array {
  return joined([objectHead(object), NO_FLAGS]);
}

/** What creates or changes an object. */
export function objectData<T>(object: ObjectId | ObjectOf<T>, value: Uint8Array | T): Uint8Array {
  const { type } = object;
  const data = typeof type === "number" ? value as Uint8Array : type.encode(value as T);
  return joined([objectQuery(object), data]);
}

/** What asks about parts. */
export function metadata(id: number, type: number): Uint8Array {
  const data = new Uint8Array(VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA_SIZE);
  data.set(objectHead({ type: ObjectType.DEV_PARTS, id }));
  data[8] = type;
  return data;
}

/** Data with zeroes behind them, up to a multiple of 64 bits (VIRTIO 1.4, 2.13.2). */
export function whole(data: Uint8Array): Uint8Array {
  return fitted(data, wholeSize(data.length));
}

/** A result of `size` bytes; what it lacks reads as zero. */
export async function readSized(read: ReadResult, size: number): Promise<Uint8Array> {
  return fitted(await read(size), size);
}

/** A result that tells its length itself: asked for with more room as long as it fills all of it. */
export async function readWhole(read: ReadResult): Promise<Uint8Array> {
  for (let room = ROOM;; room *= 2) {
    const result = await read(room);
    if (result.length < room || room >= ROOM_MAX) return result;
  }
}

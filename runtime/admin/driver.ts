/**
 * The driver's side of administration: commands to the groups that a device owns, one method for each
 * (VIRTIO 1.4, 2.12 and 2.13).
 *
 * An answer that is shorter than it should be reads as zero behind its end. Commands are sent as they
 * are called, and a device takes those of one queue in that order.
 *
 * @module
 */

import {
  DevModeFlag,
  DevPartsGetType,
  DevPartsMetadataType,
  NotifyInfoFlags,
  Opcode,
  ResourceObject as ObjectType,
  Status,
  StatusQualifier,
  VIRTIO_ADMIN_CMD_DEV_PARTS_GET_DATA,
  VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO_RESULT_SIZE,
  VIRTIO_ADMIN_CMD_WRITABLE,
  VIRTIO_PCI_LEGACY_NOTIFY_INFO,
  VIRTIO_PCI_LEGACY_NOTIFY_INFO_SIZE,
} from "../../generated/layout/admin.ts";
import type { DriverQueue } from "../queue.ts";
import type { RequestSlots } from "../requests.ts";
import { queueTask } from "../task.ts";
import {
  AdminError,
  ANSWER_HEAD,
  bitmapOf,
  encodeCommand,
  fitted,
  joined,
  numbersIn,
  viewOf,
  wholeSize,
} from "./command.ts";
import { CommonObjects, type PartsPurpose } from "./common.ts";
import {
  type Member,
  metadata,
  NONE,
  objectData,
  objectHead,
  type ObjectId,
  type ObjectOf,
  objectQuery,
  readSized,
  readWhole,
  SELF,
  whole,
  words16,
} from "./driver_data.ts";
import type { CapabilityLayout } from "./layouts.ts";
import {
  decodePartHeads,
  decodeParts,
  encodePartHead,
  encodeParts,
  type Part,
  type PartHead,
} from "./part_bytes.ts";

export { type Member, type ObjectId, type ObjectOf, SELF, virtualFunction } from "./driver_data.ts";

/** Bytes of a list of commands or capabilities that is asked for: numbers 0 to 4095. */
const LIST_BYTES = 512;
/** How often a command is sent again that the device could not carry out just now. */
const RETRIES = 8;
/** Bytes of a le32 with as much that is reserved. */
const COUNT_BYTES = 8;

/** Where a member with a legacy driver is notified. */
export interface LegacyNotifyAddress {
  /** Whose address range it is in. */
  readonly of: "owner" | "member";
  /** Number of the range, 1 to 5. */
  readonly bar: number;
  /** Offset in the range. */
  readonly offset: bigint;
}

/** Sends administration commands; {@linkcode AdminError} says how one failed, RequestAborted that it got no answer. */
export class AdminDriver {
  /** Bytes of memory of each command that are the driver's own: none. */
  static readonly slotSize = 16;
  /** The ring. */
  readonly queue: DriverQueue;
  readonly #slots: RequestSlots;
  readonly #answers: Uint8Array[] = [];
  readonly #outstanding = new Set<Promise<unknown>>();
  #list: Promise<unknown> | undefined; // settles when a list of commands that is on its way was taken

  /** For a driver that opened the queue. */
  constructor(queue: DriverQueue, slots: RequestSlots) {
    this.queue = queue;
    this.#slots = slots;
  }

  /** For drivers: takes all answers that are there. */
  collect(): void {
    const [queue, slots] = [this.queue, this.#slots];
    for (let head = queue.collect(); head >= 0; head = queue.collect()) {
      const slot = slots.slotOf(head);
      const room = this.#answers[slot]!;
      const length = Math.min(queue.usedLength, room.length);
      slots.fetch(slot, room, length);
      slots.resolve(slot, room.slice(0, length));
    }
  }

  /**
   * Sends a command and awaits the command's own result, of at most `room` bytes. Both parts are filled
   * up to multiples of 64 bits (VIRTIO 1.4, 2.13.2). A command that fails with EAGAIN is sent again a few
   * times. A status that the standard does not have counts as EINVAL, a qualifier as INVALID_COMMAND
   * (VIRTIO 1.4, 2.12.1.6).
   */
  async send(
    opcode: number,
    member: Member,
    data: Uint8Array = NONE,
    room = 0,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const result = await this.#send(opcode, member, whole(data), wholeSize(room), signal);
    return result.subarray(0, room);
  }

  /** Sends a command of which the lengths are as they are, when no list of commands is on its way. */
  async #send(
    opcode: number,
    member: Member,
    data: Uint8Array,
    room: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const bytes = encodeCommand({ opcode, ...member, data });
    for (let retries = 0;; retries++) {
      while (opcode !== Opcode.LIST_USE && this.#list !== undefined) await this.#list;
      const answer = await this.exchange(bytes, ANSWER_HEAD + room, signal);
      const view = viewOf(answer, ANSWER_HEAD);
      const at = VIRTIO_ADMIN_CMD_WRITABLE;
      const status = known(Status, view.getUint16(at.status, true), Status.EINVAL);
      if (status === Status.OK) return answer.subarray(ANSWER_HEAD);
      if (status === Status.EAGAIN && retries < RETRIES) {
        await new Promise<void>((resolve) => queueTask(resolve));
        continue;
      }
      const qualifier = view.getUint16(at.statusQualifier, true);
      throw new AdminError(
        status,
        known(StatusQualifier, qualifier, StatusQualifier.INVALID_COMMAND),
      );
    }
  }

  /** Sends a whole readable part as it is, and awaits what was written of `room` bytes; RangeError when both are empty. */
  async exchange(command: Uint8Array, room: number, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = this.#exchange(command, room, signal);
    this.#outstanding.add(answer);
    return await answer.finally(() => this.#outstanding.delete(answer));
  }

  async #exchange(command: Uint8Array, room: number, signal?: AbortSignal): Promise<Uint8Array> {
    const [queue, slots] = [this.queue, this.#slots];
    let slot = slots.acquire(2);
    if (slot < 0) slot = await slots.wait(2, signal);
    const answer = new Uint8Array(room);
    const [read, written] = [slots.readable(slot, command), slots.writable(slot, answer)];
    if (command.length > 0) queue.readable(read, command.length);
    if (room > 0) queue.writable(written, room);
    slots.sent(queue.add(), slot);
    this.#answers[slot] = answer;
    const promise = slots.promise<Uint8Array>(slot);
    queue.kick();
    return await promise;
  }

  /** Which commands the owner takes for a kind of group. */
  async listQuery(groupType: number): Promise<number[]> {
    return numbersIn(await this.send(Opcode.LIST_QUERY, { ...SELF, groupType }, NONE, LIST_BYTES));
  }

  /**
   * Says which of them the driver will use: all others are refused from then on. It waits for all
   * commands before it, and commands after it wait for it (VIRTIO 1.4, 2.12.1.6).
   */
  async listUse(groupType: number, opcodes: Iterable<number>): Promise<void> {
    while (this.#list !== undefined) await this.#list;
    const list = this.#tell(groupType, bitmapOf(opcodes));
    this.#list = list.catch(() => {}).finally(() => this.#list = undefined);
    await list;
  }

  /** Says that all commands will be used that both sides know; returns them. */
  async use(groupType: number): Promise<number[]> {
    const known: readonly number[] = Object.values(Opcode);
    const opcodes = (await this.listQuery(groupType)).filter((opcode) => known.includes(opcode));
    await this.listUse(groupType, opcodes);
    return opcodes;
  }

  /** Which capabilities the device has. */
  async capabilities(): Promise<number[]> {
    return numbersIn(await this.send(Opcode.CAP_ID_LIST_QUERY, SELF, NONE, LIST_BYTES));
  }

  /** A capability of the device in its own layout, of `size` bytes: what the device has less reads as zero. */
  capability(id: number, size: number): Promise<Uint8Array>;
  /** A capability of the device by what it says; PeerError when that makes no sense. */
  capability<T>(layout: CapabilityLayout<T>): Promise<T>;
  async capability<T>(of: number | CapabilityLayout<T>, size = 0): Promise<Uint8Array | T> {
    const id = words16(typeof of === "number" ? of : of.id, 8);
    const read = (room: number) => this.send(Opcode.DEVICE_CAP_GET, SELF, id, room);
    return typeof of === "number" ? readSized(read, size) : of.decode(await readWhole(read));
  }

  /** Says how much of a capability the driver uses. */
  setCapability(id: number, data: Uint8Array): Promise<void>;
  /** The same by what it says; RangeError when the value does not fit. */
  setCapability<T>(layout: CapabilityLayout<T>, value: T): Promise<void>;
  async setCapability<T>(of: number | CapabilityLayout<T>, value: Uint8Array | T): Promise<void> {
    const [id, data] = typeof of === "number"
      ? [of, value as Uint8Array]
      : [of.id, of.encode(value as T)];
    await this.send(Opcode.DRIVER_CAP_SET, SELF, joined([words16(id, 8), data]));
  }

  /** Creates an object from its own data. */
  createObject(member: Member, object: ObjectId, data: Uint8Array): Promise<void>;
  /** The same by what it says; RangeError when the value does not fit. */
  createObject<T>(member: Member, object: ObjectOf<T>, value: T): Promise<void>;
  async createObject<T>(
    member: Member,
    object: ObjectId | ObjectOf<T>,
    value: Uint8Array | T,
  ): Promise<void> {
    await this.send(Opcode.RESOURCE_OBJ_CREATE, member, objectData(object, value));
  }

  /** Changes an object. */
  modifyObject(member: Member, object: ObjectId, data: Uint8Array): Promise<void>;
  /** The same by what it says; RangeError when the value does not fit. */
  modifyObject<T>(member: Member, object: ObjectOf<T>, value: T): Promise<void>;
  async modifyObject<T>(
    member: Member,
    object: ObjectId | ObjectOf<T>,
    value: Uint8Array | T,
  ): Promise<void> {
    await this.send(Opcode.RESOURCE_OBJ_MODIFY, member, objectData(object, value));
  }

  /** An object as it was created or last changed, `size` bytes of it. */
  queryObject(member: Member, object: ObjectId, size: number): Promise<Uint8Array>;
  /** The same by what it says; PeerError when that makes no sense. */
  queryObject<T>(member: Member, object: ObjectOf<T>): Promise<T>;
  async queryObject<T>(
    member: Member,
    object: ObjectId | ObjectOf<T>,
    size = 0,
  ): Promise<Uint8Array | T> {
    const { type } = object;
    const query = objectQuery(object);
    const read = (room: number) => this.send(Opcode.RESOURCE_OBJ_QUERY, member, query, room);
    return typeof type === "number" ? readSized(read, size) : type.decode(await readWhole(read));
  }

  /** Destroys an object. */
  async destroyObject<T>(member: Member, object: ObjectId | ObjectOf<T>): Promise<void> {
    await this.send(Opcode.RESOURCE_OBJ_DESTROY, member, objectHead(object));
  }

  /** Creates an object with which parts of a member are read or set. */
  createPartsObject(member: Member, id: number, purpose: PartsPurpose): Promise<void> {
    return this.createObject(member, { type: CommonObjects.devParts, id }, purpose);
  }

  /** Most bytes that all parts of a member take. */
  async partsSize(member: Member, id: number): Promise<number> {
    return await this.#count(member, id, DevPartsMetadataType.SIZE);
  }

  /** How many parts a member has. */
  async partsCount(member: Member, id: number): Promise<number> {
    return await this.#count(member, id, DevPartsMetadataType.COUNT);
  }

  /** Which parts a member has. */
  async partsList(member: Member, id: number): Promise<PartHead[]> {
    const count = await this.partsCount(member, id);
    const data = metadata(id, DevPartsMetadataType.LIST);
    const room = COUNT_BYTES + count * HEAD_BYTES;
    const answer = await this.send(Opcode.DEV_PARTS_METADATA_GET, member, data, room);
    const listed = Math.min(viewOf(answer, COUNT_BYTES).getUint32(0, true), count);
    return decodePartHeads(answer.subarray(COUNT_BYTES)).slice(0, listed);
  }

  /** Reads parts of a member: those that are named and exist, or all. */
  async parts(member: Member, id: number, wanted?: readonly PartHead[]): Promise<Part[]> {
    const head = new Uint8Array(VIRTIO_ADMIN_CMD_DEV_PARTS_GET_DATA.hdrList);
    head.set(objectHead({ type: ObjectType.DEV_PARTS, id }));
    head[VIRTIO_ADMIN_CMD_DEV_PARTS_GET_DATA.type] = wanted === undefined
      ? DevPartsGetType.ALL
      : DevPartsGetType.SELECTED;
    const data = joined([head, ...(wanted ?? []).map(encodePartHead)]);
    const room = await this.partsSize(member, id);
    return decodeParts(await this.send(Opcode.DEV_PARTS_GET, member, data, room));
  }

  /** Sets parts of a stopped member, in the order of VIRTIO 1.4, 2.12.1.4.4; they count once it goes on. */
  async setParts(member: Member, id: number, parts: readonly Part[]): Promise<void> {
    const sorted = [...parts].sort((one, other) => one.type - other.type);
    const head = objectHead({ type: ObjectType.DEV_PARTS, id });
    await this.send(Opcode.DEV_PARTS_SET, member, joined([head, encodeParts(sorted)]));
  }

  /** Stops a member: settles once it touches neither its queues nor notifications. */
  async stop(member: Member): Promise<void> {
    await this.send(Opcode.DEV_MODE_SET, member, words16(1 << DevModeFlag.STOPPED, 8));
  }

  /** Lets a member go on. */
  async resume(member: Member): Promise<void> {
    await this.send(Opcode.DEV_MODE_SET, member, words16(0, 8));
  }

  /** Reads from a member's legacy common configuration, within one field: little-endian bytes. */
  legacyRead(member: Member, offset: number, length: number): Promise<Uint8Array> {
    return this.#legacyRead(Opcode.LEGACY_COMMON_CFG_READ, member, offset, length);
  }

  /** Writes to a member's legacy common configuration, within one field. */
  legacyWrite(member: Member, offset: number, bytes: Uint8Array): Promise<void> {
    return this.#legacyWrite(Opcode.LEGACY_COMMON_CFG_WRITE, member, offset, bytes);
  }

  /** Reads from a member's legacy device configuration, within one field: little-endian bytes. */
  legacyConfigRead(member: Member, offset: number, length: number): Promise<Uint8Array> {
    return this.#legacyRead(Opcode.LEGACY_DEV_CFG_READ, member, offset, length);
  }

  /** Writes to a member's legacy device configuration, within one field. */
  legacyConfigWrite(member: Member, offset: number, bytes: Uint8Array): Promise<void> {
    return this.#legacyWrite(Opcode.LEGACY_DEV_CFG_WRITE, member, offset, bytes);
  }

  /**
   * Where a member with a legacy driver is notified, the best address first. Entries that make no sense
   * are left out; whether an offset is within its range is for who knows the range.
   */
  async legacyNotifyAddresses(member: Member): Promise<LegacyNotifyAddress[]> {
    const size = VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO_RESULT_SIZE;
    const view = viewOf(await this.send(Opcode.LEGACY_NOTIFY_INFO, member, NONE, size), size);
    const at = VIRTIO_PCI_LEGACY_NOTIFY_INFO;
    const found: LegacyNotifyAddress[] = [];
    for (let entry = 0; entry < size; entry += VIRTIO_PCI_LEGACY_NOTIFY_INFO_SIZE) {
      const flags = view.getUint8(entry + at.flags);
      if (flags === NotifyInfoFlags.END) break;
      const bar = view.getUint8(entry + at.bar);
      const offset = view.getBigUint64(entry + at.offset, true);
      if (flags > NotifyInfoFlags.OWNER_MEM || bar < 1 || bar > 5 || offset % 2n !== 0n) continue;
      found.push({ of: flags === NotifyInfoFlags.OWNER_DEV ? "owner" : "member", bar, offset });
    }
    return found;
  }

  async #tell(groupType: number, commands: Uint8Array): Promise<void> {
    await Promise.allSettled(this.#outstanding);
    await this.send(Opcode.LIST_USE, { ...SELF, groupType }, commands);
  }

  /** The room says how much is read: it is the one that is not filled up. */
  async #legacyRead(
    opcode: number,
    member: Member,
    offset: number,
    length: number,
  ): Promise<Uint8Array> {
    const place = whole(Uint8Array.of(offset));
    return fitted(await this.#send(opcode, member, place, length), length);
  }

  /** The length of the data says how much is written: they are not filled up. */
  async #legacyWrite(
    opcode: number,
    member: Member,
    offset: number,
    bytes: Uint8Array,
  ): Promise<void> {
    await this.#send(opcode, member, joined([whole(Uint8Array.of(offset)), bytes]), 0);
  }

  async #count(member: Member, id: number, type: number): Promise<number> {
    const data = metadata(id, type);
    const answer = await this.send(Opcode.DEV_PARTS_METADATA_GET, member, data, COUNT_BYTES);
    return viewOf(answer, COUNT_BYTES).getUint32(0, true);
  }
}

/** Bytes of the head of a part. */
const HEAD_BYTES = 16;

function known(names: Readonly<Record<string, number>>, value: number, otherwise: number): number {
  return Object.values(names).includes(value) ? value : otherwise;
}

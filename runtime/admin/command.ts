/**
 * One group administration command as bytes: its head, its data and its answer (VIRTIO 1.4, 2.12.1).
 *
 * Either part may be shorter or longer than the standard says: what is missing reads as zero, what is
 * too much is neither read nor written (VIRTIO 1.4, 2.13). Parts are copied before anything looks at them.
 *
 * @module
 */

import {
  Opcode,
  Status,
  StatusQualifier,
  VIRTIO_ADMIN_CMD_READABLE,
  VIRTIO_ADMIN_CMD_WRITABLE,
} from "../../generated/layout/admin.ts";
import type { Chain } from "../chain.ts";

/** Bytes of a command before its own data. */
export const COMMAND_HEAD = 24;
/** Bytes of an answer before its own result. */
export const ANSWER_HEAD = 8;
/** Bytes of data that are looked at: more than any command has. */
const DATA_MAX = 1 << 20;

/** How a command fails, on either side: a status, and what was wrong in detail. */
export class AdminError extends Error {
  /** Number of the status, such as EINVAL. */
  readonly status: number;
  /** Number of the qualifier, such as INVALID_FIELD. */
  readonly qualifier: number;

  /** `qualifier` follows from the status when it is not given. */
  constructor(status: number, qualifier: number = qualifierOf(status), verb = "carry out") {
    const words = `${nameIn(Status, status)}, ${nameIn(StatusQualifier, qualifier)}`;
    super(`Cannot ${verb} the command: ${words}`);
    this.name = "AdminError";
    this.status = status;
    this.qualifier = qualifier;
  }
}

/** A field of the command's data has a value that cannot be. */
export function invalidField(): AdminError {
  return new AdminError(Status.EINVAL, StatusQualifier.INVALID_FIELD);
}

function qualifierOf(status: number): number {
  if (status === Status.OK) return StatusQualifier.OK;
  if (status === Status.EAGAIN) return StatusQualifier.TRYAGAIN;
  if (status === Status.ENOMEM || status === Status.ENOSPC) return StatusQualifier.NORESOURCE;
  return StatusQualifier.INVALID_COMMAND;
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? `${value}`;
}

/** A command as it came. */
export interface AdminCommand {
  /** What to do. */
  readonly opcode: number;
  /** Kind of the group. */
  readonly groupType: number;
  /** The member of the group. */
  readonly memberId: bigint;
  /** The command's own data, as long as they were sent. */
  readonly data: Uint8Array;
  /** Bytes that the driver has room for in the command's own result. */
  readonly room: number;
}

/** Reads a command from a buffer. */
export function readCommand(chain: Chain): AdminCommand {
  const { readableLength, writableLength } = chain;
  const bytes = new Uint8Array(Math.min(readableLength, COMMAND_HEAD + DATA_MAX));
  chain.read(0, bytes, 0, bytes.length);
  const head = viewOf(bytes, COMMAND_HEAD);
  const at = VIRTIO_ADMIN_CMD_READABLE;
  return {
    opcode: head.getUint16(at.opcode, true),
    groupType: head.getUint16(at.groupType, true),
    memberId: head.getBigUint64(at.groupMemberId, true),
    data: bytes.subarray(Math.min(bytes.length, COMMAND_HEAD)),
    room: Math.max(0, writableLength - ANSWER_HEAD),
  };
}

/** Writes an answer as far as there is room, filled up to 64 bits; returns how many bytes that were. */
export function writeAnswer(
  chain: Chain,
  status: number,
  qualifier: number,
  result: Uint8Array,
): number {
  const bytes = new Uint8Array(ANSWER_HEAD + wholeSize(result.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(VIRTIO_ADMIN_CMD_WRITABLE.status, status, true);
  view.setUint16(VIRTIO_ADMIN_CMD_WRITABLE.statusQualifier, qualifier, true);
  bytes.set(result, ANSWER_HEAD);
  const length = Math.min(bytes.length, chain.writableLength);
  chain.write(0, bytes, 0, length);
  return length;
}

/** A command as the driver sends it. */
export function encodeCommand(command: Omit<AdminCommand, "room">): Uint8Array {
  const bytes = new Uint8Array(COMMAND_HEAD + command.data.length);
  const view = new DataView(bytes.buffer);
  const at = VIRTIO_ADMIN_CMD_READABLE;
  view.setUint16(at.opcode, command.opcode, true);
  view.setUint16(at.groupType, command.groupType, true);
  view.setBigUint64(at.groupMemberId, command.memberId, true);
  bytes.set(command.data, COMMAND_HEAD);
  return bytes;
}

/** The least multiple of 64 bits, in bytes, that is not less: what both parts are filled up to (VIRTIO 1.4, 2.13.2). */
export function wholeSize(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** The same bytes, with zeroes behind them up to `size`. */
export function extended(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const longer = new Uint8Array(size);
  longer.set(bytes);
  return longer;
}

/** A copy of `size` bytes: the first of these, zeroes where there are none. */
export function fitted(bytes: Uint8Array, size: number): Uint8Array {
  const all = new Uint8Array(size);
  all.set(bytes.subarray(0, size));
  return all;
}

/** A view over bytes that reads zero behind them, up to `size`. */
export function viewOf(bytes: Uint8Array, size: number = bytes.length): DataView {
  const all = extended(bytes, size);
  return new DataView(all.buffer, all.byteOffset, all.length);
}

/** A bit for each number, in as few words of 64 bits as it takes. */
export function bitmapOf(numbers: Iterable<number>): Uint8Array {
  const all = [...numbers];
  const bytes = new Uint8Array(Math.ceil((Math.max(-1, ...all) + 1) / 64) * 8);
  for (const number of all) bytes[number >> 3]! |= 1 << (number & 7);
  return bytes;
}

/** The numbers whose bits are set. */
export function numbersIn(bitmap: Uint8Array): number[] {
  const numbers: number[] = [];
  bitmap.forEach((byte, at) => {
    for (let bit = 0; byte >> bit !== 0; bit++) {
      if ((byte >> bit & 1) === 1) numbers.push(at * 8 + bit);
    }
  });
  return numbers;
}

/** Whether a number is that of a command with this layout, and not one of those kept for others. */
export function isOpcode(opcode: number): boolean {
  return Number.isInteger(opcode) && opcode >= Opcode.LIST_QUERY && opcode < 0x8000;
}

/** Bytes one behind the other. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

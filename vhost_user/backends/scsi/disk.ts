/**
 * The commands of a disk over a file, those that Linux needs (SBC-3, SPC-4).
 *
 * @module
 */

import type { ReadableBytes, WritableBytes } from "../../../runtime/cursor.ts";
import { sync, zeroRange } from "../../files.ts";
import { fillFile, readFile, writeFile } from "../transfer.ts";
import {
  BLOCK,
  capacity10,
  capacity16,
  type DiskFacts,
  inquiry,
  modePages,
  RANGE_MAX,
  RANGES_MAX,
  vitalPage,
} from "./pages.ts";
import { type Condition, Conditions, senseData } from "./sense.ts";

/** Operation codes. */
const Op = {
  TEST_UNIT_READY: 0x00,
  REQUEST_SENSE: 0x03,
  READ_6: 0x08,
  WRITE_6: 0x0a,
  INQUIRY: 0x12,
  MODE_SENSE_6: 0x1a,
  START_STOP_UNIT: 0x1b,
  READ_CAPACITY_10: 0x25,
  READ_10: 0x28,
  WRITE_10: 0x2a,
  SYNCHRONIZE_CACHE_10: 0x35,
  WRITE_SAME_10: 0x41,
  UNMAP: 0x42,
  MODE_SENSE_10: 0x5a,
  READ_16: 0x88,
  WRITE_16: 0x8a,
  SYNCHRONIZE_CACHE_16: 0x91,
  WRITE_SAME_16: 0x93,
  SERVICE_ACTION_IN_16: 0x9e,
  REPORT_LUNS: 0xa0,
} as const;

const READ_CAPACITY_16 = 0x10;
/** Bit of the second byte: data are durable before the command ends. */
const FORCE_UNIT_ACCESS = 8;
/** Bits of the second byte of WRITE SAME: there are no data, which stands for zeroes; unmap if that reads as the data. */
const NO_DATA = 1;
const UNMAP = 8;
/** Bit of the second byte of UNMAP: the blocks are anchored, which is not served. */
const ANCHOR = 1;
/** Bits of that byte that are not served: the anchored state, protection information. */
const WRITE_SAME_REFUSED = 0xf0;
const UNMAP_HEADER = 8;
const UNMAP_DESCRIPTOR = 16;

/** The target asks for more than what the driver's buffers hold. */
export class Overrun extends Error {}

/** A command with its data. */
export interface Command {
  /** The command descriptor block, 16 bytes at least. */
  readonly cdb: DataView;
  /** Data to the disk. */
  readonly out: ReadableBytes;
  /** Data from the disk. */
  readonly in: WritableBytes;
}

/** What a command needs to say of itself; a condition when it was not done. */
type Operation = (command: Command) => Condition | undefined;

/** A disk over an open file. */
export class ScsiDisk {
  readonly #fd: number;
  readonly #blocks: number;
  readonly #facts: DiskFacts;
  readonly #operations: ReadonlyMap<number, Operation>;

  /** For a file of so many blocks. */
  constructor(fd: number, blocks: number, facts: DiskFacts) {
    this.#fd = fd;
    this.#blocks = blocks;
    this.#facts = facts;
    this.#operations = new Map<number, Operation>([
      [Op.TEST_UNIT_READY, () => undefined],
      [Op.START_STOP_UNIT, () => undefined],
      [Op.REQUEST_SENSE, requestSense],
      [Op.REPORT_LUNS, reportLuns],
      [Op.INQUIRY, (command) => this.#inquiry(command)],
      [Op.MODE_SENSE_6, (command) => this.#modeSense(command, false)],
      [Op.MODE_SENSE_10, (command) => this.#modeSense(command, true)],
      [Op.READ_CAPACITY_10, (command) => give(command, capacity10(blocks), 8)],
      [Op.SERVICE_ACTION_IN_16, (command) => this.#serviceAction(command)],
      [Op.READ_6, (command) => this.#read(command, range6(command.cdb))],
      [Op.READ_10, (command) => this.#read(command, range10(command.cdb))],
      [Op.READ_16, (command) => this.#read(command, range16(command.cdb))],
      [Op.WRITE_6, (command) => this.#write(command, range6(command.cdb), false)],
      [Op.WRITE_10, (command) => this.#write(command, range10(command.cdb), isForced(command))],
      [Op.WRITE_16, (command) => this.#write(command, range16(command.cdb), isForced(command))],
      [Op.WRITE_SAME_10, (command) => this.#writeSame(command, range10(command.cdb), false)],
      [Op.WRITE_SAME_16, (command) => this.#writeSame(command, range16(command.cdb), true)],
      [Op.UNMAP, (command) => this.#unmap(command)],
      [Op.SYNCHRONIZE_CACHE_10, () => this.#sync()],
      [Op.SYNCHRONIZE_CACHE_16, () => this.#sync()],
    ]);
  }

  /** Does a command; a condition when it was not done. Overrun when data do not fit. */
  perform(command: Command): Condition | undefined {
    const operation = this.#operations.get(command.cdb.getUint8(0));
    if (operation === undefined) return Conditions.INVALID_COMMAND_OPERATION_CODE;
    return operation(command);
  }

  #inquiry(command: Command): Condition | undefined {
    const { cdb } = command;
    const [vital, page, most] = [cdb.getUint8(1) & 1, cdb.getUint8(2), cdb.getUint16(3)];
    if (vital === 0) {
      return page === 0 ? give(command, inquiry(true), most) : Conditions.INVALID_FIELD_IN_CDB;
    }
    return give(command, vitalPage(page, this.#facts), most);
  }

  #modeSense(command: Command, long: boolean): Condition | undefined {
    const { cdb } = command;
    const [page, control] = [cdb.getUint8(2) & 0x3f, cdb.getUint8(2) >> 6];
    const most = long ? cdb.getUint16(7) : cdb.getUint8(4);
    // Saved values: none are.
    if (control === 3 || cdb.getUint8(3) !== 0) return Conditions.INVALID_FIELD_IN_CDB;
    return give(command, modePages(page, control === 1, long, this.#facts), most);
  }

  #serviceAction(command: Command): Condition | undefined {
    const { cdb } = command;
    const action = cdb.getUint8(1) & 0x1f;
    if (action !== READ_CAPACITY_16) return Conditions.INVALID_FIELD_IN_CDB;
    return give(command, capacity16(this.#blocks, this.#facts), cdb.getUint32(10));
  }

  #isBeyond({ block, count }: Range): boolean {
    return block + BigInt(count) > BigInt(this.#blocks);
  }

  #read(command: Command, range: Range): Condition | undefined {
    if (this.#isBeyond(range)) return Conditions.LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE;
    const length = range.count * BLOCK;
    if (command.in.remaining < length) throw new Overrun();
    const done = readFile(this.#fd, Number(range.block) * BLOCK, command.in, length);
    return done === length ? undefined : Conditions.UNRECOVERED_READ_ERROR;
  }

  #write(command: Command, range: Range, forced: boolean): Condition | undefined {
    const refused = this.#refuse(range);
    if (refused !== undefined) return refused;
    const length = range.count * BLOCK;
    if (command.out.remaining < length) throw new Overrun();
    const done = writeFile(this.#fd, Number(range.block) * BLOCK, command.out, length);
    if (done !== length) return Conditions.WRITE_ERROR;
    return forced ? this.#sync() : undefined;
  }

  /** Why blocks can not be written. */
  #refuse(range: Range): Condition | undefined {
    if (this.#facts.readOnly) return Conditions.WRITE_PROTECTED;
    return this.#isBeyond(range) ? Conditions.LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE : undefined;
  }

  #sync(): Condition | undefined {
    return sync(this.#fd) === 0 ? undefined : Conditions.WRITE_ERROR;
  }

  #writeSame(command: Command, range: Range, long: boolean): Condition | undefined {
    const flags = command.cdb.getUint8(1);
    const refused = this.#refuse(range);
    if (refused !== undefined) return refused;
    const noData = long && (flags & NO_DATA) !== 0;
    const isWrong = (flags & WRITE_SAME_REFUSED) !== 0 || (!long && (flags & NO_DATA) !== 0);
    if (isWrong || range.count === 0 || range.count > RANGE_MAX) {
      return Conditions.INVALID_FIELD_IN_CDB;
    }
    const content = new Uint8Array(BLOCK);
    if (!noData) {
      if (command.out.remaining < BLOCK) throw new Overrun();
      command.out.read(content, 0, BLOCK);
    }
    return this.#fill(range, content, (flags & UNMAP) !== 0);
  }

  /** Writes a block again and again; zeroes without writing them where the file system can. */
  #fill({ block, count }: Range, content: Uint8Array, unmap: boolean): Condition | undefined {
    const [position, length] = [Number(block) * BLOCK, count * BLOCK];
    const zeroes = content.every((byte) => byte === 0);
    const done = (zeroes && zeroRange(this.#fd, position, length, unmap)) ||
      fillFile(this.#fd, position, length, content);
    return done ? undefined : Conditions.WRITE_ERROR;
  }

  /** Gives blocks back; a hint: where the file system can not, their bytes stay. */
  #unmap({ cdb, out }: Command): Condition | undefined {
    if (this.#facts.readOnly) return Conditions.WRITE_PROTECTED;
    if ((cdb.getUint8(1) & ANCHOR) !== 0) return Conditions.INVALID_FIELD_IN_CDB;
    const length = cdb.getUint16(7);
    if (length === 0) return undefined;
    if (length < UNMAP_HEADER) return Conditions.PARAMETER_LIST_LENGTH_ERROR;
    if (out.remaining < length) throw new Overrun();
    const bytes = new Uint8Array(length);
    out.read(bytes, 0, length);
    const ranges = unmapRanges(new DataView(bytes.buffer));
    if (ranges.length > RANGES_MAX || ranges.some(({ count }) => count > RANGE_MAX)) {
      return Conditions.INVALID_FIELD_IN_PARAMETER_LIST;
    }
    if (ranges.some((range) => this.#isBeyond(range))) {
      return Conditions.LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE;
    }
    for (const { block, count } of ranges) {
      if (count > 0) zeroRange(this.#fd, Number(block) * BLOCK, count * BLOCK, true);
    }
    return undefined;
  }
}

/** Does a command for a logical unit that does not exist. */
export function performNowhere(command: Command): Condition | undefined {
  const { cdb } = command;
  switch (cdb.getUint8(0)) {
    case Op.INQUIRY:
      if ((cdb.getUint8(1) & 1) !== 0) return Conditions.INVALID_FIELD_IN_CDB;
      return give(command, inquiry(false), cdb.getUint16(3));
    case Op.REPORT_LUNS:
      return reportLuns(command);
    case Op.REQUEST_SENSE:
      return give(command, senseData(Conditions.LOGICAL_UNIT_NOT_SUPPORTED), cdb.getUint8(4));
    default:
      return Conditions.LOGICAL_UNIT_NOT_SUPPORTED;
  }
}

/** Blocks of a disk. */
interface Range {
  readonly block: bigint;
  readonly count: number;
}

function range6(cdb: DataView): Range {
  const count = cdb.getUint8(4);
  return { block: BigInt(cdb.getUint32(0) & 0x1f_ffff), count: count === 0 ? 256 : count };
}

function range10(cdb: DataView): Range {
  return { block: BigInt(cdb.getUint32(2)), count: cdb.getUint16(7) };
}

function range16(cdb: DataView): Range {
  return { block: cdb.getBigUint64(2), count: cdb.getUint32(10) };
}

/** The ranges of a parameter list of UNMAP; what is cut off is none. */
function unmapRanges(list: DataView): Range[] {
  const size = Math.min(list.getUint16(2), list.byteLength - UNMAP_HEADER);
  return Array.from({ length: Math.floor(size / UNMAP_DESCRIPTOR) }, (_, at) => {
    const start = UNMAP_HEADER + at * UNMAP_DESCRIPTOR;
    return { block: list.getBigUint64(start), count: list.getUint32(start + 8) };
  });
}

function isForced({ cdb }: Command): boolean {
  return (cdb.getUint8(1) & FORCE_UNIT_ACCESS) !== 0;
}

/** Answers with as many bytes as the command allows, which the buffers must hold; a condition when there are none. */
function give(
  command: Command,
  bytes: Uint8Array | undefined,
  most: number,
): Condition | undefined {
  if (bytes === undefined) return Conditions.INVALID_FIELD_IN_CDB;
  if (command.in.remaining < most) throw new Overrun();
  command.in.write(bytes, 0, Math.min(bytes.length, most));
  return undefined;
}

/** Sense data are given with each command that needs them: none are left. */
function requestSense(command: Command): Condition | undefined {
  return give(command, senseData(Conditions.NO_SENSE), command.cdb.getUint8(4));
}

/** The one logical unit is number 0. */
function reportLuns(command: Command): Condition | undefined {
  const select = command.cdb.getUint8(2);
  if (select > 2) return Conditions.INVALID_FIELD_IN_CDB;
  const count = select === 1 ? 0 : 1; // 1 asks for well-known units
  const answer = new Uint8Array(8 + 8 * count);
  answer[3] = 8 * count;
  return give(command, answer, command.cdb.getUint32(6));
}

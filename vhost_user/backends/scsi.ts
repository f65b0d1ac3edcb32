/**
 * A SCSI host with one disk over a file: target 0, logical unit 0.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import {
  type ScsiCommandAnswer,
  ScsiDevice,
  type ScsiHandlers,
  ScsiResponse,
  ScsiTaskManagementFunction as Task,
} from "../../generated/scsi/mod.ts";
import { within } from "../../runtime/values.ts";
import { close } from "../ffi.ts";
import { blocksOf, open } from "../files.ts";
import { defineBackEnd, numberOf } from "./ready.ts";
import { type Command, Overrun, performNowhere, ScsiDisk } from "./scsi/disk.ts";
import { BLOCK } from "./scsi/pages.ts";
import { type Condition, ScsiStatus, senseData } from "./scsi/sense.ts";

const QUEUES_MAX = 64;

/** Choices of a SCSI disk over a file. */
export interface ScsiDiskOptions {
  /** The file or block device: its size, whole blocks of 512 bytes, is the disk's. */
  readonly file: string;
  /** Refuses writes. */
  readonly readOnly?: boolean;
  /** Identification, at most 20 characters of ASCII. */
  readonly serial?: string;
  /** Number of request queues: 1 when not given. */
  readonly queues?: number;
}

/** A SCSI host, and the file that it keeps open. */
export interface ScsiHost {
  /** The device. */
  readonly device: ScsiDevice;
  /** Closes the file; nothing may be served any more. */
  close(): void;
}

/** Where a command goes. */
type Unit = "disk" | "nowhere" | "no target";

/**
 * A SCSI host with a disk over a file; TransportError when that can not be opened, RangeError for a size
 * or a choice that no disk has.
 */
export function scsiHost(options: ScsiDiskOptions): ScsiHost {
  const { file, readOnly = false, serial = "0", queues = 1 } = options;
  within(queues, QUEUES_MAX, "queues");
  if (!/^[!-~]{1,20}$/.test(serial)) {
    throw new RangeError(`Cannot use the serial ${JSON.stringify(serial)}: not 1 to 20 of ASCII`);
  }
  const fd = open(file, !readOnly);
  try {
    const disk = new ScsiDisk(fd, blocksOf(fd, file, BLOCK), { serial, readOnly });
    const device: ScsiDevice = new ScsiDevice({
      config: { ...CONFIG, numQueues: queues },
      // Nothing ever happens to the disk; but QEMU 7.2 acknowledges both, offered or not.
      features: ["HOTPLUG", "CHANGE"],
      queueSizeMax: 1024,
      command: ({ lun, cdb }, _piOut, out, _piIn, data) => {
        const unit = unitOf(lun);
        if (unit === "no target") return ScsiResponse.BAD_TARGET;
        return answer(disk, unit, { cdb: blockOf(cdb), out, in: data }, device.settings.senseSize);
      },
      ...TASKS,
    });
    return { device, close: () => close(fd) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

const CONFIG = {
  segMax: 126, // so that a command fits into QEMU's queues of 128 descriptors
  maxSectors: 0xffff,
  cmdPerLun: 128,
  eventInfoSize: 16,
  maxChannel: 0,
  maxTarget: 0,
  maxLun: 0,
};

/** Commands are done as soon as they come: there is never one to end, or to ask for. */
const TASKS: ScsiHandlers = {
  tmf: ({ lun, subtype }) => {
    const unit = subtype === Task.I_T_NEXUS_RESET ? targetOf(lun) : unitOf(lun);
    if (unit === "disk") return ScsiResponse.OK;
    return unit === "nowhere" ? ScsiResponse.INCORRECT_LUN : ScsiResponse.BAD_TARGET;
  },
  anQuery: ({ lun }) => noEvents(unitOf(lun)),
  anSubscribe: ({ lun }) => noEvents(unitOf(lun)),
};

function noEvents(unit: Unit) {
  if (unit === "disk") return { eventActual: 0 };
  return unit === "nowhere" ? ScsiResponse.INCORRECT_LUN : ScsiResponse.BAD_TARGET;
}

/** The target of an address, as if it addressed the disk. */
function targetOf([first, target]: Uint8Array): Unit {
  return first === 1 && target === 0 ? "disk" : "no target";
}

/** What an address means (5.6.6.1): 1, the target, and two bytes of the unit's number. */
function unitOf(lun: Uint8Array): Unit {
  const [first, second, high = 0, low] = lun;
  if (first === 0xc1 && second === 1) return "nowhere"; // the unit for REPORT LUNS alone
  if (targetOf(lun) === "no target") return "no target";
  return (high & 0x3f) === 0 && low === 0 ? "disk" : "nowhere";
}

/** The bytes of a command block, and zeroes behind them up to the longest one. */
function blockOf(cdb: Uint8Array): DataView {
  const block = new Uint8Array(16);
  block.set(cdb.subarray(0, block.length));
  return new DataView(block.buffer);
}

function answer(
  disk: ScsiDisk,
  unit: Unit,
  command: Command,
  senseSize: number,
): ScsiCommandAnswer & { readonly response?: ScsiResponse } {
  let condition: Condition | undefined;
  let response: ScsiResponse = ScsiResponse.OK;
  try {
    condition = unit === "disk" ? disk.perform(command) : performNowhere(command);
  } catch (error) {
    if (!(error instanceof Overrun)) throw error;
    response = ScsiResponse.OVERRUN;
  }
  const sense = condition === undefined
    ? new Uint8Array(0)
    : senseData(condition).subarray(0, senseSize);
  return {
    response,
    status: condition === undefined ? ScsiStatus.GOOD : ScsiStatus.CHECK_CONDITION,
    statusQualifier: 0,
    sense,
    senseLen: sense.length,
    residual: command.in.remaining + command.out.remaining,
  };
}

/** `serve scsi`. */
export const backEnd = defineBackEnd({
  usage: "--file FILE [--read-only] [--serial TEXT] [--queues N]",
  help:
    `  --file FILE        The disk's bytes, in a file or on a block device; its size is the disk's
  --read-only        The disk can not be written
  --serial TEXT      Identification of the disk, 1 to 20 characters of ASCII
  --queues N         Request queues of the host: 1 when not given
`,
  options: {
    file: { type: "string" },
    "read-only": { type: "boolean" },
    serial: { type: "string" },
    queues: { type: "string" },
  },
  load({ file, "read-only": readOnly = false, serial = "0", queues: count = "1" }) {
    if (file === undefined) throw new UsageError("scsi needs --file");
    const queues = numberOf("queues", count, 1, QUEUES_MAX);
    return {
      ...scsiHost({ file, readOnly, serial, queues }),
      // QEMU would have as many queues as there are processors.
      qemu: [`-device vhost-user-scsi-pci,num_queues=${queues},chardev=virtio0`],
      note:
        "QEMU 10 connects again to a new server if ,reconnect=1 stands behind the path; 7.2 ends.",
    };
  },
});

/**
 * A SCSI disk over a file with protection information of type 1 (SBC-3, 4.21): keeps what comes with
 * each block, gives it back with the block, and says whether there was any, and what was wrong of it.
 *
 * @module
 */

import { ScsiDevice, ScsiResponse } from "../generated/scsi/mod.ts";
import type { ReadableBytes, WritableBytes } from "../runtime/cursor.ts";
import { ScsiDisk } from "../vhost_user/backends/scsi/disk.ts";
import { BLOCK, capacity16, inquiry } from "../vhost_user/backends/scsi/pages.ts";
import { ScsiStatus, senseData } from "../vhost_user/backends/scsi/sense.ts";
import { blocksOf, open } from "../vhost_user/files.ts";

const path = new URL(import.meta.url).searchParams.get("file")!;
const file = Deno.openSync(path, { read: true });
const facts = { serial: "protected", readOnly: false };
const fd = open(path, true);
const blocks = blocksOf(fd, path, BLOCK);
const disk = new ScsiDisk(fd, blocks, facts);

/** Bytes for a block: the code of its data, a tag of the application, the low half of its number. */
const TUPLE = 8;
/** All that came; an application's tag of ones says that nothing did. */
const tuples = new Uint8Array(blocks * TUPLE).fill(0xff);

/** The code of T10: a CRC of 16 bits by 0x8bb7. */
function codeOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0)) & 0xffff;
  }
  return crc;
}

/** What is said of a disk with protection information, in place of what one without it says. */
function about(cdb: DataView): Uint8Array | undefined {
  const [operation, second] = [cdb.getUint8(0), cdb.getUint8(1)];
  if (operation === 0x12 && second === 0) return inquiry(true).with(5, 1); // PROTECT
  if (operation === 0x9e) return capacity16(blocks, facts).with(12, 1); // PROT_EN, type 1
  return undefined;
}

/** The first block of a command that has protection information with it, READ and WRITE with 10 bytes. */
function protectedBlock(cdb: DataView): number | undefined {
  const [operation, second] = [cdb.getUint8(0), cdb.getUint8(1)];
  return [0x28, 0x2a].includes(operation) && second >> 5 === 1 ? cdb.getUint32(2) : undefined;
}

let came = false;
let went = false;

function keep(first: number, from: ReadableBytes): void {
  const count = from.length / TUPLE;
  from.read(tuples, first * TUPLE, from.length);
  const data = new Uint8Array(BLOCK);
  file.seekSync(first * BLOCK, Deno.SeekMode.Start);
  for (let block = first; block < first + count; block++) {
    file.readSync(data);
    const tuple = new DataView(tuples.buffer, block * TUPLE, TUPLE);
    const isRight = tuple.getUint16(0) === codeOf(data) && tuple.getUint32(4) === block;
    if (!isRight) console.log(`WRONG: block ${block}`);
  }
  if (!came) console.log("PROTECTED write");
  came = true;
}

function give(first: number, to: WritableBytes): void {
  to.write(tuples, first * TUPLE, to.length);
  if (!went) console.log("PROTECTED read");
  went = true;
}

const device: ScsiDevice = new ScsiDevice({
  config: {
    numQueues: 1,
    segMax: 62, // protection information has segments of its own
    maxSectors: 0xffff,
    cmdPerLun: 64,
    eventInfoSize: 16,
    maxChannel: 0,
    maxTarget: 0,
    maxLun: 0,
  },
  features: ["HOTPLUG", "CHANGE", "T10_PI"],
  command: ({ lun, cdb: bytes }, piOut, out, piIn, data) => {
    if (lun[0] !== 1 || lun[1] !== 0) return ScsiResponse.BAD_TARGET;
    const cdb = new DataView(bytes.slice(0, 16).buffer);
    const said = about(cdb);
    if (said !== undefined) data.write(said, 0, Math.min(said.length, data.length));
    const condition = said === undefined ? disk.perform({ cdb, out, in: data }) : undefined;
    const first = protectedBlock(cdb);
    if (first !== undefined && piOut.length > 0) keep(first, piOut);
    if (first !== undefined && piIn.length > 0) give(first, piIn);
    const sense = condition === undefined ? new Uint8Array(0) : senseData(condition);
    return {
      status: condition === undefined ? ScsiStatus.GOOD : ScsiStatus.CHECK_CONDITION,
      statusQualifier: 0,
      sense,
      senseLen: sense.length,
      residual: data.remaining + out.remaining,
    };
  },
});

export default device;

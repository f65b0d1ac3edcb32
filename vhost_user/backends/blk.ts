/**
 * A disk over a file: raw bytes, read and written in place.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { BlockDevice, type BlockHandlers, BlockStatus } from "../../generated/blk/mod.ts";
import { within } from "../../runtime/values.ts";
import { close } from "../ffi.ts";
import { blocksOf, open, sync, zeroRange } from "../files.ts";
import { defineBackEnd, numberOf } from "./ready.ts";
import { fillFile, readFile, writeFile } from "./transfer.ts";

const SECTOR = 512;
/** Sectors of a range to be discarded or zeroed: 1 GiB, so that none takes for ever. */
const RANGE_MAX = 2 << 20;
const RANGES_MAX = 16;
const QUEUES_MAX = 64;
const ZEROES = new Uint8Array(SECTOR);

/** Choices of a disk over a file. */
export interface FileDiskOptions {
  /** The file or block device: its size, whole sectors of 512 bytes, is the disk's. */
  readonly file: string;
  /** Refuses writes. */
  readonly readOnly?: boolean;
  /** Identification, at most 20 characters. */
  readonly serial?: string;
  /** Number of request queues: 1 when not given. */
  readonly queues?: number;
}

/** A disk, and the file that it keeps open. */
export interface FileDisk {
  /** The device. */
  readonly device: BlockDevice;
  /** Closes the file; nothing may be served any more. */
  close(): void;
}

/** A disk over a file; TransportError when that can not be opened, RangeError for a size or a choice that no disk has. */
export function fileDisk(options: FileDiskOptions): FileDisk {
  const { file, readOnly = false, serial = "", queues = 1 } = options;
  within(queues, QUEUES_MAX, "queues");
  if (new TextEncoder().encode(serial).length > 20) {
    throw new RangeError(`Cannot use the serial ${JSON.stringify(serial)}: more than 20 bytes`);
  }
  const fd = open(file, !readOnly);
  try {
    const capacity = blocksOf(fd, file, SECTOR);
    const device = new BlockDevice({
      config: {
        capacity,
        segMax: 126, // so that a request fits into QEMU's queues of 128 descriptors
        blkSize: SECTOR,
        ...(queues > 1 ? { numQueues: queues } : {}),
        ...(readOnly ? {} : LIMITS),
      },
      features: readOnly ? ["RO"] : [],
      queueSizeMax: 1024,
      in: (request, data) => {
        const { length } = data;
        return status(readFile(fd, request.sector * SECTOR, data) === length);
      },
      getId: () => ({ id: serial }),
      ...(readOnly ? {} : writing(fd)),
    });
    return { device, close: () => close(fd) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The module whose device is such a disk, for a thread for each queue; each opens the file by itself. */
export function diskUrl(options: FileDiskOptions): URL {
  const url = new URL("./blk_module.ts", import.meta.url);
  url.search = new URLSearchParams({ options: JSON.stringify(options) }).toString();
  return url;
}

/** `serve blk`. */
export const backEnd = defineBackEnd({
  usage: "--file FILE [--read-only] [--serial TEXT] [--queues N] [--threads]",
  help:
    `  --file FILE        The disk's bytes, in a file or on a block device; its size is the disk's
  --read-only        The disk can not be written
  --serial TEXT      Identification of the disk, at most 20 characters
  --queues N         Request queues of the disk: 1 when not given
  --threads          Serves each queue by a thread of its own, which is faster
`,
  options: {
    file: { type: "string" },
    "read-only": { type: "boolean" },
    serial: { type: "string" },
    queues: { type: "string" },
    threads: { type: "boolean" },
  },
  load({ file, "read-only": readOnly = false, serial = "", queues: count = "1", threads }) {
    if (file === undefined) throw new UsageError("blk needs --file");
    const queues = numberOf("queues", count, 1, QUEUES_MAX);
    const options = { file, readOnly, serial, queues };
    return {
      ...(threads === true ? { device: diskUrl(options) } : fileDisk(options)),
      qemu: [`-device vhost-user-blk-pci,num-queues=${queues},chardev=virtio0`],
      reconnects: true,
    };
  },
});

const LIMITS = {
  maxDiscardSectors: RANGE_MAX,
  maxDiscardSeg: RANGES_MAX,
  discardSectorAlignment: 8,
  maxWriteZeroesSectors: RANGE_MAX,
  maxWriteZeroesSeg: RANGES_MAX,
  writeZeroesMayUnmap: 1,
};

/** The handlers of a disk that can be written. */
function writing(fd: number): BlockHandlers {
  return {
    out: (request, data) => {
      return status(writeFile(fd, request.sector * SECTOR, data) === data.length);
    },
    flush: () => status(sync(fd) === 0),
    discard: ({ segments }) => {
      // A discard is a hint: a file system that can not punch holes leaves the bytes as they are.
      for (const { sector, numSectors } of segments) {
        zeroRange(fd, sector * SECTOR, numSectors * SECTOR, true);
      }
      return BlockStatus.OK;
    },
    writeZeroes: ({ segments }) => {
      return status(segments.every(({ sector, numSectors, unmap }) => {
        const [at, length] = [sector * SECTOR, numSectors * SECTOR];
        return zeroRange(fd, at, length, unmap !== 0) || fillFile(fd, at, length, ZEROES);
      }));
    },
  };
}

function status(done: boolean): BlockStatus {
  return done ? BlockStatus.OK : BlockStatus.IOERR;
}

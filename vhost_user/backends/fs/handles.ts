/**
 * Files and directories that a driver has open, by their handles.
 *
 * @module
 */

import {
  FUSE_FSYNC_FDATASYNC,
  FUSE_FSYNC_IN,
  FUSE_FSYNC_IN_SIZE,
  FUSE_OPEN_IN,
  FUSE_OPEN_IN_SIZE,
  FUSE_OPEN_OUT_SIZE,
  FUSE_RELEASE_IN,
  FUSE_RELEASE_IN_SIZE,
  FUSE_WRITE_IN,
  FUSE_WRITE_IN_SIZE,
  FUSE_WRITE_OUT,
  FUSE_WRITE_OUT_SIZE,
} from "../../../generated/layout/fuse.ts";
import type { ReadableBytes, WritableBytes } from "../../../runtime/cursor.ts";
import { close } from "../../ffi.ts";
import {
  attributes,
  entries,
  NodeFlag,
  openAt,
  reopen,
  setPermissions,
  sync,
} from "../../files.ts";
import { readFile, writeFile } from "../transfer.ts";
import { expectRoom, put, putHandle, putNames } from "./answers.ts";
import { Refusal, take } from "./input.ts";
import { FileType, type Node } from "./nodes.ts";

/** Bytes of names that are read at once. */
const NAMES = 32 << 10;

const EBADF = 9;
const EINVAL = 22;

/** Flags of open() that a driver decides; all of them are the same on all machines. */
export const OPEN_FLAGS = NodeFlag.WRITE | NodeFlag.READ_WRITE | NodeFlag.APPEND | NodeFlag.SYNC;

/** Permissions, and the two that give the rights of the owner or the group when the file is run. */
export const PERMISSIONS = 0o1777;
const RIGHTS = 0o6000;

/** `struct fuse_read_in`, which belongs to the device, has the same fields. */
const [FUSE_READ_IN, FUSE_READ_IN_SIZE] = [FUSE_WRITE_IN, FUSE_WRITE_IN_SIZE];

const DOT = new TextEncoder().encode(".\0");

/** Opens a file, only a regular one: a pipe or a device of the host is none of the driver's. */
export function openFile(node: Node, flags: number): number {
  if (node.type !== FileType.REGULAR) return -EINVAL;
  const writes = (flags & (NodeFlag.WRITE | NodeFlag.READ_WRITE)) !== 0;
  const kept = writes ? dropRights(node) : 0;
  return kept < 0 ? kept : reopen(node.fd, (flags & OPEN_FLAGS) | NodeFlag.NONBLOCK);
}

/** Takes the rights of its owner or group from a file that is to be changed; the system does not for everybody. */
export function dropRights(node: Node): number {
  const found = attributes(node.fd);
  if (typeof found === "number") return found;
  return (found.mode & RIGHTS) === 0 ? 0 : setPermissions(node.fd, found.mode & PERMISSIONS);
}

/** What a driver has open; what fails returns the number of its error, negated. */
export class Handles {
  readonly #descriptors = new Map<number, number>();
  #last = 0;

  /** How many there are. */
  get size(): number {
    return this.#descriptors.size;
  }

  /** Closes all. */
  close(): void {
    for (const fd of this.#descriptors.values()) close(fd);
    this.#descriptors.clear();
  }

  /** Opens a file. */
  open(node: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_OPEN_OUT_SIZE);
    const flags = take(input, FUSE_OPEN_IN_SIZE).getUint32(FUSE_OPEN_IN.flags, true);
    return this.handOut(openFile(node, flags), output);
  }

  /** Opens a directory. */
  openDirectory(node: Node, output: WritableBytes): number {
    expectRoom(output, FUSE_OPEN_OUT_SIZE);
    return this.handOut(openAt(node.fd, DOT, 0), output);
  }

  /** Answers with a handle for an opened file, or with the error. */
  handOut(fd: number, output: WritableBytes): number {
    if (fd < 0) return fd;
    this.#descriptors.set(++this.#last, fd);
    putHandle(output, this.#last);
    return 0;
  }

  /** Reads a file. */
  read(input: ReadableBytes, output: WritableBytes): number {
    const request = take(input, FUSE_READ_IN_SIZE);
    const fd = this.#fd(request, FUSE_READ_IN.fh);
    const length = Math.min(request.getUint32(FUSE_READ_IN.size, true), output.remaining);
    return readFile(fd, position(request, FUSE_READ_IN.offset), output, length);
  }

  /** Writes a file. */
  write(input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_WRITE_OUT_SIZE);
    const request = take(input, FUSE_WRITE_IN_SIZE);
    const fd = this.#fd(request, FUSE_WRITE_IN.fh);
    const length = request.getUint32(FUSE_WRITE_IN.size, true);
    if (length > input.remaining) return -EINVAL;
    const written = writeFile(fd, position(request, FUSE_WRITE_IN.offset), input, length);
    if (written < 0) return written;
    put(output, FUSE_WRITE_OUT_SIZE, (view) => {
      view.setUint32(FUSE_WRITE_OUT.size, written, true);
    });
    return 0;
  }

  /** Lists a directory. */
  readDirectory(input: ReadableBytes, output: WritableBytes): number {
    const request = take(input, FUSE_READ_IN_SIZE);
    const fd = this.#fd(request, FUSE_READ_IN.fh);
    const names = new Uint8Array(NAMES);
    let at: bigint | undefined = request.getBigInt64(FUSE_READ_IN.offset, true);
    while (at !== undefined) {
      const length = entries(fd, at, names);
      if (length < 0) return output.written > 0 ? 0 : length;
      at = putNames(output, names.subarray(0, length));
    }
    return 0;
  }

  /** Makes a file or a directory durable. */
  sync(input: ReadableBytes): number {
    const request = take(input, FUSE_FSYNC_IN_SIZE);
    const flags = request.getUint32(FUSE_FSYNC_IN.fsyncFlags, true);
    return sync(this.#fd(request, FUSE_FSYNC_IN.fh), (flags & FUSE_FSYNC_FDATASYNC) === 0);
  }

  /** Closes a handle. */
  release(input: ReadableBytes): number {
    const request = take(input, FUSE_RELEASE_IN_SIZE);
    close(this.#fd(request, FUSE_RELEASE_IN.fh));
    this.#descriptors.delete(Number(request.getBigUint64(FUSE_RELEASE_IN.fh, true)));
    return 0;
  }

  #fd(request: DataView, at: number): number {
    const fd = this.#descriptors.get(Number(request.getBigUint64(at, true)));
    if (fd === undefined) throw new Refusal(EBADF);
    return fd;
  }
}

/** A position in a file; a Refusal when no file has it. */
function position(request: DataView, at: number): number {
  const value = request.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal(EINVAL);
  return Number(value);
}

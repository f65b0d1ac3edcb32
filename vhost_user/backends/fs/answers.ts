/**
 * What FUSE yields: attributes, entries of directories, figures, as the layouts have them.
 *
 * @module
 */

import {
  FUSE_ATTR,
  FUSE_ATTR_OUT,
  FUSE_ATTR_OUT_SIZE,
  FUSE_DIRENT,
  FUSE_ENTRY_OUT,
  FUSE_ENTRY_OUT_SIZE,
  FUSE_KSTATFS,
  FUSE_KSTATFS_SIZE,
  FUSE_OPEN_OUT,
  FUSE_OPEN_OUT_SIZE,
} from "../../../generated/layout/fuse.ts";
import type { WritableBytes } from "../../../runtime/cursor.ts";
import type { Attributes, FileSystemFigures } from "../../files.ts";
import { Refusal } from "./input.ts";

/** How long a driver may remember names and attributes, in seconds: the host may change files, too. */
const VALID = 1n;

const EINVAL = 22;

/** Makes sure that an answer fits, before anything is done; a Refusal otherwise. */
export function expectRoom(data: WritableBytes, size: number): void {
  if (data.remaining < size) throw new Refusal(EINVAL);
}

/** Writes a struct, filled in by a function. */
export function put(data: WritableBytes, size: number, fill: (view: DataView) => void): void {
  const view = new DataView(new ArrayBuffer(size));
  fill(view);
  data.write(new Uint8Array(view.buffer));
}

/** Writes what all yield that find a name or make one. */
export function putEntry(data: WritableBytes, id: number, found: Attributes): void {
  put(data, FUSE_ENTRY_OUT_SIZE, (view) => {
    view.setBigUint64(FUSE_ENTRY_OUT.nodeid, BigInt(id), true);
    view.setBigUint64(FUSE_ENTRY_OUT.entryValid, VALID, true);
    view.setBigUint64(FUSE_ENTRY_OUT.attrValid, VALID, true);
    fillAttributes(view, FUSE_ENTRY_OUT.attr, found);
  });
}

/** Writes attributes. */
export function putAttributes(data: WritableBytes, found: Attributes): void {
  put(data, FUSE_ATTR_OUT_SIZE, (view) => {
    view.setBigUint64(FUSE_ATTR_OUT.attrValid, VALID, true);
    fillAttributes(view, FUSE_ATTR_OUT.attr, found);
  });
}

function fillAttributes(view: DataView, at: number, found: Attributes): void {
  const word = (field: number, value: number) => view.setUint32(at + field, value, true);
  const long = (field: number, value: bigint) => view.setBigUint64(at + field, value, true);
  const [[atime, atimensec], [mtime, mtimensec], [ctime, ctimensec]] = found.times;
  const [major, minor] = found.device;
  long(FUSE_ATTR.ino, found.inode);
  long(FUSE_ATTR.size, found.size);
  long(FUSE_ATTR.blocks, found.blocks);
  long(FUSE_ATTR.atime, atime);
  long(FUSE_ATTR.mtime, mtime);
  long(FUSE_ATTR.ctime, ctime);
  word(FUSE_ATTR.atimensec, atimensec);
  word(FUSE_ATTR.mtimensec, mtimensec);
  word(FUSE_ATTR.ctimensec, ctimensec);
  word(FUSE_ATTR.mode, found.mode);
  word(FUSE_ATTR.nlink, found.links);
  word(FUSE_ATTR.uid, found.user);
  word(FUSE_ATTR.gid, found.group);
  word(FUSE_ATTR.rdev, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));
  word(FUSE_ATTR.blksize, found.blockSize);
}

/** Writes what those yield that open something. */
export function putHandle(data: WritableBytes, handle: number): void {
  put(data, FUSE_OPEN_OUT_SIZE, (view) => {
    view.setBigUint64(FUSE_OPEN_OUT.fh, BigInt(handle), true);
  });
}

/** Writes figures of the file system. */
export function putFigures(data: WritableBytes, found: FileSystemFigures): void {
  put(data, FUSE_KSTATFS_SIZE, (view) => {
    const [blocks, bfree, bavail] = found.blocks;
    const [files, ffree] = found.files;
    view.setBigUint64(FUSE_KSTATFS.blocks, blocks, true);
    view.setBigUint64(FUSE_KSTATFS.bfree, bfree, true);
    view.setBigUint64(FUSE_KSTATFS.bavail, bavail, true);
    view.setBigUint64(FUSE_KSTATFS.files, files, true);
    view.setBigUint64(FUSE_KSTATFS.ffree, ffree, true);
    view.setUint32(FUSE_KSTATFS.bsize, found.blockSize, true);
    view.setUint32(FUSE_KSTATFS.namelen, found.nameMax, true);
    view.setUint32(FUSE_KSTATFS.frsize, found.blockSize, true);
  });
}

/** Writes as many names as fit of what `entries()` of `files.ts` gave; where to go on behind the last one. */
export function putNames(data: WritableBytes, linux: Uint8Array): bigint | undefined {
  const from = new DataView(linux.buffer, linux.byteOffset, linux.length);
  let position: bigint | undefined;
  for (let at = 0; at < linux.length;) {
    const [length, start] = [from.getUint16(at + 16, true), at + 19];
    const name = linux.subarray(start, linux.indexOf(0, start));
    const size = Math.ceil((FUSE_DIRENT.name + name.length) / 8) * 8;
    if (data.remaining < size) break;
    const next = position = from.getBigUint64(at + 8, true);
    put(data, size, (view) => {
      view.setBigUint64(FUSE_DIRENT.ino, from.getBigUint64(at, true), true);
      view.setBigUint64(FUSE_DIRENT.off, next, true);
      view.setUint32(FUSE_DIRENT.namelen, name.length, true);
      view.setUint32(FUSE_DIRENT.type, from.getUint8(at + 18), true);
      new Uint8Array(view.buffer).set(name, FUSE_DIRENT.name);
    });
    at += length;
  }
  return position;
}

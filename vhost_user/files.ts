/**
 * Files of the host, by the C library of Linux: access at a position.
 *
 * @module
 */

import { cString, fail, load } from "./ffi.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  pread: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  fdatasync: { parameters: ["i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
} as const;

const CLOEXEC = 0x80000;
const FALLOC_KEEP_SIZE_PUNCH_HOLE = 3;
const FALLOC_KEEP_SIZE_ZERO_RANGE = 0x11;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

/** Opens a file to read, or to read and write. */
export function open(path: string, write: boolean): number {
  const fd = libc().open(cString(path), (write ? 2 : 0) | CLOEXEC, 0);
  return fd < 0 ? fail(`open ${path}`) : fd;
}

/** Reads a file at a position; returns how many bytes, -1 on an error. */
export function readAt(fd: number, bytes: Uint8Array, position: number): number {
  return libc().pread(fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, BigInt(position));
}

/** Writes a file at a position; returns how many bytes, -1 on an error. */
export function writeAt(fd: number, bytes: Uint8Array, position: number): number {
  return libc().pwrite(fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, BigInt(position));
}

/** Makes what was written durable; false on an error. */
export function sync(fd: number): boolean {
  return libc().fdatasync(fd) === 0;
}

/** Makes a range of a file read as zeroes, giving its space back if `punch`; false when the file system can not. */
export function zeroRange(fd: number, position: number, length: number, punch: boolean): boolean {
  const mode = punch ? FALLOC_KEEP_SIZE_PUNCH_HOLE : FALLOC_KEEP_SIZE_ZERO_RANGE;
  return libc().fallocate(fd, mode, BigInt(position), BigInt(length)) === 0;
}

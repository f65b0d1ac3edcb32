/**
 * Files of the host, by the C library of Linux: access at a position, and directories by descriptors
 * and single names.
 *
 * A call that fails returns the number of its error, negated, except where something else is said. A
 * name is bytes with a NUL behind; nothing here follows a symbolic link. A descriptor may be one that
 * stands for a file without opening it (`NodeFlag.PATH`): what needs more is reached by its name in
 * /proc/self/fd.
 *
 * @module
 */

import { addressOf, cString, errno, fail, load } from "./ffi.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  pread: { parameters: ["i32", "usize", "u32", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "usize", "u32", "i64"], result: "i32" },
  fdatasync: { parameters: ["i32"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32" },
  syncfs: { parameters: ["i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  getdents64: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "u32"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32" },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
  truncate: { parameters: ["buffer", "i64"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
} as const;

/** Flags of opening that x86_64 and aarch64 have in common. */
export const NodeFlag = {
  /** To write. */
  WRITE: 1,
  /** To read and write. */
  READ_WRITE: 2,
  /** Makes the file. */
  CREATE: 0x40,
  /** Fails when the file is there. */
  EXCLUSIVE: 0x80,
  /** Writes at the end. */
  APPEND: 0x400,
  /** Never waits. */
  NONBLOCK: 0x800,
  /** Each write is durable at once. */
  SYNC: 0x101000,
  /** Stands for a file, which is not opened. */
  PATH: 0x200000,
} as const;

const CLOEXEC = 0x80000;
/** Not of symbolic links. */
const NOFOLLOW = Deno.build.arch === "x86_64" ? 0x20000 : 0x8000;
const FALLOC_KEEP_SIZE_PUNCH_HOLE = 3;
const FALLOC_KEEP_SIZE_ZERO_RANGE = 0x11;
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_MNT_ID = 0x1000;
/** Nanoseconds that mean: now, and: as it was. */
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const SEEK_SET = 0;
const SEEK_END = 2;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

function result(value: number): number {
  return value < 0 ? -errno() : value;
}

const EMPTY = new Uint8Array(1);

/** The name of what a descriptor stands for. */
function self(fd: number): Uint8Array<ArrayBuffer> {
  return cString(`/proc/self/fd/${fd}`);
}

/** Bytes that a call may take; their buffer is never a shared one's. */
type Bytes = Uint8Array<ArrayBuffer>;

/** Opens a file to read, or to read and write; TransportError when it can not be opened. */
export function open(path: string, write: boolean): number {
  const fd = libc().open(cString(path), (write ? 2 : 0) | CLOEXEC, 0);
  return fd < 0 ? fail(`open ${path}`) : fd;
}

/** The blocks of a file or block device; RangeError when it has none, or ends inside one. */
export function blocksOf(fd: number, path: string, block: number): number {
  const size = Number(libc().lseek(fd, 0n, SEEK_END));
  if (size > 0 && size % block === 0) return size / block;
  const found = size > 0 ? `its ${size} bytes are not whole blocks of ${block}` : "it is empty";
  throw new RangeError(`Cannot use ${path}: ${found}`);
}

/** Reads a file at a position into `length` bytes from `offset` on, of an array of more than 64; returns how many. */
export function readAt(
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  return result(libc().pread(fd, place(bytes, offset, length), length, wide(position)));
}

/** Writes a file at a position from `length` bytes from `offset` on, of an array of more than 64; returns how many. */
export function writeAt(
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  return result(libc().pwrite(fd, place(bytes, offset, length), length, wide(position)));
}

// A bigint out of an array is one only on paper: optimised code passes its 64 bits on. `BigInt(…)` is made and collected.
const WIDE = new BigInt64Array(2);
const HALVES = new Uint32Array(WIDE.buffer);
let placed: Uint8Array | undefined;
let start = 0;

/** A position as a parameter of 64 bits. */
function wide(position: number): bigint {
  HALVES[0] = position; // modulo 2^32
  HALVES[1] = position / 2 ** 32;
  return WIDE[0]!;
}

/** The address of a byte; that of the array is remembered, since it costs as much as a system call. */
function place(bytes: Uint8Array, offset: number, length: number): bigint {
  if (offset < 0 || length < 0 || offset + length > bytes.length) {
    throw new RangeError(
      `Cannot use ${length} bytes at ${offset} of ${bytes.length}`,
    );
  }
  if (bytes !== placed) {
    start = addressOf(bytes);
    placed = bytes;
  }
  const address = start + offset;
  HALVES[2] = address; // modulo 2^32
  HALVES[3] = address / 2 ** 32;
  return WIDE[1]!;
}

/** Makes what was written durable, and with `all` the attributes, too. */
export function sync(fd: number, all = false): number {
  return result(all ? libc().fsync(fd) : libc().fdatasync(fd));
}

/** Makes the file system durable in which an opened file is. */
export function syncAll(fd: number): number {
  return result(libc().syncfs(fd));
}

/** Makes a range of a file read as zeroes, giving its space back if `punch`; false when the file system can not. */
export function zeroRange(fd: number, position: number, length: number, punch: boolean): boolean {
  const mode = punch ? FALLOC_KEEP_SIZE_PUNCH_HOLE : FALLOC_KEEP_SIZE_ZERO_RANGE;
  return libc().fallocate(fd, mode, BigInt(position), BigInt(length)) === 0;
}

/** Opens a name of a directory, or makes it with these permissions; a symbolic link only as itself. */
export function openAt(directory: number, name: Bytes, flags: number, permissions = 0): number {
  return result(libc().openat(directory, name, flags | CLOEXEC | NOFOLLOW, permissions));
}

/** Opens what a descriptor stands for, which must be no symbolic link. */
export function reopen(fd: number, flags: number): number {
  return result(libc().open(self(fd), flags | CLOEXEC, 0));
}

/** Attributes of a file. */
export interface Attributes {
  /** Type and permissions. */
  readonly mode: number;
  /** Number of names. */
  readonly links: number;
  /** Owner. */
  readonly user: number;
  /** Group. */
  readonly group: number;
  /** Inode number. */
  readonly inode: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** Blocks of 512 bytes. */
  readonly blocks: bigint;
  /** Bytes of a transfer. */
  readonly blockSize: number;
  /** Last access, change of the content, change: seconds and nanoseconds. */
  readonly times: readonly (readonly [bigint, number])[];
  /** Of a device's file: its numbers. */
  readonly device: readonly [number, number];
  /** The file system: its device's numbers. */
  readonly fileSystem: readonly [number, number];
  /** Where the file system is mounted. */
  readonly mount: bigint;
}

const STAT = new Uint8Array(256);
const STAT_VIEW = new DataView(STAT.buffer);

/** The attributes of what a descriptor stands for. */
export function attributes(fd: number): Attributes | number {
  const wanted = STATX_BASIC_STATS | STATX_MNT_ID;
  const failed = result(libc().statx(fd, EMPTY, AT_EMPTY_PATH, wanted, STAT));
  if (failed < 0) return failed;
  const [u32, u64] = [
    (at: number) => STAT_VIEW.getUint32(at, true),
    (at: number) => STAT_VIEW.getBigUint64(at, true),
  ];
  return {
    blockSize: u32(4),
    links: u32(16),
    user: u32(20),
    group: u32(24),
    mode: STAT_VIEW.getUint16(28, true),
    inode: u64(32),
    size: u64(40),
    blocks: u64(48),
    times: [64, 112, 96].map((at) => [u64(at), u32(at + 8)]),
    device: [u32(128), u32(132)],
    fileSystem: [u32(136), u32(140)],
    mount: u64(144),
  };
}

/** Figures of a file system. */
export interface FileSystemFigures {
  /** Bytes of a transfer, and of a block. */
  readonly blockSize: number;
  /** Blocks in all, free ones, and those that are free for anybody. */
  readonly blocks: readonly [bigint, bigint, bigint];
  /** Files that there can be, and how many more. */
  readonly files: readonly [bigint, bigint];
  /** Most bytes of a name. */
  readonly nameMax: number;
}

/** Figures of the file system that a descriptor's file is in. */
export function figures(fd: number): FileSystemFigures | number {
  const failed = result(libc().fstatfs(fd, STAT));
  if (failed < 0) return failed;
  const u64 = (at: number) => STAT_VIEW.getBigUint64(at, true);
  return {
    blockSize: Number(u64(8)),
    blocks: [u64(16), u64(24), u64(32)],
    files: [u64(40), u64(48)],
    nameMax: Number(u64(64)),
  };
}

/** Names of an opened directory from a position on, as Linux's `struct linux_dirent64`; how many bytes. */
export function entries(fd: number, position: bigint, into: Bytes): number {
  if (libc().lseek(fd, position, SEEK_SET) < 0n) return -errno();
  return result(libc().getdents64(fd, into, into.length));
}

/** Where a symbolic link leads; how many bytes. */
export function readLink(fd: number, into: Bytes): number {
  return result(libc().readlinkat(fd, EMPTY, into, into.length));
}

/** Makes a directory. */
export function makeDirectory(directory: number, name: Bytes, permissions: number): number {
  return result(libc().mkdirat(directory, name, permissions));
}

/** Makes a file without content: a regular one, a pipe or a socket. */
export function makeNode(directory: number, name: Bytes, mode: number): number {
  return result(libc().mknodat(directory, name, mode, 0n));
}

/** Makes a symbolic link. */
export function makeLink(directory: number, name: Bytes, target: Bytes): number {
  return result(libc().symlinkat(target, directory, name));
}

/** Gives what a descriptor stands for another name. */
export function link(fd: number, directory: number, name: Bytes): number {
  return result(libc().linkat(AT_FDCWD, self(fd), directory, name, AT_SYMLINK_FOLLOW));
}

/** Removes a name: of a directory, which must be empty, or of anything else. */
export function remove(directory: number, name: Bytes, isDirectory: boolean): number {
  return result(libc().unlinkat(directory, name, isDirectory ? AT_REMOVEDIR : 0));
}

/** Renames, with the flags of renameat2(). */
export function rename(from: number, name: Bytes, to: number, other: Bytes, flags: number): number {
  return result(libc().renameat2(from, name, to, other, flags));
}

/** Sets the size of what a descriptor stands for. */
export function setSize(fd: number, size: bigint): number {
  return result(libc().truncate(self(fd), size));
}

/** Sets the permissions of what a descriptor stands for. */
export function setPermissions(fd: number, permissions: number): number {
  return result(libc().fchmodat(AT_FDCWD, self(fd), permissions, 0));
}

/** Sets the owner and group of what a descriptor stands for; 2^32 - 1 leaves one as it is. */
export function setOwner(fd: number, user: number, group: number): number {
  return result(libc().fchownat(fd, EMPTY, user, group, AT_EMPTY_PATH));
}

/** Seconds and nanoseconds, the present, or what it is already. */
export type Time = readonly [bigint, number] | "now" | "same";

/** Sets when what a descriptor stands for was last read, and last changed. */
export function setTimes(fd: number, read: Time, changed: Time): number {
  const times = new BigInt64Array(4);
  for (const [at, time] of [read, changed].entries()) {
    const [seconds, nanoseconds] = time === "now"
      ? [0n, UTIME_NOW]
      : time === "same"
      ? [0n, UTIME_OMIT]
      : time;
    times.set([seconds, BigInt(nanoseconds)], 2 * at);
  }
  return result(libc().utimensat(AT_FDCWD, self(fd), new Uint8Array(times.buffer), 0));
}

/**
 * Memory that processes share, by the C library of Linux.
 *
 * A shared mapping lies inside the buffer of a WebAssembly memory, whose pages are replaced. That
 * gives a real SharedArrayBuffer: it can be posted to Workers, and the memory model covers it. Pages
 * of a mapping that was closed are anonymous memory from then on, so that a view that somebody kept
 * reads zeroes instead of ending the process; the collector takes the address range back.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";
import { addressOf, check, close, cString, fail, load } from "./ffi.ts";

/** Memory of a file, mapped and shared. */
export interface Mapping {
  /** The bytes, over a SharedArrayBuffer of their own. */
  readonly bytes: Uint8Array;
  /** Where the first byte lies in this process. */
  readonly address: number;
  /** Puts anonymous pages in its place. */
  close(): void;
}

const SYMBOLS = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
} as const;

const MFD_CLOEXEC_AND_SEALING = 3;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const F_SEAL_SHRINK = 2;
const AT_EMPTY_PATH = 0x1000;
const STATX_SIZE = 0x200;
const READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32;
const PAGE = 4096;
const WASM_PAGE = 65536;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

/** Anonymous shared memory of so many bytes, which nobody can make smaller. */
export function memoryFile(name: string, size: number): number {
  const fd = check("make memory", libc().memfd_create(cString(name), MFD_CLOEXEC_AND_SEALING));
  try {
    check("make memory", libc().ftruncate(fd, BigInt(size)));
    check("seal memory", libc().fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}

/** Whether nobody can make a descriptor's memory smaller. */
export function isSealed(fd: number): boolean {
  const seals = libc().fcntl(fd, F_GET_SEALS, 0);
  return seals >= 0 && (seals & F_SEAL_SHRINK) !== 0;
}

/** The bytes of a descriptor's file, and of its pages. */
export function fileSize(fd: number): { readonly size: number; readonly page: number } {
  const stat = new Uint8Array(256);
  check("look at a file", libc().statx(fd, cString(""), AT_EMPTY_PATH, STATX_SIZE, stat));
  const view = new DataView(stat.buffer);
  return { size: Number(view.getBigUint64(40, true)), page: view.getUint32(4, true) };
}

/** Maps a part of a descriptor's file, which must have it; the descriptor may be closed afterwards. */
export function map(fd: number, offset: number, size: number): Mapping {
  // Files of huge pages are mapped at multiples of these; their pages are larger than any disk's blocks.
  const { page } = fileSize(fd);
  const unit = page >= 2 << 20 ? page : PAGE;
  const before = offset % unit;
  const length = Math.ceil((before + size) / unit) * unit;
  const slack = unit > WASM_PAGE ? unit : 0;
  const buffer = addressSpace(length + slack);
  const base = addressOf(new Uint8Array(buffer));
  const start = Math.ceil(base / unit) * unit;
  const [at, bytes, from] = [BigInt(start), BigInt(length), BigInt(offset - before)];
  const mapped = libc().mmap(at, bytes, READ_WRITE, MAP_SHARED_FIXED, fd, from);
  if (Number(mapped) !== start) fail(`map ${size} bytes of memory`);
  return {
    bytes: new Uint8Array(buffer, start - base + before, size),
    address: start + before,
    close() {
      libc().mmap(at, bytes, READ_WRITE, MAP_PRIVATE_FIXED_ANONYMOUS, -1, 0n);
    },
  };
}

/** Addresses for so many bytes, as a buffer. */
function addressSpace(length: number): ArrayBufferLike {
  const pages = BigInt(Math.ceil(length / WASM_PAGE));
  const descriptor = { initial: pages, maximum: pages, shared: true, address: "i64" };
  try {
    const Memory = WebAssembly.Memory as unknown as new (
      _: typeof descriptor,
    ) => WebAssembly.Memory;
    return new Memory(descriptor).buffer;
  } catch (cause) {
    throw new TransportError(`Cannot map ${length} bytes of memory: no room for them`, { cause });
  }
}

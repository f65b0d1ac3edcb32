/**
 * The door to the C library of Linux. Only this file opens a library; `sockets.ts`, `shared_memory.ts`,
 * `events.ts`, `files.ts` and `tap.ts` call foreign functions through it, each for what it is about,
 * and nothing else does.
 *
 * Descriptors are plain numbers; whoever holds one closes it. A call that fails throws a
 * TransportError that says what the C library says, except where something else is said. Structures
 * are those of 64-bit Linux, which x86_64 and aarch64 share except where a constant says otherwise.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";

// Here and in the other files, numbers are passed for parameters of 32 bits alone, bigints for 64:
// anything else is twice as slow (740 instead of 400 ns for a signalled event). Calls that move less
// than 2^31 bytes return 32 bits.
const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

const F_GETFD = 1;
const F_SETFL = 4;
const NONBLOCK = 0x800;
const EAGAIN = 11;
const EINTR = 4;
const ECONNABORTED = 103;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

/** The functions used here; loaded before any other, so that errors can be told. */
function libc(): NonNullable<typeof library> {
  return library ??= open(SYMBOLS);
}

/** Functions of the C library; TransportError where there is none like it. */
export function load<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  libc();
  return open(symbols);
}

function open<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  const { os } = Deno.build;
  if (os !== "linux") throw new TransportError(`Cannot use vhost-user on ${os}: it needs Linux`);
  try {
    return Deno.dlopen("libc.so.6", symbols).symbols;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TransportError("Cannot use vhost-user: there is no libc.so.6 to load", { cause });
  }
}

/** The error of the call that failed just now. */
export function errno(): number {
  return new Deno.UnsafePointerView(libc().__errno_location()!).getInt32();
}

function errorText(error: number): string {
  return new Deno.UnsafePointerView(libc().strerror(error)!).getCString();
}

/** Throws a TransportError with what the C library says of an error. */
export function fail(what: string, error: number = errno()): never {
  throw new TransportError(`Cannot ${what}: ${errorText(error)} (errno ${error})`);
}

/** -1 for a call that may be made again later. */
export function later(what: string): -1 {
  const error = errno();
  return [EAGAIN, EINTR, ECONNABORTED].includes(error) ? -1 : fail(what, error);
}

/** What a call returned, unless it failed. */
export function check(what: string, result: number): number {
  return result < 0 ? fail(what) : result;
}

/** A text as C has it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** Where bytes lie in this process; those of a mapping stay there, others may be moved by the collector. */
export function addressOf(bytes: Uint8Array): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>)));
}

/** Whether a number is that of an open descriptor. */
export function isOpen(fd: number): boolean {
  return libc().fcntl(fd, F_GETFD, 0) >= 0;
}

/** Closes a descriptor. */
export function close(fd: number): void {
  libc().close(fd);
}

/** Makes sure that a descriptor of the other side never makes us wait. */
export function neverBlock(fd: number): void {
  check("use a descriptor", libc().fcntl(fd, F_SETFL, NONBLOCK));
}

/**
 * UNIX sockets that carry descriptors, by the C library of Linux.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";
import { addressOf, check, close, errno, later, load } from "./ffi.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
} as const;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;
const MSG_DONTWAIT = 0x40;
const MSG_CTRUNC = 8;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const ECONNREFUSED = 111;
/** Most descriptors that one message may bring; a ninth is enough to know that there are too many. */
const DESCRIPTORS_MAX = 16;
const CONTROL_SIZE = 16 + 4 * DESCRIPTORS_MAX;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

function socketAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  const address = new Uint8Array(110);
  if (name.length === 0 || name.length > 107) {
    throw new TransportError(`Cannot use the socket ${JSON.stringify(path)}: not 1 to 107 bytes`);
  }
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

function socketFor(path: string, use: (fd: number, address: Uint8Array<ArrayBuffer>) => void) {
  const address = socketAddress(path);
  const fd = check("make a socket", libc().socket(AF_UNIX, SOCK_STREAM | CLOEXEC | NONBLOCK, 0));
  try {
    use(fd, address);
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}

/** A socket that listens at a path, which must be free. */
export function listen(path: string): number {
  return socketFor(path, (fd, address) => {
    check(`listen at ${path}`, libc().bind(fd, address, address.length));
    check(`listen at ${path}`, libc().listen(fd, 8));
  });
}

/** The next connection to a listening socket; -1 when there is none now. */
export function accept(fd: number): number {
  const accepted = libc().accept4(fd, 0n, 0n, CLOEXEC | NONBLOCK);
  return accepted >= 0 ? accepted : later("accept");
}

/** A socket connected to the one that listens at a path. */
export function connect(path: string): number {
  return socketFor(path, (fd, address) => {
    check(`connect to ${path}`, libc().connect(fd, address, address.length));
  });
}

/** Whether somebody listens at the socket that a path has, as far as can be known: it is not refused. */
export function isListenedAt(path: string): boolean {
  let refused = false;
  close(socketFor(path, (fd, address) => {
    refused = libc().connect(fd, address, address.length) < 0 && errno() === ECONNREFUSED;
  }));
  return !refused;
}

/** Two sockets connected to each other. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  const [type, into] = [SOCK_STREAM | CLOEXEC | NONBLOCK, new Uint8Array(pair.buffer)];
  check("make a pair of sockets", libc().socketpair(AF_UNIX, type, 0, into));
  return [pair[0]!, pair[1]!];
}

/** The header, control buffer and vector of one sendmsg or recvmsg; they refer to each other. */
function messageHeader(bytes: Uint8Array, control: Uint8Array | undefined) {
  const words = new BigUint64Array(9); // 56 bytes of msghdr, then the vector's 16
  const header = new Uint8Array(words.buffer);
  words[7] = BigInt(addressOf(bytes));
  words[8] = BigInt(bytes.length);
  words[2] = BigInt(addressOf(header) + 56);
  words[3] = 1n;
  if (control !== undefined) {
    words[4] = BigInt(addressOf(control));
    words[5] = BigInt(control.length);
  }
  return { header, words };
}

/** Sends bytes, with descriptors at the first of them; returns how many were taken, -1 when none can be now. */
export function send(fd: number, bytes: Uint8Array, descriptors: readonly number[] = []): number {
  let control: Uint8Array | undefined;
  if (descriptors.length > 0) {
    control = new Uint8Array(Math.ceil((16 + 4 * descriptors.length) / 8) * 8);
    const view = new DataView(control.buffer);
    view.setBigUint64(0, BigInt(16 + 4 * descriptors.length), true);
    view.setInt32(8, SOL_SOCKET, true);
    view.setInt32(12, SCM_RIGHTS, true);
    descriptors.forEach((descriptor, at) => view.setInt32(16 + 4 * at, descriptor, true));
  }
  const { header } = messageHeader(bytes, control);
  const sent = libc().sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
  keep(bytes, control);
  return sent >= 0 ? sent : later("send");
}

/**
 * Receives bytes, and appends the descriptors that came with them; 0 at the end of the connection,
 * -1 when nothing came yet. TransportError when there were more descriptors than fit, all of which
 * are appended or closed.
 */
export function receive(fd: number, into: Uint8Array, descriptors: number[]): number {
  const control = new Uint8Array(CONTROL_SIZE);
  const { header, words } = messageHeader(into, control);
  const received = libc().recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  keep(into, control);
  if (received < 0) return later("receive");
  const view = new DataView(control.buffer);
  const filled = Number(words[5]);
  for (let at = 0; at + 16 <= filled;) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getInt32(at + 8, true) === SOL_SOCKET && view.getInt32(at + 12, true) === SCM_RIGHTS) {
      for (let each = at + 16; each + 4 <= at + length; each += 4) {
        descriptors.push(view.getInt32(each, true));
      }
    }
    at += Math.max(16, Math.ceil(length / 8) * 8);
  }
  if ((Number(words[6]) & MSG_CTRUNC) !== 0) {
    throw new TransportError("Cannot receive: more descriptors than any message has");
  }
  return received;
}

/** What a foreign call reads by its address must be alive, and used, until that call returned. */
function keep(..._bytes: (Uint8Array | undefined)[]): void {}

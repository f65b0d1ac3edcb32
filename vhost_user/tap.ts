/**
 * TAP interfaces of Linux: an Ethernet card of the host whose cable is a descriptor.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";
import { close, cString, errno, fail, load } from "./ffi.ts";

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  ioctlNumber: { name: "ioctl", parameters: ["i32", "u64", "u64"], result: "i32" },
} as const;

const READ_WRITE_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;
const TUNSETIFF = 0x400454can;
const TUNSETOFFLOAD = 0x400454d0n;
const TUNSETVNETHDRSZ = 0x400454d8n;
const TUNSETQUEUE = 0x400454d9n;
/** TAP, no packet information, a header of virtio. */
const FLAGS = 0x0002 | 0x1000 | 0x4000;
const MULTI_QUEUE = 0x0100;
const ATTACH_QUEUE = 0x0200;
const DETACH_QUEUE = 0x0400;
/** Bytes of an ifreq, and where its flags are. */
const REQUEST_SIZE = 40;
const REQUEST_FLAGS = 16;
const EINVAL = 22;
const NAME_MAX = 15;

/** Receive offloads, as TUNSETOFFLOAD has them. */
export const TapOffload = { CSUM: 1, TSO4: 2, TSO6: 4, TSO_ECN: 8 } as const;

/** Bytes before each frame: a virtio_net_hdr with num_buffers. */
export const TAP_HEADER = 12;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

/**
 * The queues of an interface, which is made if there is none, and gone once all of them are closed.
 * TransportError when the name is none, when that is not allowed, or when an interface that is there
 * was made for several queues and one is wanted, or the other way round.
 */
export function openTap(name: string, queues = 1): number[] {
  const request = new Uint8Array(REQUEST_SIZE);
  const encoded = new TextEncoder().encode(name);
  if (encoded.length < 1 || encoded.length > NAME_MAX) {
    throw new TransportError(`Cannot open the interface ${name}: not 1 to ${NAME_MAX} bytes`);
  }
  request.set(encoded);
  const opened: number[] = [];
  try {
    while (opened.length < queues) {
      const fd = libc().open(cString("/dev/net/tun"), READ_WRITE_NONBLOCK_CLOEXEC);
      if (fd < 0) fail("open /dev/net/tun");
      opened.push(fd);
      setFlags(request, queues > 1 ? FLAGS | MULTI_QUEUE : FLAGS);
      const size = new Uint8Array(new Uint32Array([TAP_HEADER]).buffer);
      const made = libc().ioctl(fd, TUNSETIFF, request) >= 0 &&
        libc().ioctl(fd, TUNSETVNETHDRSZ, size) >= 0;
      if (!made) failToOpen(name, queues);
    }
    return opened;
  } catch (error) {
    opened.forEach(close);
    throw error;
  }
}

function failToOpen(name: string, queues: number): never {
  const error = errno();
  const made = queues > 1 ? "without multi_queue" : "with multi_queue";
  fail(`open the interface ${name}${error === EINVAL ? `, made ${made} or no TAP` : ""}`, error);
}

function setFlags(request: Uint8Array<ArrayBuffer>, flags: number): void {
  new DataView(request.buffer).setUint16(REQUEST_FLAGS, flags, true);
}

/** Lets one of several queues have frames of the host, or takes it out: others get its frames then. */
export function attachTap(fd: number, attached: boolean): void {
  const request = new Uint8Array(REQUEST_SIZE);
  setFlags(request, attached ? ATTACH_QUEUE : DETACH_QUEUE);
  if (libc().ioctl(fd, TUNSETQUEUE, request) < 0) fail("attach a queue of a TAP");
}

/** Says which frames may be received that the sender's card was to finish, as {@linkcode TapOffload}. */
export function setTapOffloads(fd: number, offloads: number): void {
  if (libc().ioctlNumber(fd, TUNSETOFFLOAD, BigInt(offloads)) < 0) fail("set offloads of a TAP");
}

/** Reads a header and a frame; how many bytes, negative when there is none now or the interface is down. */
export function readTap(fd: number, into: Uint8Array<ArrayBuffer>): number {
  return libc().read(fd, into, into.length);
}

/** Writes a header and a frame, so many bytes in all; false when that was not taken. */
export function writeTap(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number): boolean {
  return libc().write(fd, bytes, length) === length;
}

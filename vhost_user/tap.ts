/**
 * TAP interfaces of Linux: an Ethernet card of the host whose cable is a descriptor.
 *
 * @module
 */

import { close, cString, fail, load } from "./ffi.ts";

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
/** TAP, no packet information, a header of virtio. */
const FLAGS = 0x0002 | 0x1000 | 0x4000;
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
 * The cable of an interface, which is made if there is none, and gone once closed. TransportError when
 * the name is none, or that is not allowed.
 */
export function openTap(name: string): number {
  const request = new Uint8Array(40); // ifreq
  const encoded = new TextEncoder().encode(name);
  if (encoded.length > NAME_MAX) fail(`open the interface ${name}`, ENAMETOOLONG);
  request.set(encoded);
  new DataView(request.buffer).setUint16(16, FLAGS, true);
  const fd = libc().open(cString("/dev/net/tun"), READ_WRITE_NONBLOCK_CLOEXEC);
  if (fd < 0) fail("open /dev/net/tun");
  const size = new Uint8Array(new Uint32Array([TAP_HEADER]).buffer);
  if (libc().ioctl(fd, TUNSETIFF, request) < 0 || libc().ioctl(fd, TUNSETVNETHDRSZ, size) < 0) {
    try {
      fail(`open the interface ${name}`);
    } finally {
      close(fd);
    }
  }
  return fd;
}

const ENAMETOOLONG = 36;

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

/**
 * Headers of packets that network devices and their drivers are tried with.
 *
 * @module
 */

import {
  emptyVirtioNetHdr,
  type VirtioNetHdr,
  writeVirtioNetHdr,
} from "../../generated/net/mod.ts";

/** Kinds of packets that are to be cut. */
export const [TCPV4, UDP, TCPV6, UDP_L4] = [1, 3, 4, 5];
/** What is added to the kind. */
export const [TUNNEL4, TUNNEL6, ECN] = [0x20, 0x40, 0x80];
/** Flags. */
export const [NEEDS_CSUM, DATA_VALID, RSC_INFO, TUNNEL_CSUM] = [1, 2, 4, 8];

/** A packet to be cut. */
export function cut(gsoType: number, flags = NEEDS_CSUM): Partial<VirtioNetHdr> {
  return { gsoType, flags, gsoSize: 1400 };
}

/** The same in a tunnel. */
export function inTunnel(gsoType: number, flags = NEEDS_CSUM): Partial<VirtioNetHdr> {
  return { ...cut(gsoType, flags), outerThOffset: 20, innerNhOffset: 28 };
}

/** A packet of 60 bytes behind the first `size` bytes of its header. */
export function packetBytes(changes: Partial<VirtioNetHdr>, size: number): Uint8Array {
  const bytes = new Uint8Array(size + 60);
  const hdr = { ...emptyVirtioNetHdr(), ...changes };
  writeVirtioNetHdr(new DataView(bytes.buffer), 0, hdr, size);
  return bytes;
}

// Both sides of sockets, and a guest that packs its packets by hand.

import {
  SocketDevice,
  type SocketDeviceOptions,
  SocketDriver,
  type SocketDriverOptions,
  SocketOp,
  type SocketReceive,
  type SocketTransmit,
  SocketType,
} from "../../generated/vsock/mod.ts";
import { loopback } from "../loopback.ts";
import type { Socket } from "./sockets.ts";

/** The guest's address. */
export const GUEST = 7;
/** The host's address. */
export const HOST = 2;
/** The port that is listened on. */
export const PORT = 80;

/** Bytes that tell where they belong. */
export function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => first + at * 7);
}

export async function all(socket: Socket): Promise<Uint8Array> {
  const pieces: number[] = [];
  for await (const piece of socket) pieces.push(...piece);
  return Uint8Array.from(pieces);
}

export async function ends(
  device: Partial<SocketDeviceOptions> = {},
  driver: Partial<SocketDriverOptions> = {},
) {
  const host = new SocketDevice({
    config: { guestCid: GUEST },
    features: ["STREAM", "SEQPACKET"],
    ...device,
  });
  const guest = await SocketDriver.open(loopback(host), driver);
  return { host: host.sockets!, guest: guest.sockets!, device: host, driver: guest };
}

/** The next connection to a port. */
export function accepted(
  side: { listen(port: number, listener: (socket: Socket) => void, type?: "seqpacket"): void },
  type?: "seqpacket",
): Promise<Socket> {
  return new Promise((resolve) => side.listen(PORT, resolve, type));
}

/** A guest that packs its packets by hand, and sees those of a device. */
export async function byHand(options: Partial<SocketDeviceOptions> = {}) {
  const seen: (SocketReceive & { readonly data: Uint8Array })[] = [];
  const { device, driver, host } = await ends(options, {
    onReceive: (value, data) => seen.push({ ...value, data: data.slice() }),
  });
  const send = async (packet: Partial<SocketTransmit>, data: Uint8Array = new Uint8Array(0)) => {
    const before = seen.length;
    await driver.transmit({
      srcCid: GUEST,
      dstCid: HOST,
      srcPort: 5000,
      dstPort: PORT,
      type: SocketType.STREAM,
      op: SocketOp.RW,
      flags: 0,
      bufAlloc: 100,
      fwdCnt: 0,
      ...packet,
    }, data);
    await settled();
    return seen.slice(before);
  };
  return { device, driver, host, send, seen, [Symbol.asyncDispose]: () => driver.close() };
}

export async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

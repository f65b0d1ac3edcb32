/**
 * A network of one neighbour, who answers what a guest asks: his address (ARP) and echo requests (ping).
 *
 * @module
 */

import { NetworkDevice } from "../../generated/net/mod.ts";

const GUEST_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x02);
const OUR_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x01);
const OUR_ADDRESS = Uint8Array.of(10, 0, 0, 1);

const ETHERNET = 14;
const ARP = 0x0806;
const IPV4 = 0x0800;
const IP_HEADER = 20;
const ICMP = 1;
const ECHO = 8;

/** A network card whose neighbour is 10.0.0.1. */
export function networkCard(): NetworkDevice {
  const card = new NetworkDevice({
    config: { mac: GUEST_MAC, status: 1 },
    transmit: ({ hdr }, data) => {
      const answer = answerTo(data.bytes());
      if (answer !== undefined) card.sendReceive({ hdr: { ...hdr, flags: 0 } }, answer);
    },
  });
  return card;
}

/** What a frame is answered with, if it is for the neighbour and he understands it. */
export function answerTo(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < ETHERNET + IP_HEADER) return undefined;
  const answer = frame.slice();
  const view = new DataView(answer.buffer);
  answer.set(frame.subarray(6, 12), 0);
  answer.set(OUR_MAC, 6);
  const type = view.getUint16(12);
  if (type === ARP) return answerArp(answer, view);
  return type === IPV4 ? answerIp(answer, view) : undefined;
}

function answerArp(frame: Uint8Array, view: DataView): Uint8Array | undefined {
  const [sender, target] = [ETHERNET + 8, ETHERNET + 18];
  if (view.getUint16(ETHERNET + 6) !== 1 || !isOurs(frame, target + 6)) return undefined;
  view.setUint16(ETHERNET + 6, 2);
  frame.copyWithin(target, sender, sender + 10);
  frame.set(OUR_MAC, sender);
  frame.set(OUR_ADDRESS, sender + 6);
  return frame;
}

/** The addresses change places, which leaves the header's checksum as it is. */
function answerIp(frame: Uint8Array, view: DataView): Uint8Array | undefined {
  const [source, target] = [ETHERNET + 12, ETHERNET + 16];
  const plain = frame[ETHERNET] === 0x45 && (view.getUint16(ETHERNET + 6) & 0x3fff) === 0;
  const end = ETHERNET + view.getUint16(ETHERNET + 2);
  if (!plain || !isOurs(frame, target) || end > frame.length) return undefined;
  frame.copyWithin(target, source, source + 4);
  frame.set(OUR_ADDRESS, source);
  const payload = frame.subarray(ETHERNET + IP_HEADER, end);
  if (frame[ETHERNET + 9] !== ICMP || payload.length < 8 || payload[0] !== ECHO) return undefined;
  answerPing(payload);
  return frame;
}

function answerPing(message: Uint8Array): void {
  const view = new DataView(message.buffer, message.byteOffset);
  message[0] = 0;
  view.setUint16(2, 0);
  view.setUint16(2, checksum(message));
}

/** The Internet's checksum: the complement of the sum of all words, with its carries added. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  bytes.forEach((byte, at) => sum += at % 2 === 0 ? byte << 8 : byte);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function isOurs(frame: Uint8Array, at: number): boolean {
  return OUR_ADDRESS.every((byte, index) => frame[at + index] === byte);
}

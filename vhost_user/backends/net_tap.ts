/**
 * A TAP interface of the host as a wire.
 *
 * @module
 */

import {
  emptyNetworkReceive,
  NetworkHeaderFlags,
  type NetworkTransmit,
  readVirtioNetHdr,
  VIRTIO_NET_F_GUEST_CSUM,
  writeVirtioNetHdr,
} from "../../generated/net/mod.ts";
import type { ReadableBytes } from "../../runtime/cursor.ts";
import { close } from "../ffi.ts";
import { poller } from "../poller.ts";
import {
  attachTap,
  openTap,
  readTap,
  setTapOffloads,
  TAP_HEADER,
  TapOffload,
  writeTap,
} from "../tap.ts";
import { type Card, FRAME_MAX, type Wire } from "./net.ts";

/** Most frames in one go, so that what the driver sends gets its turn. */
const BURST = 64;

/** Receive features, and what they allow the host to send. */
const OFFLOADS = [
  { bit: 1, offload: TapOffload.CSUM },
  { bit: 7, offload: TapOffload.TSO4 },
  { bit: 8, offload: TapOffload.TSO6 },
  { bit: 9, offload: TapOffload.TSO_ECN },
] as const;

/** A TAP interface with a queue for each pair of the card's; the header before each frame is that of the driver. */
export class TapWire implements Wire {
  /** The host computes checksums and cuts segments, or leaves that to the driver. */
  readonly features = [
    "CSUM",
    "HOST_TSO4",
    "HOST_TSO6",
    "HOST_ECN",
    "GUEST_CSUM",
    "GUEST_TSO4",
    "GUEST_TSO6",
    "GUEST_ECN",
  ] as const;
  readonly #queues: readonly TapQueue[];
  readonly #out = new Uint8Array(TAP_HEADER + FRAME_MAX);
  readonly #outView = new DataView(this.#out.buffer);
  #card: Card | undefined;
  #features = -1n;

  /** Opens or makes the interface; TransportError when that can not be. */
  constructor(name: string, pairs: number) {
    this.#queues = openTap(name, pairs).map((fd, pair) => new TapQueue(fd, pair));
  }

  /** Writes a frame at once; what the interface does not take is dropped. */
  send({ hdr }: NetworkTransmit, frame: ReadableBytes, pair: number): void {
    writeVirtioNetHdr(this.#outView, 0, hdr, TAP_HEADER);
    const length = frame.read(this.#out, TAP_HEADER);
    writeTap(this.#queues[pair]!.fd, this.#out, TAP_HEADER + length);
  }

  /** Frames are read once the driver has buffers. */
  start(card: Card): void {
    this.#card = card;
  }

  /** Reads on, with the offloads that were negotiated. */
  resume(pair: number): void {
    const card = this.#card!;
    const queue = this.#queues[pair]!;
    if (card.features !== this.#features) {
      this.#features = card.features;
      const offloads = OFFLOADS.filter(({ bit }) => card.hasFeature(bit));
      setTapOffloads(queue.fd, offloads.reduce((sum, { offload }) => sum | offload, 0));
    }
    queue.resume(card);
  }

  /** Frames for that pair go to others, from the first on. */
  stop(pair: number): void {
    this.#queues[pair]!.stop();
  }

  /** Closes the interface, which is gone then unless it was there before. */
  close(): void {
    for (const queue of this.#queues) queue.close();
  }
}

/** One queue of the interface. The first one is always attached; the others are while the driver uses them. */
class TapQueue {
  /** Its descriptor. */
  readonly fd: number;
  readonly #pair: number;
  readonly #value = emptyNetworkReceive();
  readonly #in = new Uint8Array(TAP_HEADER + FRAME_MAX);
  readonly #inView = new DataView(this.#in.buffer);
  #frame = this.#in.subarray(TAP_HEADER); // the last one: many are of one length
  #card: Card | undefined;
  #held = 0; // bytes of a frame that waits for buffers of the driver
  #attached = true;
  #watched = false;
  #clear = 0; // flags that the host may set whatever was negotiated

  /** Takes over a descriptor of the interface. */
  constructor(fd: number, pair: number) {
    this.fd = fd;
    this.#pair = pair;
    this.stop();
  }

  /** Reads, as long as the driver has buffers. */
  resume(card: Card): void {
    this.#card = card;
    this.#clear = card.hasFeature(VIRTIO_NET_F_GUEST_CSUM) ? 0 : NetworkHeaderFlags.DATA_VALID;
    if (this.#watched) return;
    this.#attach(true);
    this.#watched = true;
    poller.add(this.fd, () => card.burst(this.#read));
  }

  /** Reads no more; what waits is dropped. */
  stop(): void {
    this.#unwatch();
    this.#held = 0;
    this.#attach(this.#pair === 0);
  }

  /** Lets go of the descriptor. */
  close(): void {
    this.#unwatch();
    close(this.fd);
  }

  #attach(attached: boolean): void {
    if (attached === this.#attached) return;
    attachTap(this.fd, attached);
    this.#attached = attached;
  }

  #unwatch(): void {
    if (this.#watched) poller.remove(this.fd);
    this.#watched = false;
  }

  readonly #read = (): void => {
    const value = this.#value;
    for (let count = 0; count < BURST; count++) {
      if (this.#held === 0) {
        const length = readTap(this.fd, this.#in);
        if (length <= TAP_HEADER) return;
        readVirtioNetHdr(this.#inView, 0, value.hdr, TAP_HEADER);
        value.hdr.flags &= ~this.#clear;
        this.#held = length;
      }
      if (this.#frame.length !== this.#held - TAP_HEADER) {
        this.#frame = this.#in.subarray(TAP_HEADER, this.#held);
      }
      if (!this.#card!.deliver(value, this.#frame, this.#pair)) return this.#unwatch();
      this.#held = 0;
    }
  };
}

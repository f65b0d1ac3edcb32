/**
 * A TAP interface of the host as a wire.
 *
 * @module
 */

import {
  emptyNetworkReceive,
  type NetworkTransmit,
  readVirtioNetHdr,
  writeVirtioNetHdr,
} from "../../generated/net/mod.ts";
import type { ReadableBytes } from "../../runtime/cursor.ts";
import { close } from "../ffi.ts";
import { poller } from "../poller.ts";
import { openTap, readTap, setTapOffloads, TAP_HEADER, TapOffload, writeTap } from "../tap.ts";
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

/** A TAP interface; the header before each frame is that of the driver. */
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
  readonly #fd: number;
  readonly #value = emptyNetworkReceive();
  readonly #in = new Uint8Array(TAP_HEADER + FRAME_MAX);
  readonly #inView = new DataView(this.#in.buffer);
  #frame = this.#in.subarray(TAP_HEADER); // the last one: many are of one length
  readonly #out = new Uint8Array(TAP_HEADER + FRAME_MAX);
  readonly #outView = new DataView(this.#out.buffer);
  #card: Card | undefined;
  #held = 0; // bytes of a frame that waits for buffers of the driver
  #watched = false;
  #features = -1n;

  /** Opens or makes the interface; TransportError when that can not be. */
  constructor(name: string) {
    this.#fd = openTap(name);
  }

  /** Writes a frame at once; what the interface does not take is dropped. */
  send({ hdr }: NetworkTransmit, frame: ReadableBytes): void {
    writeVirtioNetHdr(this.#outView, 0, hdr, TAP_HEADER);
    const length = frame.read(this.#out, TAP_HEADER);
    writeTap(this.#fd, this.#out, TAP_HEADER + length);
  }

  /** Frames are read once the driver has buffers. */
  start(card: Card): void {
    this.#card = card;
  }

  /** Reads on, with the offloads that were negotiated. */
  resume(): void {
    const { features } = this.#card!;
    if (features !== this.#features) {
      this.#features = features;
      const offloads = OFFLOADS.filter(({ bit }) => this.#card!.hasFeature(bit));
      setTapOffloads(this.#fd, offloads.reduce((sum, { offload }) => sum | offload, 0));
    }
    this.#watch();
  }

  /** Closes the interface, which is gone then unless it was there before. */
  close(): void {
    this.#unwatch();
    close(this.#fd);
  }

  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    poller.add(this.#fd, () => this.#card!.burst(this.#read));
  }

  #unwatch(): void {
    if (this.#watched) poller.remove(this.#fd);
    this.#watched = false;
  }

  readonly #read = (): void => {
    const value = this.#value;
    for (let count = 0; count < BURST; count++) {
      if (this.#held === 0) {
        const length = readTap(this.#fd, this.#in);
        if (length <= TAP_HEADER) return;
        readVirtioNetHdr(this.#inView, 0, value.hdr, TAP_HEADER);
        this.#held = length;
      }
      if (this.#frame.length !== this.#held - TAP_HEADER) {
        this.#frame = this.#in.subarray(TAP_HEADER, this.#held);
      }
      if (!this.#card!.deliver(value, this.#frame)) return this.#unwatch();
      this.#held = 0;
    }
  };
}

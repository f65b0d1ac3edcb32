/**
 * An Ethernet card, on a TAP interface of the host or on a UNIX stream socket.
 *
 * Frames to the driver wait where they come from while it has no buffers: the interface or the socket
 * is read no further, so that nothing is lost here. What never fits into its buffers is dropped.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import {
  emptyNetworkReceive,
  NetworkDevice,
  type NetworkDeviceOptions,
  type NetworkReceive,
  type NetworkTransmit,
} from "../../generated/net/mod.ts";
import type { ReadableBytes } from "../../runtime/cursor.ts";
import { defineBackEnd, type Served } from "./ready.ts";

/** Most bytes of a frame: what QEMU takes. */
export const FRAME_MAX = 69632;

const MRG_RXBUF = 15;

/** Where frames go to and come from. */
export interface Wire {
  /** What the wire can leave to the sender or the receiver of a frame. */
  readonly features: NonNullable<NetworkDeviceOptions["features"]>;
  /** Takes a frame of the driver, of at most {@linkcode FRAME_MAX} bytes; it may be dropped. */
  send(request: NetworkTransmit, frame: ReadableBytes): void | Promise<void>;
  /** Frames come from now on. */
  start(card: Card): void;
  /** The driver has buffers again. */
  resume(): void;
  /** There is no more wire. */
  close(): void;
}

/** A network card at the end of a wire. */
export class Card extends NetworkDevice {
  /** Frames that were dropped: they are longer than a wire takes, or than the driver's buffers. */
  dropped = 0;

  /** Frames come and go at once. */
  constructor(wire: Wire) {
    super({
      config: {},
      features: wire.features,
      queueSizeMax: 1024,
      transmit: (request, frame) => {
        if (frame.length <= FRAME_MAX) return wire.send(request, frame);
        this.dropped++;
      },
      receiveqAvailable: () => wire.resume(),
    });
    wire.start(this);
  }

  /** Gives a frame to the driver; false when that has no buffers for it now. */
  deliver(value: NetworkReceive, frame: Uint8Array): boolean {
    if (this.sendReceive(value, frame)) return true;
    const queue = this.queue(0);
    if (queue === undefined) return false;
    const { pending, size } = queue;
    if (pending < (this.hasFeature(MRG_RXBUF) ? size : 1)) return false;
    this.dropped++;
    return true;
  }
}

/** A frame of which nothing is known. */
export const PLAIN: NetworkReceive = emptyNetworkReceive();

/** `serve net`. */
export const backEnd = defineBackEnd({
  usage: "--tap NAME | --connect PATH | --listen PATH",
  help:
    `  --tap NAME         An interface of the host, made if there is none, with checksum and segmentation
                     offload; needs the right to do so, or a network of its own (unshare -n)
  --connect PATH     A UNIX socket where frames are taken, each behind its length as four bytes, as by
                     QEMU's -netdev stream or another --listen; it is connected to again when it is gone
  --listen PATH      The same from the other side; one connection at a time
`,
  options: {
    tap: { type: "string" },
    connect: { type: "string" },
    listen: { type: "string" },
  },
  async load({ tap, connect, listen }): Promise<Served> {
    if ([tap, connect, listen].filter((given) => given !== undefined).length !== 1) {
      throw new UsageError("net needs one of --tap, --connect and --listen");
    }
    const wire = tap !== undefined
      ? new (await import("./net_tap.ts")).TapWire(tap)
      : await (await import("./net_stream.ts")).streamWire({ connect, listen });
    const card = new Card(wire);
    return {
      device: card,
      qemu: [
        "-netdev vhost-user,id=net0,chardev=virtio0",
        "-device virtio-net-pci,netdev=net0",
      ],
      told: () => `dropped frames: ${card.dropped}`,
      close: () => wire.close(),
    };
  },
});

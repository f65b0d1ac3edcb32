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
  NetworkAck,
  NetworkDevice,
  type NetworkDeviceOptions,
  type NetworkReceive,
  type NetworkTransmit,
} from "../../generated/net/mod.ts";
import type { ReadableBytes } from "../../runtime/cursor.ts";
import type { DeviceQueue } from "../../runtime/queue.ts";
import { card as cardOf, defineBackEnd, numberOf, type Served } from "./ready.ts";

/** Most bytes of a frame: what QEMU takes. */
export const FRAME_MAX = 69632;

const MRG_RXBUF = 15;
/** Most pairs of queues: what a TAP interface has. */
const PAIRS_MAX = 256;

/** Where frames go to and come from. */
export interface Wire {
  /** What the wire can leave to the sender or the receiver of a frame. */
  readonly features: NonNullable<NetworkDeviceOptions["features"]>;
  /** Takes a frame of the driver, of at most {@linkcode FRAME_MAX} bytes; it may be dropped. */
  send(request: NetworkTransmit, frame: ReadableBytes, pair: number): void | Promise<void>;
  /** Frames come from now on. */
  start(card: Card): void;
  /** The driver has buffers again in a pair of queues. */
  resume(pair: number): void;
  /** The driver uses a pair of queues no more. */
  stop(pair: number): void;
  /** There is no more wire. */
  close(): void;
}

/** A network card at the end of a wire. */
export class Card extends NetworkDevice {
  /** Frames that were dropped: they are longer than a wire takes, or than the driver's buffers, or not for this driver. */
  dropped = 0;
  readonly #wire: Wire;
  readonly #pairs: number;
  /** Pairs that the driver says it uses: all that run, where a front end serves the control queue itself. */
  #used: number;

  /** Frames come and go at once. */
  constructor(wire: Wire, pairs = 1) {
    super({
      config: pairs > 1 ? { maxVirtqueuePairs: pairs } : {},
      features: wire.features,
      queueSizeMax: 1024,
      transmit: (request, frame, pair) => {
        if (frame.length <= FRAME_MAX) return wire.send(request, frame, pair);
        this.dropped++;
      },
      receiveqAvailable: (pair) => {
        if (pair < this.#used) wire.resume(pair);
      },
      ...(pairs > 1 ? { mqVqPairsSet: ({ virtqueuePairs }) => this.#use(virtqueuePairs) } : {}),
    });
    this.#wire = wire;
    this.#pairs = this.#used = pairs;
    wire.start(this);
  }

  /** Gives a frame to the driver by a pair of queues, unless that may not get it; false when there are no buffers for it now. */
  deliver(value: NetworkReceive, frame: Uint8Array, pair = 0): boolean {
    try {
      if (this.sendReceive(value, frame, pair)) return true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.dropped++; // made for a driver with other features, as what waits since another one had the wire
      return true;
    }
    const queue = this.queue(2 * pair);
    if (queue === undefined) return false;
    const { pending, size } = queue;
    if (pending < (this.hasFeature(MRG_RXBUF) ? size : 1)) return false;
    this.dropped++;
    return true;
  }

  /** A driver whose control queue is ours uses one pair until it says otherwise (VIRTIO 1.4, 5.1.9.5.6.2). */
  protected override queueStarted(queue: DeviceQueue): void {
    super.queueStarted(queue);
    if (queue.index === 2 * this.#pairs) this.#use(1);
  }

  /** A pair is used until its receive queue stops. */
  protected override queueStopped(index: number): void {
    super.queueStopped(index);
    if (index % 2 === 0 && index < 2 * this.#pairs) this.#wire.stop(index / 2);
  }

  /** The driver has said nothing yet. */
  protected override deviceReset(): void {
    super.deviceReset();
    this.#used = this.#pairs;
  }

  #use(pairs: number): NetworkAck {
    this.#used = pairs;
    for (let pair = pairs; pair < this.#pairs; pair++) this.#wire.stop(pair);
    for (let pair = 0; pair < pairs; pair++) {
      if ((this.queue(2 * pair)?.pending ?? 0) > 0) this.#wire.resume(pair);
    }
    return NetworkAck.OK;
  }
}

/** A frame of which nothing is known. */
export const PLAIN: NetworkReceive = emptyNetworkReceive();

/** `serve net`. */
export const backEnd = defineBackEnd({
  usage: "(--tap NAME [--queues N] | --connect PATH | --listen PATH)",
  help:
    `  --tap NAME         An interface of the host, made if there is none, with checksum and segmentation
                     offload; needs the right to do so, or a network of its own (unshare -n)
  --queues N         Pairs of queues: 1 when not given. For several, an interface that is there already
                     must have been made so: ip tuntap add NAME mode tap multi_queue
  --connect PATH     A UNIX socket where frames are taken, each behind its length as four bytes, as by
                     QEMU's -netdev stream or another --listen; it is connected to again when it is gone
  --listen PATH      The same from the other side; one connection at a time
`,
  options: {
    tap: { type: "string" },
    queues: { type: "string" },
    connect: { type: "string" },
    listen: { type: "string" },
  },
  async load({ tap, queues, connect, listen }): Promise<Served> {
    if ([tap, connect, listen].filter((given) => given !== undefined).length !== 1) {
      throw new UsageError("net needs one of --tap, --connect and --listen");
    }
    if (queues !== undefined && tap === undefined) {
      throw new UsageError("--queues goes with --tap: a stream has no queues");
    }
    const pairs = numberOf("queues", queues ?? "1", 1, PAIRS_MAX);
    const wire = tap !== undefined
      ? new (await import("./net_tap.ts")).TapWire(tap, pairs)
      : await (await import("./net_stream.ts")).streamWire({ connect, listen });
    const card = new Card(wire, pairs);
    return {
      device: card,
      qemu: cardOf(pairs),
      reconnects: true,
      note: "QEMU 7.2 needs KVM for that, or ,vectors=0 behind netdev=net0.",
      told: () => `dropped frames: ${card.dropped}`,
      close: () => wire.close(),
    };
  },
});

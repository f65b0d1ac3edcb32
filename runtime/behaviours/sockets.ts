/**
 * Sockets on both sides of a device: connections with credits, messages and a clean end
 * (VIRTIO 1.4, 5.10.6).
 *
 * @module
 */

import { DeviceBehaviour, DriverBehaviour, type Handler } from "../behaviour.ts";
import type { ReadableBytes } from "../cursor.ts";
import { PeerError } from "../errors.ts";
import { type DeviceInfo, inForce } from "../features.ts";
import type { Socket, SocketHeader, SocketsCodes } from "./socket.ts";
import {
  type SocketListener,
  type SocketsOptions,
  SocketTable,
  type SocketType,
} from "./socket_table.ts";

export { Credits } from "./credits.ts";
export type { SocketListener, SocketsOptions, SocketType } from "./socket_table.ts";
export { Socket, type SocketAddress, type SocketHeader, type SocketsCodes } from "./socket.ts";

/** What the user may say of a device's sockets. */
export type DeviceSocketsOptions = SocketsOptions;

/** What the user may say of a driver's sockets. */
export type DriverSocketsOptions = SocketsOptions;

/** Context id of the host (VIRTIO 1.4, 5.10.4). */
const HOST = 2;
/** Most data of one packet, so that sockets take turns; to a guest it also has to fit into the buffer that is parked. */
const PACKET = 3072;
/** Packets that a driver has under way at a time. */
const UNDER_WAY = 32;
const NO_DATA = new Uint8Array(0);

/** What sockets use of their device. */
export interface DeviceSocketsHost {
  /** The configuration. */
  readonly settings: { readonly guestCid: number };
  /** What was negotiated. */
  readonly features: bigint;
  /** What the device type is. */
  readonly info: DeviceInfo;
  /** Most data that the next buffer of the guest holds beside a header. */
  receiveRoom(): number;
  /** Sends a packet to the guest; false when there is no room. */
  sendReceive(header: SocketHeader, data: Uint8Array): boolean;
  /** Tells the guest of an interruption; false when there is no room. */
  sendTransportReset(): boolean;
}

/** Handlers of the user that sockets stand in front of. */
export interface DeviceSocketsUser {
  /** There is room to send. */
  readonly rxAvailable?: ((queue: number) => void) | undefined;
  /** There is room for an event. */
  readonly eventAvailable?: ((queue: number) => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface DeviceSocketsHandlers extends DeviceSocketsUser {
  /** Takes a packet of the guest. */
  readonly transmit: Handler<[header: SocketHeader, data: ReadableBytes], void | Promise<void>>;
}

/** The sockets of the host: those of a device. */
export class DeviceSockets extends DeviceBehaviour {
  readonly #host: DeviceSocketsHost;
  readonly #codes: SocketsCodes;
  readonly #table: SocketTable;
  #interrupted = false; // and the guest does not know yet
  #held: (() => void)[] = [];

  /** RangeError when the options are not possible. */
  constructor(host: DeviceSocketsHost, codes: SocketsCodes, options?: SocketsOptions) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#table = new SocketTable(codes, {
      cid: HOST,
      has: (bit) => inForce(host.features, bit, host.info.features),
      room: () => Math.min(PACKET, host.receiveRoom()),
      put: (header, data) => host.sendReceive(header, data),
    }, options);
  }

  /** How many connections there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Accepts connections of the guest to a port, until `undefined` is given; TypeError when somebody else does. */
  listen(port: number, listener: SocketListener | undefined, type: SocketType = "stream"): void {
    this.#table.listen(port, listener, type);
  }

  /** Connects to a port of the guest; PeerError when nobody listens there, TypeError for a type that was not negotiated. */
  async connect(port: number, type: SocketType = "stream"): Promise<Socket> {
    return await this.#table.connect(this.#host.settings.guestCid, port, type);
  }

  /** Ends all connections and tells the guest, as after a migration (VIRTIO 1.4, 5.10.6.7). */
  interrupt(): void {
    this.#interrupted = true;
    this.#table.drop(new TypeError("Cannot use the socket: communication was interrupted"));
    this.#tell();
  }

  /** The handlers that stand in front of the user's. */
  handlers({ rxAvailable, eventAvailable }: DeviceSocketsUser): DeviceSocketsHandlers {
    return {
      transmit: (header, data) => this.#take(header, data),
      rxAvailable: (queue) => {
        this.#table.pump();
        if (!this.#table.isFull) { for (const resolve of this.#held.splice(0)) resolve(); }
        rxAvailable?.(queue);
      },
      eventAvailable: (queue) => {
        this.#tell();
        eventAvailable?.(queue);
      },
    };
  }

  /** Connections end with a reset; who listens goes on. */
  override reset(): void {
    this.#interrupted = false;
    this.#table.drop(new TypeError("Cannot use the socket: the device was reset"));
    for (const resolve of this.#held.splice(0)) resolve();
  }

  /** Connections do not survive a snapshot: the guest hears that they are gone. */
  override restore(): void {
    this.#interrupted = true;
  }

  #tell(): void {
    if (this.#interrupted && this.#host.sendTransportReset()) this.#interrupted = false;
  }

  /** A packet that does not come from the guest, or go to the host, is nobody's. */
  #take(header: SocketHeader, data: ReadableBytes): void | Promise<void> {
    if (header.srcCid !== this.#host.settings.guestCid || header.dstCid !== HOST) return;
    this.#table.receive(header, header.op === this.#codes.op.RW ? data.bytes() : NO_DATA);
    // The guest's buffer is kept until there is room for answers again (5.10.6.1).
    if (this.#table.isFull) return new Promise((resolve) => this.#held.push(resolve));
  }
}

/** What sockets use of their driver. */
export interface DriverSocketsHost {
  /** The configuration. */
  readonly config: { readonly guestCid: number };
  /** What was negotiated. */
  readonly features: bigint;
  /** What the device type is. */
  readonly info: DeviceInfo;
  /** Sends a packet to the device. */
  transmit(header: SocketHeader, data: Uint8Array): Promise<void>;
  /** Reads the configuration again. */
  refreshConfig(): Promise<void>;
}

/** Handlers of the user that sockets stand in front of. */
export interface DriverSocketsUser {
  /** Connections are gone. */
  readonly onTransportReset?: (() => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface DriverSocketsHandlers extends DriverSocketsUser {
  /** Takes a packet of the host. */
  readonly onReceive: Handler<[header: SocketHeader, data: Uint8Array], void>;
}

/** The sockets of the guest: those of a driver. */
export class DriverSockets extends DriverBehaviour {
  readonly #host: DriverSocketsHost;
  readonly #codes: SocketsCodes;
  readonly #table: SocketTable;
  #underWay = 0;

  /** RangeError when the options are not possible. */
  constructor(host: DriverSocketsHost, codes: SocketsCodes, options?: SocketsOptions) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#table = new SocketTable(codes, {
      get cid() {
        return host.config.guestCid;
      },
      has: (bit) => inForce(host.features, bit, host.info.features),
      room: () => PACKET,
      put: (header, data) => this.#put(header, data),
    }, options);
  }

  /** How many connections there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Accepts connections to a port, until `undefined` is given; TypeError when somebody else does. */
  listen(port: number, listener: SocketListener | undefined, type: SocketType = "stream"): void {
    this.#table.listen(port, listener, type);
  }

  /**
   * Connects to a port of the host, or of the context id that is given. PeerError when nobody listens
   * there, TypeError for a type that was not negotiated.
   */
  async connect(port: number, type: SocketType = "stream", cid: number = HOST): Promise<Socket> {
    return await this.#table.connect(cid, port, type);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ onTransportReset }: DriverSocketsUser): DriverSocketsHandlers {
    return {
      onReceive: (header, data) => {
        if (header.dstCid !== this.#host.config.guestCid) return;
        this.#table.receive(header, header.op === this.#codes.op.RW ? data.slice() : NO_DATA);
      },
      onTransportReset: () => {
        this.#table.drop(
          new PeerError("Cannot use the socket", {
            field: "id",
            wanted: "no interruption",
            got: "TRANSPORT_RESET",
          }),
        );
        void this.#host.refreshConfig();
        onTransportReset?.();
      },
    };
  }

  /** Connections end with the device. */
  override stopped(cause: Error): void {
    this.#table.drop(cause);
  }

  #put(header: SocketHeader, data: Uint8Array): boolean {
    if (this.#underWay >= UNDER_WAY) return false;
    this.#underWay++;
    void this.#sent(header, data);
    return true;
  }

  /** A packet that was aborted went down with the device, and all connections with it. */
  async #sent(header: SocketHeader, data: Uint8Array): Promise<void> {
    try {
      await this.#host.transmit(header, data);
    } catch (error) {
      this.#table.drop(error);
    } finally {
      this.#underWay--;
      this.#table.pump();
    }
  }
}

/**
 * One connection between the guest and its host (VIRTIO 1.4, 5.10.6): a stream of bytes, or messages.
 *
 * @module
 */

import type { Names } from "../behaviour.ts";
import { Deferred } from "../deferred.ts";
import { PeerError } from "../errors.ts";
import { Credits } from "./credits.ts";

/** The device's enumerations. */
export interface SocketsCodes {
  /** What a packet is for. */
  readonly op: Names<
    | "REQUEST"
    | "RESPONSE"
    | "RST"
    | "SHUTDOWN"
    | "RW"
    | "CREDIT_UPDATE"
    | "CREDIT_REQUEST"
  >;
  /** Types of sockets. */
  readonly type: Names<"STREAM" | "SEQPACKET">;
  /** Bits of what the sender does no more. */
  readonly shutdownFlag: Names<"RECEIVE" | "SEND">;
  /** Boundaries behind the data. */
  readonly seqFlags: Names<"EOM" | "EOR">;
  /** Features by their bits. */
  readonly features: Names<"STREAM" | "SEQPACKET">;
}

/** What stands in front of the data of a packet. */
export interface SocketHeader {
  /** Context id of the sender. */
  srcCid: number;
  /** Context id of the receiver. */
  dstCid: number;
  /** Port of the sender. */
  srcPort: number;
  /** Port of the receiver. */
  dstPort: number;
  /** Type of the socket. */
  type: number;
  /** What the packet is for. */
  op: number;
  /** What is shut down, or which boundaries the data end. */
  flags: number;
  /** Bytes of receive buffer that the sender has. */
  bufAlloc: number;
  /** Bytes that the sender has released. */
  fwdCnt: number;
}

/** Both ends of a connection. */
export interface SocketAddress {
  /** Port on this side. */
  readonly port: number;
  /** Context id of the peer. */
  readonly peerCid: number;
  /** Port of the peer. */
  readonly peerPort: number;
}

/** The way to the peer, as a socket sees it. */
export interface SocketLine {
  /** Sends a packet without data, soon. */
  send(socket: Socket, op: number, flags?: number): void;
  /** The socket has data to send. */
  wake(socket: Socket): void;
  /** The connection is gone. */
  forget(socket: Socket): void;
}

/** How long a clean end waits for the peer, in milliseconds. */
const CLOSE_TIMEOUT = 8000;

interface Outgoing {
  readonly data: Uint8Array;
  readonly flags: number;
  readonly done: Deferred<void>;
  at: number;
}

/** A connection. */
export class Socket {
  /** Both ends. */
  readonly address: SocketAddress;
  /** Type: a stream of bytes, or messages. */
  readonly type: "stream" | "seqpacket";
  /** Whether the message that was read last ended a record. */
  endedRecord = false;
  /** What each side may send. */
  readonly credits: Credits;
  readonly #codes: SocketsCodes;
  readonly #line: SocketLine;
  readonly #opening = new Deferred<Socket>();
  readonly #ended = new Deferred<void>();
  #state: "connecting" | "open" | "gone" = "connecting";
  #failure: unknown;
  #incoming: { readonly data: Uint8Array; readonly flags: number }[] = [];
  #readers: (() => void)[] = [];
  #outgoing: Outgoing[] = [];
  #asked = false; // for credit, since there was some
  #shut = 0; // what this side does no more, as a mask
  #peerShut = 0;

  /** For a table of sockets: one that waits for its answer, or answers a request. */
  constructor(
    codes: SocketsCodes,
    line: SocketLine,
    type: "stream" | "seqpacket",
    address: SocketAddress,
    capacity: number,
  ) {
    this.#codes = codes;
    this.#line = line;
    this.type = type;
    this.address = address;
    this.credits = new Credits(capacity);
    this.#opening.promise.catch(() => {});
  }

  /** Resolves once the peer accepts; PeerError when it refuses. */
  get opened(): Promise<Socket> {
    return this.#opening.promise;
  }

  /** Resolves once the connection is gone, whatever the cause. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Sends all of the data, as one message on a seqpacket socket; resolves when it is on its way.
   * PeerError when the peer receives no more, TypeError when this side sends no more, RangeError for
   * a message that the peer has no room for.
   */
  write(data: Uint8Array, options: { readonly endsRecord?: boolean } = {}): Promise<void> {
    const refused = this.#refused(data);
    if (refused !== undefined) return Promise.reject(refused);
    const { EOM, EOR } = this.#codes.seqFlags;
    const flags = this.type === "stream" ? 0 : options.endsRecord === true ? EOM | EOR : EOM;
    if (data.length === 0 && this.type === "stream") return Promise.resolve();
    const done = new Deferred<void>();
    this.#outgoing.push({ data: data.slice(), flags, done, at: 0 });
    this.#line.wake(this);
    return done.promise;
  }

  /**
   * The next data of a stream, or the next whole message; undefined once the peer sends no more.
   * PeerError when the peer broke the connection.
   */
  async read(): Promise<Uint8Array | undefined> {
    while (!this.#readable) {
      if (this.#ends) return undefined;
      if (this.#state === "gone") throw this.#failure ?? this.#broken("read from");
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
    const pieces = this.#incoming.splice(0, this.#pieces);
    this.endedRecord = (pieces.at(-1)!.flags & this.#codes.seqFlags.EOR) !== 0;
    const length = pieces.reduce((sum, { data }) => sum + data.length, 0);
    this.credits.release(length);
    if (this.#state === "open" && this.credits.stale) {
      this.#line.send(this, this.#codes.op.CREDIT_UPDATE);
    }
    if (pieces.length === 1) return pieces[0]!.data;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const { data } of pieces) {
      whole.set(data, at);
      at += data.length;
    }
    return whole;
  }

  /** What comes until the peer sends no more. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let data; (data = await this.read()) !== undefined;) yield data;
  }

  /** Says that this side sends or receives no more, for good (VIRTIO 1.4, 5.10.6.5). */
  async shutdown(what: { readonly send?: true; readonly receive?: true }): Promise<void> {
    const { SEND, RECEIVE } = this.#codes.shutdownFlag;
    if (what.send === true) await this.#drained();
    this.#shut |= (what.send === true ? 1 << SEND : 0) |
      (what.receive === true ? 1 << RECEIVE : 0);
    if (this.#state === "open") this.#line.send(this, this.#codes.op.SHUTDOWN, this.#shut);
  }

  /** Ends the connection cleanly: sends what is left, and waits until the peer agrees. */
  async close(): Promise<void> {
    if (this.#state !== "open") return this.abort();
    await this.shutdown({ send: true, receive: true });
    const timer = setTimeout(() => this.abort(), CLOSE_TIMEOUT);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** Ends the connection at once, on both sides. */
  abort(): void {
    if (this.#state === "gone") return;
    this.#line.send(this, this.#codes.op.RST);
    this.end(undefined);
  }

  // For what carries packets.

  /** Starts a connection that the peer asked for. */
  accept(): void {
    this.#state = "open";
    this.#line.send(this, this.#codes.op.RESPONSE);
  }

  /** Takes a packet of the peer; false when it breaks the rules, and the connection with it. */
  deliver(header: SocketHeader, data: Uint8Array): boolean {
    const { op } = this.#codes;
    if (header.op === op.RST) {
      this.end(this.#broken(this.#state === "connecting" ? "connect" : "use"));
      return true;
    }
    if (!this.credits.update(header.bufAlloc, header.fwdCnt)) return false;
    if (this.credits.free > 0) this.#asked = false;
    if (this.#state === "connecting") return this.#answered(header);
    switch (header.op) {
      case op.RW:
        if (!this.#received(header, data)) return false;
        break;
      case op.SHUTDOWN:
        this.#peerShut |= header.flags;
        this.#tellReaders();
        if (this.#isPeerGone) this.abort();
        break;
      case op.CREDIT_REQUEST:
        this.#line.send(this, op.CREDIT_UPDATE);
        break;
      case op.CREDIT_UPDATE:
        break;
      default:
        return false;
    }
    if (this.#outgoing.length > 0) this.#line.wake(this);
    return true;
  }

  /** The next data to send, up to `room` bytes as far as there is credit; calls `put`, which says whether it went. */
  sendNext(
    room: number,
    put: (flags: number, data: Uint8Array) => boolean,
  ): "sent" | "full" | "idle" {
    const next = this.#outgoing[0];
    if (next === undefined || this.#state !== "open") return "idle";
    const left = next.data.length - next.at;
    if (room === 0 && left > 0) return "full";
    const length = Math.min(left, this.credits.free, room);
    if (length === 0 && left > 0) {
      if (!this.#asked) this.#line.send(this, this.#codes.op.CREDIT_REQUEST);
      this.#asked = true;
      return "idle";
    }
    const whole = length === left;
    const data = next.data.subarray(next.at, next.at + length);
    this.credits.spend(length);
    if (!put(whole ? next.flags : 0, data)) {
      this.credits.spend(-length);
      return "full";
    }
    next.at += length;
    if (whole) this.#outgoing.shift()!.done.resolve();
    return "sent";
  }

  /** Ends all that waits; without a cause it ended as this side wanted. */
  end(cause: unknown): void {
    if (this.#state === "gone") return;
    if (this.#state === "connecting") this.#opening.reject(cause ?? this.#broken("connect"));
    this.#state = "gone";
    this.#failure = cause;
    const why = cause ?? new TypeError("Cannot write to the socket: it was closed");
    for (const { done } of this.#outgoing.splice(0)) done.reject(why);
    this.#tellReaders();
    this.#ended.resolve();
    this.#line.forget(this);
  }

  #answered({ op }: SocketHeader): boolean {
    if (op !== this.#codes.op.RESPONSE) return false;
    this.#state = "open";
    this.#opening.resolve(this);
    return true;
  }

  #received({ flags }: SocketHeader, data: Uint8Array): boolean {
    if ((this.#peerShut & 1 << this.#codes.shutdownFlag.SEND) !== 0) return false;
    // Packets without data cost no credit: there are as many as the buffer has bytes, at most.
    if (this.#incoming.length > this.credits.capacity) return false;
    if (!this.credits.take(data.length)) return false;
    if ((this.#shut & 1 << this.#codes.shutdownFlag.RECEIVE) !== 0) {
      this.credits.release(data.length);
      return true;
    }
    if (data.length === 0 && this.type === "stream") return true;
    this.#incoming.push({ data, flags: this.type === "stream" ? 0 : flags });
    this.#tellReaders();
    return true;
  }

  /** Whether the peer neither sends nor receives any more. */
  get #isPeerGone(): boolean {
    const { SEND, RECEIVE } = this.#codes.shutdownFlag;
    const all = 1 << SEND | 1 << RECEIVE;
    return (this.#peerShut & all) === all;
  }

  /** Packets of the next thing to read. */
  get #pieces(): number {
    if (this.type === "stream") return this.#incoming.length;
    return this.#incoming.findIndex(({ flags }) => (flags & this.#codes.seqFlags.EOM) !== 0) + 1;
  }

  get #readable(): boolean {
    return this.#pieces > 0;
  }

  /** Whether nothing comes any more because both sides wanted it so. */
  get #ends(): boolean {
    const { SEND, RECEIVE } = this.#codes.shutdownFlag;
    if ((this.#peerShut & 1 << SEND) !== 0 || (this.#shut & 1 << RECEIVE) !== 0) return true;
    return this.#state === "gone" && this.#failure === undefined;
  }

  #refused(data: Uint8Array): Error | undefined {
    const { SEND, RECEIVE } = this.#codes.shutdownFlag;
    if ((this.#peerShut & 1 << RECEIVE) !== 0 || this.#failure !== undefined) {
      return this.#broken("write to");
    }
    if (this.#state !== "open" || (this.#shut & 1 << SEND) !== 0) {
      return new TypeError("Cannot write to the socket: it is not open for that");
    }
    const { peerCapacity } = this.credits;
    if (this.type === "seqpacket" && data.length > peerCapacity) {
      return new RangeError(
        `Cannot send a message of ${data.length} bytes: the peer has room for ${peerCapacity}`,
      );
    }
    return undefined;
  }

  /** Waits until all that is to be written is on its way, or can't be. */
  async #drained(): Promise<void> {
    for (let last; (last = this.#outgoing.at(-1)) !== undefined;) {
      await last.done.promise.catch(() => {});
    }
  }

  #tellReaders(): void {
    for (const resolve of this.#readers.splice(0)) resolve();
  }

  #broken(verb: string): PeerError {
    const { RST, SHUTDOWN } = this.#codes.op;
    const got = this.#peerShut === 0 ? RST : SHUTDOWN;
    return new PeerError(`Cannot ${verb} the socket`, {
      field: "op",
      wanted: "an open connection",
      got,
    });
  }
}

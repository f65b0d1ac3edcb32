/**
 * The sockets of one side: who listens, who is connected, and whose packet goes next
 * (VIRTIO 1.4, 5.10.6).
 *
 * What has to be said beside data waits in a list of its own, so that packets are taken in even
 * while none can go out (5.10.6.1); once that list is long, the caller is told to take in no more.
 *
 * @module
 */

import {
  Socket,
  type SocketAddress,
  type SocketHeader,
  type SocketLine,
  type SocketsCodes,
} from "./socket.ts";

/** What the user may say of sockets. */
export interface SocketsOptions {
  /** Bytes of receive buffer of each socket; 65536 when not given. */
  readonly bufferSize?: number;
  /** Most connections at a time; 1024 when not given. */
  readonly connections?: number;
  /** Who takes a connection to a port that nobody listens on; it is refused when undefined. */
  readonly otherwise?: (port: number, type: SocketType) => SocketListener | undefined;
}

/** The two types of sockets. */
export type SocketType = "stream" | "seqpacket";

/** How a side reaches the other. */
export interface SocketPort {
  /** Context id of this side. */
  readonly cid: number;
  /** Whether a feature is in force: negotiated, or implied. */
  has(bit: number): boolean;
  /** Most data that the next packet may carry. */
  room(): number;
  /** Sends a packet; false when there is no room at the moment. */
  put(header: SocketHeader, data: Uint8Array): boolean;
}

/** Told about each connection that a peer opens. */
export type SocketListener = (socket: Socket) => void;

/** Packets that wait, beside data, until no more are taken in. */
const BACKLOG = 256;
const FIRST_PORT = 1024;
const NO_DATA = new Uint8Array(0);

/** A packet without data: of a socket, or the answer to a packet that belongs to none. */
type Waiting = { readonly header: SocketHeader } | {
  readonly socket: Socket;
  readonly op: number;
  flags: number;
};

/** All sockets of one side. */
export class SocketTable implements SocketLine {
  readonly #codes: SocketsCodes;
  readonly #port: SocketPort;
  readonly #capacity: number;
  readonly #most: number;
  readonly #otherwise: SocketsOptions["otherwise"];
  readonly #sockets = new Map<string, Socket>();
  readonly #listeners = new Map<string, SocketListener>();
  readonly #writers = new Set<Socket>();
  #waiting: Waiting[] = [];
  #pumping = false;
  #nextPort = FIRST_PORT;

  /** RangeError when the options are not possible. */
  constructor(codes: SocketsCodes, port: SocketPort, options: SocketsOptions = {}) {
    const { bufferSize = 65536, connections = 1024 } = options;
    if (!(Number.isInteger(bufferSize) && bufferSize >= 1 && bufferSize < 2 ** 31)) {
      throw new RangeError(`Cannot make sockets with a buffer of ${bufferSize} bytes`);
    }
    this.#codes = codes;
    this.#port = port;
    this.#capacity = bufferSize;
    this.#most = connections;
    this.#otherwise = options.otherwise;
  }

  /** How many connections there are. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Whether so much waits that nothing more should be taken in. */
  get isFull(): boolean {
    return this.#waiting.length >= BACKLOG;
  }

  /** Accepts connections to a port, until `undefined` is given; TypeError when somebody else does. */
  listen(port: number, listener: SocketListener | undefined, type: SocketType): void {
    const key = `${type} ${port}`;
    if (listener === undefined) this.#listeners.delete(key);
    else if (this.#listeners.has(key)) {
      throw new TypeError(`Cannot listen on port ${port}: somebody does`);
    } else this.#listeners.set(key, listener);
  }

  /** Connects to a port of a peer; PeerError when that refuses, TypeError for a type that was not negotiated. */
  connect(peerCid: number, peerPort: number, type: SocketType): Promise<Socket> {
    const { STREAM, SEQPACKET } = this.#codes.type;
    const number = type === "stream" ? STREAM : SEQPACKET;
    if (this.#typeOf(number) === undefined) {
      throw new TypeError(`Cannot connect: ${type} sockets were not negotiated`);
    }
    if (this.size >= this.#most) {
      throw new RangeError(`Cannot connect: there are ${this.size} connections`);
    }
    const address = { port: this.#freePort(peerCid, peerPort), peerCid, peerPort };
    const socket = this.#add(type, address);
    this.send(socket, this.#codes.op.REQUEST);
    return socket.opened;
  }

  /** Takes a packet in, and answers it as the standard says. */
  receive(header: SocketHeader, data: Uint8Array): void {
    const { op } = this.#codes;
    const { srcCid, srcPort, dstPort } = header;
    const type = this.#typeOf(header.type);
    const socket = this.#sockets.get(keyOf({ port: dstPort, peerCid: srcCid, peerPort: srcPort }));
    if (type === undefined || (socket !== undefined && socket.type !== type)) {
      this.#refuse(header);
    } else if (socket === undefined) {
      if (header.op === op.REQUEST) this.#accept(header, type);
      else this.#refuse(header);
    } else if (!socket.deliver(header, data)) socket.abort();
    this.pump();
  }

  /** Sends what can be sent. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#flush()) {
        const [socket] = this.#writers;
        if (socket === undefined) break;
        this.#writers.delete(socket);
        const how = socket.sendNext(this.#port.room(), (flags, data) => {
          return this.#port.put(this.#header(socket, this.#codes.op.RW, flags), data);
        });
        if (how !== "idle") this.#writers.add(socket); // behind the others
        if (how === "full") break;
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** Ends all connections; who listens goes on. */
  drop(cause: unknown): void {
    this.#waiting = [];
    for (const socket of [...this.#sockets.values()]) socket.end(cause);
  }

  /** Sends a packet without data, as soon as there is room. */
  send(socket: Socket, op: number, flags = 0): void {
    const same = this.#waiting.find((one) =>
      "socket" in one && one.socket === socket && one.op === op
    );
    if (same !== undefined && "flags" in same) same.flags = flags;
    else this.#waiting.push({ socket, op, flags });
    this.pump();
  }

  /** The socket has data to send. */
  wake(socket: Socket): void {
    this.#writers.add(socket);
    this.pump();
  }

  /** The connection is gone; a last packet of it may still wait. */
  forget(socket: Socket): void {
    this.#sockets.delete(keyOf(socket.address));
    this.#writers.delete(socket);
  }

  /** Sends what waits; whether all of it went. */
  #flush(): boolean {
    while (this.#waiting.length > 0) {
      const [next] = this.#waiting as [Waiting];
      const header = "header" in next
        ? next.header
        : this.#header(next.socket, next.op, next.flags);
      if (!this.#port.put(header, NO_DATA)) return false;
      this.#waiting.shift();
    }
    return true;
  }

  #header({ address, type, credits }: Socket, op: number, flags: number): SocketHeader {
    const { STREAM, SEQPACKET } = this.#codes.type;
    credits.tell();
    return {
      srcCid: this.#port.cid,
      dstCid: address.peerCid,
      srcPort: address.port,
      dstPort: address.peerPort,
      type: type === "stream" ? STREAM : SEQPACKET,
      op,
      flags,
      bufAlloc: credits.capacity,
      fwdCnt: credits.forwarded,
    };
  }

  /** Answers a packet that belongs to no connection; such an answer is not answered again. */
  #refuse({ srcPort, dstPort, srcCid, type, op }: SocketHeader): void {
    const { RST } = this.#codes.op;
    if (op === RST || this.isFull) return;
    const address = { srcPort: dstPort, dstPort: srcPort, srcCid: this.#port.cid, dstCid: srcCid };
    this.#waiting.push({
      header: { ...address, type, op: RST, flags: 0, bufAlloc: 0, fwdCnt: 0 },
    });
  }

  #accept(header: SocketHeader, type: SocketType): void {
    const { srcCid, srcPort, dstPort, bufAlloc, fwdCnt } = header;
    const listener = this.#listeners.get(`${type} ${dstPort}`) ?? this.#otherwise?.(dstPort, type);
    if (listener === undefined || this.size >= this.#most) return this.#refuse(header);
    const socket = this.#add(type, { port: dstPort, peerCid: srcCid, peerPort: srcPort });
    if (!socket.credits.update(bufAlloc, fwdCnt)) return socket.abort();
    socket.accept();
    listener(socket);
  }

  #add(type: SocketType, address: SocketAddress): Socket {
    const socket = new Socket(this.#codes, this, type, address, this.#capacity);
    this.#sockets.set(keyOf(address), socket);
    return socket;
  }

  /** The type of a packet; undefined when it is none that was negotiated (VIRTIO 1.4, 5.10.3). */
  #typeOf(type: number): SocketType | undefined {
    const { features } = this.#codes;
    const has = (bit: number) => this.#port.has(bit);
    if (type === this.#codes.type.STREAM) {
      return has(features.STREAM) ? "stream" : undefined;
    }
    return type === this.#codes.type.SEQPACKET && has(features.SEQPACKET) ? "seqpacket" : undefined;
  }

  #freePort(peerCid: number, peerPort: number): number {
    const taken = (port: number) =>
      this.#sockets.has(keyOf({ port, peerCid, peerPort })) ||
      this.#listeners.has(`stream ${port}`) || this.#listeners.has(`seqpacket ${port}`);
    while (taken(this.#nextPort)) this.#nextPort = after(this.#nextPort);
    const port = this.#nextPort;
    this.#nextPort = after(port);
    return port;
  }
}

function after(port: number): number {
  return port >= 0xffff_fffe ? FIRST_PORT : port + 1;
}

function keyOf({ port, peerCid, peerPort }: SocketAddress): string {
  return `${port} ${peerCid} ${peerPort}`;
}

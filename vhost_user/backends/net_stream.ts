/**
 * A UNIX stream socket as a wire: each frame behind its length as four bytes, most significant first,
 * as QEMU's `-netdev stream` has it.
 *
 * @module
 */

import type { NetworkTransmit } from "../../generated/net/mod.ts";
import type { ReadableBytes } from "../../runtime/cursor.ts";
import { PeerError, TransportError } from "../../runtime/errors.ts";
import { type Card, FRAME_MAX, PLAIN, type Wire } from "./net.ts";
import { connectTo, listenAt, writeAll } from "./unix.ts";

const PREFIX = 4;
/** Bytes read or written at once. */
const BATCH = 256 << 10;
/** Milliseconds after which a connection that was lost is tried again. */
const RETRY = 1000;

/** A wire that connects, or waits for a connection; TransportError when neither is possible. */
export async function streamWire(
  { connect, listen }: {
    readonly connect?: string | undefined;
    readonly listen?: string | undefined;
  },
): Promise<StreamWire> {
  if (connect === undefined) {
    const listening = listenAt(listen!, async (connection) => await wire.carry(connection));
    const wire: StreamWire = new StreamWire(() => listening.close());
    return wire;
  }
  let connection: Deno.Conn | undefined = await connectTo(connect);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wire = new StreamWire(() => {
    clearTimeout(timer);
    connection?.close();
  });
  const carry = async () => {
    try {
      connection ??= await connectTo(connect);
      await wire.carry(connection);
      if (!wire.closed) connection.close();
    } catch {
      // Nobody listens yet.
    }
    connection = undefined;
    if (!wire.closed) timer = setTimeout(carry, RETRY);
  };
  void carry();
  return wire;
}

/** Frames over one connection at a time; without one, they are dropped. */
export class StreamWire implements Wire {
  /** Frames are whole. */
  readonly features = [];
  /** Whether the wire is gone. */
  closed = false;
  readonly #onClose: () => void;
  #card: Card | undefined;
  #connection: Deno.Conn | undefined;
  #room: () => void = () => {};
  // Frames to send: one buffer is filled while the other is written.
  #out = new Uint8Array(BATCH);
  #other = new Uint8Array(BATCH);
  #filled = 0;
  #flushing = false;
  readonly #waiting: (() => void)[] = [];

  /** There is no connection at first. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** Puts a frame among those to be sent, once there is room for it. */
  send(_request: NetworkTransmit, frame: ReadableBytes): void | Promise<void> {
    if (this.#connection === undefined) return;
    if (this.#waiting.length > 0 || !this.#fits(frame.length)) return this.#sendLater(frame);
    this.#append(frame);
  }

  /** Frames are read as soon as there is a connection. */
  start(card: Card): void {
    this.#card = card;
  }

  /** The driver has buffers again. */
  resume(): void {
    this.#room();
  }

  /** There may be others. */
  stop(): void {}

  /** Carries frames both ways until a connection is at its end; not beside another one. */
  async carry(connection: Deno.Conn): Promise<void> {
    if (this.#connection !== undefined) return;
    this.#connection = connection;
    try {
      await this.#receive(connection);
    } catch (error) {
      // What else there may be is that the connection is lost, which is its end.
      if (error instanceof PeerError) this.#card?.onError?.(error);
    }
    this.#connection = undefined;
    this.#filled = 0;
    this.#release();
  }

  /** Ends the connection there is. */
  close(): void {
    this.closed = true;
    this.#onClose();
    this.#room();
    this.#release();
  }

  async #receive(connection: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(BATCH);
    for (let filled = 0;;) {
      const count = await connection.read(bytes.subarray(filled));
      if (count === null) return;
      filled += count;
      let at = this.#deliver(bytes.subarray(0, filled));
      while (frameEnd(bytes, at, filled) > 0) {
        await this.#driverReady();
        at += this.#deliver(bytes.subarray(at, filled));
      }
      bytes.copyWithin(0, at, filled);
      filled -= at;
    }
  }

  /** Gives the driver frames as long as they are whole and it has buffers; the bytes of those. */
  #deliver(bytes: Uint8Array): number {
    const card = this.#card!;
    let at = 0;
    card.burst(() => {
      for (let end; (end = frameEnd(bytes, at, bytes.length)) > 0; at = end) {
        if (!card.deliver(PLAIN, bytes.subarray(at + PREFIX, end))) return;
      }
    });
    return at;
  }

  async #driverReady(): Promise<void> {
    await new Promise<void>((resolve) => this.#room = resolve);
    if (this.closed) throw new TransportError("Cannot deliver a frame: the wire is gone");
  }

  #fits(length: number): boolean {
    return PREFIX + length <= BATCH - this.#filled;
  }

  #append(frame: ReadableBytes): void {
    const out = this.#out;
    const { length } = frame;
    let at = this.#filled;
    for (let shift = 24; shift >= 0; shift -= 8) out[at++] = length >>> shift;
    frame.read(out, at);
    this.#filled = at + length;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => void this.#flush()); // with what else the driver has now
  }

  async #sendLater(frame: ReadableBytes): Promise<void> {
    do await new Promise<void>((resolve) => this.#waiting.push(resolve)); while (
      this.#connection !== undefined && !this.#fits(frame.length)
    );
    if (this.#connection !== undefined) this.#append(frame);
  }

  async #flush(): Promise<void> {
    while (this.#filled > 0 && this.#connection !== undefined) {
      const bytes = this.#out.subarray(0, this.#filled);
      [this.#out, this.#other] = [this.#other, this.#out];
      this.#filled = 0;
      this.#release();
      await writeAll(this.#connection, bytes).catch(() => {}); // reading notices that it is lost
    }
    this.#flushing = false;
  }

  /** Lets frames in that waited for room, in their order. */
  #release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** Where the frame ends that begins here; 0 unless it is whole, PeerError when it is too long. */
function frameEnd(bytes: Uint8Array, at: number, filled: number): number {
  if (filled - at < PREFIX) return 0;
  let length = 0;
  for (let byte = 0; byte < PREFIX; byte++) length = length * 256 + bytes[at + byte]!;
  if (length > FRAME_MAX) refuse(length);
  const end = at + PREFIX + length;
  return end > filled ? 0 : end;
}

function refuse(length: number): never {
  throw new PeerError("Cannot take a frame", {
    field: "length",
    wanted: `at most ${FRAME_MAX}`,
    got: length,
  });
}

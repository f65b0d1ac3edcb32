/**
 * Whole messages over a socket: read piece by piece as they come, sent at once or not at all.
 *
 * @module
 */

import {
  MessageFlag,
  VHOST_USER_HEADER,
  VHOST_USER_HEADER_SIZE,
} from "../generated/layout/vhost_user.ts";
import { PeerError, TransportError } from "../runtime/errors.ts";
import { close } from "./ffi.ts";
import { receive, send } from "./sockets.ts";
import { type Message, PAYLOAD_MAX, payloadOf } from "./protocol.ts";

const VERSION_MASK = 3;

/** One socket, on which either side sends messages. It owns its descriptor. */
export class Channel {
  /** The socket. */
  readonly fd: number;
  readonly #header = payloadOf(VHOST_USER_HEADER_SIZE);
  #payload: DataView<ArrayBuffer> | undefined;
  #filled = 0;
  #descriptors: number[] = [];
  #closed = false;

  /** Takes over a connected socket. */
  constructor(fd: number) {
    this.fd = fd;
  }

  /** Whether the other side has ended the connection, between two messages. */
  ended = false;

  /** Whether {@linkcode Channel.close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The next message, once all of it has come; undefined before. TransportError when the connection
   * has ended, PeerError for a header that can not be.
   */
  read(): Message | undefined {
    if (this.#payload === undefined) {
      if (!this.#fill(this.#header)) return undefined;
      this.#payload = payloadOf(this.#size());
      this.#filled = 0;
    }
    const payload = this.#payload;
    if (!this.#fill(payload)) return undefined;
    const message: Message = {
      request: this.#header.getUint32(VHOST_USER_HEADER.request, true),
      flags: this.#header.getUint32(VHOST_USER_HEADER.flags, true),
      payload,
      descriptors: this.#descriptors,
    };
    this.#payload = undefined;
    this.#filled = 0;
    this.#descriptors = [];
    return message;
  }

  /**
   * Sends a message; the descriptors stay the caller's. TransportError when the other side is gone,
   * or has left so many messages unread that this one does not fit.
   */
  send(
    request: number,
    flags: number,
    payload: DataView<ArrayBuffer> = payloadOf(0),
    descriptors: readonly number[] = [],
  ): void {
    const message = payloadOf(VHOST_USER_HEADER_SIZE + payload.byteLength);
    message.setUint32(VHOST_USER_HEADER.request, request, true);
    message.setUint32(VHOST_USER_HEADER.flags, MessageFlag.VERSION | flags, true);
    message.setUint32(VHOST_USER_HEADER.size, payload.byteLength, true);
    const bytes = new Uint8Array(message.buffer);
    bytes.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), 12);
    if (this.#closed || send(this.fd, bytes, descriptors) !== bytes.length) {
      throw new TransportError("Cannot send a message: the other side does not read");
    }
  }

  /** Closes the socket and all descriptors that came with an incomplete message. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#descriptors.splice(0).forEach(close);
    close(this.fd);
  }

  #size(): number {
    const flags = this.#header.getUint32(VHOST_USER_HEADER.flags, true);
    const size = this.#header.getUint32(VHOST_USER_HEADER.size, true);
    const refuse = (field: string, wanted: string, got: number): never => {
      throw new PeerError("Cannot read a message", { field, wanted, got });
    };
    if ((flags & VERSION_MASK) !== MessageFlag.VERSION) refuse("flags", "of version 1", flags);
    return size > PAYLOAD_MAX ? refuse("size", `at most ${PAYLOAD_MAX}`, size) : size;
  }

  /** Reads up to the end of `into`; whether all of it is there. */
  #fill(into: DataView<ArrayBuffer>): boolean {
    while (this.#filled < into.byteLength) {
      const rest = new Uint8Array(into.buffer, this.#filled);
      const count = receive(this.fd, rest, this.#descriptors);
      if (count < 0) return false;
      if (count === 0) {
        this.ended = this.#filled === 0 && into === this.#header;
        const where = this.ended ? "" : " inside a message";
        throw new TransportError(`Cannot read a message: the connection ended${where}`);
      }
      this.#filled += count;
    }
    return true;
  }
}

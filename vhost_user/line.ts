/**
 * A connection from the side that asks: requests, and the answers that belong to them.
 *
 * @module
 */

import { MessageFlag } from "../generated/layout/vhost_user.ts";
import { PeerError, TransportError } from "../runtime/errors.ts";
import { Channel } from "./channel.ts";
import { close } from "./ffi.ts";
import { poller } from "./poller.ts";
import { type Message, number64, requestName } from "./protocol.ts";

/** Milliseconds in which an answer must come. */
const PATIENCE = 10_000;

interface Asked {
  readonly request: number;
  readonly resolve: (answer: Message) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One connection; it owns its socket. Answers come in the order of their requests. */
export class Line {
  /** Whether every request asks for an acknowledgement (REPLY_ACK). */
  acknowledged = false;
  /** Called once when the connection ended by itself. */
  onEnd: (error: TransportError) => void = () => {};
  /** Called for messages of the other side that answer nothing. */
  onRequest: (request: number) => void = () => {};
  readonly #channel: Channel;
  readonly #asked: Asked[] = [];

  /** Takes over a connected socket. */
  constructor(fd: number) {
    this.#channel = new Channel(fd);
    poller.add(fd, () => this.#read());
  }

  /** Sends a request that is always answered. */
  ask(
    request: number,
    payload?: DataView<ArrayBuffer>,
    descriptors: readonly number[] = [],
    flags = 0,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#channel.send(request, flags, payload, descriptors);
      const timer = setTimeout(() => {
        const late = `no answer came in ${PATIENCE / 1000} s; another front end may be served`;
        this.#end(new TransportError(`Cannot wait for ${requestName(request)}: ${late}`));
      }, PATIENCE);
      this.#asked.push({ request, resolve, reject, timer });
    });
  }

  /** Sends a request that is answered with one number. */
  async ask64(request: number): Promise<bigint> {
    const answer = await this.ask(request);
    if (answer.payload.byteLength === 8) return answer.payload.getBigUint64(0, true);
    throw refused(request, "size", "8", answer.payload.byteLength);
  }

  /** Sends a request; settles when it was acknowledged, if it can be. PeerError when it was refused. */
  async tell(
    request: number,
    payload?: DataView<ArrayBuffer>,
    descriptors: readonly number[] = [],
  ): Promise<void> {
    if (!this.acknowledged) {
      this.#channel.send(request, 0, payload, descriptors);
      return;
    }
    const answer = await this.ask(request, payload, descriptors, MessageFlag.NEED_REPLY);
    if (answer.payload.byteLength !== 8) {
      throw refused(request, "size", "8", answer.payload.byteLength);
    }
    const value = number64(answer, 0, "u64");
    if (value !== 0) throw refused(request, "u64", "0", value);
  }

  /** Closes the connection; what waits for an answer is rejected. */
  close(): void {
    if (this.#channel.closed) return;
    poller.remove(this.#channel.fd);
    this.#channel.close();
    const error = new TransportError("Cannot wait for an answer: the connection was closed");
    this.#rejectAll(error);
  }

  #read(): void {
    try {
      while (!this.#channel.closed) {
        const message = this.#channel.read();
        if (message === undefined) return;
        this.#take(message);
      }
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #take(message: Message): void {
    message.descriptors.splice(0).forEach(close);
    if ((message.flags & MessageFlag.REPLY) === 0) return this.onRequest(message.request);
    const asked = this.#asked.shift();
    if (asked === undefined || asked.request !== message.request) {
      const wanted = asked === undefined ? "none" : requestName(asked.request);
      if (asked !== undefined) this.#asked.unshift(asked);
      throw refused(message.request, "answer", wanted, requestName(message.request));
    }
    clearTimeout(asked.timer);
    asked.resolve(message);
  }

  #end(cause: Error): void {
    if (this.#channel.closed) return;
    poller.remove(this.#channel.fd);
    this.#channel.close();
    const error = cause instanceof TransportError
      ? cause
      : new TransportError(cause.message, { cause });
    this.#rejectAll(error);
    this.onEnd(error);
  }

  #rejectAll(error: Error): void {
    for (const { reject, timer } of this.#asked.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

function refused(request: number, field: string, wanted: string, got: string | number): PeerError {
  return new PeerError(`Cannot get ${requestName(request)} done`, { field, wanted, got });
}

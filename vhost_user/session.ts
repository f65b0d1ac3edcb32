/**
 * One connection to a back end, from its first message to its end.
 *
 * @module
 */

import type { Device } from "../runtime/device.ts";
import { BackEnd, type BackEndOptions } from "./backend.ts";
import { Channel } from "./channel.ts";
import { poller } from "./poller.ts";

/** Most messages in one go, so that a peer that never stops sending starves nobody. */
const BURST = 64;

/** Serves a device to a front end until either side closes the connection. */
export class Session {
  /** Settles with the reason once the connection has ended and everything was let go of. */
  readonly ended: Promise<string>;
  readonly #channel: Channel;
  readonly #backEnd: BackEnd;
  readonly #end: (reason: string) => void;
  #closed = false;
  #serving: Promise<void> | undefined;

  /** Takes over a connected socket and binds the device; TypeError when that is bound already. */
  constructor(device: Device, fd: number, options: BackEndOptions = {}) {
    this.#channel = new Channel(fd);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
    this.#backEnd = new BackEnd(device, this.#channel, options);
    this.#listen();
  }

  /** Ends the connection; the device is reset. */
  async close(reason: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    poller.remove(this.#channel.fd);
    await this.#serving?.catch(() => {}); // a ring may be stopping
    await this.#backEnd.close();
    this.#channel.close();
    this.#end(reason);
  }

  #listen(): void {
    if (!this.#closed) poller.add(this.#channel.fd, () => void this.#read());
  }

  async #read(): Promise<void> {
    // No further message is read while one is served: the next may depend on it.
    poller.remove(this.#channel.fd);
    try {
      for (let count = 0; count < BURST && !this.#closed; count++) {
        const message = this.#channel.read();
        if (message === undefined) break;
        await (this.#serving = this.#backEnd.serve(message));
      }
      this.#listen();
    } catch (error) {
      this.#serving = undefined;
      await this.close(
        this.#channel.ended ? "the front end ended it" : (error as Error).message,
      );
    }
  }
}

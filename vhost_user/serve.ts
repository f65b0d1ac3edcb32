/**
 * Serving a device at a path, to one front end after the other.
 *
 * @module
 */

import type { Device } from "../runtime/device.ts";
import { TransportError } from "../runtime/errors.ts";
import type { BackEndOptions } from "./backend.ts";
import { accept, close, connect, listen } from "./ffi.ts";
import { poller } from "./poller.ts";
import { Session } from "./session.ts";

/** A device that is served. */
export interface Server extends AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  /** Ends the connection there is, stops listening and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens at a path and serves the device to whoever connects, one front end at a time; others wait.
 * A socket that nobody listens at any more is replaced. TransportError when somebody does, when the
 * path is taken, or where there are no such sockets; TypeError when the device is bound already.
 */
export async function serve(
  device: Device,
  path: string,
  options: BackEndOptions = {},
): Promise<Server> {
  await clear(path);
  return new Listener(device, path, options);
}

class Listener implements Server {
  readonly path: string;
  readonly #device: Device;
  readonly #options: BackEndOptions;
  readonly #fd: number;
  #session: Session | undefined;
  #closed = false;

  constructor(device: Device, path: string, options: BackEndOptions) {
    this.path = path;
    this.#device = device;
    this.#options = options;
    this.#fd = listen(path);
    this.#listen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#session === undefined) poller.remove(this.#fd);
    else this.#session.close("the server was closed");
    close(this.#fd);
    await Deno.remove(this.path);
    await poller.settle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(): void {
    poller.add(this.#fd, () => {
      const fd = accept(this.#fd);
      if (fd >= 0) this.#serve(fd);
    });
  }

  #serve(fd: number): void {
    const log = this.#options.log ?? (() => {});
    poller.remove(this.#fd);
    log("a front end connected");
    const session = this.#session = new Session(this.#device, fd, this.#options);
    session.ended.then((reason) => {
      log(`the connection was closed: ${reason}`);
      this.#session = undefined;
      if (!this.#closed) this.#listen();
    });
  }
}

/** Removes a socket that nobody listens at. */
async function clear(path: string): Promise<void> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  try {
    close(connect(path));
  } catch {
    return await Deno.remove(path);
  }
  throw new TransportError(`Cannot listen at ${path}: somebody does already`);
}

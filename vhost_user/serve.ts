/**
 * Serving a device at a path, to one front end after the other.
 *
 * @module
 */

import { Device } from "../runtime/device.ts";
import { TransportError } from "../runtime/errors.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import type { BackEndOptions, ServeOptions } from "./backend.ts";
import { close } from "./ffi.ts";
import { accept, listen } from "./sockets.ts";
import { clear, removeSocket } from "./paths.ts";
import { poller } from "./poller.ts";
import { Session } from "./session.ts";
import { Threads, WorkerRunner } from "./worker_runner.ts";

/** A device that is served. */
export interface Server extends AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  /** What is served; it stands for all where threads serve. */
  readonly device: Device;
  /** Buffers that each queue has given back so far, modulo 2^31; none for a queue that never ran. */
  completed(): Promise<number[]>;
  /** Ends the connection there is, stops listening and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens at a path and serves a device to whoever connects, one front end at a time; others wait.
 *
 * A device is served on the event loop of this thread. The URL of a module that exports a device as
 * its default is served by a thread for each queue, where each has a device of its own, made by the
 * module; such a thread sleeps in the kernel until its queue is kicked, so that timers and sockets of
 * the module do not work in it, except while a request is answered.
 *
 * A socket that nobody listens at any more is replaced. TransportError when somebody does, when the
 * path can not be listened at, when the module has no device, or where there are no such sockets.
 */
export async function serve(
  what: Device | URL,
  path: string,
  options: ServeOptions = {},
): Promise<Server> {
  if (!(what instanceof URL)) {
    clear(path);
    const completed = () => Array.from({ length: what.queueCount }, (_, at) => what.completed(at));
    return new Listener(what, path, options, { completed, close() {} });
  }
  const { default: device } = await import(what.href);
  if (!(device instanceof Device)) {
    throw new TransportError(`Cannot serve ${what.href}: its default export is no device`);
  }
  clear(path);
  const threads = new Threads(what.href, device);
  const runner = (device: Device, memory: GuestMemory) => new WorkerRunner(threads, device, memory);
  return new Listener(device, path, { ...options, runner }, threads);
}

/** Who counts what was done, and is closed at the end. */
interface Counter {
  completed(): number[] | Promise<number[]>;
  close(): void;
}

class Listener implements Server {
  readonly path: string;
  readonly device: Device;
  readonly #options: BackEndOptions;
  readonly #fd: number;
  readonly #counter: Counter;
  #session: Session | undefined;
  #closed = false;

  constructor(device: Device, path: string, options: BackEndOptions, counter: Counter) {
    this.path = path;
    this.device = device;
    this.#counter = counter;
    this.#options = options;
    this.#fd = listen(path);
    this.#listen();
  }

  async completed(): Promise<number[]> {
    return await this.#counter.completed();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#session === undefined) poller.remove(this.#fd);
    else await this.#session.close("the server was closed");
    close(this.#fd);
    this.#counter.close();
    removeSocket(this.path);
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
    const session = this.#session = new Session(this.device, fd, this.#options);
    session.ended.then((reason) => {
      log(`the connection was closed: ${reason}`);
      this.#session = undefined;
      if (!this.#closed) this.#listen();
    });
  }
}

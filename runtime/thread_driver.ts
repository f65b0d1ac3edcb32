/**
 * A device in a thread of its own: the driver's end.
 *
 * ```ts ignore
 * // disk.ts
 * serveThread(() => new BlockDevice({ config: { capacity: 64 }, in: read, out: write }));
 *
 * // main.ts
 * const worker = new Worker(new URL("./disk.ts", import.meta.url), { type: "module" });
 * await using driver = await BlockDriver.open(await openThread(worker));
 * ```
 *
 * Queues lie in shared memory and are kicked through doorbells there; the control plane goes by messages. A device's
 * thread that ends, fails or shows no sign of life for {@linkcode OpenThreadOptions.limit} counts as lost: whatever
 * waits for it ends with an error then.
 *
 * @module
 */

import { Arena } from "./arena.ts";
import { CONFIG_BIT, Doorbell, Listener, PULSE_MS, QUEUE_BITS, type Waiting } from "./doorbell.ts";
import { TransportError } from "./errors.ts";
import { LOOPBACK_FACILITIES } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";
import type { QueueLayout } from "./queue.ts";
import type { DeviceSnapshot } from "./snapshot.ts";
import { LOADED, TO_DEVICE, TO_DRIVER } from "./thread_calls.ts";
import type { ThreadCall, ThreadCalls, ThreadReply, ThreadStart } from "./thread_calls.ts";
import type { AdminQueues, Facilities, SharedMemory, Transport } from "./transport.ts";

const MEMORY_ADDRESS = 0x1000_0000;
const MEMORY_SIZE = 16 << 20;
const LIMIT_MS = 10_000;
/** Between two looks at the pulse of the device's thread. */
const WATCH_MS = 2 * PULSE_MS;

/** Choices of the driver's end. */
export interface OpenThreadOptions {
  /** Handed to the function that makes the device: plain data. */
  readonly data?: unknown;
  /** All on SharedArrayBuffers; 16 MiB at address 0x1000_0000 when not given. Regions that are added later are not shared. */
  readonly memory?: GuestMemory;
  /** The part of it that the driver may allocate from; all of its first region when not given. */
  readonly arena?: Arena;
  /** What is carried otherwise than in a loopback. */
  readonly facilities?: Partial<Facilities>;
  /** How this end waits for the device: `"sleep"` when not given. This thread's event loop goes on meanwhile. */
  readonly waiting?: Waiting;
  /** Milliseconds without a sign of life after which the device's thread is lost: 10 000 when not given. */
  readonly limit?: number;
}

/** The way to a device in another thread. */
export interface ThreadTransport extends Transport {
  /**
   * Moves the device, as it is, to another Worker, where requests in flight are served again; the driver notices
   * nothing. The worker before is ended. TransportError when either fails, which loses the device.
   */
  move(worker: Worker): Promise<void>;
}

/**
 * Opens the device that the module of `worker` serves with {@linkcode serveThread}. It is to be called in the task that
 * made the worker, which belongs to the transport from then on. TransportError when the module can not be loaded, the
 * device not be made, or the worker says nothing within the limit; TypeError when the memory is not shared.
 */
export async function openThread(
  worker: Worker,
  options: OpenThreadOptions = {},
): Promise<ThreadTransport> {
  let transport: ThreadLoopback;
  try {
    transport = new ThreadLoopback(options);
  } catch (error) {
    worker.terminate();
    throw error;
  }
  await transport.start(worker);
  return transport;
}

class ThreadLoopback implements ThreadTransport {
  readonly facilities: Facilities;
  readonly memory: GuestMemory;
  readonly arena: Arena;
  deviceId = 0;
  onQueueNotify: (index: number) => void = () => {};
  onConfigNotify: () => void = () => {};
  onLost: (error: TransportError) => void = () => {};
  readonly #start: ThreadStart;
  readonly #toDevice: Doorbell;
  readonly #toDriver: Doorbell;
  readonly #waiting: Waiting;
  readonly #limit: number;
  #worker: Promise<DeviceWorker> | undefined; // until closed or lost
  #queueEnd = 0; // above the highest queue that was enabled

  constructor(options: OpenThreadOptions) {
    const { limit = LIMIT_MS, waiting = "sleep" } = options;
    this.facilities = { ...LOOPBACK_FACILITIES, name: "thread", ...options.facilities };
    this.memory = options.memory ??
      GuestMemory.of(new SharedArrayBuffer(MEMORY_SIZE), MEMORY_ADDRESS);
    const { regions } = this.memory;
    if (!regions.every(({ bytes }) => bytes.buffer instanceof SharedArrayBuffer)) {
      throw new TypeError("Cannot open the thread: its memory is not on SharedArrayBuffers");
    }
    const first = regions[0];
    if (first === undefined) throw new TypeError("Cannot open the thread: its memory is empty");
    this.arena = options.arena ?? new Arena(this.memory, first.address, first.bytes.length);
    const bells = Doorbell.memory(2);
    this.#toDevice = new Doorbell(bells, TO_DEVICE);
    this.#toDriver = new Doorbell(bells, TO_DRIVER);
    this.#start = { regions, facilities: this.facilities, bells, data: options.data };
    this.#waiting = waiting;
    this.#limit = limit;
  }

  /** Starts the device in its first worker. */
  async start(worker: Worker): Promise<void> {
    const started = this.#begin(this.#attach(worker));
    this.#worker = started;
    started.catch(() => {}); // the next line tells
    await started;
    void this.#listen();
  }

  async move(worker: Worker): Promise<void> {
    const next = this.#attach(worker);
    const moved = this.#current.then(async (old) => {
      const snapshot = await old.call("leave");
      old.end(new TransportError("Cannot reach the device: it has moved"));
      return await this.#begin(next, snapshot);
    });
    this.#worker = moved;
    try {
      await moved;
    } catch (error) {
      next.end(error as TransportError);
      this.#lose(error as TransportError);
      throw error;
    }
    // What the old thread took from the bell and did not serve any more.
    for (let index = 0; index < this.#queueEnd; index++) this.#toDevice.ring(index);
  }

  getStatus(): Promise<number> {
    return this.#ask("getStatus");
  }

  setStatus(status: number): Promise<void> {
    return this.#ask("setStatus", status);
  }

  getFeatures(): Promise<bigint> {
    return this.#ask("getFeatures");
  }

  setFeatures(features: bigint): Promise<void> {
    return this.#ask("setFeatures", features);
  }

  queueSizeMax(index: number): Promise<number> {
    return this.#ask("queueSizeMax", index);
  }

  adminQueues(): Promise<AdminQueues> {
    return this.#ask("adminQueues");
  }

  enableQueue(layout: QueueLayout): Promise<void> {
    this.#queueEnd = Math.max(this.#queueEnd, layout.index + 1);
    return this.#ask("enableQueue", layout);
  }

  async resetQueue(index: number): Promise<void> {
    await this.#ask("resetQueue", index);
  }

  readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.#ask("readConfig", offset, length);
  }

  writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#ask("writeConfig", offset, bytes);
  }

  configGeneration(): Promise<number> {
    return this.#ask("configGeneration");
  }

  async sharedMemory(id: number): Promise<SharedMemory | undefined> {
    return this.facilities.sharedMemory ? await this.#ask("sharedMemory", id) : undefined;
  }

  notify(index: number, _data: number): void {
    this.#toDevice.ring(index);
  }

  async close(): Promise<void> {
    const current = this.#worker;
    this.#worker = undefined;
    this.#toDriver.signalConfig(); // ends the listening
    try {
      const thread = await current;
      await thread?.call("close");
      thread?.end(closed());
    } catch {
      // It is gone already.
    }
  }

  get #current(): Promise<DeviceWorker> {
    return this.#worker ?? Promise.reject(closed());
  }

  async #ask<K extends keyof ThreadCalls>(
    method: K,
    ...args: Parameters<ThreadCalls[K]>
  ): Promise<Awaited<ReturnType<ThreadCalls[K]>>> {
    return await (await this.#current).call(method, ...args);
  }

  #attach(worker: Worker): DeviceWorker {
    return new DeviceWorker(worker, this.#toDevice, this.#limit);
  }

  /** Starts the device in a worker, for the first time or with what it was. */
  async #begin(thread: DeviceWorker, snapshot?: DeviceSnapshot): Promise<DeviceWorker> {
    try {
      await thread.ready;
      this.#toDevice.restart();
      const start = snapshot === undefined ? this.#start : { ...this.#start, snapshot };
      this.deviceId = await thread.call("start", start);
    } catch (error) {
      thread.end(error as TransportError);
      throw error;
    }
    thread.onLost = (error) => this.#lose(error);
    return thread;
  }

  #lose(error: TransportError): void {
    if (this.#worker === undefined) return;
    this.#worker = undefined;
    this.#toDriver.signalConfig();
    this.onLost(error);
  }

  /** Delivers what the device rings for, until the transport is closed or lost. */
  async #listen(): Promise<void> {
    const bell = this.#toDriver;
    const listener = new Listener(bell, this.#waiting, false);
    for (;;) {
      const bits = bell.take();
      if (this.#worker === undefined) return;
      this.#deliver(bits);
      await listener.wait(true);
    }
  }

  /** Each in a microtask of its own: what a callback of the user throws ends that, and nothing else. */
  #deliver(bits: number): void {
    for (let index = 0; index < this.#queueEnd; index++) {
      if ((bits >>> index % QUEUE_BITS & 1) !== 0) this.#tell(() => this.onQueueNotify(index));
    }
    if ((bits & CONFIG_BIT) !== 0) this.#tell(() => this.onConfigNotify());
  }

  #tell(callback: () => void): void {
    queueMicrotask(() => {
      if (this.#worker !== undefined) callback();
    });
  }
}

function closed(): TransportError {
  return new TransportError("Cannot reach the device: its thread is closed");
}

interface Asker {
  readonly resolve: (value: never) => void;
  readonly reject: (error: TransportError) => void;
}

/** One worker: questions to it, and whether it lives. */
class DeviceWorker {
  /** Settles when the worker's module is loaded. */
  readonly ready: Promise<void>;
  /** Called once when the worker ends otherwise than by {@linkcode DeviceWorker.end}. */
  onLost: (error: TransportError) => void = () => {};
  readonly #worker: Worker;
  readonly #bell: Doorbell;
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #askers = new Map<number, Asker>();
  #next = LOADED;
  #ended: TransportError | undefined;

  constructor(worker: Worker, bell: Doorbell, limit: number) {
    this.#worker = worker;
    this.#bell = bell;
    this.ready = new Promise((resolve, reject) => {
      this.#askers.set(this.#next++, { resolve, reject });
    });
    this.ready.catch(() => {}); // an end tells, whether somebody waits or not
    worker.addEventListener("message", ({ data }) => this.#heard(data));
    worker.addEventListener("messageerror", () => this.#lose("what it said can not be read"));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(event.message);
    });
    this.#watch = setInterval(this.#watcher(limit), WATCH_MS);
  }

  call<K extends keyof ThreadCalls>(
    method: K,
    ...args: Parameters<ThreadCalls[K]>
  ): Promise<Awaited<ReturnType<ThreadCalls[K]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const call: ThreadCall = { id: this.#next++, method, args };
      this.#worker.postMessage(call);
      this.#askers.set(call.id, { resolve, reject });
      this.#bell.post();
    });
  }

  /** Ends the worker; questions without an answer reject with the error. */
  end(error: TransportError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    clearInterval(this.#watch);
    this.#worker.terminate();
    for (const { reject } of this.#askers.values()) reject(error);
    this.#askers.clear();
  }

  #lose(why: string): void {
    if (this.#ended !== undefined) return;
    const error = new TransportError(`Cannot reach the device: its thread ended: ${why}`);
    this.end(error);
    this.onLost(error);
  }

  #heard(reply: ThreadReply): void {
    if ("ended" in reply) return this.#lose(reply.ended);
    const asker = this.#askers.get(reply.id);
    this.#askers.delete(reply.id);
    if ("error" in reply) asker?.reject(new TransportError(reply.error));
    else asker?.resolve(reply.value as never);
  }

  /** Counts looks without a sign of life; time in which this thread itself stood still does not count. */
  #watcher(limit: number): () => void {
    let pulse = this.#bell.pulse;
    let silent = 0;
    return () => {
      silent = this.#bell.pulse === pulse ? silent + WATCH_MS : 0;
      pulse = this.#bell.pulse;
      if (silent >= limit) this.#lose(`no sign of life for ${limit} ms`);
    };
  }
}

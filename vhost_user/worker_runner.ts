/**
 * Who runs the rings of a device: a thread for each, with a device of its own.
 *
 * What a thread needs is plain data: the memory, which is shared, the device as it was saved, and the
 * numbers of descriptors, which stay ours and mean the same in every thread.
 *
 * @module
 */

import type { Device } from "../runtime/device.ts";
import { TransportError } from "../runtime/errors.ts";
import { queueFormat } from "../runtime/features.ts";
import type { GuestMemory, MemoryRegion } from "../runtime/memory.ts";
import type { QueuePosition } from "../runtime/queue.ts";
import type { DeviceSnapshot } from "../runtime/snapshot.ts";
import { Status } from "../runtime/status.ts";
import { event, retarget, signal } from "./events.ts";
import { close } from "./ffi.ts";
import type { Records } from "./records.ts";
import type { Ring } from "./ring.ts";
import type { Runner } from "./runner.ts";

/** Milliseconds in which a thread must have stopped; it is ended otherwise. */
const PATIENCE = 10_000;
/** Milliseconds in which a thread should tell how many buffers it has given back. */
const COUNT_PATIENCE = 500;

/** What a thread is told to run. */
export interface RunRing {
  /** Which message it is. */
  readonly kind: "run";
  /** URL of the module that exports the device as its default. */
  readonly module: string;
  /** The device with the one queue. */
  readonly snapshot: DeviceSnapshot;
  /** What is recorded of the queue. */
  readonly records: Records;
  /** The memory, over SharedArrayBuffers. */
  readonly regions: readonly MemoryRegion[];
  /** Event of available buffers; -1 for none. */
  readonly kick: number;
  /** Event of used buffers. */
  readonly call: number;
  /** Event that says that a command was sent. */
  readonly control: number;
  /** Its word counts the commands that were sent, modulo 2^32. */
  readonly sent: Int32Array;
}

/**
 * What a thread is told while it runs a ring: to look into it, to tell how many buffers it has given back, or to stop,
 * having finished or at once.
 */
export interface Command {
  /** Which of these. */
  readonly kind: "kick" | "count" | "drain" | "stop";
}

/** What a thread is told. A run is ended by one command to stop, also when it has failed. */
export type ToWorker = RunRing | Command;

/** What a thread tells. */
export type FromWorker =
  | {
    readonly kind: "stopped";
    readonly position: QueuePosition | undefined;
    readonly completed: number;
  }
  | { readonly kind: "counted"; readonly completed: number }
  | { readonly kind: "failed"; readonly message: string };

/** The thread of one queue. */
interface Thread {
  readonly module: string;
  readonly worker: Worker;
  /** Event that tells it of a command. */
  readonly control: number;
  /** Its word counts the commands. */
  readonly sent: Int32Array;
  /** Descriptor that the thread signals; it stands for the event of the front end, if there is one. */
  readonly call: number;
  /** Settles when the ring that it runs has stopped. */
  stopped: PromiseWithResolvers<QueuePosition | undefined>;
  /** Whether it runs a ring that it was not told to stop. */
  running: boolean;
  /** Buffers that it has given back, as far as it told. */
  completed: number;
  /** Called when it tells. */
  counted: () => void;
}

/** The threads of a module, one for each queue, kept from one connection to the next. */
export class Threads {
  readonly #module: string;
  readonly #device: Device;
  readonly #threads = new Map<number, Thread>();

  /** For the device that the module exports in this thread, which stands for all and runs no queue. */
  constructor(module: string, device: Device) {
    this.#module = module;
    this.#device = device;
  }

  /** The thread of a queue, if it has been started. */
  get(index: number): Thread | undefined {
    return this.#threads.get(index);
  }

  /** The thread of a queue, which is started if need be. */
  open(index: number): Thread {
    const found = this.#threads.get(index);
    if (found !== undefined) return found;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const thread: Thread = {
      module: this.#module,
      worker,
      control: event(),
      sent: new Int32Array(new SharedArrayBuffer(4)),
      call: event(),
      stopped: Promise.withResolvers(),
      running: false,
      completed: 0,
      counted() {},
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === "failed") return this.#device.needsReset(new TransportError(data.message));
      thread.completed = data.completed;
      if (data.kind === "stopped") thread.stopped.resolve(data.position);
      thread.counted();
    };
    worker.onerror = (failure) => {
      failure.preventDefault();
      this.end(index);
      this.#device.needsReset(new TransportError(failure.message));
    };
    this.#threads.set(index, thread);
    return thread;
  }

  /** Ends a thread, wherever it is. */
  end(index: number): void {
    const thread = this.#threads.get(index);
    if (thread === undefined) return;
    this.#threads.delete(index);
    thread.worker.terminate();
    thread.stopped.resolve(undefined);
    close(thread.control);
    close(thread.call);
  }

  /** Buffers that each queue has given back so far; of a thread that does not answer, as far as it told. */
  async completed(): Promise<number[]> {
    const running = [...this.#threads.values()].filter((thread) => thread.running);
    await Promise.all(running.map(counted));
    const { queueCount: length } = this.#device;
    return Array.from({ length }, (_, at) => this.#threads.get(at)?.completed ?? 0);
  }

  /** Ends all threads. */
  close(): void {
    for (const index of [...this.#threads.keys()]) this.end(index);
  }
}

/** Asks a thread how many buffers it has given back, and waits for a while. */
function counted(thread: Thread): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, COUNT_PATIENCE);
    thread.counted = () => {
      clearTimeout(timer);
      resolve();
    };
    tell(thread, "count");
  });
}

function tell({ worker, control, sent }: Thread, kind: Command["kind"]): void {
  worker.postMessage({ kind } satisfies ToWorker);
  Atomics.add(sent, 0, 1);
  signal(control);
}

/** Runs each ring of a connection in a thread of its own. */
export class WorkerRunner implements Runner {
  /** Rings run in other threads. */
  readonly elsewhere = true;
  readonly #threads: Threads;
  readonly #device: Device;
  readonly #memory: GuestMemory;

  /** For a device over the memory of a connection. */
  constructor(threads: Threads, device: Device, memory: GuestMemory) {
    this.#threads = threads;
    this.#device = device;
    this.#memory = memory;
  }

  /** Has a thread run the ring; what it finds wrong with that breaks the device. */
  start(
    ring: Ring,
    records: Records,
    position: QueuePosition = startOf(this.#device),
  ): void {
    const { layout } = records;
    const { index } = ring;
    const thread = this.#threads.open(index);
    thread.stopped = Promise.withResolvers();
    thread.running = true;
    this.retarget(ring);
    const snapshot = this.#device.save();
    thread.worker.postMessage(
      {
        kind: "run",
        module: thread.module,
        snapshot: {
          ...snapshot,
          status: Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK | Status.DRIVER_OK,
          queues: [{ layout, position }],
        },
        regions: this.#memory.regions,
        records,
        kick: ring.kick,
        call: thread.call,
        control: thread.control,
        sent: thread.sent,
      } satisfies ToWorker,
    );
  }

  /** Looks into the ring. */
  kick(ring: Ring): void {
    const thread = this.#threads.get(ring.index);
    if (thread !== undefined) tell(thread, "kick");
  }

  /** The ring is stopped, and goes on with the new event. */
  async watch(ring: Ring): Promise<void> {
    const position = await this.stop(ring, true);
    this.start(ring, ring.running!, position);
  }

  /** The thread signals another event from now on. */
  retarget(ring: Ring): void {
    const thread = this.#threads.get(ring.index);
    if (thread !== undefined && ring.call >= 0) retarget(thread.call, ring.call);
  }

  /** Has the thread stop; one that does not is ended, and where it stood is not known. */
  async stop(ring: Ring, drained: boolean): Promise<QueuePosition | undefined> {
    const thread = this.#threads.get(ring.index);
    if (thread === undefined) return undefined;
    thread.running = false;
    tell(thread, drained ? "drain" : "stop");
    const timer = setTimeout(() => {
      this.#threads.end(ring.index);
      this.#device.needsReset(
        new TransportError(`Cannot stop ring ${ring.index}: its thread does not answer`),
      );
    }, PATIENCE);
    const position = await thread.stopped.promise;
    clearTimeout(timer);
    return position;
  }

  /** The threads are kept. */
  close(): void {}
}

/** The beginning of a ring. */
function startOf(device: Device): QueuePosition {
  const format = queueFormat(device.features);
  const start = format === "packed" ? 0x8000 : 0;
  return { format, avail: start, used: start, inflight: [] };
}

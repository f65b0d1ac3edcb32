/**
 * What a person sees of a server: signals, counts, and a line that is alive.
 *
 * @module
 */

import inspector from "node:inspector";
import type { Terminal } from "../../generator/commands/command.ts";
import type { Server } from "../serve.ts";

const STOP = ["SIGINT", "SIGTERM"] as const;
/** Milliseconds between two looks at the counts. */
const INTERVAL = 1000;
/** Looks in that time at whether Deno's debugger is open by now. */
const LOOKS = 50;

/** Listens for what tells the process to stop. */
export class Interruption implements Disposable {
  /** Settles when that has happened. */
  readonly happened: Promise<void>;
  readonly #stop: () => void;

  /** Listens from now on. */
  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.happened = promise;
    this.#stop = resolve;
    for (const signal of STOP) Deno.addSignalListener(signal, this.#stop);
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const signal of STOP) Deno.removeSignalListener(signal, this.#stop);
  }
}

/**
 * Shows requests of each second, unless it is to be quiet, and prints how many there were on SIGUSR1, and
 * what else there is to tell.
 */
export function watch(
  server: Server,
  io: Terminal,
  quiet: boolean,
  more?: () => string,
): Disposable {
  const told = async () => {
    const served = counts(await server.completed());
    io.complain(more === undefined ? `${served}\n` : `${served}, ${more()}\n`);
  };
  const tell = () => {
    void told();
    void closeDebugger();
  };
  Deno.addSignalListener("SIGUSR1", tell);
  const timer = quiet || io.show === undefined ? undefined : live(server, io.show);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      Deno.removeSignalListener("SIGUSR1", tell);
    },
  };
}

/**
 * On SIGUSR1, Deno also opens its debugger, by which every user of this machine could take over: closes
 * it again, where that is allowed.
 */
async function closeDebugger(): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "sys" });
  for (let look = 0; state === "granted" && look < LOOKS; look++) {
    if (inspector.url() !== undefined) return inspector.close();
    await new Promise((resolve) => setTimeout(resolve, INTERVAL / LOOKS));
  }
}

function live(server: Server, show: (line: string) => void): ReturnType<typeof setInterval> {
  let [before, since] = [[] as readonly number[], performance.now()];
  return setInterval(async () => {
    const now = await server.completed();
    const seconds = (performance.now() - since) / 1000;
    const rates = now.map((count, at) =>
      Math.round(((count - (before[at] ?? 0)) & MASK) / seconds)
    );
    [before, since] = [now, performance.now()];
    const total = rates.reduce((sum, rate) => sum + rate, 0);
    show(`${total} requests/s${rates.length > 1 ? ` (${byQueue(rates)})` : ""}`);
  }, INTERVAL);
}

/** Counts are modulo 2^31. */
const MASK = 0x7fffffff;

function counts(completed: readonly number[]): string {
  const total = completed.reduce((sum, count) => sum + count, 0);
  return `${total} requests served (${byQueue(completed)})`;
}

function byQueue(numbers: readonly number[]): string {
  return numbers.map((number, queue) => `queue ${queue}: ${number}`).join(", ");
}

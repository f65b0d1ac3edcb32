/** The processes of the measurement: back ends, and the driver of all of them. @module */

import { readLines } from "../ring/lines.ts";

/** A process that serves a disk at a socket. */
export class BackEnd implements AsyncDisposable {
  /** Where it listens. */
  readonly socket: string;
  /** Collections of garbage that V8 told of, where it was to. */
  collections = 0;
  readonly #process: Deno.ChildProcess;

  private constructor(socket: string, process: Deno.ChildProcess) {
    this.socket = socket;
    this.#process = process;
    void this.#listen();
  }

  /** Starts a command that serves at a socket, and waits for that; on a processor of its own unless told otherwise. */
  static async start(
    socket: string,
    command: string,
    args: readonly string[],
    alone = true,
  ): Promise<BackEnd> {
    const [program, ...rest] = alone ? pinned(1, [command, ...args]) : [command, ...args];
    const streams = { stdin: "null", stdout: "piped", stderr: "inherit" } as const;
    const process = new Deno.Command(program!, { args: rest, ...streams }).spawn();
    const started = new BackEnd(socket, process);
    for (let look = 0; look < 500; look++) {
      if (await Deno.lstat(socket).then(() => true, () => false)) return started;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await started[Symbol.asyncDispose]();
    throw new Error(`Cannot measure: ${command} does not listen at ${socket}`);
  }

  /** Processor time that all of its threads have spent, in nanoseconds. */
  processorTime(): number {
    const tasks = `/proc/${this.#process.pid}/task`;
    let sum = 0;
    for (const { name } of Deno.readDirSync(tasks)) {
      sum += Number(Deno.readTextFileSync(`${tasks}/${name}/schedstat`).split(" ")[0]);
    }
    return sum;
  }

  /** Memory of it that is resident, in bytes. */
  residentMemory(): number {
    const pages = Deno.readTextFileSync(`/proc/${this.#process.pid}/statm`).split(" ")[1];
    return Number(pages) * 4096;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await Deno.remove(this.socket).catch(() => {});
  }

  async #listen(): Promise<void> {
    for await (const line of readLines(this.#process.stdout)) {
      if (/Scavenge|Mark-Compact/.test(line)) this.collections++;
    }
  }
}

/** What one measurement gives. */
export interface Sample {
  /** Reads that were answered. */
  readonly reads: number;
  /** Nanoseconds for each. */
  readonly nanoseconds: number;
}

/** The driver, in a process of its own. */
export class DriverProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  /** Starts it. */
  constructor() {
    const script = new URL("./driver.ts", import.meta.url).pathname;
    const [program, ...args] = pinned(0, [Deno.execPath(), "run", "-A", "--no-check", script]);
    const streams = { stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
    this.#process = new Deno.Command(program!, { args, ...streams }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = readLines(this.#process.stdout);
  }

  /** Reads from a back end at a depth, for so many milliseconds. */
  async measure(socket: string, depth: number, milliseconds: number): Promise<Sample> {
    await this.#writer.write(new TextEncoder().encode(`${socket} ${depth} ${milliseconds}\n`));
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("Cannot measure: the driver ended");
    return JSON.parse(value);
  }

  /** Lets it end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#process.status;
  }
}

/** A command on one processor, so that driver and back end never share one. */
function pinned(processor: number, command: readonly string[]): readonly string[] {
  return ["taskset", "-c", `${processor}`, ...command];
}

/** Processes that measure: each takes a case as a line, and answers with the nanoseconds per buffer. @module */

import { readLines } from "./lines.ts";

/** What is measured in one go. */
export interface Case {
  /** Format of the ring. */
  readonly format: "split" | "packed";
  /** 1: both ends in one thread; 2: each in a thread of its own, pinned, polling. */
  readonly threads: 1 | 2;
  /** How often indices are published. */
  readonly publish: "burst" | "buffer";
  /** Elements of each buffer: more than one go into an indirect table. */
  readonly elements: number;
  /** Buffers that are outstanding together. */
  readonly batch: number;
}

/** A process that runs until it is closed. */
export class Peer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  /** Starts a command. */
  constructor(command: string, args: readonly string[]) {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
    this.#process = new Deno.Command(command, { args: [...args], ...pipes }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = readLines(this.#process.stdout);
  }

  /** Nanoseconds per buffer, measured for that long. */
  async measure(job: Case, milliseconds: number): Promise<number> {
    const { format, threads, publish, elements, batch } = job;
    const line = `${format} ${threads} ${publish} ${elements} ${batch} ${milliseconds}\n`;
    await this.#writer.write(new TextEncoder().encode(line));
    const { value } = await this.#lines.next();
    const time = Number(value);
    if (!(time > 0)) throw new Error(`Cannot measure "${line.trim()}": the answer is ${value}`);
    return time;
  }

  /** Lets it end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#process.status;
  }
}

/** Builds reference.c into that folder and returns the program's path; an error that says so when there is no gcc. */
export async function buildReference(folder: string): Promise<string> {
  const program = `${folder}/reference`;
  const source = new URL("./reference.c", import.meta.url).pathname;
  const args = ["-O2", "-Wall", "-Wextra", "-o", program, source, "-pthread"];
  const { success, stderr } = await new Deno.Command("gcc", { args, stderr: "piped" }).output();
  if (!success) throw new Error(`Cannot build reference.c: ${new TextDecoder().decode(stderr)}`);
  return program;
}

/** What a script of this folder prints. */
export async function outputOf(
  script: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<string> {
  const { pathname } = new URL(script, import.meta.url);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...flags, pathname, ...args],
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot run ${script}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/**
 * QEMU's two sockets: qtest, by which registers are reached and interrupts seen, and QMP, by which the
 * machine is asked and told things.
 *
 * @module
 */

import type { AccessSize, RegisterAccess } from "../../mod.ts";

/** What stands for the size in the name of a command. */
const LETTERS: Readonly<Record<AccessSize, string>> = { 1: "b", 2: "w", 4: "l" };

/** Reads a connection line by line until it ends. */
async function lines(connection: Deno.Conn, take: (line: string) => void): Promise<void> {
  let rest = "";
  const bytes = new Uint8Array(1 << 16);
  const text = new TextDecoder();
  for (;;) {
    const count = await connection.read(bytes).catch(() => null);
    if (count === null) return;
    const whole = (rest + text.decode(bytes.subarray(0, count), { stream: true })).split("\n");
    rest = whole.pop()!;
    for (const line of whole) take(line);
  }
}

/** Commands of one line each, answered in order. */
abstract class Socket {
  readonly #connection: Deno.Conn;
  readonly #output: () => string;
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  readonly #done: Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  /** `output` is what QEMU printed, told when it is gone. */
  constructor(connection: Deno.Conn, output: () => string) {
    this.#connection = connection;
    this.#output = output;
    this.#done = this.#receive();
  }

  /** Closes the socket. */
  async close(): Promise<void> {
    this.#connection.close();
    await this.#done;
  }

  /** The line that answers this one. */
  protected async send(command: string): Promise<string> {
    const answer = Promise.withResolvers<string>();
    answer.promise.catch(() => {}); // it may fail before the line is sent, and who waits is told below
    this.#waiting.push(answer);
    const line = new TextEncoder().encode(`${command}\n`);
    this.#last = this.#last.then(() => this.#connection.write(line));
    await this.#last;
    return await answer.promise;
  }

  /** Whether a line came by itself and is no answer. */
  protected abstract told(line: string): boolean;

  async #receive(): Promise<void> {
    await lines(this.#connection, (line) => {
      if (!this.told(line)) this.#waiting.shift()?.resolve(line);
    });
    const gone = new Error(`Cannot go on, QEMU is gone:\n${this.#output()}`);
    for (const { reject } of this.#waiting) reject(gone);
  }
}

/** The qtest protocol. */
export class Qtest extends Socket {
  /** Called with each change of an intercepted interrupt. */
  onInterrupt: (line: number, raised: boolean) => void = () => {};

  /** The words of the answer after OK. */
  async ask(command: string): Promise<string> {
    const answer = await this.send(command);
    if (answer.startsWith("OK")) return answer.slice(3);
    throw new Error(`Cannot carry out ${command}: ${answer}`);
  }

  /** The I/O ports from a number on. */
  ports(base: number): RegisterAccess {
    return this.#access(base, "in", "out");
  }

  /** The machine's memory space from an address on. */
  space(base: number): RegisterAccess {
    return this.#access(base, "read", "write");
  }

  protected override told(line: string): boolean {
    const interrupt = /^IRQ (raise|lower) (\d+)/.exec(line);
    if (interrupt !== null) this.onInterrupt(Number(interrupt[2]), interrupt[1] === "raise");
    return interrupt !== null;
  }

  #access(base: number, input: string, output: string): RegisterAccess {
    return {
      read: async (offset, size) =>
        Number(await this.ask(`${input}${LETTERS[size]} ${hex(base + offset)}`)),
      write: async (offset, size, value) => {
        await this.ask(`${output}${LETTERS[size]} ${hex(base + offset)} ${hex(value)}`);
      },
    };
  }
}

/** The QEMU machine protocol. */
export class Qmp extends Socket {
  /** Names of the events that came, in order. */
  readonly events: string[] = [];

  /** What a command returns. */
  async execute<T>(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const answer = JSON.parse(
      await this.send(JSON.stringify({ execute: command, arguments: args })),
    );
    if ("return" in answer) return answer.return;
    throw new Error(`Cannot execute ${command}: ${answer.error.desc}`);
  }

  protected override told(line: string): boolean {
    const message = JSON.parse(line);
    if ("event" in message) this.events.push(message.event);
    return "event" in message || "QMP" in message;
  }
}

/** A number as QEMU and we write addresses. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/**
 * Lines of text, from the standard input or from whoever connects to a socket, and answers to them.
 *
 * @module
 */

import { listenAt, writeAll } from "./unix.ts";

/** Most characters of a line; of a longer one, only its end is told. */
const LINE_MAX = 65536;

/** Takes a line; the next one waits until that settles. */
export type TakeLine = (line: string) => void | Promise<void>;

/** Where lines come from. */
export interface Lines {
  /** Answers with a line, all who listen. */
  answer(line: string): void;
  /** Takes no more of them. */
  close(): void;
}

/** The lines of the standard input; answers go to the standard output. */
export function standardLines(take: TakeLine): Lines {
  const reader = Deno.stdin.readable.getReader();
  void takeAll(reader, take);
  return {
    answer: (line) => console.log(line),
    close: () => void reader.cancel(),
  };
}

/** The lines of all who connect to a socket; TransportError when it can not be listened at. */
export function socketLines(path: string, take: TakeLine): Lines {
  const connections = new Set<Deno.Conn>();
  const listening = listenAt(path, async (connection) => {
    connections.add(connection);
    try {
      await takeAll(connection.readable.getReader(), take);
    } finally {
      connections.delete(connection);
    }
  });
  return {
    answer(line) {
      const bytes = new TextEncoder().encode(`${line}\n`);
      // Who is gone will be noticed by reading.
      for (const connection of connections) writeAll(connection, bytes).catch(() => {});
    },
    close: () => listening.close(),
  };
}

async function takeAll(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  take: TakeLine,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = `${rest}${decoder.decode(value, { stream: !done })}`.split("\n");
    rest = done ? "" : lines.pop()!.slice(-LINE_MAX);
    for (const line of lines) if (line.trim() !== "") await take(line);
    if (done) return;
  }
}

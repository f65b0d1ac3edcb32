/**
 * Answers in lines: those of one line go back in the order of their requests. One that is ready too
 * early is written to its buffer, which the driver does not look at before it gets it back, and waits
 * there for those ahead. All answers take this way, those of requests that were refused too.
 *
 * @module
 */

import { DeviceBehaviour } from "../behaviour.ts";
import type { DeviceQueue } from "../queue.ts";

/** The lines of one queue. */
interface QueueLines {
  /** Requests that are not given back, oldest first, by their lines. */
  readonly heads: Map<string, number[]>;
  /** The line of each of them. */
  readonly line: Map<number, string>;
  /** Bytes written for those that wait. */
  readonly written: Map<number, number>;
}

/** What puts answers in lines; each class says by what. */
export abstract class AnswerLines extends DeviceBehaviour {
  readonly #queues = new Map<number, QueueLines>();

  /** How many lines have requests that are not given back. */
  get pending(): number {
    return [...this.#queues.values()].reduce((sum, { heads }) => sum + heads.size, 0);
  }

  /** Puts a request at the end of a line. */
  protected join(queue: DeviceQueue, head: number, line: string): void {
    let lines = this.#queues.get(queue.index);
    if (lines === undefined) {
      lines = { heads: new Map(), line: new Map(), written: new Map() };
      this.#queues.set(queue.index, lines);
    }
    lines.line.set(head, line);
    const heads = lines.heads.get(line);
    if (heads === undefined) lines.heads.set(line, [head]);
    else heads.push(head);
  }

  /** Gives a request back that is answered, and those that waited for it; or keeps it until its turn comes. */
  push(queue: DeviceQueue, head: number, written: number): void {
    const lines = this.#queues.get(queue.index);
    const line = lines?.line.get(head);
    if (lines === undefined || line === undefined) return queue.push(head, written);
    lines.written.set(head, written);
    const heads = lines.heads.get(line)!;
    let first = heads[0];
    for (; first !== undefined; first = heads[0]) {
      const bytes = lines.written.get(first);
      if (bytes === undefined) return;
      heads.shift();
      lines.line.delete(first);
      lines.written.delete(first);
      queue.push(first, bytes);
    }
    lines.heads.delete(line);
  }

  /** What was in lines of the queue is void. */
  override queueStopped(index: number): void {
    this.#queues.delete(index);
  }

  /** Nothing is waited for any more. */
  override reset(): void {
    this.#queues.clear();
  }
}

/**
 * Waiting: a task of its own in the event loop, and a limit on every poll.
 *
 * @module
 */

import { TransportError } from "./errors.ts";

/** Runs a function soon, as a task of its own, so that everything else gets its turn before. */
export const queueTask: (task: () => void) => void = typeof setImmediate === "function"
  ? (task) => void setImmediate(task)
  : throughChannel();

/**
 * Asks again and again until the answer is yes, ever more slowly, for about five seconds; then a
 * TransportError with `message()`. Rejects with the signal's reason when it aborts.
 */
export async function until(
  ask: () => Promise<boolean>,
  message: () => string,
  signal?: AbortSignal,
): Promise<void> {
  for (let wait = 0; wait <= 2048; wait = wait * 2 || 1) {
    signal?.throwIfAborted();
    if (await ask()) return;
    await pause(wait);
  }
  signal?.throwIfAborted();
  if (!await ask()) throw new TransportError(message());
}

/** Waits so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Browsers have no setImmediate, and setTimeout waits for milliseconds once nested. */
function throughChannel(): (task: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const tasks: (() => void)[] = [];
  port1.onmessage = () => tasks.shift()?.();
  return (task) => {
    tasks.push(task);
    port2.postMessage(undefined);
  };
}

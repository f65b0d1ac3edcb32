/**
 * Paths of UNIX sockets: which may be listened at, and what is left of those that were.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";
import { isListenedAt } from "./sockets.ts";

/**
 * Removes a socket that nobody listens at any more. TransportError when somebody does, when there is
 * something else, or when that can not be known.
 */
export function clear(path: string): void {
  try {
    if (!Deno.lstatSync(path).isSocket) {
      throw new TransportError(`Cannot listen at ${path}: what is there is no socket`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw failure(`listen at ${path}`, error);
  }
  if (isListenedAt(path)) {
    throw new TransportError(`Cannot listen at ${path}: somebody does already`);
  }
  removeSocket(path);
}

/** Removes a socket, unless somebody did so already; TransportError when that is not allowed. */
export function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw failure(`remove ${path}`, error);
  }
}

/** A TransportError that says what failed, or the error itself when Deno was told not to allow it. */
export function failure(what: string, cause: unknown): Error {
  if (cause instanceof Deno.errors.NotCapable || cause instanceof TransportError) return cause;
  return new TransportError(`Cannot ${what}: ${(cause as Error).message}`, { cause });
}

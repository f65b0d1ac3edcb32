/**
 * UNIX stream sockets of the host, by Deno's own means.
 *
 * @module
 */

import { clear, failure, removeSocket } from "../paths.ts";

/** A socket that is listened at. */
export interface Listening {
  /** Ends all connections, listens no more and removes the socket. */
  close(): void;
}

/**
 * Listens at a path, where a socket that nobody uses any more is replaced, and serves each connection,
 * which is closed when that settles. TransportError when the path can not be listened at.
 */
export function listenAt(
  path: string,
  serve: (connection: Deno.Conn) => Promise<void>,
): Listening {
  clear(path);
  const listener = attempt(`listen at ${path}`, () => Deno.listen({ transport: "unix", path }));
  const connections = new Set<Deno.Conn>();
  const serveOne = async (connection: Deno.Conn) => {
    connections.add(connection);
    await ended(serve(connection));
    connections.delete(connection);
    hangUp(connection);
  };
  const accept = async () => {
    for await (const connection of listener) void serveOne(connection);
  };
  void ended(accept());
  return {
    close() {
      listener.close();
      connections.forEach(hangUp);
      removeSocket(path);
    },
  };
}

/** Connects to a path; TransportError when nobody listens there. */
export async function connectTo(path: string): Promise<Deno.UnixConn> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (cause) {
    throw failure(`connect to ${path}`, cause);
  }
}

/** Closes a connection unless that is done already. */
export function hangUp(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Writes all bytes. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** Waits until a connection is at its end, whatever that was. */
async function ended(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether an error says no more than that a connection is over. */
function isGone(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
    Deno.errors.NotConnected,
  ].some((kind) => error instanceof kind);
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw failure(what, cause);
  }
}

/**
 * Sockets between the guest and UNIX sockets of the host, as Firecracker and Cloud Hypervisor have them.
 *
 * Who connects to the path, and says `CONNECT 1234` in a line, is connected to that port of the guest
 * and told `OK` with the port on this side. The guest that connects to port 1234 of the host reaches
 * who listens at the path followed by `_1234`, and is refused when there is no such socket.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { SocketDevice } from "../../generated/vsock/mod.ts";
import type { Socket } from "../../runtime/behaviours/sockets.ts";
import { PeerError } from "../../runtime/errors.ts";
import { defineBackEnd, numberOf } from "./ready.ts";
import { connectTo, hangUp, listenAt, writeAll } from "./unix.ts";

/** Bytes read from a UNIX socket at once. */
const BATCH = 64 << 10;
/** Most bytes of the line that asks for a connection. */
const LINE_MAX = 32;
/** Context ids below are reserved. */
const CID_MIN = 3;
const CID_MAX = 0xffff_fffe;

/** A socket device whose connections go to UNIX sockets at, and behind, a path. */
export function unixSockets(guestCid: number, path: string): SocketDevice {
  const device: SocketDevice = new SocketDevice({
    config: { guestCid },
    features: ["STREAM"],
    queueSizeMax: 1024,
    sockets: {
      bufferSize: 256 << 10,
      otherwise: (port) => {
        const to = `${path}_${port}`;
        return isSocket(to) ? (socket) => void toHost(socket, to) : undefined;
      },
    },
  });
  return device;
}

/** Serves a connection to the path: joins it with the port of the guest that it asks for. */
export async function fromHost(device: SocketDevice, connection: Deno.Conn): Promise<void> {
  const port = await readPort(connection);
  const socket = await attempt(() => device.sockets!.connect(port));
  if (socket === undefined) return; // which closes the connection
  await writeAll(connection, new TextEncoder().encode(`OK ${socket.address.port}\n`));
  await join(socket, connection);
}

/** Joins a connection of the guest with who listens at a path. */
async function toHost(socket: Socket, path: string): Promise<void> {
  const connection = await attempt(() => connectTo(path));
  if (connection === undefined) return socket.abort();
  await join(socket, connection);
}

/** Carries bytes both ways until both sides have ended, or one is gone. */
async function join(socket: Socket, connection: Deno.Conn): Promise<void> {
  const down = toConnection(socket, connection);
  const up = toSocket(connection, socket);
  const gone = attempt(() => Promise.all([down, socket.ended])).then(() => hangUp(connection));
  const done = await attempt(() => Promise.all([down, up]));
  if (done === undefined) socket.abort();
  else await socket.close();
  hangUp(connection);
  await gone;
}

async function toConnection(socket: Socket, connection: Deno.Conn): Promise<void> {
  for await (const data of socket) await writeAll(connection, data);
  await connection.closeWrite();
}

async function toSocket(connection: Deno.Conn, socket: Socket): Promise<void> {
  const bytes = new Uint8Array(BATCH);
  for (let count; (count = await connection.read(bytes)) !== null;) {
    await socket.write(bytes.subarray(0, count));
  }
  await socket.shutdown({ send: true });
}

/** Reads the line, and nothing behind it; PeerError when it is another one. */
async function readPort(connection: Deno.Conn): Promise<number> {
  const byte = new Uint8Array(1);
  let line = "";
  while (line.length < LINE_MAX && !line.endsWith("\n")) {
    if (await connection.read(byte) === null) break;
    line += String.fromCharCode(byte[0]!);
  }
  const port = Number(/^CONNECT (\d{1,10})\r?\n$/.exec(line)?.[1]);
  if (port <= 0xffff_ffff) return port;
  const got = JSON.stringify(line);
  throw new PeerError("Cannot connect", { field: "line", wanted: "CONNECT and a port", got });
}

/** What an action gives, or undefined when a side is gone or refuses. */
async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch {
    return undefined;
  }
}

function isSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch {
    return false;
  }
}

/** `serve vsock`. */
export const backEnd = defineBackEnd({
  usage: "[--cid N] --path PATH",
  help: `  --cid N            Context id of the guest: 3 when not given
  --path PATH        A UNIX socket to listen at: who says CONNECT PORT in a line is connected to that
                     port of the guest, and told OK. The guest's connections to port 1234 of the host
                     (context id 2) go to the socket PATH_1234
`,
  options: { cid: { type: "string" }, path: { type: "string" } },
  load({ cid = `${CID_MIN}`, path }) {
    if (path === undefined) throw new UsageError("vsock needs --path");
    const guestCid = numberOf("cid", cid, CID_MIN, CID_MAX);
    const device = unixSockets(guestCid, path);
    const listening = listenAt(path, async (connection) => {
      try {
        await fromHost(device, connection);
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        device.onError?.(error);
      }
    });
    return {
      device,
      qemu: ["-device vhost-user-vsock-pci,chardev=virtio0"],
      close: () => listening.close(),
    };
  },
});

/**
 * `serve`: a device for a virtual machine, until interrupted.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import {
  type Command,
  parse,
  type Terminal,
  UsageError,
} from "../../generator/commands/command.ts";
import { Device } from "../../runtime/device.ts";
import { PeerError, TransportError } from "../../runtime/errors.ts";
import { serve } from "../serve.ts";

const OPTIONS = {
  socket: { type: "string" },
  file: { type: "string" },
  "read-only": { type: "boolean" },
  serial: { type: "string" },
  queues: { type: "string" },
  threads: { type: "boolean" },
  "require-sealed": { type: "boolean" },
  quiet: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parse<typeof OPTIONS>>["values"];

/** A device, what it keeps open, and the options of QEMU that use it. */
interface Served {
  readonly device: Device | URL;
  readonly name: string;
  readonly close: () => void;
  readonly qemu: string;
}

/** The command. */
export const command: Command = {
  help: `Serves a device to a virtual machine over vhost-user, until it is interrupted.

Usage: virtio-ts serve blk --socket PATH --file FILE [--read-only] [--serial TEXT]
                           [--queues N] [--threads]
       virtio-ts serve entropy --socket PATH
       virtio-ts serve MODULE --socket PATH [--threads]

A disk over a file of raw bytes, a source of random bytes, or the device that a module exports as its
default. What to give QEMU is printed.

Options:
  --socket PATH      Where to listen; a socket that nobody uses any more is replaced
  --file FILE        The disk's bytes; its size is the disk's
  --read-only        The disk can not be written
  --serial TEXT      Identification of the disk, at most 20 characters
  --queues N         Request queues of the disk: 1 when not given
  --threads          Serves each queue by a thread of its own, which is faster; a module is loaded by
                     each thread
  --require-sealed   Takes only guest memory that can not shrink (memory-backend-memfd with seal=on): a
                     virtual machine that made its memory smaller would end this process otherwise
  --quiet            Says nothing of what happens

Permissions: --allow-ffi, and --allow-read and --allow-write for the socket; --allow-read for a module.

Exit codes: 0 interrupted; 1 the device can not be made or served; 2 the command line was not
understood.
`,
  async run(args, io) {
    const { values, positionals } = parse(args, OPTIONS);
    const [what, ...others] = positionals;
    if (what === undefined || others.length > 0) throw new UsageError("one device is needed");
    if (values.socket === undefined) throw new UsageError("--socket is needed");
    try {
      return await run(await load(what, values), values.socket, values, io);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (error instanceof TransportError || error instanceof RangeError) {
        io.complain(`error: ${error.message}\n`);
        return 1;
      }
      throw error;
    }
  },
};

async function run(served: Served, path: string, values: Values, io: Terminal): Promise<number> {
  const { device } = served;
  const log = (line: string) => values.quiet === true ? undefined : io.complain(`${line}\n`);
  if (device instanceof Device) device.onError = (error) => log(inspect(error));
  const interrupted = Promise.withResolvers<void>();
  const stop = () => interrupted.resolve();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  try {
    const requireSealed = values["require-sealed"] === true;
    await using _server = await serve(device, path, { requireSealed, log });
    io.print(`serving ${served.name} at ${path}; give QEMU\n${qemu(served.qemu, path)}`);
    await interrupted.promise;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
    served.close();
  }
  return 0;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

function inspect(error: unknown): string {
  if (error instanceof PeerError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

function qemu(device: string, path: string): string {
  // QEMU 7.2 connects to a disk again that died; it ends itself when told to do so with other devices.
  const reconnect = device.startsWith("vhost-user-blk") ? ",reconnect=1" : "";
  return [
    "  -object memory-backend-memfd,id=mem,size=1G,share=on -m 1G -machine q35,memory-backend=mem",
    `  -chardev socket,id=virtio0,path=${path}${reconnect}`,
    `  -device ${device},chardev=virtio0`,
    "",
  ].join(" \\\n").replace(/ \\\n$/, "\n");
}

async function load(what: string, values: Values): Promise<Served> {
  switch (what) {
    case "blk": {
      if (values.file === undefined) throw new UsageError("blk needs --file");
      const queues = Number(values.queues ?? 1);
      if (!Number.isInteger(queues) || queues < 1) throw new UsageError("--queues is no number");
      const { diskUrl, fileDisk } = await import("../backends/blk.ts");
      const options = {
        file: values.file,
        readOnly: values["read-only"] === true,
        serial: values.serial ?? "",
        queues,
      };
      const qemu = `vhost-user-blk-pci,num-queues=${queues}`;
      if (values.threads === true) {
        return { device: diskUrl(options), name: "blk", close() {}, qemu };
      }
      return { ...fileDisk(options), name: "blk", qemu };
    }
    case "entropy": {
      const { randomSource } = await import("../backends/entropy.ts");
      return { device: randomSource(), name: "entropy", close() {}, qemu: "vhost-user-rng-pci" };
    }
    default:
      return await loadModule(what, values.threads === true);
  }
}

/** The device that a module exports as its default. */
async function loadModule(path: string, threads: boolean): Promise<Served> {
  const url = /^(?:file|https?|data):/.test(path)
    ? path
    : new URL(path, pathToFileURL(`${Deno.cwd()}/`)).href;
  if (!/[./]/.test(path)) throw new UsageError(`there is no device ${JSON.stringify(path)}`);
  const { default: device } = await import(url);
  if (!(device instanceof Device)) {
    throw new TransportError(`Cannot serve ${path}: its default export is no device`);
  }
  const { name } = device.info;
  const qemu = `vhost-user-${name === "entropy" ? "rng" : name}-pci`;
  return { device: threads ? new URL(url) : device, name, close() {}, qemu };
}

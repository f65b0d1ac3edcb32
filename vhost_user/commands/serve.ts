/**
 * `serve`: a device for a virtual machine, until interrupted.
 *
 * @module
 */

import { resolve } from "node:path";
import {
  type Command,
  parse,
  type Terminal,
  UsageError,
} from "../../generator/commands/command.ts";
import { Device } from "../../runtime/device.ts";
import { PeerError, TransportError } from "../../runtime/errors.ts";
import { type BackEnd, property, type Served, type Values } from "../backends/ready.ts";
import { serve } from "../serve.ts";
import { Interruption, watch } from "./progress.ts";

interface Entry {
  readonly about: string;
  readonly load: () => Promise<{ readonly backEnd: BackEnd }>;
}

/** The ready back ends; each is loaded when it is asked for. */
const BACK_ENDS: Readonly<Record<string, Entry>> = {
  blk: {
    about: "A disk over a file of raw bytes",
    load: () => import("../backends/blk.ts"),
  },
  entropy: {
    about: "A source of random bytes",
    load: () => import("../backends/entropy.ts"),
  },
  input: {
    about: "A keyboard, mouse or tablet, with events as lines of JSON",
    load: () => import("../backends/input.ts"),
  },
  fs: {
    about: "A folder, shared",
    load: () => import("../backends/fs.ts"),
  },
  gpio: {
    about: "Simulated lines, joined in pairs",
    load: () => import("../backends/gpio.ts"),
  },
  i2c: {
    about: "A bus with simulated chips",
    load: () => import("../backends/i2c.ts"),
  },
  net: {
    about: "A network card on a TAP interface, or on a UNIX stream socket",
    load: () => import("../backends/net.ts"),
  },
  scsi: {
    about: "A SCSI host with a disk over a file of raw bytes",
    load: () => import("../backends/scsi.ts"),
  },
  vsock: {
    about: "Sockets between the guest and UNIX sockets of the host",
    load: () => import("../backends/vsock.ts"),
  },
};

const OPTIONS = {
  socket: { type: "string" },
  "require-sealed": { type: "boolean" },
  quiet: { type: "boolean" },
  trace: { type: "boolean" },
} as const;

type Common = Values<typeof OPTIONS>;

const COMMON = `  --socket PATH      Where to listen; a socket that nobody uses any more is replaced
  --require-sealed   Takes only guest memory that can not shrink (memory-backend-memfd with seal=on): a
                     virtual machine that made its memory smaller would end this process otherwise
  --quiet            Says nothing of what happens
  --trace            Prints each request and each answer, with the names of their fields; not with
                     --threads, and slow

On a terminal, a line tells how many requests are served in a second. SIGUSR1 prints how many each
queue has served so far, and what was dropped; SIGINT and SIGTERM end it.

Permissions: --allow-ffi, and --allow-read and --allow-write for the socket; --allow-read for a module;
--allow-net for other sockets; --allow-sys, so that the debugger that Deno opens on SIGUSR1 is closed.

Exit codes: 0 interrupted; 1 the device can not be made or served; 2 the command line was not
understood.
`;

const names = Object.entries(BACK_ENDS);

/** The command. */
export const command: Command = {
  help: `Serves a device to a virtual machine over vhost-user, until it is interrupted.

Usage: virtio-ts serve DEVICE --socket PATH [options]

Devices, each with options of its own (see serve DEVICE --help):
${names.map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`).join("\n")}
  MODULE     What a module exports as its default, by a path or URL

What to give QEMU is printed.

Options:
${COMMON}`,
  async helpFor(args) {
    const [name] = args;
    if (name === undefined || name.startsWith("-")) return this.help;
    const { usage, help } = await find(name);
    const about = Object.hasOwn(BACK_ENDS, name) ? `${BACK_ENDS[name]!.about}.\n\n` : "";
    const line = `virtio-ts serve ${name} --socket PATH ${usage}`.trimEnd();
    return `${about}Usage: ${line}\n\nOptions:\n${help}${COMMON}`;
  },
  async run(args, io) {
    const [name, ...rest] = args;
    if (name === undefined || name.startsWith("-")) throw new UsageError("a device comes first");
    const backEnd = await find(name);
    const { values, positionals } = parse(rest, { ...backEnd.options, ...OPTIONS });
    if (positionals.length > 0) throw new UsageError("one device is served at a time");
    if (values.socket === undefined) throw new UsageError("--socket is needed");
    try {
      return await run(name, await backEnd.load(values), values.socket, values, io);
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

async function find(name: string): Promise<BackEnd> {
  if (Object.hasOwn(BACK_ENDS, name)) return (await BACK_ENDS[name]!.load()).backEnd;
  return (await import("../backends/module.ts")).moduleBackEnd(name);
}

async function run(
  name: string,
  served: Served,
  path: string,
  values: Common,
  io: Terminal,
): Promise<number> {
  const { device } = served;
  const log = (line: string) => values.quiet === true ? undefined : io.complain(`${line}\n`);
  using interruption = new Interruption();
  try {
    if (device instanceof Device) device.onError = (error) => log(inspect(error));
    if (values.trace === true) await traceTo(device, (line) => io.complain(`${line}\n`));
    const requireSealed = values["require-sealed"] === true;
    await using server = await serve(device, path, { requireSealed, log });
    io.print(`serving ${name} at ${path}${qemu(served, path)}`);
    using _watched = watch(server, io, values.quiet === true, served.told);
    await interruption.happened;
  } finally {
    await served.close?.();
  }
  return 0;
}

async function traceTo(device: Device | URL, sink: (line: string) => void): Promise<void> {
  if (!(device instanceof Device)) throw new UsageError("--trace goes without --threads");
  const { trace } = await import("../../runtime/trace.ts");
  const { default: model } = await import("../../generated/virtio.json", {
    with: { type: "json" },
  });
  trace(device, sink, model);
}

function inspect(error: unknown): string {
  if (error instanceof PeerError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** The arguments of QEMU, to be pasted in whatever folder. */
function qemu({ qemu, reconnects, note }: Served, path: string): string {
  const lines = [
    "-object memory-backend-memfd,id=mem,size=1G,share=on -m 1G -machine q35,memory-backend=mem",
    `-chardev socket,id=virtio0,path=${property(resolve(path))}${reconnects ? ",reconnect=1" : ""}`,
    ...qemu,
  ];
  const told = note === undefined ? "" : `${note}\n`;
  if (qemu.length === 0) return `\n${told}`;
  return `; give QEMU\n${lines.map((line) => `  ${line}`).join(" \\\n")}\n${told}`;
}

/**
 * The device that a module exports as its default.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { UsageError } from "../../generator/commands/command.ts";
import { Device } from "../../runtime/device.ts";
import { TransportError } from "../../runtime/errors.ts";
import { type BackEnd, card, defineBackEnd, type Options } from "./ready.ts";

/** Front ends of QEMU by the types of devices, for a number of queues; it has none for others. */
const FRONT_ENDS: Readonly<Record<string, (queues: number) => string[]>> = {
  blk: (queues) => [front("blk", `,num-queues=${queues}`)],
  entropy: () => [front("rng")],
  fs: () => [front("fs", ",tag=host")],
  gpio: () => [front("gpio")],
  i2c: () => [front("i2c")],
  input: () => [front("input")],
  net: (queues) => card(Math.max(1, queues >> 1)),
  scsi: (queues) => [front("scsi", `,num_queues=${queues - 2}`)],
  sound: () => [front("snd")],
  vsock: () => [front("vsock")],
};

function front(name: string, properties = ""): string {
  return `-device vhost-user-${name}-pci${properties},chardev=virtio0`;
}

/** A back end of the module at a path or URL; UsageError when it is neither. */
export function moduleBackEnd(path: string): BackEnd<Options> {
  if (!/[./]/.test(path)) {
    const found = `there is no device ${JSON.stringify(path)}`;
    throw new UsageError(`${found} (serve --help lists them), and a module is a path or URL`);
  }
  return defineBackEnd({
    usage: "[--threads]",
    help:
      `  --threads          Serves each queue by a thread of its own, which is faster; each loads the module
`,
    options: { threads: { type: "boolean" } },
    async load(values) {
      const url = /^(?:file|https?|data):/.test(path)
        ? path
        : new URL(path, pathToFileURL(`${Deno.cwd()}/`)).href;
      const device = await defaultOf(url, path);
      if (!(device instanceof Device)) {
        throw new TransportError(`Cannot serve ${path}: its default export is no device`);
      }
      const { name, title } = device.info;
      const qemu = FRONT_ENDS[name]?.(device.queueCount);
      return {
        device: values.threads === true ? new URL(url) : device,
        qemu: qemu ?? [],
        reconnects: name === "blk" || name === "net",
        ...(qemu === undefined ? { note: `QEMU has no vhost-user front end for: ${title}.` } : {}),
      };
    },
  });
}

/** The default export of a module; TransportError with the reason, and the place in it, when it can not be loaded. */
async function defaultOf(url: string, path: string): Promise<unknown> {
  try {
    return (await import(url)).default;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const { message, stack = "" } = cause as Error;
    const [, place = ""] = stack.split("\n    at ");
    const where = place.includes(import.meta.url) ? "" : ` at ${place}`;
    throw new TransportError(`Cannot load ${path}: ${message.split("\n")[0]}${where}`, { cause });
  }
}

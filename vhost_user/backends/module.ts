/**
 * The device that a module exports as its default.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { UsageError } from "../../generator/commands/command.ts";
import { Device } from "../../runtime/device.ts";
import { TransportError } from "../../runtime/errors.ts";
import { type BackEnd, defineBackEnd, type Options } from "./ready.ts";

/** Names of QEMU's front ends where they are not those of the standard. */
const FRONT_ENDS: Readonly<Record<string, string>> = { entropy: "rng" };

/** A back end of the module at a path or URL; UsageError when it is neither. */
export function moduleBackEnd(path: string): BackEnd<Options> {
  if (!/[./]/.test(path)) throw new UsageError(`there is no device ${JSON.stringify(path)}`);
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
      const { name } = device.info;
      return {
        device: values.threads === true ? new URL(url) : device,
        qemu: [`-device vhost-user-${FRONT_ENDS[name] ?? name}-pci,chardev=virtio0`],
        reconnects: name === "blk",
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

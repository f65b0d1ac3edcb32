/**
 * `probe`: what a back end offers, and a short trial of the devices that we know.
 *
 * @module
 */

import {
  type Command,
  parse,
  type Terminal,
  UsageError,
} from "../../generator/commands/command.ts";
import { ProtocolFeature } from "../../generated/layout/vhost_user.ts";
import { PeerError, TransportError } from "../../runtime/errors.ts";
import { featureNames, hasBit } from "../../runtime/features.ts";
import { connect } from "../frontend.ts";
import { hex, type Trial, TRIALS } from "./trials.ts";

/** Bytes of configuration that are shown of a device of unknown type. */
const CONFIG_SHOWN = 64;

/** The command. */
export const command: Command = {
  help: `Tells what a vhost-user back end offers, and tries the device.

Usage: virtio-ts probe PATH [--device ${Object.keys(TRIALS).join("|")}]

Prints features, protocol features, the number of queues and the configuration. The protocol does not
tell the type of the device: with --device, names are printed, a driver is opened, and requests are
made that change nothing.

Permissions: --allow-ffi, and --allow-read and --allow-write for the socket.

Exit codes: 0 the back end answers as it should; 1 it does not; 2 the command line was not understood.
`,
  async run(args, io) {
    const { values, positionals } = parse(args, { device: { type: "string" } });
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw new UsageError("one path is needed");
    const name = values.device;
    const known = name !== undefined && Object.hasOwn(TRIALS, name) ? TRIALS[name] : undefined;
    if (name !== undefined && known === undefined) {
      throw new UsageError(`--device is not one of ${Object.keys(TRIALS).join(", ")}`);
    }
    try {
      return await probe(path, known, io);
    } catch (error) {
      if (!(error instanceof TransportError || error instanceof PeerError)) throw error;
      io.complain(`error: ${error.message}\n`);
      return 1;
    }
  },
};

async function probe(path: string, known: Trial | undefined, io: Terminal): Promise<number> {
  const { config } = known ?? {};
  const transport = await connect(path, config === undefined ? {} : { config });
  try {
    const features = await transport.getFeatures();
    io.print(lines({
      device: known?.info.title ?? "not told by the protocol; see --device",
      features: featureNames(features, known?.info.features ?? []),
      "protocol features": protocolNames(transport.offeredProtocolFeatures),
      queues: transport.queueCount === 0 ? "not told" : `${transport.queueCount}`,
    }));
    if (known === undefined) {
      if (hasBit(transport.protocolFeatures, ProtocolFeature.CONFIG)) {
        const bytes = await transport.readConfig(0, CONFIG_SHOWN);
        io.print(lines({ configuration: hex(bytes) }));
      }
      return 0;
    }
    for (const line of await known.attempt(transport)) io.print(`${line}\n`);
    return 0;
  } finally {
    await transport.close();
  }
}

function protocolNames(features: bigint): string {
  const names = Object.entries(ProtocolFeature).filter(([, bit]) => hasBit(features, bit));
  return names.map(([name]) => name).join(", ") || "none";
}

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `${name}: ${value}\n`).join("");
}

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
import { BLK_INFO, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { ENTROPY_INFO, EntropyDriver } from "../../generated/entropy/mod.ts";
import { ProtocolFeature } from "../../generated/layout/vhost_user.ts";
import { PeerError, TransportError } from "../../runtime/errors.ts";
import { type DeviceInfo, featureNames, hasBit } from "../../runtime/features.ts";
import { connect, type FrontEnd } from "../frontend.ts";

/** Bytes of configuration that are shown of a device of unknown type. */
const CONFIG_SHOWN = 64;

interface Known {
  readonly info: DeviceInfo;
  readonly attempt: (transport: FrontEnd) => Promise<string[]>;
}

const KNOWN: Readonly<Record<string, Known>> = {
  blk: { info: BLK_INFO, attempt: tryBlock },
  entropy: { info: ENTROPY_INFO, attempt: tryEntropy },
};

/** The command. */
export const command: Command = {
  help: `Tells what a vhost-user back end offers, and tries the device.

Usage: virtio-ts probe PATH [--device ${Object.keys(KNOWN).join("|")}]

Prints features, protocol features, the number of queues and the configuration. The protocol does not
tell the type of the device: with --device, names are printed, a driver is opened, and a first
request is made that changes nothing.

Permissions: --allow-ffi, and --allow-read and --allow-write for the socket.

Exit codes: 0 the back end answers as it should; 1 it does not; 2 the command line was not understood.
`,
  async run(args, io) {
    const { values, positionals } = parse(args, { device: { type: "string" } });
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw new UsageError("one path is needed");
    const name = values.device;
    const known = name !== undefined && Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (name !== undefined && known === undefined) {
      throw new UsageError(`--device is not one of ${Object.keys(KNOWN).join(", ")}`);
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

async function probe(path: string, known: Known | undefined, io: Terminal): Promise<number> {
  const transport = await connect(path);
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

async function tryBlock(transport: FrontEnd): Promise<string[]> {
  const driver = await BlockDriver.open(transport);
  const { config } = driver;
  const bytes = new Uint8Array(Math.min(4096, config.capacity * 512));
  const started = performance.now();
  const { status } = await driver.in({ sector: 0 }, bytes);
  const micros = Math.round((performance.now() - started) * 1000);
  if (status !== BlockStatus.OK) throw new TransportError(`Cannot read sector 0: status ${status}`);
  return [
    `configuration: ${JSON.stringify(config)}`,
    `read: ${bytes.length} bytes at sector 0 in ${micros} us`,
  ];
}

async function tryEntropy(transport: FrontEnd): Promise<string[]> {
  const driver = await EntropyDriver.open(transport);
  const bytes = new Uint8Array(16);
  await driver.random(bytes);
  return [`random: ${hex(bytes)}`];
}

function protocolNames(features: bigint): string {
  const names = Object.entries(ProtocolFeature).filter(([, bit]) => hasBit(features, bit));
  return names.map(([name]) => name).join(", ") || "none";
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `${name}: ${value}\n`).join("");
}

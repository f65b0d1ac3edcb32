/**
 * `explain`: what a device looks like.
 *
 * @module
 */

import { DescriptionError, formatDiagnostics, nearest } from "../diagnostics.ts";
import { explain, reservedId } from "../explain.ts";
import { load, resolve } from "../front.ts";
import type { DeviceModel } from "../model.ts";
import { standardModules } from "../standard.ts";
import { type Command, parse, UsageError } from "./command.ts";

/** The command. */
export const command: Command = {
  help: `Tells what a device looks like.

Usage: virtio-ts explain <device> [--spec FILE]…

Prints its features, its configuration with offsets, where its queues stand, and every message byte
by byte: offset, size, type, name. A device is named like its folder in the output, or by its id. With
--spec it is one of those modules, and needs no name when it is the only one. Of an id that the
standard has reserved and not described, the name is all there is.

Options:
  --spec FILE  A module that exports descriptions; the standard when not given

Permissions: --allow-read, and --allow-import where modules come from the network.

Exit codes: 0 told; 1 a description is wrong; 2 the command line was not understood, or there is no
such device.
`,
  async run(args, io) {
    const { values: { spec }, positionals } = parse(args, {
      spec: { type: "string", multiple: true },
    });
    const [name, ...others] = positionals;
    if (others.length > 0) throw new UsageError("one device at a time");
    try {
      const model = resolve(await load(spec ?? await standardModules()));
      const reserved = name === undefined ? undefined : reservedId(model, name);
      return io.print(reserved ?? explain(choose(model.devices, name)));
    } catch (error) {
      if (!(error instanceof DescriptionError)) throw error;
      io.complain(`${formatDiagnostics(error.diagnostics, { colors: io.colors })}\n`);
      return 1;
    }
  },
};

function choose(devices: readonly DeviceModel[], name: string | undefined): DeviceModel {
  const names = devices.map((device) => device.name);
  const known = `devices are ${names.join(", ")}`;
  if (name === undefined) {
    if (devices.length === 1) return devices[0]!;
    throw new UsageError(`which device? ${known}`);
  }
  const device = devices.find((each) => each.name === name || String(each.id) === name);
  if (device !== undefined) return device;
  const meant = nearest(name, names);
  const hint = meant === undefined ? known : `did you mean ${meant}?`;
  throw new UsageError(`there is no device ${JSON.stringify(name)}: ${hint}`);
}

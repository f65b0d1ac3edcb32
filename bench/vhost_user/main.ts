/**
 * Measures our block back ends against QEMU's, in alternated rounds: `deno task bench:vhost` for the rate of random
 * reads, `deno task bench:vhost boot` for a guest's boot, `deno task bench:vhost moved` for the memory that moving
 * 24 GiB takes.
 *
 * Prints what it measured, and keeps it in results.json. Needs Linux and qemu-storage-daemon, the boot QEMU and
 * a Debian kernel; README.md says more.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Boots, compareBoots } from "./boot.ts";
import { measureMoved, type Moved } from "./moved.ts";
import { plot } from "./plot.ts";
import { measureReads, type Reads, tableOf } from "./reads.ts";

/** What results.json has: the last run of each mode. */
export interface Results {
  /** The rate of reads. */
  reads?: Reads;
  /** Boots of a guest. */
  boot?: Boots;
  /** Memory while much is moved. */
  moved?: Moved;
}

/** Keeps what a mode measured, beside what the others did. */
async function save(found: Results): Promise<void> {
  const { pathname } = new URL("./results.json", import.meta.url);
  const before = await Deno.readTextFile(pathname).catch(() => "{}");
  await Deno.writeTextFile(pathname, JSON.stringify({ ...JSON.parse(before), ...found }));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", pathname] }).output();
}

if (import.meta.main) {
  const { values, positionals: [mode = "reads"] } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "7" },
      milliseconds: { type: "string", default: "300" },
      gib: { type: "string", default: "24" },
    },
  });
  // Where files are memory, as the comparison wants them.
  const folder = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    if (mode === "reads") {
      const reads = await measureReads(folder, Number(values.rounds), Number(values.milliseconds));
      console.log(tableOf(reads));
      await save({ reads });
      await Deno.writeTextFile(new URL("./reads.svg", import.meta.url), plot(reads));
    } else if (mode === "boot") {
      await save({ boot: await compareBoots(folder, Number(values.rounds)) });
    } else if (mode === "moved") {
      await save({ moved: await measureMoved(folder, Number(values.gib)) });
    } else {
      console.error(`There is no mode ${JSON.stringify(mode)}: reads, boot or moved`);
      Deno.exitCode = 2;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

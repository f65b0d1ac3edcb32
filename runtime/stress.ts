/**
 * The rings between two threads under load, for as long as it takes: both formats, ten million buffers polling and a
 * hundred thousand asleep at 1, 16, 64 and 256 outstanding, every payload compared by its checksum. The short form is
 * part of the tests. `--share 0.01` takes a part of the buffers.
 *
 * @module
 */

import { makeRing } from "./ring_fixture.ts";
import { stress, type StressLoad } from "./ring_stress_fixture.ts";

const POLLING = 10_000_000;
const ASLEEP = 100_000;

/** Runs one load on a fresh ring; a line about it. */
async function run(format: "split" | "packed", load: StressLoad): Promise<string> {
  const ring = makeRing({
    ...{ format, shared: true, size: 256, bytes: 1 << 20 },
    ...{ indirect: true, eventIdx: true },
  });
  const begin = performance.now();
  const sleeps = await stress(ring, load);
  const each = (performance.now() - begin) * 1e6 / load.buffers;
  return [
    format.padEnd(6),
    load.asleep ? "asleep " : "polling",
    `${load.outstanding}`.padStart(4),
    `${load.buffers}`.padStart(9),
    `${each.toFixed(0)}`.padStart(8),
    `${sleeps}`.padStart(7),
  ].join("  ");
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--share");
  const share = at < 0 ? 1 : Number(Deno.args[at + 1]);
  console.log("ring    how      out    buffers  ns each   sleeps");
  for (const format of ["split", "packed"] as const) {
    for (const asleep of [false, true]) {
      for (const outstanding of [1, 16, 64, 256]) {
        const buffers = Math.ceil((asleep ? ASLEEP : POLLING) * share);
        console.log(await run(format, { buffers, outstanding, asleep }));
      }
    }
  }
}

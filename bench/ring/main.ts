/**
 * Measures our rings against a C reference, in alternated runs: `deno task bench:ring`.
 *
 * Prints a table of medians and ratios, writes them to results.json and draws ring.svg, which the README shows. Needs
 * gcc; about two minutes. `--rounds 3` is quicker.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { buildReference, type Case, outputOf, Peer } from "./peers.ts";
import { plot } from "./plot.ts";
import { RECORDED } from "./recorded.ts";

/** Medians of one case, nanoseconds per buffer; our own after nothing else ran, and after all devices ran. */
export interface Row extends Case {
  /** The C reference. */
  readonly c: number;
  /** Ours, alone in its process; undefined where only the reference has the mode. */
  readonly ours?: number;
  /** Ours, after all generated devices have run over both formats in the process. */
  readonly after?: number;
}

/** Nanoseconds per 4 KiB read through generated driver and device. */
export interface BlockTimes {
  /** The copy alone. */
  readonly copy: number;
  /** With a promise for each read. */
  readonly promise: number;
  /** Submitting and polling. */
  readonly polling: number;
}

const MILLISECONDS = 60;

const cases: Case[] = (["split", "packed"] as const).flatMap((format) => [
  ...[1, 16, 64, 256].map((batch) => ring(format, 1, batch)),
  { ...ring(format, 1, 64), elements: 3 },
  ...[1, 16, 64, 256].map((batch) => ring(format, 2, batch)),
  ...[1, 16, 64, 256].map((batch) => ({ ...ring(format, 2, batch), publish: "buffer" as const })),
]);

function ring(format: Case["format"], threads: Case["threads"], batch: number): Case {
  return { format, threads, publish: "burst", elements: 1, batch };
}

/** Runs all cases on all peers, as many times as there are rounds, one after the other. */
async function measureRings(program: string, rounds: number): Promise<Row[]> {
  const script = new URL("./ours.ts", import.meta.url).pathname;
  const run = ["run", "-A", "--no-check", script];
  await using c = new Peer(program, []);
  await using ours = new Peer(Deno.execPath(), run);
  await using after = new Peer(Deno.execPath(), [...run, "--after-devices"]);
  const times = cases.map(() => ({ c: [], ours: [], after: [] } as Record<string, number[]>));
  for (let round = 0; round < rounds; round++) {
    for (const [at, job] of cases.entries()) {
      times[at]!.c!.push(await c.measure(job, MILLISECONDS));
      if (job.publish === "buffer") continue;
      times[at]!.ours!.push(await ours.measure(job, MILLISECONDS));
      times[at]!.after!.push(await after.measure(job, MILLISECONDS));
    }
  }
  return cases.map((job, at) => {
    const { c, ours, after } = times[at]!;
    if (job.publish === "buffer") return { ...job, c: median(c!) };
    return { ...job, c: median(c!), ours: median(ours!), after: median(after!) };
  });
}

/** Collections of garbage while ten million buffers move. */
async function countCollections(format: string): Promise<number> {
  const output = await outputOf("./allocation.ts", [format], ["--v8-flags=--trace-gc"]);
  const between = output.split("measuring\n")[1]?.split("measured\n")[0];
  if (between === undefined) throw new Error("Cannot find the measured window");
  return between.split("\n").filter((line) => /Scavenge|Mark-Compact/.test(line)).length;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    `${row.format}, ${row.threads === 1 ? "1 thread" : "2 threads"}`,
    row.publish === "buffer"
      ? "each buffer published"
      : row.elements > 1
      ? `chain of ${row.elements}`
      : "",
    row.batch,
    row.c.toFixed(1),
    row.ours === undefined ? "" : `${row.ours.toFixed(1)} (${(row.ours / row.c).toFixed(2)})`,
    row.after === undefined ? "" : `${row.after.toFixed(1)} (${(row.after / row.c).toFixed(2)})`,
  ]);
  return [
    "| ring | | batch | C, ns | ours, ns (times C) | ours after all devices |",
    "|---|---|--:|--:|--:|--:|",
    ...lines.map((line) => `| ${line.join(" | ")} |`),
  ].join("\n");
}

/** Writes a file beside this one, formatted as the repository wants it. */
async function save(name: string, text: string): Promise<void> {
  const { pathname } = new URL(name, import.meta.url);
  await Deno.writeTextFile(pathname, text);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", pathname] }).output();
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { rounds: { type: "string", default: "5" } },
  });
  const folder = await Deno.makeTempDir();
  try {
    const program = await buildReference(folder);
    const rows = await measureRings(program, Number(values.rounds));
    const block: BlockTimes = JSON.parse(await outputOf("./block.ts"));
    const collections = {
      split: await countCollections("split"),
      packed: await countCollections("packed"),
    };
    const results = {
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      rows,
      block,
      collections,
      recorded: RECORDED,
    };
    console.log(table(rows));
    console.log(
      `\n4 KiB block read, ns: ${block.promise.toFixed(0)} with a promise, ` +
        `${block.polling.toFixed(0)} polling, of which the copy is ${block.copy.toFixed(0)}`,
    );
    console.log(
      `Collections of garbage over 10 million buffers: split ${collections.split}, packed ${collections.packed}`,
    );
    console.log("\nRecorded elsewhere, times the C of that machine (see README.md):");
    for (const { name, ratio } of RECORDED) console.log(`  ${name}: ${ratio}`);
    await save("results.json", JSON.stringify(results));
    await save("ring.svg", plot(rows));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Random reads of 4 KiB: how many in a second, what each costs the back end, and what is allocated for them. @module */

import { type BackEnd, DriverProcess } from "./peers.ts";
import { makeFile, type Side, SIDES } from "./sides.ts";

const DEPTHS = [1, 32];
/** Reads of the window in which nothing may be collected. */
const WINDOW = 1_000_000;

/** What was measured of one back end at one depth. */
export interface Row {
  /** Name of the back end. */
  readonly side: string;
  /** Reads that the driver keeps outstanding. */
  readonly depth: number;
  /** Reads in a second, the median of all rounds. */
  readonly rate: number;
  /** Nanoseconds of processor time that its process spends on a read, the median. */
  readonly processor: number;
  /** How many times the rate of each of the daemon's in the same round, the median; none for the daemon's own. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** What a run found. */
export interface Reads {
  /** A row for each back end and depth. */
  readonly rows: readonly Row[];
  /** Collections of garbage of our back ends while a million reads are answered. */
  readonly collections: Readonly<Record<string, number>>;
}

/** Runs all back ends, as many times as there are rounds, one after the other. */
export async function measureReads(
  folder: string,
  rounds: number,
  milliseconds: number,
): Promise<Reads> {
  await makeFile(folder);
  const found = new Map<string, { rates: number[]; processor: number[] }>();
  {
    await using driver = new DriverProcess();
    await using ends = new AsyncDisposableStack();
    const started: [Side, BackEnd][] = [];
    for (const side of SIDES) started.push([side, ends.use(await side.start(folder))]);
    for (let round = -1; round < rounds; round++) { // the first warms up
      for (const depth of DEPTHS) {
        for (const [side, end] of started) {
          const before = end.processorTime();
          const { reads, nanoseconds } = await driver.measure(end.socket, depth, milliseconds);
          if (round < 0) continue;
          const key = `${side.name} ${depth}`;
          const entry = found.get(key) ?? { rates: [], processor: [] };
          entry.rates.push(1e9 / nanoseconds);
          entry.processor.push((end.processorTime() - before) / reads);
          found.set(key, entry);
        }
      }
    }
  }
  const rows = DEPTHS.flatMap((depth) =>
    SIDES.map((side): Row => {
      const { rates, processor } = found.get(`${side.name} ${depth}`)!;
      const others = SIDES.filter(({ against, kind }) => {
        return against === undefined && kind === side.against;
      });
      const ratios = others.map(({ name }) => {
        const theirs = found.get(`${name} ${depth}`)!.rates;
        return [name, median(rates.map((rate, round) => rate / theirs[round]!))];
      });
      return {
        side: side.name,
        depth,
        rate: Math.round(median(rates)),
        processor: Math.round(median(processor)),
        ratios: Object.fromEntries(ratios),
      };
    })
  );
  const collections: Record<string, number> = {};
  for (const side of SIDES.filter(({ against }) => against !== undefined)) {
    collections[side.name] = await countCollections(folder, side);
  }
  return { rows, collections };
}

/** Collections of garbage in a back end of ours while it answers a million reads, having answered as many before. */
async function countCollections(folder: string, side: Side): Promise<number> {
  await using driver = new DriverProcess();
  await using end = await side.start(folder, ["--v8-flags=--trace-gc"]);
  const answer = async () => {
    for (let reads = 0; reads < WINDOW;) {
      reads += (await driver.measure(end.socket, 32, 200)).reads;
    }
  };
  await answer();
  const before = end.collections;
  await answer();
  return end.collections - before;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** What was found, for people. */
export function tableOf({ rows, collections }: Reads): string {
  const lines = rows.map(({ side, depth, rate, processor, ratios }) => {
    const times = Object.values(ratios).map((ratio) => ratio.toFixed(2)).join(", ");
    return `| ${depth} | ${side} | ${(rate / 1000).toFixed(0)} | ${processor} | ${times} |`;
  });
  return [
    "| depth | back end | thousand reads/s | its processor time, ns a read | times the daemon, with an I/O thread |",
    "|--:|---|--:|--:|--:|",
    ...lines,
    "",
    ...Object.entries(collections).map(([side, count]) =>
      `Collections of garbage over a million reads, ${side}: ${count}`
    ),
  ].join("\n");
}

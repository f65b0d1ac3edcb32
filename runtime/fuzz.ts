/**
 * Fuzzing of both rings from both sides. `deno run runtime/fuzz.ts` goes on until it finds something or is stopped;
 * `--seconds 3600` stops it, `--seed 7` replays one case. A failure prints its seed.
 *
 * @module
 */

import { fuzzHostile } from "./fuzz_hostile.ts";
import { fuzzModel } from "./fuzz_model.ts";

/** Runs the case of one seed and returns how many operations it had; an Error names the seed that failed. */
export function fuzzCase(seed: number): number {
  try {
    return seed % 2 === 0 ? fuzzModel(seed) : fuzzHostile(seed);
  } catch (cause) {
    throw new Error(`Cannot pass the case of seed ${seed}`, { cause });
  }
}

function option(name: string): number | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Number(Deno.args[at + 1]);
}

if (import.meta.main) {
  const one = option("--seed");
  const end = Date.now() + 1000 * (option("--seconds") ?? Infinity);
  let seed = one ?? Date.now() % 1e9;
  let operations = 0;
  let cases = 0;
  do {
    operations += fuzzCase(seed++);
    cases++;
    if (cases % 10_000 === 0) console.log(`${cases} cases, ${operations} operations`);
  } while (one === undefined && Date.now() < end);
  console.log(`${cases} cases, ${operations} operations: nothing found`);
}

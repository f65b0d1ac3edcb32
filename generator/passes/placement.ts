/**
 * Where queues stand, tried with some numbers of queues and gates open or shut.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { entries } from "./draft.ts";
import { alternatives } from "./gates.ts";

/** Two queues at one index. */
export interface Collision {
  readonly name: string;
  readonly other: string;
  readonly index: number;
  /** What was tried, in words. */
  readonly setting: string;
}

/** The first two queues that meet: with the smallest numbers of queues, all features on or all off. */
export function collision(
  queues: Readonly<Record<string, dsl.Queue>>,
  strict: boolean,
): Collision | undefined {
  for (const open of [true, false]) {
    for (const value of open ? [1, 2, 3] : [1]) {
      const found = meeting(queues, { open, value, strict });
      if (found === undefined) continue;
      const setting = open
        ? `with every feature and ${value} in each configuration field`
        : "without any feature";
      return { ...found, setting };
    }
  }
  return undefined;
}

interface Trial {
  /** Whether gates are open. */
  readonly open: boolean;
  /** Value of every configuration field. */
  readonly value: number;
  readonly strict: boolean;
}

function meeting(
  queues: Readonly<Record<string, dsl.Queue>>,
  trial: Trial,
): Omit<Collision, "setting"> | undefined {
  const taken = new Map<number, string>();
  let next = 0;
  for (const [name, queue] of entries(queues)) {
    if (alternatives(queue.when).length > 0 && !trial.open) continue;
    const count = queue.count === undefined ? 1 : countIn(queue.count, trial);
    const index = trial.strict ? queue.strictIndex ?? queue.index : queue.index;
    for (let item = 0; item < count; item++) {
      const place = placeOf(index, item, next, trial);
      const other = taken.get(place);
      if (other !== undefined) return { name, other, index: place };
      taken.set(place, name);
    }
    next = Math.max(-1, ...taken.keys()) + 1;
  }
  return undefined;
}

/** Index of one item of a family. */
function placeOf(index: dsl.Index, item: number, next: number, trial: Trial): number {
  if (index === "next") return next + item;
  if (typeof index === "number") return index + item;
  if ("config" in index) return countIn(index, trial) + item;
  const { first, step } = index;
  return item === 0 ? first : (index.then ?? first + step) + (item - 1) * step;
}

function countIn(count: dsl.Count, { open, value }: Trial): number {
  if (typeof count === "number") return count;
  const { when, otherwise = 1, times = 1, plus = 0 } = count;
  const base = alternatives(when).length === 0 || open ? value : otherwise;
  return base * times + plus;
}

/**
 * The table of what is proven on QEMU: device × bus × ring, with the interrupts.
 *
 * @module
 */

import { paragraph, table } from "../../generator/views/markdown.ts";
import type { Trial } from "./trial.ts";
import { BUS_NAMES, BUSES, type Way, waysOver } from "./ways.ts";

/** What a way to a device came to. */
export type Outcome = "yes" | "failed" | "not run";

/** The names of a few things, each with what it came to unless all were a success. */
function summary(ways: readonly Way[], outcome: (way: Way) => Outcome): string {
  return ways.map((way) => {
    const came = outcome(way);
    return came === "yes" ? way.interrupt : `${way.interrupt}: ${came}`;
  }).join(", ");
}

/** The table, with what each way to each device came to; below it what QEMU does not have. */
export function matrix(
  trials: readonly Trial[],
  outcome: (trial: Trial, way: Way) => Outcome,
): string {
  const columns = BUS_NAMES.flatMap((bus) => BUSES[bus].rings.map((ring) => ({ bus, ring })));
  const head = ["", "In QEMU", ...columns.map(({ bus, ring }) => `${BUSES[bus].title}, ${ring}`)];
  const notes: string[] = [];
  const rows = trials.map((trial) => {
    const cells = columns.map(({ bus, ring }) => {
      const words = trial.refused?.[bus];
      if (words === undefined) {
        const ways = waysOver(bus).filter((way) => way.ring === ring);
        return summary(ways, (way) => outcome(trial, way));
      }
      const note = `QEMU answers: ${words}`;
      if (!notes.includes(note)) notes.push(note);
      return `— (${notes.indexOf(note) + 1})`;
    });
    return [trial.device, trial.name, ...cells];
  });
  const item = (text: string) => paragraph(text, "  ").join("\n");
  return [
    table(head, rows).join("\n"),
    trials.map(({ name, proves }) => item(`- ${name}: ${proves}`)).join("\n"),
    notes.map((note, index) => item(`${index + 1}. ${note}`)).join("\n"),
  ].filter((part) => part !== "").join("\n\n");
}

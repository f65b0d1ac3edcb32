/** Our generated drivers on QEMU's own devices, over every bus, ring and interrupt that QEMU has. */

import { peerTest } from "../peers.ts";
import { TRIALS } from "./devices/mod.ts";
import { programName } from "./machine.ts";
import { matrix, type Outcome } from "./matrix.ts";
import { needOf } from "./programs.ts";
import { conduct, conductRefusal } from "./trial.ts";
import { BUS_NAMES, BUSES, waysOver } from "./ways.ts";

const outcomes = new Map<string, Outcome>();
const key = (...parts: readonly string[]) => parts.join(" ");

for (const trial of TRIALS) {
  for (const bus of BUS_NAMES) {
    const program = programName(BUSES[bus].machine);
    const needs = [needOf(program, trial.machine?.build ?? "installed")];
    const refusal = trial.refused?.[bus];
    if (refusal !== undefined) {
      peerTest(`QEMU has no ${trial.name} over ${bus}`, needs, async () => {
        await conductRefusal(trial, bus, refusal);
      });
      continue;
    }
    for (const way of waysOver(bus)) {
      const { ring, interrupt } = way;
      const name = `our driver drives QEMU's ${trial.name} over ${bus}, ${ring}, ${interrupt}`;
      peerTest(name, needs, async () => {
        const place = key(trial.name, bus, ring, interrupt);
        outcomes.set(place, "failed");
        await conduct(trial, way);
        outcomes.set(place, "yes");
      });
    }
  }
}

peerTest("the table of QEMU's devices", [], () => {
  console.log(
    matrix(
      TRIALS,
      ({ name }, { bus, ring, interrupt }) =>
        outcomes.get(key(name, bus, ring, interrupt)) ?? "not run",
    ),
  );
  return Promise.resolve();
});

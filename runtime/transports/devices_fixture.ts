/**
 * Runs the tests of all generated devices over the loopback and over each transport, in a process of
 * its own where {@linkcode over} has an effect: see devices_test.ts.
 *
 * @module
 */

import { over } from "./contract_fixture.ts";
import { RIGS } from "./rigs_fixture.ts";

type Step = () => void | Promise<void>;

const folder = new URL("../../generated/", import.meta.url);
const collected: { readonly name: string; readonly step: Step }[] = [];
const { test } = Deno;

Object.defineProperty(Deno, "test", {
  value: (name: string, step: Step) => collected.push({ name, step }),
});
for (const { name, isDirectory } of Deno.readDirSync(folder)) {
  const own = new URL(`${name}/`, folder);
  if (!isDirectory) continue;
  for (const file of Deno.readDirSync(own)) {
    if (file.name === "loopback_test.ts") await import(new URL(file.name, own).href);
  }
}

for (const rig of [undefined, ...RIGS.filter(({ wholeDevices }) => wholeDevices)]) {
  for (const { name, step } of collected) {
    test(`${rig?.name ?? "loopback"}; ${name}`, async () => {
      over(rig);
      await step();
    });
  }
}

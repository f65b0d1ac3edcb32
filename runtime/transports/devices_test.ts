// The tests of all generated devices, over every transport in the place of the loopback.

import assert from "node:assert/strict";
import { RIGS } from "./rigs_fixture.ts";

const HOME = new URL("../../", import.meta.url);

/** Resolves the contract to ours, for generated code alone. */
const IMPORT_MAP = {
  scopes: {
    [new URL("generated/", HOME).href]: {
      [new URL("runtime/contract.ts", HOME).href]: new URL("contract_fixture.ts", import.meta.url)
        .href,
    },
  },
};

Deno.test("all generated devices work over every transport as over the loopback", async (t) => {
  const map = `data:application/json,${encodeURIComponent(JSON.stringify(IMPORT_MAP))}`;
  const fixture = new URL("devices_fixture.ts", import.meta.url).href;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-check",
      "--no-lock",
      "--reporter=tap",
      "--allow-read",
      `--import-map=${map}`,
      fixture,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  const outcomes = [...text.matchAll(/^(ok|not ok) \d+ - (.*?); (.*)$/gm)];
  const passed = (transport: string) =>
    outcomes.filter(([, how, where]) => how === "ok" && where === transport).map((found) =>
      found[3]!
    );
  const expected = passed("loopback");
  assert.ok(
    expected.length > 300,
    `${expected.length} over the loopback: ${new TextDecoder().decode(stderr)}`,
  );
  for (const { name } of RIGS.filter(({ wholeDevices }) => wholeDevices)) {
    await t.step(name, () => {
      const found = new Set(passed(name));
      assert.deepEqual(expected.filter((test) => !found.has(test)), []);
    });
  }
});

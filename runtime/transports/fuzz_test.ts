import assert from "node:assert/strict";
import { fuzzRegisters } from "./fuzz.ts";
import { PLUGS } from "./fuzz_plugs.ts";

for (const plug of PLUGS) {
  Deno.test(`${plug.name} lives through 1000 hostile sequences`, async () => {
    let accesses = 0;
    for (let seed = 0; seed < 1000; seed++) {
      accesses += fuzzRegisters(plug, seed);
      if (seed % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    assert.ok(accesses > 20_000, `only ${accesses} accesses`);
  });
}

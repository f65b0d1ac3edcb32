import assert from "node:assert/strict";
import { core } from "../core.ts";
import { type Carries, facilities, maskedFeatures } from "./facilities.ts";

const features = core.features!;
const masked = Object.entries(maskedFeatures) as [keyof Carries, string][];

Deno.test("maskedFeatures names reserved features", () => {
  for (const [facility, name] of masked) assert.ok(name in features, `${facility}: ${name}`);
});

Deno.test("facilities never carries a feature whose bit does not fit", () => {
  for (const [transport, row] of Object.entries(facilities)) {
    for (const [facility, name] of masked) {
      if (features[name]!.bit < row.featureBits) continue;
      assert.notEqual(row[facility], true, `${transport}: ${facility}`);
    }
  }
});

Deno.test("facilities cites a place for everything that is missing", () => {
  for (const [transport, row] of Object.entries(facilities)) {
    assert.equal(row.featureLimit === undefined, row.featureBits === 128, transport);
    for (const value of [...Object.values(row), row.featureLimit]) {
      if (typeof value !== "object") continue;
      assert.match(value.section, /^(\d+(\.\d+)*|vhost-user protocol.*)$/, transport);
      assert.notEqual(value.missing, "", transport);
    }
  }
});

/** Entropy on QEMU's virtio-rng. */

import assert from "node:assert/strict";
import { EntropyDriver } from "../../../generated/entropy/mod.ts";
import type { Trial } from "../trial.ts";

/** The trial. */
export const entropy: Trial = {
  device: "entropy",
  name: "virtio-rng",
  properties: ["rng=r0"],
  options: () => ["-object", "rng-random,id=r0,filename=/dev/urandom"],
  proves: "random bytes, and others the next time",
  run: async (transport) => {
    await using driver = await EntropyDriver.open(transport);
    const [first, second] = [new Uint8Array(64), new Uint8Array(64)];
    assert.equal(await driver.random(first), 64);
    assert.equal(await driver.random(second), 64);
    assert.notDeepEqual(first, new Uint8Array(64));
    assert.notDeepEqual(first, second);
  },
};

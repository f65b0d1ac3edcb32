// What arrives has the length that the device wrote, over legacy interfaces too (VIRTIO 1.4, 2.7.8.1).

import assert from "node:assert/strict";
import { ConsoleDevice, ConsoleDriver } from "../../generated/console/mod.ts";
import { RIGS } from "./rigs_fixture.ts";

for (const { name, connect } of RIGS) {
  Deno.test(`${name}: input shorter than its buffer arrives as long as it is (5.3.6)`, async () => {
    const device = new ConsoleDevice({ config: {}, portOutput: () => {} });
    const { transport } = await connect(device);
    const arrived = Promise.withResolvers<Uint8Array>();
    await using _driver = await ConsoleDriver.open(transport, {
      onPortInput: (data) => arrived.resolve(data.slice()),
    });
    device.sendPortInput(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await arrived.promise, Uint8Array.of(1, 2, 3));
  });
}

import assert from "node:assert/strict";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { TransportError } from "./errors.ts";
import type { RingOptions } from "./features.ts";
import { loopback } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";

const RINGS: [string, RingOptions][] = [
  ["split", { packed: false }],
  ["split without event index and indirect", { packed: false, eventIdx: false, indirect: false }],
  ["split in order", { packed: false, inOrder: true }],
  ["packed", {}],
  ["packed without event index and indirect", { eventIdx: false, indirect: false }],
  ["packed in order", { inOrder: true }],
];

for (const [name, ring] of RINGS) {
  Deno.test(`loopback() carries requests and answers, ${name}`, async () => {
    const device = new EchoDevice({ ring });
    await using driver = await EchoDriver.open(loopback(device), ring);
    for (let round = 0; round < 20; round++) {
      const sent = Array.from({ length: 50 }, (_, at) => new Uint8Array(at + 1).fill(at + round));
      const back = await Promise.all(sent.map((data) => driver.echo(data)));
      assert.deepEqual(back, sent);
    }
    assert.deepEqual(device.errors, []);
  });
}

Deno.test("loopback() delivers one notification for a burst, and none inside a kick", async () => {
  const device = new EchoDevice();
  await using driver = await EchoDriver.open(loopback(device), { packed: false, eventIdx: false });
  await new Promise((resolve) => setTimeout(resolve, 5)); // the look into the queue at DRIVER_OK
  const [served, collects] = [device.calls, driver.collects];
  const pending = Array.from({ length: 32 }, () => driver.echo(new Uint8Array(8)));
  assert.equal(device.calls, served, "nothing is served inside a kick");
  await Promise.all(pending);
  assert.equal(device.calls - served, 1);
  assert.equal(driver.collects - collects, 1);
});

Deno.test("loopback() lets timers run while requests follow each other without end", async () => {
  await using driver = await EchoDriver.open(loopback(new EchoDevice()), { packed: false });
  let fired = false;
  const timer = setTimeout(() => fired = true, 0);
  for (let count = 0; count < 200_000 && !fired; count++) await driver.echo(new Uint8Array(1));
  clearTimeout(timer);
  assert.ok(fired);
});

Deno.test("loopback() masks the features that its facilities do not carry", async () => {
  const device = new EchoDevice();
  const facilities = { featureBits: 64, suspend: false, queueReset: false };
  const transport = loopback(device, { facilities });
  const features = await transport.getFeatures();
  assert.equal(features >> 64n, 0n);
  assert.equal(features >> 63n & 1n, 1n);
  assert.equal(features >> 43n & 1n, 0n);
  assert.equal(features >> 40n & 1n, 0n);
  await transport.close();
});

Deno.test("loopback() rejects with TransportError after close, and gives the device free", async () => {
  const device = new EchoDevice();
  const transport = loopback(device);
  assert.throws(() => loopback(device), TypeError);
  await transport.close();
  await transport.close();
  await assert.rejects(transport.getStatus(), TransportError);
  await assert.rejects(
    transport.enableQueue({
      index: 0,
      size: 1,
      format: "split",
      desc: 0,
      driver: 0,
      device: 0,
    }),
    TransportError,
  );
  await loopback(device).close();
});

Deno.test("loopback() works on the caller's memory, at any address", async () => {
  const memory = GuestMemory.of(new SharedArrayBuffer(1 << 20), 2 ** 40);
  const device = new EchoDevice();
  await using driver = await EchoDriver.open(loopback(device, { memory }));
  const inside = memory.view(memory.regions[0]!.address + (1 << 19), 16)!.fill(9);
  assert.deepEqual([...await driver.echo(inside)], Array(16).fill(9));
});

import assert from "node:assert/strict";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { PeerError, RequestAborted, TransportError } from "./errors.ts";
import { loopback } from "./loopback.ts";
import { covers } from "../testing/covers.ts";
import {
  aborted,
  AGREED,
  BYTES,
  DEVICE_NEEDS_RESET,
  pair,
  READY,
  recordStatus,
  running,
  SPLIT,
  SUSPEND,
  tasks,
} from "./driver_fixture.ts";

Deno.test("readConfig() reads again when the configuration changes meanwhile", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device Configuration Space#1",
    "drivernormative:Basic Facilities of a Virtio Device / Device Configuration Space#2",
  );
  const { driver, transport, device } = await running();
  const { readConfig } = transport;
  let reads = 0;
  transport.readConfig = async (offset, length) => {
    const bytes = await readConfig.call(transport, offset, length);
    if (++reads <= 3) {
      device.config.bytes.fill(reads);
      await readConfig.call(transport, 0, 1);
    }
    return bytes;
  };
  assert.deepEqual([...await driver.read(0, 8)], Array(8).fill(3));
  assert.equal(reads, 4);
  await driver.close();
});

Deno.test("readConfig() gives up on a configuration that never holds still", async () => {
  const { driver, transport } = await running();
  let generation = 0;
  transport.configGeneration = () => Promise.resolve(generation++);
  await assert.rejects(driver.read(0, 8), PeerError);
  assert.ok(generation < 50);
  await driver.close();
});

// NOTES.md: ccw-config-gen
Deno.test("readConfig() reads once where there is no generation", async () => {
  const transport = loopback(new EchoDevice(), { facilities: { configGeneration: false } });
  transport.configGeneration = () => Promise.reject(new TransportError("none"));
  const driver = await EchoDriver.open(transport, SPLIT);
  assert.deepEqual([...await driver.read(2, 3)], [3, 4, 5]);
  await driver.close();
});

Deno.test("writeConfig() waits for FEATURES_OK", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Initialization#3");
  const { driver, device } = pair();
  await assert.rejects(driver.write(4, BYTES), TypeError);
  await driver.agree({ want: 0n });
  await driver.write(4, BYTES);
  assert.deepEqual([...device.config.bytes], [1, 2, 3, 4, 1, 2, 7, 8]);
  await driver.close();
});

Deno.test("onConfigChange() comes after the driver's copy is fresh, once for a burst", async () => {
  const { driver, device, transport } = await running();
  let told = 0;
  driver.onConfigChange = () => {
    told++;
    assert.equal(driver.refreshed, told);
  };
  device.configChanged();
  device.configChanged();
  await tasks();
  assert.equal(told, 1);
  device.configChanged();
  await tasks();
  assert.equal(told, 2);
  for (let count = 0; count < 5; count++) transport.onConfigNotify();
  await tasks();
  assert.equal(told, 4, "one more that saw everything after the one that was on its way");
  await driver.close();
});

Deno.test("suspend() and resume() hold requests, answers and kicks, and lose none", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Suspend#5");
  const { driver, device, transport } = await running();
  const written = recordStatus(transport);
  await driver.suspend();
  assert.equal(device.getStatus(), AGREED | SUSPEND);
  await assert.rejects(driver.suspend(), TypeError);
  await assert.rejects(driver.write(4, BYTES), TypeError);
  const pending = driver.echo(BYTES);
  device.configChanged();
  await tasks();
  assert.equal(driver.refreshed, 0);
  assert.equal(driver.collected, 0);
  await driver.resume();
  assert.equal(device.getStatus(), READY);
  assert.deepEqual(await pending, BYTES);
  await tasks();
  assert.equal(driver.refreshed, 1, "the withheld notification");
  await assert.rejects(driver.resume(), TypeError);
  assert.deepEqual(written, [READY | SUSPEND, READY | SUSPEND]);
  await driver.close();
});

Deno.test("suspend() waits for what the device has begun; resume() delivers it", async () => {
  const { driver, device } = await running();
  device.holding = true;
  const pending = driver.echo(BYTES);
  await tasks();
  const suspending = driver.suspend();
  await tasks();
  assert.equal(device.getStatus(), READY, "not while a buffer is in flight");
  device.release();
  await suspending;
  assert.equal(driver.collected, 0);
  await driver.resume();
  assert.deepEqual(await pending, BYTES);
  await driver.close();
});

Deno.test("suspend() fails with a device that breaks over it", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Suspend#2");
  const { driver, device } = await running();
  device.holding = true;
  const pending = driver.echo(BYTES);
  pending.catch(() => {});
  await tasks();
  const suspending = driver.suspend();
  device.needsReset(new Error("no"));
  await assert.rejects(suspending, PeerError);
  await assert.rejects(pending, RequestAborted);
  await assert.rejects(driver.resume(), TypeError);
  assert.equal(device.getStatus() & DEVICE_NEEDS_RESET, DEVICE_NEEDS_RESET);
  await driver.close();
});

Deno.test("suspend() and resetQueue() need their features", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Suspend#1");
  const { driver } = pair();
  await driver.start({ want: 0n, ring: { ...SPLIT, suspend: false, reset: false } });
  await assert.rejects(driver.suspend(), TypeError);
  await assert.rejects(driver.resetQueue(driver.queue!), TypeError);
  await driver.close();
});

Deno.test("resetQueue() aborts that queue's requests and gives a fresh one", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Reset#2",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Re-enable#1",
  );
  for (const packed of [false, true]) {
    const { driver, device, transport } = pair();
    await driver.start({ want: 0n, ring: { packed } });
    const old = driver.queue!;
    const available = transport.arena.available;
    device.holding = true;
    const pending = driver.echo(BYTES);
    pending.catch(() => {});
    await tasks();
    driver.use(await driver.resetQueue(old));
    await assert.rejects(pending, aborted(/the queue was reset/));
    assert.equal(driver.aborted.at(-1), "the queue was reset");
    assert.equal(transport.arena.available, available);
    await assert.rejects(driver.resetQueue(old), TypeError);
    device.release();
    device.holding = false;
    assert.deepEqual(await driver.echo(BYTES), BYTES);
    await driver.close();
  }
});

Deno.test("A callback of the user that throws does not stop the queue", async () => {
  const { driver, transport, device } = await running();
  const { onQueueNotify } = transport;
  const thrown: unknown[] = [];
  transport.onQueueNotify = (index) => {
    try {
      onQueueNotify(index);
    } catch (error) {
      thrown.push(error);
    }
  };
  driver.bug = new Error("a bug of the user");
  const pending = driver.echo(BYTES);
  await tasks();
  assert.deepEqual(await pending, BYTES);
  assert.equal(thrown.length, 1);
  assert.deepEqual(device.errors, []);
  await driver.close();
});

import assert from "node:assert/strict";
import { covers } from "../testing/covers.ts";
import {
  AGREED,
  Bench,
  DEVICE_NEEDS_RESET,
  DRIVER_OK,
  READY,
  SUSPEND,
  SUSPENDS,
  tasks,
} from "./device_fixture.ts";

// NOTES.md: core-config-before-features
Deno.test("Configuration is readable before FEATURES_OK, writable where the driver may", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Device Configuration Space#1");
  const { device } = new Bench();
  const into = new Uint8Array(4);
  device.readConfig(2, into);
  assert.deepEqual([...into], [3, 4, 5, 6]);
  device.writeConfig(3, Uint8Array.of(9, 9, 9, 9));
  assert.deepEqual([...device.config.bytes], [1, 2, 3, 4, 9, 9, 7, 8]);
  assert.deepEqual(device.log, ["written 4+2"]);
  device.writeConfig(0, Uint8Array.of(9));
  assert.deepEqual(device.log, ["written 4+2"]);
});

Deno.test("configChanged() notifies once live, and moves the generation at the next read", () => {
  const bench = new Bench();
  bench.run();
  bench.device.config.bytes[0] = 77;
  bench.device.configChanged();
  assert.equal(bench.configNotified, 1);
  assert.equal(bench.device.configGeneration(), 0);
  bench.device.readConfig(0, new Uint8Array(1));
  assert.equal(bench.device.configGeneration(), 1);
});

// NOTES.md: core-suspend-resume
Deno.test("Suspend stops queues, notifications and configuration until resume", async () => {
  covers(
    "devicenormative:General Initialization And Device Operation / Device Suspend#2",
    "devicenormative:General Initialization And Device Operation / Device Suspend#3",
    "devicenormative:General Initialization And Device Operation / Device Suspend#5",
  );
  const bench = new Bench();
  const queue = bench.run(SUSPENDS);
  await tasks();
  bench.device.setStatus(READY | SUSPEND);
  const suspended = AGREED | SUSPEND;
  assert.equal(bench.device.getStatus(), suspended);
  assert.equal(bench.device.usable(0), undefined);
  const calls = bench.device.calls;
  bench.send(queue);
  bench.device.notify(0);
  bench.device.config.bytes[0] = 200;
  bench.device.configChanged();
  bench.device.configChanged();
  bench.device.writeConfig(4, Uint8Array.of(55));
  const into = new Uint8Array(8);
  bench.device.readConfig(0, into);
  await tasks();
  assert.equal(bench.device.calls, calls);
  assert.deepEqual([...into], [1, 2, 3, 4, 5, 6, 7, 8], "the configuration stands still");
  assert.equal(bench.configNotified, 0);
  assert.deepEqual(bench.notified, []);

  bench.device.setStatus(suspended | DRIVER_OK);
  assert.equal(bench.device.getStatus(), READY);
  assert.equal(bench.configNotified, 1, "the withheld notification");
  bench.device.readConfig(0, into);
  assert.equal(into[0], 200);
  assert.equal(into[4], 5, "the write was ignored");
  await tasks();
  assert.ok(queue.collect() >= 0);
  assert.equal(bench.device.log.filter((line) => line === "driver ok").length, 1);
});

Deno.test("Suspend waits until what is being processed was used", () => {
  covers(
    "devicenormative:General Initialization And Device Operation / Device Suspend#6",
    "devicenormative:General Initialization And Device Operation / Device Suspend#8",
  );
  const bench = new Bench();
  const queue = bench.run(SUSPENDS);
  bench.device.holding = true;
  bench.send(queue);
  bench.device.notify(0);
  bench.send(queue);
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), READY, "not yet");
  bench.device.notify(0);
  assert.equal(bench.device.held, 1, "nothing more is consumed");
  bench.device.writeConfig(4, Uint8Array.of(55));
  assert.equal(bench.device.config.bytes[4], 5);
  bench.device.release();
  assert.deepEqual(bench.notified, [0], "the used buffer is notified before");
  assert.equal(bench.device.getStatus(), AGREED | SUSPEND);
});

Deno.test("Suspend is ignored when not negotiated, or before DRIVER_OK", () => {
  covers("devicenormative:General Initialization And Device Operation / Device Suspend#1");
  const bench = new Bench();
  bench.run();
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), READY);
  bench.device.setStatus(0);
  bench.agree(SUSPENDS);
  bench.device.setStatus(AGREED | SUSPEND);
  assert.equal(bench.device.getStatus(), AGREED);
  bench.device.setStatus(READY);
  assert.equal(bench.device.getStatus(), READY, "and does not come into force later");
});

Deno.test("A device that breaks while suspending or suspended does not resume", () => {
  covers(
    "devicenormative:General Initialization And Device Operation / Device Suspend#6",
    "devicenormative:General Initialization And Device Operation / Device Suspend#7",
  );
  const bench = new Bench();
  const queue = bench.run(SUSPENDS);
  bench.device.holding = true;
  bench.send(queue);
  bench.device.notify(0);
  bench.device.setStatus(READY | SUSPEND);
  bench.device.release();
  bench.device.needsReset(new Error("while suspending"));
  assert.equal(bench.device.getStatus(), READY | DEVICE_NEEDS_RESET);
  assert.equal(bench.configNotified, 1);
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), READY | DEVICE_NEEDS_RESET);

  bench.device.setStatus(0);
  bench.run(SUSPENDS);
  bench.device.setStatus(READY | SUSPEND);
  bench.device.needsReset(new Error("while suspended"));
  assert.equal(bench.configNotified, 1, "withheld");
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), AGREED | SUSPEND | DEVICE_NEEDS_RESET);
});

Deno.test("A reset of a suspended device forgets what it withheld", () => {
  const bench = new Bench();
  bench.run(SUSPENDS);
  bench.device.setStatus(READY | SUSPEND);
  bench.device.config.bytes[0] = 200;
  bench.device.configChanged();
  bench.device.setStatus(0);
  const into = new Uint8Array(1);
  bench.device.readConfig(0, into);
  assert.equal(into[0], 200);
  bench.run(SUSPENDS);
  bench.device.setStatus(READY | SUSPEND);
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), READY);
  assert.equal(bench.configNotified, 0);
});

Deno.test("A stopped device that is resumed tells of no change until it goes on (2.12.1.4.4.1)", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#17",
  );
  const bench = new Bench();
  bench.run(SUSPENDS);
  bench.device.setStatus(READY | SUSPEND);
  assert.equal(bench.device.getStatus(), AGREED | SUSPEND);
  bench.device.configChanged();
  bench.device.stop();
  bench.device.setStatus(READY | SUSPEND);
  await tasks();
  assert.equal(bench.device.getStatus(), READY);
  assert.equal(bench.configNotified, 0);
  bench.device.go();
  assert.equal(bench.configNotified, 1);
});

Deno.test("unbind() resets the device", () => {
  const bench = new Bench();
  bench.run();
  bench.device.unbind();
  assert.equal(bench.device.getStatus(), 0);
  assert.deepEqual(bench.device.log.slice(-2), ["stopped 0", "reset"]);
  assert.throws(() => bench.device.enableQueue(bench.layout(0)), TypeError);
});

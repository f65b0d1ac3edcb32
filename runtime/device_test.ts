import assert from "node:assert/strict";
import { EchoDevice } from "./echo_fixture.ts";
import { featureSet, hasBit } from "./features.ts";
import { covers } from "../testing/covers.ts";
import {
  ACKNOWLEDGE,
  AGREED,
  Bench,
  DRIVER,
  DRIVER_OK,
  FAILED,
  FOUND,
  READY,
  SUSPEND,
  SUSPENDS,
  tasks,
  VERSION_1,
} from "./device_fixture.ts";

Deno.test("Device refuses to offer what misses a prerequisite or is not defined", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Feature Bits#1");
  assert.throws(() => new EchoDevice({ offered: featureSet(1) }), {
    name: "RangeError",
    message: "Cannot offer the features of echo: VIRTIO_ECHO_F_ON_BASE needs VIRTIO_ECHO_F_BASE",
  });
  assert.throws(() => new EchoDevice({ offered: featureSet(5) }), RangeError);
  for (const queueSizeMax of [0, 32769, 1.5, NaN]) {
    assert.throws(() => new EchoDevice({ queueSizeMax }), RangeError);
  }
});

Deno.test("getFeatures() offers what the transport carries, closed again", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#1",
    "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#4",
  );
  const narrow = new Bench(new EchoDevice(), { featureBits: 64, suspend: false }).device;
  assert.equal(narrow.getFeatures(), narrow.offered & ~featureSet(64, 127, 43));
  const device = new EchoDevice({ offered: featureSet(3, 63) });
  assert.equal(hasBit(device.getFeatures(), 3), true);
  assert.equal(hasBit(new Bench(device, { featureBits: 32 }).device.getFeatures(), 3), false);
});

Deno.test("bind() refuses a second transport until unbind()", () => {
  const { device, memory } = new Bench();
  assert.throws(() => new Bench(device), TypeError);
  device.unbind();
  new Bench(device);
  assert.ok(memory);
});

Deno.test("setStatus() keeps FEATURES_OK clear for features that can not be", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#3",
    "devicenormative:Reserved Feature Bits#2",
  );
  const cases: [string, bigint][] = [
    ["nothing", 0n],
    ["no VERSION_1", featureSet(0)],
    ["not offered", VERSION_1 | featureSet(5)],
    ["not offered, reserved", VERSION_1 | featureSet(33)],
    ["above 127", VERSION_1 | 1n << 128n],
    ["not closed", VERSION_1 | featureSet(1)],
    ["bit 127 without 64", VERSION_1 | featureSet(127)],
  ];
  for (const [what, features] of cases) {
    const { device, agree } = new Bench();
    assert.equal(agree.call({ device }, features), FOUND, what);
    assert.equal(device.features, 0n, what);
  }
});

Deno.test("setStatus() accepts any closed subset with VERSION_1, high bits too", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Feature Bits#2");
  for (const bits of [[], [0], [0, 1, 2], [63], [64], [64, 127], [0, 1, 3], [63, 3]]) {
    const bench = new Bench();
    const features = VERSION_1 | featureSet(...bits);
    assert.equal(bench.agree(features), AGREED, `${bits}`);
    assert.equal(bench.device.features, features);
    for (const bit of bits) assert.equal(bench.device.hasFeature(bit), true);
  }
});

Deno.test("setStatus() asks the device type before it sets FEATURES_OK", () => {
  const bench = new Bench();
  bench.device.refused = featureSet(4);
  assert.equal(bench.agree(VERSION_1 | featureSet(4)), FOUND);
  assert.equal(bench.agree(VERSION_1), AGREED, "another set may be tried");
});

Deno.test("setFeatures() is ignored once FEATURES_OK is set", () => {
  const bench = new Bench();
  bench.agree(VERSION_1);
  bench.device.setFeatures(VERSION_1 | featureSet(0));
  bench.device.setStatus(READY);
  assert.equal(bench.device.features, VERSION_1);
  assert.equal(bench.device.save().accepted, `0x${VERSION_1.toString(16)}`);
});

Deno.test("setStatus(0) forgets the features that the driver wrote", () => {
  const bench = new Bench();
  bench.run();
  bench.device.setStatus(0);
  bench.device.setStatus(AGREED);
  assert.equal(bench.device.getStatus(), FOUND);
});

Deno.test("setStatus(0) stops what a queue of before had still to do", async () => {
  const bench = new Bench();
  bench.agree(VERSION_1);
  bench.open(0);
  bench.device.setStatus(0);
  assert.deepEqual(bench.device.log, ["reset"], "what was not started is not stopped");
  bench.run(); // a task to look into the queue is on its way
  bench.device.setStatus(0);
  bench.run();
  await tasks();
  assert.equal(bench.device.calls, 1);
});

Deno.test("setStatus() never clears a bit but by reset", () => {
  const { device } = new Bench();
  device.setStatus(ACKNOWLEDGE);
  device.setStatus(DRIVER);
  assert.equal(device.getStatus(), FOUND);
});

Deno.test("setStatus() calls driverOk() once, at the edge", () => {
  const bench = new Bench();
  bench.run();
  for (const again of [READY, DRIVER_OK, READY | 32]) bench.device.setStatus(again);
  assert.deepEqual(bench.device.log, ["started 0", "driver ok"]);
  bench.device.setStatus(0);
  bench.run();
  assert.deepEqual(bench.device.log.filter((line) => line === "driver ok").length, 2);
});

Deno.test("setStatus(0) resets in every state, and the same features are agreed again", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device Reset#1",
    "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#5",
  );
  const states: ((bench: Bench) => void)[] = [
    () => {},
    (bench) => bench.device.setStatus(ACKNOWLEDGE),
    (bench) => bench.agree(0n),
    (bench) => bench.agree(SUSPENDS),
    (bench) => bench.run(SUSPENDS),
    (bench) => bench.device.setStatus(FAILED),
    (bench) => {
      bench.run(SUSPENDS);
      bench.device.setStatus(READY | FAILED);
    },
    (bench) => {
      bench.run(SUSPENDS);
      bench.device.needsReset(new Error("broken"));
    },
    (bench) => {
      bench.run(SUSPENDS);
      bench.device.setStatus(READY | SUSPEND);
    },
    (bench) => {
      const queue = bench.run(SUSPENDS);
      bench.device.holding = true;
      bench.send(queue);
      bench.device.notify(0);
      bench.device.setStatus(READY | SUSPEND); // not idle, so still suspending
      assert.equal(bench.device.getStatus(), READY);
    },
  ];
  for (const [at, reach] of states.entries()) {
    const bench = new Bench();
    reach(bench);
    bench.device.setStatus(0);
    assert.equal(bench.device.getStatus(), 0, `state ${at}`);
    assert.equal(bench.device.features, 0n);
    assert.equal(bench.device.usable(0), undefined);
    assert.equal(bench.device.log.at(-1), "reset");
    bench.device.holding = false;
    const queue = bench.run(SUSPENDS);
    bench.send(queue);
    bench.device.notify(0);
    assert.ok(queue.collect() >= 0, `state ${at}: works again`);
  }
});

Deno.test("setStatus() stops at FAILED until a reset", () => {
  const bench = new Bench();
  const queue = bench.run();
  bench.device.setStatus(READY | FAILED);
  assert.equal(bench.device.getStatus(), READY | FAILED);
  bench.send(queue);
  bench.device.notify(0);
  assert.equal(queue.collect(), -1);
});

Deno.test("Device consumes nothing and notifies nobody before DRIVER_OK", async () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Device Status Field#1");
  const bench = new Bench();
  bench.agree(VERSION_1);
  const queue = bench.open(0);
  bench.send(queue);
  bench.device.notify(0);
  bench.device.configChanged();
  await tasks();
  assert.equal(queue.collect(), -1);
  assert.deepEqual([bench.notified, bench.configNotified, bench.device.calls], [[], 0, 0]);
  bench.device.setStatus(READY);
  await tasks();
  assert.ok(queue.collect() >= 0, "buffers of before are found without a kick");
});

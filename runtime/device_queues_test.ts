import assert from "node:assert/strict";
import { EchoDevice } from "./echo_fixture.ts";
import { PeerError } from "./errors.ts";
import { featureSet } from "./features.ts";
import { LOOPBACK_FACILITIES } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";
import type { QueueLayout } from "./queue.ts";
import { covers } from "../testing/covers.ts";
import {
  AGREED,
  Bench,
  DEVICE_NEEDS_RESET,
  EVENT_IDX,
  READY,
  refused,
  tasks,
  VERSION_1,
} from "./device_fixture.ts";

Deno.test("notify() ignores queues that are not there", () => {
  const bench = new Bench();
  bench.run();
  for (const index of [1, 65536, -1, NaN, 0.5]) bench.device.notify(index);
  assert.equal(bench.device.calls, 0);
});

Deno.test("notify() serves a ring's size at once, and what is left in a later task", async () => {
  const bench = new Bench();
  assert.equal(bench.agree(VERSION_1), AGREED);
  const queue = bench.open(0, 2);
  bench.device.setStatus(READY);
  await tasks();
  const before = bench.device.calls;
  bench.fill(queue, 2);
  bench.device.notify(0);
  assert.equal(bench.device.calls, before + 1, "it stopped on its budget");
  assert.ok(queue.collect() >= 0 && queue.collect() >= 0);
  bench.fill(queue, 1);
  await tasks();
  assert.ok(queue.collect() >= 0, "served without another kick");
  assert.equal(bench.device.calls, before + 2);
});

Deno.test("notify() inside serve() waits, and the driver is asked not to kick meanwhile", async () => {
  const bench = new Bench();
  const queue = bench.run();
  await tasks();
  let [served, depth, kicks] = [0, 0, 0];
  queue.onKick = () => kicks++;
  bench.device.during = () => {
    assert.equal(++depth, 1);
    if (++served === 1) {
      bench.fill(queue, 1);
      queue.kick();
      bench.device.notify(0);
    }
    depth--;
  };
  bench.fill(queue, 1);
  bench.device.notify(0);
  assert.equal(kicks, 0);
  assert.ok(queue.collect() >= 0 && queue.collect() >= 0, "found without a kick");
  bench.fill(queue, 1);
  queue.kick();
  assert.equal(kicks, 1);
});

Deno.test("notify() notifies the driver once for a burst", async () => {
  const bench = new Bench();
  const queue = bench.run();
  await tasks();
  bench.fill(queue, 8);
  bench.device.notify(0);
  assert.deepEqual(bench.notified, [0]);
});

Deno.test("poll() serves what waits, and says whether anything did, without asking for a kick", async () => {
  const bench = new Bench();
  const queue = bench.run(VERSION_1 | EVENT_IDX);
  await tasks();
  let kicks = 0;
  queue.onKick = () => kicks++;
  bench.device.notify(0);
  bench.fill(queue, 1);
  queue.kick();
  assert.equal(kicks, 1, "asked for by notify()");
  for (let round = 0; round < 3; round++) {
    assert.ok(bench.device.poll(0));
    assert.ok(!bench.device.poll(0));
    assert.ok(queue.collect() >= 0);
    bench.fill(queue, 1);
    queue.kick();
  }
  assert.equal(kicks, 1);
  for (const index of [1, -1, NaN]) assert.ok(!bench.device.poll(index));
  bench.device.setStatus(0);
  assert.ok(!bench.device.poll(0), "a queue that was reset");
});

Deno.test("needsReset() without onError prints bugs and keeps quiet about lies", () => {
  const bench = new Bench();
  bench.device.onError = undefined;
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (cause: unknown) => printed.push(cause);
  try {
    bench.run();
    bench.device.needsReset(new PeerError("Cannot", { field: "x", wanted: "y", got: 1 }));
    assert.deepEqual(printed, [], "a lie of the driver is no noise");
    bench.device.needsReset(new Error("a bug"));
    assert.equal(printed.length, 1);
  } finally {
    console.error = error;
  }
});

Deno.test("enableQueue() refuses what can not be, naming the field", () => {
  const bench = new Bench(new EchoDevice({ queueSizeMax: 64 }));
  const good = bench.layout(0);
  assert.throws(() => bench.device.enableQueue(good), refused("device_status"));
  bench.agree(VERSION_1);
  const wrong: [string, Partial<QueueLayout>][] = [
    ["index", { index: 1 }],
    ["index", { index: -1 }],
    ["index", { index: 0.5 }],
    ["format", { format: "packed" }],
    ["size", { size: 0 }],
    ["size", { size: 6 }],
    ["size", { size: 128 }],
    ["size", { size: 1.5 }],
    ["size", { size: NaN }],
    ["desc", { desc: good.desc + 8 }],
    ["driver", { driver: good.driver + 1 }],
    ["device", { device: good.device + 2 }],
    ["desc", { desc: 0 }],
    ["desc", { desc: 0x20_0000 - 16 }],
    ["driver", { driver: 2 ** 53 }],
    ["driver", { driver: NaN }],
    ["device", { device: -4 }],
  ];
  for (const [field, part] of wrong) {
    assert.throws(
      () => bench.device.enableQueue({ ...good, ...part }),
      refused(field),
      `${field} ${JSON.stringify(part)}`,
    );
  }
  bench.device.enableQueue(good);
  assert.throws(() => bench.device.enableQueue(good), refused("enable"));
});

Deno.test("enableQueue() takes rings at the smallest alignments, above 4 GiB", () => {
  const memory = GuestMemory.of(new ArrayBuffer(4096), 2 ** 33);
  const device = new EchoDevice();
  const bench = new Bench();
  device.bind({
    memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: () => {},
    notifyConfig: () => {},
  });
  bench.agree.call({ device }, VERSION_1);
  const base = 2 ** 33;
  device.enableQueue({
    index: 0,
    size: 4,
    format: "split",
    desc: base + 16,
    driver: base + 82,
    device: base + 100,
  });
});

Deno.test("queueSizeMax() follows the format, and is 0 past the last queue", () => {
  const bench = new Bench(new EchoDevice({ queueSizeMax: 100 }));
  bench.agree(VERSION_1 | featureSet(4));
  assert.deepEqual([0, 2, 3, -1, 0.5].map((index) => bench.device.queueSizeMax(index)), [
    64,
    64,
    0,
    0,
    0,
  ]);
  bench.device.setStatus(0);
  bench.agree(VERSION_1 | featureSet(34));
  assert.deepEqual([0, 1].map((index) => bench.device.queueSizeMax(index)), [100, 0]);
});

Deno.test("resetQueue() stops one queue, which can be enabled again with another size", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Reset#1",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Reset#2",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Re-enable#1",
  );
  const bench = new Bench();
  assert.equal(bench.agree(VERSION_1 | featureSet(4, 40)), AGREED);
  const [first, second] = [bench.open(0), bench.open(1)];
  bench.device.setStatus(READY);
  bench.device.holding = true;
  bench.send(first);
  bench.device.notify(0);
  assert.equal(bench.device.resetQueue(0)?.inflight.length, 1);
  assert.equal(bench.device.resetQueue(0), undefined);
  assert.equal(bench.device.resetQueue(77), undefined);
  bench.device.release(); // too late: the queue is gone
  bench.send(first);
  bench.device.notify(0);
  assert.equal(first.collect(), -1);
  assert.deepEqual(bench.notified, []);
  bench.device.holding = false;
  bench.send(second);
  bench.device.notify(1);
  assert.ok(second.collect() >= 0, "the other queue goes on");
  const again = bench.open(0, 16);
  bench.send(again);
  await tasks();
  assert.ok(again.collect() >= 0);
  const starts = bench.device.log.filter((line) => /0$/.test(line));
  assert.deepEqual(starts, ["started 0", "stopped 0", "started 0"]);
});

Deno.test("A reset drops answers that come too late", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Device Reset#2");
  for (const careless of [false, true]) {
    const bench = new Bench();
    const queue = bench.run();
    bench.device.holding = true;
    bench.send(queue);
    bench.device.notify(0);
    const before = Uint8Array.from(bench.memory.regions[0]!.bytes);
    bench.device.setStatus(0);
    if (careless) assert.throws(() => bench.device.release(true), /its queue was stopped$/);
    else bench.device.release();
    assert.deepEqual(bench.memory.regions[0]!.bytes, before, "no byte of memory was touched");
    assert.deepEqual(bench.notified, []);
    assert.equal(bench.device.getStatus(), 0);
  }
});

Deno.test("Device needs a reset when a queue breaks, and says so once", () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device Status Field#2",
    "devicenormative:Basic Facilities of a Virtio Device / Device Status Field#3",
  );
  const bench = new Bench();
  const queue = bench.run();
  queue.readable(0xdead_0000, 4);
  queue.add();
  queue.publish();
  bench.device.notify(0);
  assert.equal(bench.device.getStatus(), READY | DEVICE_NEEDS_RESET);
  assert.equal(bench.configNotified, 1);
  assert.equal(bench.device.errors.length, 1);
  assert.ok(bench.device.errors[0] instanceof PeerError);
  bench.device.notify(0);
  bench.device.needsReset(new Error("more"));
  assert.equal(bench.configNotified, 1);
  assert.equal(bench.device.usable(0), undefined);
});

Deno.test("Device needs a reset when its own code throws, and the caller is spared", () => {
  const bench = new Bench();
  const queue = bench.run();
  bench.device.bug = new Error("a bug");
  bench.send(queue);
  bench.device.notify(0);
  assert.equal(bench.device.getStatus() & DEVICE_NEEDS_RESET, DEVICE_NEEDS_RESET);
  assert.deepEqual(bench.device.errors, [bench.device.bug]);
});

Deno.test("needsReset() before DRIVER_OK sets the bit without a notification", () => {
  const bench = new Bench();
  bench.agree(VERSION_1);
  bench.device.needsReset(new Error("early"));
  assert.equal(bench.device.getStatus(), AGREED | DEVICE_NEEDS_RESET);
  assert.equal(bench.configNotified, 0);
});

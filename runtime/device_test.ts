import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { EchoDevice } from "./echo_fixture.ts";
import { PeerError } from "./errors.ts";
import { featureSet, hasBit, queueFeatures, ReservedFeature } from "./features.ts";
import { LOOPBACK_FACILITIES } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDriverQueue, type DriverQueue, type QueueLayout } from "./queue.ts";
import { Status } from "./status.ts";
import type { Facilities } from "./transport.ts";
import { covers } from "../testing/covers.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;
const FOUND = ACKNOWLEDGE | DRIVER;
const AGREED = FOUND | FEATURES_OK;
const READY = AGREED | DRIVER_OK;
const VERSION_1 = featureSet(ReservedFeature.VIRTIO_F_VERSION_1);
const EVENT_IDX = featureSet(ReservedFeature.VIRTIO_F_EVENT_IDX);
const SUSPENDS = VERSION_1 | featureSet(ReservedFeature.VIRTIO_F_SUSPEND);

/** A device on a bench: what it says is counted, what a driver does is done by hand. */
class Bench {
  readonly memory = GuestMemory.of(new ArrayBuffer(1 << 20), 0x10_0000);
  readonly arena = new Arena(this.memory, 0x10_0000, 1 << 20);
  readonly device: EchoDevice;
  readonly notified: number[] = [];
  configNotified = 0;

  constructor(device = new EchoDevice(), facilities: Partial<Facilities> = {}) {
    this.device = device;
    device.bind({
      memory: this.memory,
      facilities: { ...LOOPBACK_FACILITIES, ...facilities },
      notifyQueue: (index) => this.notified.push(index),
      notifyConfig: () => this.configNotified++,
    });
  }

  agree(features: bigint): number {
    this.device.setStatus(ACKNOWLEDGE);
    this.device.setStatus(FOUND);
    this.device.setFeatures(features);
    this.device.setStatus(AGREED);
    return this.device.getStatus();
  }

  /** Goes all the way to DRIVER_OK, with queue 0 open unless told otherwise. */
  run(features = VERSION_1): DriverQueue {
    assert.equal(this.agree(features), AGREED);
    const queue = this.open(0);
    this.device.setStatus(READY);
    assert.equal(this.device.getStatus(), READY);
    return queue;
  }

  layout(index: number, size = 8): QueueLayout {
    return allocateQueue(this.arena, index, size, "split");
  }

  open(index: number, size = 8): DriverQueue {
    const layout = this.layout(index, size);
    this.device.enableQueue(layout);
    return createDriverQueue(this.memory, layout, queueFeatures(this.device.features));
  }

  /** Makes single-descriptor buffers available, without a kick. */
  fill(queue: DriverQueue, count: number): void {
    for (let sent = 0; sent < count; sent++) {
      queue.readable(this.memory.regions[0]!.address, 4);
      assert.ok(queue.add() >= 0);
    }
    queue.publish();
  }

  /** Makes a buffer to be echoed available, without a kick. */
  send(queue: DriverQueue): void {
    const { address } = this.arena.allocate(16);
    queue.readable(address, 4);
    queue.writable(address + 8, 4);
    assert.ok(queue.add() >= 0);
    queue.publish();
  }
}

/** Whether an error is the refusal of this field. */
function refused(field: string): (error: unknown) => boolean {
  return (error) => error instanceof PeerError && error.field === field;
}

/** Lets all tasks that are queued now run. */
function tasks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

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

Deno.test("unbind() resets the device", () => {
  const bench = new Bench();
  bench.run();
  bench.device.unbind();
  assert.equal(bench.device.getStatus(), 0);
  assert.deepEqual(bench.device.log.slice(-2), ["stopped 0", "reset"]);
  assert.throws(() => bench.device.enableQueue(bench.layout(0)), TypeError);
});

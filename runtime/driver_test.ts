import assert from "node:assert/strict";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { PeerError, RequestAborted, TransportError } from "./errors.ts";
import { featureSet, ringFeatures } from "./features.ts";
import { loopback } from "./loopback.ts";
import { Status } from "./status.ts";
import type { Transport } from "./transport.ts";
import { covers } from "../testing/covers.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;
const FOUND = ACKNOWLEDGE | DRIVER;
const AGREED = FOUND | FEATURES_OK;
const READY = AGREED | DRIVER_OK;
const SPLIT = { packed: false };
const BYTES = Uint8Array.of(1, 2, 3);

/** A device, the way to it, and a driver that has done nothing yet. */
function pair(device = new EchoDevice()) {
  const transport = loopback(device);
  return { device, transport, driver: new EchoDriver(transport) };
}

/** The same with everything running. */
async function running(device = new EchoDevice()) {
  const all = pair(device);
  await all.driver.start({ want: 0n, ring: SPLIT });
  return all;
}

/** Notes every status that the driver writes. */
function recordStatus(transport: Transport): number[] {
  const written: number[] = [];
  const { setStatus } = transport;
  transport.setStatus = (status) => {
    written.push(status);
    return setStatus.call(transport, status);
  };
  return written;
}

function tasks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3));
}

function aborted(because: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RequestAborted && because.test(error.message);
}

Deno.test("Driver initialises in the order of the standard and never clears a bit", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#1",
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#2",
    "drivernormative:General Initialization And Device Operation / Device Initialization#1",
  );
  const { transport, driver } = pair();
  const written = recordStatus(transport);
  await driver.start({ want: 0n });
  assert.deepEqual(written, [0, ACKNOWLEDGE, FOUND, AGREED, READY]);
  await driver.close();
  assert.equal(written.at(-1), 0);
});

Deno.test("negotiate() refuses a device of another type, untouched", async () => {
  const { device, transport } = pair();
  await transport.close();
  const other = loopback(device);
  const written = recordStatus(other);
  Object.defineProperty(other, "deviceId", { value: 2 });
  const driver = new EchoDriver(other);
  await assert.rejects(driver.agree({ want: 0n }), TransportError);
  assert.deepEqual(written, []);
  await driver.close();
});

Deno.test("negotiate() accepts what is wanted, offered, carried and closed", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#1",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#2",
    "drivernormative:Reserved Feature Bits#1",
  );
  const cases: [string, readonly number[], readonly number[], readonly number[]][] = [
    ["high bits", [63, 64, 127], [0, 63, 64, 127], [63, 64, 127]],
    ["not offered", [0, 4, 63], [0, 63], [0, 63]],
    ["prerequisite not offered", [0, 1, 2, 4], [0, 4], [0, 4]],
    ["prerequisite not wanted", [1, 2, 4, 127], [0, 1, 2, 4, 64, 127], [4]],
    ["one of two sets", [3, 63], [0, 1, 3, 63], [3, 63]],
  ];
  for (const [what, want, offered, accepted] of cases) {
    const { driver, device } = pair(new EchoDevice({ offered: featureSet(...offered) }));
    await driver.agree({ want: featureSet(...want), ring: SPLIT });
    assert.equal(driver.features, featureSet(...accepted) | ringFeatures(SPLIT), what);
    assert.equal(device.features, driver.features);
    for (const bit of offered) assert.equal(driver.wasOffered(bit), true);
    for (const bit of want) assert.equal(driver.hasFeature(bit), accepted.includes(bit));
    await driver.close();
  }
});

Deno.test("negotiate() accepts VIRTIO_F_ACCESS_PLATFORM where it is offered, unless told", async () => {
  covers("drivernormative:Reserved Feature Bits#3");
  for (const platform of [true, false]) {
    const { driver, device } = pair(new EchoDevice({ ring: { platform: true } }));
    await driver.agree({ want: 0n, ring: { platform } });
    assert.equal(driver.hasFeature(33), platform);
    assert.equal(device.features, driver.features);
    await driver.close();
  }
});

Deno.test("negotiate() ignores bits that it does not know", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#4",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#5",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#8",
  );
  const { driver, transport } = pair();
  const offered = await transport.getFeatures();
  transport.getFeatures = () => Promise.resolve(offered | featureSet(36, 44, 57, 100) | 1n << 130n);
  await driver.agree({ want: 0n });
  assert.equal(driver.features, ringFeatures());
  await driver.close();
});

Deno.test("negotiate() ignores what the transport can not carry, though it was offered", async () => {
  const facilities = { suspend: false, queueReset: false };
  const transport = loopback(new EchoDevice(), { facilities });
  const offered = await transport.getFeatures();
  transport.getFeatures = () => Promise.resolve(offered | featureSet(40, 43));
  const driver = await EchoDriver.open(transport);
  assert.equal(driver.features, ringFeatures({ suspend: false, reset: false }));
  await driver.close();
});

Deno.test("negotiate() names required features that are missing, and sets FAILED", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#3",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#7",
    "drivernormative:General Initialization And Device Operation / Device Initialization#5",
  );
  const { driver, device } = pair(new EchoDevice({ offered: featureSet(0, 63) }));
  await assert.rejects(driver.agree({ want: 0n, require: featureSet(63, 64) }), (error) => {
    assert.ok(error instanceof PeerError);
    assert.match(error.message, /device_feature must be a set with VIRTIO_ECHO_F_64, found/);
    return true;
  });
  assert.equal(device.getStatus(), FOUND | FAILED);
  assert.equal(driver.features, 0n);
  await driver.agree({ want: 0n, require: featureSet(63) });
  assert.equal(driver.hasFeature(63), true, "another try starts with a reset");
  await driver.close();
});

Deno.test("negotiate() says which prerequisite of a required feature is missing", async () => {
  const { driver, transport } = pair();
  transport.getFeatures = () => Promise.resolve(featureSet(1, 32));
  await assert.rejects(
    driver.agree({ want: 0n, require: featureSet(1) }),
    /VIRTIO_ECHO_F_ON_BASE needs VIRTIO_ECHO_F_BASE/,
  );
  await driver.close();
});

Deno.test("negotiate() demands VIRTIO_F_VERSION_1", async () => {
  covers("drivernormative:Reserved Feature Bits#2");
  const { driver, transport, device } = pair();
  transport.getFeatures = () => Promise.resolve(featureSet(0, 1, 34));
  await assert.rejects(driver.agree({ want: featureSet(0) }), /with VIRTIO_F_VERSION_1, found/);
  assert.equal(device.getStatus(), FOUND | FAILED);
  await driver.close();
});

Deno.test("negotiate() ends when the device refuses the features", async () => {
  covers(
    "drivernormative:General Initialization And Device Operation / Device Initialization#5",
    "drivernormative:General Initialization And Device Operation / Device Initialization#6",
  );
  const { driver, device } = pair();
  device.refused = featureSet(4);
  await assert.rejects(driver.agree({ want: featureSet(0, 4) }), (error) => {
    assert.ok(error instanceof PeerError);
    assert.match(error.message, /FEATURES_OK for VIRTIO_ECHO_F_BASE, VIRTIO_ECHO_F_MQ/);
    return true;
  });
  assert.equal(device.getStatus(), FOUND | FAILED);
  await assert.rejects(driver.openOne(0), TypeError);
  await driver.close();
});

Deno.test("negotiate() throws RangeError for features that are no features of the device", async () => {
  const { driver } = pair();
  await assert.rejects(driver.agree({ want: featureSet(5) }), RangeError);
  await assert.rejects(driver.agree({ want: 0n, require: featureSet(32) }), RangeError);
  await driver.close();
});

Deno.test("negotiate() stops at its signal, also while the device does not reset", async () => {
  const { driver, transport, device } = pair();
  const reason = new Error("enough");
  await assert.rejects(driver.agree({ want: 0n, signal: AbortSignal.abort(reason) }), reason);
  const { getStatus } = transport;
  transport.getStatus = () => Promise.resolve(DRIVER);
  const controller = new AbortController();
  const negotiating = driver.agree({ want: 0n, signal: controller.signal });
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(negotiating, reason);
  transport.getStatus = getStatus;
  await driver.close();
  assert.equal(device.getStatus(), 0);
});

Deno.test("openQueue() takes the size that all agree on", async () => {
  const device = new EchoDevice({ queueSizeMax: 100 });
  for (
    const [ring, size, actual] of [
      [SPLIT, undefined, 64],
      [SPLIT, 50, 32],
      [SPLIT, 1, 1],
      [{}, undefined, 100],
      [{}, 7, 7],
    ] as const
  ) {
    const { driver } = pair(device);
    await driver.agree({ want: 0n, ring });
    assert.equal((await driver.openOne(0, size)).size, actual);
    await driver.close();
  }
});

Deno.test("openQueue() refuses queues that are not there, or open, or sizes that lie", async () => {
  const { driver, transport } = pair();
  await assert.rejects(driver.openOne(0), TypeError);
  await driver.agree({ want: 0n });
  await assert.rejects(driver.openOne(1), PeerError);
  await driver.openOne(0);
  await assert.rejects(driver.openOne(0), TypeError);
  for (const max of [65536, -1, 1.5, NaN]) {
    transport.queueSizeMax = () => Promise.resolve(max);
    await assert.rejects(driver.openOne(1), PeerError);
  }
  await driver.close();
});

Deno.test("openQueue() gives the memory back when the device refuses the queue", async () => {
  const { driver, transport } = pair();
  await driver.agree({ want: 0n });
  const before = transport.arena.available;
  const refusal = new TransportError("refused");
  transport.enableQueue = () => Promise.reject(refusal);
  await assert.rejects(driver.openOne(0), refusal);
  assert.equal(transport.arena.available, before);
  await driver.close();
});

Deno.test("Driver kicks only once DRIVER_OK is set", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Initialization#7");
  const { driver, transport } = pair();
  const kicks: number[] = [];
  transport.notify = (index) => void kicks.push(index);
  await driver.agree({ want: 0n, ring: SPLIT });
  const queue = await driver.openOne(0);
  driver.use(queue);
  queue.writable(transport.arena.allocate(16).address, 16);
  queue.add();
  queue.kick();
  assert.deepEqual(kicks, []);
  await driver.go();
  assert.deepEqual(kicks, [0]);
  await driver.close();
});

Deno.test("Driver hands notification data to the transport when that is negotiated", async () => {
  for (const notificationData of [true, false]) {
    const { driver, transport } = pair();
    const data: number[] = [];
    transport.notify = (_index, word) => void data.push(word);
    await driver.start({ want: 0n, ring: { packed: false, notificationData } });
    driver.echo(BYTES).catch(() => {});
    assert.deepEqual(data, [notificationData ? 1 << 16 : 0]);
    await driver.close();
  }
});

Deno.test("Driver holds back what does not fit, and sends all in the end", async () => {
  const { driver } = pair();
  await driver.start({ want: 0n, ring: { ...SPLIT, indirect: false } }, 4);
  const sent = Array.from({ length: 300 }, (_, at) => Uint8Array.of(at, at >> 8));
  assert.deepEqual(await Promise.all(sent.map((data) => driver.echo(data))), sent);
  await driver.close();
});

Deno.test("close() aborts what is pending, resets the device and gives all memory back", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Cleanup#2");
  const device = new EchoDevice();
  device.holding = true;
  const transport = loopback(device);
  const whole = transport.arena.available;
  let pending: Promise<Uint8Array>;
  {
    await using driver = await EchoDriver.open(transport, SPLIT);
    pending = driver.echo(BYTES);
    pending.catch(() => {});
    await tasks();
    assert.equal(device.held, 1);
  }
  await assert.rejects(pending, aborted(/the driver was closed/));
  assert.equal(device.getStatus(), 0);
  assert.equal(transport.arena.available, whole);
  await assert.rejects(transport.getStatus(), TransportError);
});

Deno.test("close() twice is once, and requests afterwards are refused", async () => {
  const { driver, transport } = await running();
  const written = recordStatus(transport);
  assert.equal(driver.close(), driver.close());
  await driver.close();
  assert.deepEqual(written, [0]);
  await assert.rejects(driver.echo(BYTES), RequestAborted);
});

Deno.test("A lost transport ends pending requests, is told once, and can be closed", async () => {
  const { driver, transport, device } = await running();
  device.holding = true;
  const told: Error[] = [];
  driver.onNeedsReset = (error) => told.push(error);
  const pending = driver.echo(BYTES);
  pending.catch(() => {});
  const written = recordStatus(transport);
  const lost = new TransportError("Cannot reach the device: the socket was closed");
  transport.onLost(lost);
  transport.onLost(new TransportError("again"));
  await assert.rejects(
    pending,
    (error) => aborted(/socket/)(error) && (error as Error).cause === lost,
  );
  await assert.rejects(driver.echo(BYTES), RequestAborted);
  assert.deepEqual(told, [lost]);
  assert.deepEqual(driver.aborted.slice(-1), [lost.message]);
  await driver.close();
  assert.deepEqual(written, [], "nothing is said to a device that is gone");
});

Deno.test("DEVICE_NEEDS_RESET ends pending requests, and a new negotiation mends all", async () => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Device Status Field#4");
  const { driver, transport, device } = await running();
  const told: Error[] = [];
  driver.onNeedsReset = (error) => told.push(error);
  device.holding = true;
  const pending = driver.echo(BYTES);
  pending.catch(() => {});
  await tasks();
  device.needsReset(new Error("on fire"));
  await assert.rejects(pending, aborted(/DEVICE_NEEDS_RESET/));
  assert.ok(told[0] instanceof PeerError);
  assert.equal(told.length, 1);
  device.holding = false;
  await driver.start({ want: 0n, ring: SPLIT });
  assert.equal(device.getStatus(), READY);
  assert.deepEqual(await driver.echo(BYTES), BYTES);
  await driver.close();
  assert.equal(transport.arena.available, transport.arena.size);
});

Deno.test("A queue that the device lies in ends pending requests and sets FAILED", async () => {
  const { driver, transport, device } = await running();
  const told: Error[] = [];
  driver.onNeedsReset = (error) => told.push(error);
  device.holding = true;
  const pending = driver.echo(BYTES);
  pending.catch(() => {});
  await tasks();
  const { layout } = device.save().queues[0]!;
  transport.memory.view(layout.device + 2, 6)!.set([1, 0, 0xff, 0xff, 0, 0]); // used: no such id
  transport.onQueueNotify(0);
  await assert.rejects(pending, (error) => (error as Error).cause instanceof PeerError);
  assert.equal(told[0], driver.queue!.broken);
  await tasks();
  assert.equal(device.getStatus(), READY | FAILED);
  await driver.close();
});

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

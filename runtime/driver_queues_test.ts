import assert from "node:assert/strict";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { PeerError, RequestAborted, TransportError } from "./errors.ts";
import { loopback } from "./loopback.ts";
import { covers } from "../testing/covers.ts";
import {
  aborted,
  BYTES,
  FAILED,
  pair,
  READY,
  recordStatus,
  running,
  SPLIT,
  tasks,
} from "./driver_fixture.ts";

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

// What drivers do with any device, statement by statement (VIRTIO 1.4, 2, 3 and 6).

import assert from "node:assert/strict";
import { BlockDriver } from "../../generated/blk/mod.ts";
import {
  NetworkDriver,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_HOST_ECN,
  VIRTIO_NET_F_HOST_TSO4,
  VIRTIO_NET_F_MAC,
  VIRTIO_NET_F_MQ,
  VIRTIO_NET_F_RSC_EXT,
} from "../../generated/net/mod.ts";
import {
  AGREED,
  DRIVER_OK,
  FAILED,
  FEATURES_OK,
  pair,
  READY,
  running,
  SUSPEND,
  tasks,
} from "../../runtime/driver_fixture.ts";
import { EchoDevice, EchoDriver } from "../../runtime/echo_fixture.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import type { Transport } from "../../runtime/transport.ts";
import { MmioDevice } from "../../runtime/transports/mmio_device.ts";
import { findMmio } from "../../runtime/transports/mmio_driver.ts";
import { access, machineMemory } from "../../runtime/transports/rigs_fixture.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const { VIRTIO_F_VERSION_1, VIRTIO_F_SR_IOV } = ReservedFeature;

/** Makes a transport show another status for some reads after each write of one that matters. */
function lagging(transport: Transport, matters: (status: number) => boolean, instead: number) {
  const { getStatus, setStatus } = transport;
  let left = 0;
  const log: string[] = [];
  transport.setStatus = (status) => {
    log.push(`write ${status}`);
    left = matters(status) ? 3 : 0;
    return setStatus.call(transport, status);
  };
  transport.getStatus = async () => {
    const status = left-- > 0 ? instead : await getStatus.call(transport);
    log.push(`read ${status}`);
    return status;
  };
  return log;
}

Deno.test("a driver takes no feature on offer whose prerequisites are not (2.2.1)", async () => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Feature Bits#3");
  const sound = [VIRTIO_F_VERSION_1, VIRTIO_NET_F_MAC];
  const lonely = [
    VIRTIO_NET_F_HOST_TSO4, // needs CSUM
    VIRTIO_NET_F_HOST_ECN, // needs one of those
    VIRTIO_NET_F_RSC_EXT,
    VIRTIO_NET_F_MQ, // needs a control queue
  ];
  const hand = new HandDevice(1, featureSet(...sound, ...lonely), new Uint8Array(28));
  await using driver = await NetworkDriver.open(hand);
  assert.equal(hand.accepted, featureSet(...sound));
  assert.equal(driver.features, hand.accepted);
  const whole = new HandDevice(1, hand.accepted | featureSet(0, ...lonely), new Uint8Array(28));
  await using other = await NetworkDriver.open(whole);
  assert.equal(other.hasFeature(VIRTIO_NET_F_HOST_ECN), true);
  assert.equal(other.hasFeature(VIRTIO_NET_F_MQ), other.hasFeature(VIRTIO_NET_F_CTRL_VQ));
});

Deno.test("a driver does without what is not on offer, or gives the device up (2.2.1)", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#6",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#7",
  );
  const hand = new HandDevice(1, featureSet(VIRTIO_F_VERSION_1), new Uint8Array(28));
  await using driver = await NetworkDriver.open(hand);
  assert.equal(driver.features, featureSet(VIRTIO_F_VERSION_1));
  const { transport, device, driver: modern } = pair();
  transport.getFeatures = () => Promise.resolve(1n); // no VERSION_1
  await assert.rejects(modern.agree({ want: 0n }), /VIRTIO_F_VERSION_1/);
  assert.notEqual(device.getStatus() & FAILED, 0);
  assert.equal(device.getStatus() & FEATURES_OK, 0, "it went no further");
});

Deno.test("a device is reset once its status reads 0 (2.4.2)", async () => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Device Reset#1");
  const { driver, transport } = await running();
  const log = lagging(transport, (status) => status === 0, READY);
  await driver.start({ want: 0n });
  const wait = ["write 0", ...Array(3).fill(`read ${READY}`), "read 0"];
  assert.deepEqual(log.splice(0, 6), [...wait, "write 1"]);
  const { close } = transport;
  transport.close = () => {
    log.push("closed");
    return close.call(transport);
  };
  log.length = 0;
  await driver.close();
  assert.deepEqual(log, [...wait, "closed"]);
});

Deno.test("a queue is reset once the device says so (2.6.1.1.2)", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Virtqueue Reset / Virtqueue Reset#1",
  );
  const [QUEUE_READY, QUEUE_RESET] = [0x44, 0xc0];
  const memory = machineMemory();
  let notify = () => {};
  const device = new EchoDevice();
  const file = new MmioDevice(device, { memory, interrupt: () => notify() });
  const log: string[] = [];
  let left = 0;
  const registers = access(() => ({
    read: (offset, size) => {
      if (offset !== QUEUE_RESET) return file.read(offset, size);
      const value = left-- > 0 ? 1 : file.read(offset, size);
      log.push(`reset reads ${value}`);
      return value;
    },
    write: (offset, size, value) => {
      if (offset === QUEUE_RESET) left = 3;
      if (offset === QUEUE_RESET || offset === QUEUE_READY) log.push(`${offset} = ${value}`);
      file.write(offset, size, value);
    },
  }), false);
  const transport = (await findMmio({ registers, memory }))!;
  notify = () => queueMicrotask(() => transport.interrupt());
  const driver = new EchoDriver(transport);
  await driver.start({ want: 0n });
  log.length = 0;
  const before = transport.arena.available;
  const reset = driver.resetQueue(driver.queue!);
  await tasks();
  assert.ok(log.length < 5, "it is being reset");
  assert.equal(transport.arena.available, before, "its memory is still the device's");
  driver.use(await reset);
  assert.deepEqual(log, [
    `${QUEUE_RESET} = 1`,
    ...Array(3).fill("reset reads 1"),
    "reset reads 0",
    `${QUEUE_READY} = 1`,
  ]);
  assert.deepEqual(await driver.echo(Uint8Array.of(7)), Uint8Array.of(7));
  await driver.close();
});

Deno.test("what lies behind the bytes that were used is not looked at (2.7.8.3)", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Used Ring#1",
    "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Used Ring#2",
  );
  const card = new HandDevice(1, featureSet(VIRTIO_F_VERSION_1), new Uint8Array(28));
  const seen: string[] = [];
  {
    await using _driver = await NetworkDriver.open(card, {
      onReceive: (_value, data) => void seen.push(data.toHex()),
      onError: () => void seen.push("refused"),
    });
    const queue = card.queues.get(0)!;
    for (const used of [12, 14, 11]) {
      const head = queue.pop();
      queue.chain(head).write(0, new Uint8Array(100).fill(0xab).fill(0, 0, 12), 0, 100);
      queue.push(head, used);
      queue.publish();
      await tasks();
    }
  }
  assert.deepEqual(seen, ["", "abab", "refused"]);
  const disk = new HandDevice(
    2,
    featureSet(VIRTIO_F_VERSION_1),
    Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0),
  );
  disk.onKick = (queue) => {
    const head = queue.pop();
    const chain = queue.chain(head);
    for (let at = 0; at < chain.writableLength; at++) chain.writeByte(at, 0); // OK, if one looks
    queue.push(head, chain.writableLength - 1);
    queue.publish();
  };
  await using driver = await BlockDriver.open(disk);
  await assert.rejects(driver.in({ sector: 0 }, new Uint8Array(512)), { name: "PeerError" });
});

Deno.test("no feature is accepted after FEATURES_OK (3.1.1)", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Initialization#4");
  const { driver, transport, device } = pair();
  const log: string[] = [];
  const { setFeatures, setStatus } = transport;
  transport.setFeatures = (features) => {
    log.push("features");
    return setFeatures.call(transport, features);
  };
  transport.setStatus = (status) => {
    log.push((status & FEATURES_OK) === 0 ? "before" : "after");
    return setStatus.call(transport, status);
  };
  await driver.start({ want: 1n });
  await driver.echo(Uint8Array.of(1));
  device.configChanged();
  await tasks();
  await driver.suspend();
  await driver.resume();
  driver.use(await driver.resetQueue(driver.queue!));
  await driver.echo(Uint8Array.of(2));
  assert.ok(log.includes("after"));
  assert.equal(log.filter((one) => one === "features").length, 1);
  assert.ok(log.indexOf("features") < log.indexOf("after"));
  await driver.close();
});

Deno.test("buffers that are exposed stay as they are until the device is reset (3.3.1)", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Cleanup#1");
  for (const packed of [false, true]) {
    const bits = packed ? [ReservedFeature.VIRTIO_F_RING_PACKED] : [];
    const hand = new HandDevice(1, featureSet(VIRTIO_F_VERSION_1, ...bits), new Uint8Array(28));
    const driver = await NetworkDriver.open(hand, { onReceive: () => {} });
    const all = hand.memory.view(0x4000_0000, 4 << 20)!;
    const before = all.slice();
    let during: Uint8Array | undefined;
    const { setStatus } = hand;
    hand.setStatus = (status) => {
      if (status === 0) during ??= all.slice();
      return setStatus.call(hand, status);
    };
    await driver.close();
    assert.deepEqual(during, before, "rings and buffers, as the device sees them to the last");
  }
});

Deno.test("a suspended device gets no buffers and no notifications (3.4.1)", async () => {
  covers(
    "drivernormative:General Initialization And Device Operation / Device Suspend#3",
    "drivernormative:General Initialization And Device Operation / Device Suspend#4",
  );
  const { driver, transport } = pair();
  let kicks = 0;
  let ring = 0;
  const { notify, enableQueue } = transport;
  transport.enableQueue = (layout) => {
    ring = layout.driver;
    return enableQueue.call(transport, layout);
  };
  transport.notify = (index, data) => {
    kicks++;
    notify.call(transport, index, data);
  };
  await driver.start({ want: 0n, ring: { packed: false } });
  await driver.echo(Uint8Array.of(1));
  const before = kicks;
  const available = () => [...transport.memory.view(ring + 2, 2)!];
  assert.deepEqual(available(), [1, 0]);
  const suspending = driver.suspend();
  const early = driver.echo(Uint8Array.of(2));
  await suspending;
  const later = driver.echo(Uint8Array.of(3));
  driver.queue!.kick();
  await tasks();
  assert.equal(kicks, before);
  assert.deepEqual(available(), [1, 0], "the index of the available ring");
  await driver.resume();
  assert.deepEqual([await early, await later], [Uint8Array.of(2), Uint8Array.of(3)]);
  assert.ok(kicks > before);
  await driver.close();
});

Deno.test("a driver goes on once the device says that it has resumed (3.4.1)", async () => {
  covers("drivernormative:General Initialization And Device Operation / Device Suspend#6");
  const { driver, transport } = await running();
  await driver.suspend();
  const log = lagging(transport, (status) => (status & DRIVER_OK) !== 0, AGREED | SUSPEND);
  const { notify } = transport;
  transport.notify = (index, data) => {
    log.push("kick");
    notify.call(transport, index, data);
  };
  const pending = driver.echo(Uint8Array.of(5));
  await driver.resume();
  await pending;
  const waits = [...Array(3).fill(`read ${AGREED | SUSPEND}`), `read ${READY}`];
  assert.deepEqual(log, [`write ${READY | SUSPEND}`, ...waits, "kick"]);
  await driver.close();
});

Deno.test("virtual functions are left alone where there are none (6.1)", async () => {
  covers("drivernormative:Reserved Feature Bits#10");
  const offered = featureSet(VIRTIO_F_VERSION_1, VIRTIO_F_SR_IOV);
  const hand = new HandDevice(1, offered, new Uint8Array(28));
  await using driver = await NetworkDriver.open(hand);
  assert.equal(driver.hasFeature(VIRTIO_F_SR_IOV), false);
  assert.equal(hand.accepted, featureSet(VIRTIO_F_VERSION_1));
});

Deno.test("a configuration space may be longer than the driver knows (2.5.1)", async () => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Device Configuration Space#4");
  const bytes = new Uint8Array(400).fill(0xee);
  const hand = new HandDevice(1, featureSet(VIRTIO_F_VERSION_1, VIRTIO_NET_F_MAC), bytes);
  await using driver = await NetworkDriver.open(hand);
  assert.deepEqual(driver.config, { mac: new Uint8Array(6).fill(0xee) });
});

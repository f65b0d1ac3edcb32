// What generated drivers and queues do by themselves, whatever their users ask for, as the standard demands.

import assert from "node:assert/strict";
import { BalloonDevice, BalloonDriver } from "../../generated/balloon/mod.ts";
import { CanDevice, CanDriver, CanFrameFlag } from "../../generated/can/mod.ts";
import { FileSystemDevice, FileSystemDriver } from "../../generated/fs/mod.ts";
import { GpioDevice, GpioDriver } from "../../generated/gpio/mod.ts";
import { GpuDevice, GpuDriver, GpuFlag, GpuFormat, GpuResponse } from "../../generated/gpu/mod.ts";
import { IommuDevice, IommuDriver } from "../../generated/iommu/mod.ts";
import { RtcDriver, VIRTIO_RTC_F_ALARM } from "../../generated/rtc/mod.ts";
import { ScmiDriver, VIRTIO_SCMI_F_P2A_CHANNELS } from "../../generated/scmi/mod.ts";
import { SoundDriver } from "../../generated/sound/mod.ts";
import type { Driver } from "../../runtime/driver.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { Status } from "../../runtime/status.ts";
import type { Transport } from "../../runtime/transport.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

/** Lets everything run that waits for nothing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}

Deno.test("balloon: the poison is there before the driver is ready, and stays", async () => {
  covers(
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Page Poison#2",
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Page Poison#3",
  );
  const written: [value: number, ready: boolean][] = [];
  const device: BalloonDevice = new BalloonDevice({
    config: { numPages: 0, actual: 0, poisonVal: 0 },
    onPoisonVal: (value) => {
      written.push([value, (device.getStatus() & Status.DRIVER_OK) !== 0]);
    },
  });
  await using driver = await BalloonDriver.open(loopback(device), {
    config: { poisonVal: 0xaaaa_aaaa },
  });
  assert.deepEqual(written, [[0xaaaa_aaaa, false]]);
  await driver.setActual(1);
  assert.equal(driver.config.poisonVal, 0xaaaa_aaaa);
  assert.equal(written.length, 1);
});

Deno.test("can: all buffers for received frames have room for the largest frame", async () => {
  covers(
    "drivernormative:Device Types / CAN Device / Device Operation / Initialization#1",
  );
  const device = new CanDevice({ config: { status: 0 }, features: ["CAN_FD"] });
  const received: number[] = [];
  await using _driver = await CanDriver.open(loopback(device), {
    features: ["CAN_FD"],
    queueSize: 4,
    onRx: ({ sdu }) => void received.push(sdu.length),
  });
  const frame = { flags: CanFrameFlag.FD, canId: 1, sdu: new Uint8Array(64) };
  for (let count = 0; count < 4; count++) assert.equal(device.sendRx(frame), true, `${count}`);
  await settle();
  assert.deepEqual(received, [64, 64, 64, 64]);
});

Deno.test("fs: all buffers for notify messages are as large as the device wants them", async () => {
  covers(
    "drivernormative:Device Types / File System Device / Device Operation / Device Operation: Notification Queue#1",
  );
  const config = { tag: "x", numRequestQueues: 1, notifyBufSize: 4096 };
  const received: number[] = [];
  const device = new FileSystemDevice({ config });
  await using _driver = await FileSystemDriver.open(loopback(device), {
    queueSize: 4,
    onNotify: (_, outarg) => void received.push(outarg.length),
  });
  const outarg = new Uint8Array(config.notifyBufSize - 16);
  for (let count = 0; count < 4; count++) {
    assert.equal(device.sendNotify({ error: 1, unique: 0n }, outarg), true, `${count}`);
  }
  await settle();
  assert.deepEqual(received, [4080, 4080, 4080, 4080]);
});

Deno.test("fs: requests of high priority are served while all others wait", async () => {
  covers(
    "devicenormative:Device Types / File System Device / Device Operation / Device Operation: High Priority Queue#1",
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const served: string[] = [];
  const device = new FileSystemDevice({
    config: { tag: "x", numRequestQueues: 1 },
    req: async ({ unique }) => {
      await promise;
      served.push("request");
      return { error: 0, unique };
    },
    interrupt: ({ unique }) => (served.push("interrupt"), { error: 0, unique }),
  });
  await using driver = await FileSystemDriver.open(loopback(device), { queueSize: 8 });
  const header = { unique: 1n, nodeid: 1n, uid: 0, gid: 0, pid: 0, totalExtlen: 0 };
  const none = new Uint8Array(0);
  const waiting = [1, 2, 3].map(() => driver.req({ opcode: 38, ...header }, none, none));
  await settle();
  await driver.interrupt(header, new Uint8Array(8), none);
  assert.deepEqual(served, ["interrupt"]);
  resolve();
  await Promise.all(waiting);
  assert.deepEqual(served, ["interrupt", "request", "request", "request"]);
});

Deno.test("gpio: a driver asks for no interrupts without the feature", async () => {
  covers("drivernormative:Device Types / GPIO Device / requestq Operation#8");
  const device = new GpioDevice({ config: { ngpio: 4, gpioNamesSize: 0 } });
  await using driver = await GpioDriver.open(loopback(device));
  const before = driver.requestq[0]!.ring.pending;
  await assert.rejects(async () => await driver.setIrqType({ gpio: 1, value: 1 }), TypeError);
  assert.equal(driver.requestq[0]!.ring.pending, before);
});

Deno.test("gpu: a command with a fence is answered once it is complete", async () => {
  covers(
    "devicenormative:Device Types / GPU Device / Device Operation / Device Operation: Command lifecycle and fencing#2",
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const device = new GpuDevice({
    config: { eventsRead: 0, eventsClear: 0, numScanouts: 1, numCapsets: 0 },
    resourceUnref: async () => {
      await promise;
      return GpuResponse.OK_NODATA;
    },
  });
  await using driver = await GpuDriver.open(loopback(device));
  let isAnswered = false;
  const image = { format: GpuFormat.B8G8R8A8_UNORM, width: 1, height: 1 };
  const plain = { flags: 0, fenceId: 0n, ctxId: 0, ringIdx: 0 };
  await driver.resourceCreate2d({ ...plain, ...image, resourceId: 1 });
  const header = { flags: GpuFlag.FENCE, fenceId: 7n, ctxId: 0, ringIdx: 0 };
  const pending = driver.resourceUnref({ ...header, resourceId: 1 });
  pending.then(() => isAnswered = true);
  await settle();
  assert.equal(isAnswered, false);
  resolve();
  assert.equal((await pending).type, GpuResponse.OK_NODATA);
});

Deno.test("iommu: a driver takes the ranges and probing; a device has one way to bypass", async () => {
  covers(
    "drivernormative:Device Types / IOMMU Device / Feature bits#1",
    "devicenormative:Device Types / IOMMU Device / Feature bits#3",
  );
  const config = { pageSizeMask: 0x1000n };
  const device = new IommuDevice({
    config: {
      ...config,
      inputRange: { start: 0n, end: 0xffffn },
      domainRange: { start: 0, end: 7 },
      probeSize: 64,
    },
    probe: () => ({ properties: [] }),
  });
  await using driver = await IommuDriver.open(loopback(device));
  for (const bit of [0, 1, 4]) assert.ok(driver.hasFeature(bit), `bit ${bit}`);
  new IommuDevice({ config, features: ["BYPASS"] });
  assert.throws(
    () => new IommuDevice({ config: { ...config, bypass: 1 }, features: ["BYPASS"] }),
    RangeError,
  );
});

Deno.test("iommu: a driver writes 0 or 1 to bypass, and nothing else", async () => {
  covers("drivernormative:Device Types / IOMMU Device / Device configuration layout#3");
  const device = new IommuDevice({ config: { pageSizeMask: 0x1000n, bypass: 1 } });
  await using driver = await IommuDriver.open(loopback(device));
  for (const value of [2, 255]) {
    await assert.rejects(async () => await driver.setBypass(value), RangeError);
    assert.equal(device.settings.bypass, 1);
  }
  await driver.setBypass(0);
  assert.equal(device.settings.bypass, 0);
});

/** Lengths of what a driver parks in a queue: the readable and the writable part of each buffer. */
async function parked(
  open: (transport: Transport) => Promise<Driver>,
  { id, feature, queue }: { id: number; feature?: number; queue: number },
): Promise<[readable: number, writable: number][]> {
  const { VIRTIO_F_VERSION_1 } = ReservedFeature;
  const features = featureSet(VIRTIO_F_VERSION_1, ...(feature === undefined ? [] : [feature]));
  const hand = new HandDevice(id, features, new Uint8Array(64));
  await using _driver = await open(hand);
  const ring = hand.queues.get(queue);
  assert.ok(ring !== undefined, "the driver did not enable the queue");
  const found: [number, number][] = [];
  for (let head = ring.pop(); head >= 0; head = ring.pop()) {
    const chain = ring.chain(head);
    found.push([chain.readableLength, chain.writableLength]);
  }
  return found;
}

Deno.test("rtc: with ALARM, the driver fills alarmq with buffers for notifications", async () => {
  covers(
    "drivernormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Notifications#1",
    "drivernormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Notifications#2",
  );
  const open = (transport: Transport) => RtcDriver.open(transport, { queueSize: 4 });
  const found = await parked(open, { id: 17, feature: VIRTIO_RTC_F_ALARM, queue: 1 });
  assert.deepEqual(found, [[0, 16], [0, 16], [0, 16], [0, 16]]);
});

Deno.test("scmi: with P2A_CHANNELS, the driver fills eventq with buffers of the size that its user gives", async () => {
  covers(
    "drivernormative:Device Types / SCMI Device / Device Operation / Setting Up eventq Buffers#1",
    "drivernormative:Device Types / SCMI Device / Device Operation / Setting Up eventq Buffers#2",
    "drivernormative:Device Types / SCMI Device / Device Operation / Setting Up eventq Buffers#3",
  );
  const open = (transport: Transport) =>
    ScmiDriver.open(transport, { queueSize: 4, bufferSize: 5000 });
  const found = await parked(open, { id: 32, feature: VIRTIO_SCMI_F_P2A_CHANNELS, queue: 1 });
  assert.deepEqual(found, [[0, 5000], [0, 5000], [0, 5000], [0, 5000]]);
});

Deno.test("sound: the driver fills eventq with buffers for an event, however few bytes its user gives", async () => {
  covers(
    "drivernormative:Device Types / Sound Device / Device Initialization#2",
    "drivernormative:Device Types / Sound Device / Device Initialization#3",
  );
  const open = (transport: Transport) =>
    SoundDriver.open(transport, { queueSize: 4, bufferSize: 1 });
  assert.deepEqual(await parked(open, { id: 25, queue: 1 }), [[0, 8], [0, 8], [0, 8], [0, 8]]);
});

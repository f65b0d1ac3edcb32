// The controller of a CAN device (VIRTIO 1.4, 5.20.5).

import assert from "node:assert/strict";
import {
  CanControllerStatus,
  CanDevice,
  type CanDeviceOptions,
  CanDriver,
  CanResult,
  type CanRx,
} from "../../generated/can/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { OK, NOT_OK } = CanResult;
const { CTRL_BUSOFF } = CanControllerStatus;
const SDU = Uint8Array.of(1, 2, 3);

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A device whose frames wait for the test, and a driver. */
async function opened(options: Partial<CanDeviceOptions> = {}) {
  const bus: number[] = [];
  const sent: ((result: typeof OK) => void)[] = [];
  const received: number[] = [];
  const device = new CanDevice({
    config: { status: 0 },
    features: ["CAN_CLASSIC", "LATE_TX_ACK"],
    tx: ({ canId }) => {
      bus.push(canId);
      return new Promise((resolve) => sent.push(resolve));
    },
    ...options,
  });
  const driver = await CanDriver.open(loopback(device), {
    onRx: (frame: CanRx) => void received.push(frame.canId),
  });
  let told = 0;
  driver.onConfigChange = () => void told++;
  return {
    device,
    driver,
    bus,
    sent,
    received,
    controller: device.controller!,
    told: () => told,
    tx: async (canId: number) => (await driver.tx({ flags: 0, canId, sdu: SDU })).result,
    start: async () => (await driver.start()).result,
    stop: async () => (await driver.stop()).result,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("a controller is stopped at first, and sends and receives nothing then (5.20.5.1, 5.20.5.2)", async () => {
  covers(
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#3",
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#4",
  );
  await using can = await opened();
  assert.equal(await can.tx(1), NOT_OK);
  assert.equal(can.controller.receive({ flags: 0, canId: 2, sdu: SDU }), false);
  assert.equal(await can.start(), OK);
  assert.equal(await can.start(), OK, "again");
  const answer = can.tx(3);
  await settled();
  can.sent[0]!(OK);
  assert.equal(await answer, OK);
  assert.equal(can.controller.receive({ flags: 0, canId: 4, sdu: SDU }), true);
  await settled();
  assert.deepEqual([can.bus, can.received], [[3], [4]]);
});

Deno.test("stopping gives back the frames that wait, and what they are answered later is dropped (5.20.5.1)", async () => {
  const calls: string[] = [];
  await using can = await opened({
    controller: {
      onStart: () => Promise.resolve(calls.push("start") > 1),
      onStop: async () => {
        await settled();
        calls.push("stop");
      },
    },
  });
  assert.equal(await can.start(), NOT_OK, "not possible at first");
  assert.equal(can.controller.started, false);
  assert.equal(await can.start(), OK);
  const waiting = [can.tx(1), can.tx(2)];
  await settled();
  const stopped = can.stop();
  assert.deepEqual(await Promise.all(waiting), [NOT_OK, NOT_OK]);
  assert.equal(await stopped, OK);
  assert.deepEqual(calls, ["start", "start", "stop"]);
  for (const resolve of can.sent) resolve(OK);
  assert.equal(await can.tx(3), NOT_OK);
  assert.equal(await can.stop(), OK, "again");
  assert.deepEqual(calls, ["start", "start", "stop"]);
});

Deno.test("off the bus, the driver is told and gets its frames back, until it starts again (5.20.5.4)", async () => {
  await using can = await opened();
  await can.start();
  const waiting = [can.tx(1), can.tx(2)];
  await settled();
  can.controller.busOff();
  assert.deepEqual(await Promise.all(waiting), [NOT_OK, NOT_OK]);
  await settled();
  assert.equal(can.told(), 1);
  assert.equal(can.driver.config.status, CTRL_BUSOFF);
  assert.equal(can.controller.started, false);
  assert.equal(await can.tx(3), NOT_OK);
  can.controller.busOff();
  await settled();
  assert.equal(can.told(), 1, "it is off already");
  assert.equal(await can.start(), OK);
  assert.equal(can.device.settings.status, 0, "before the request comes back");
  const answer = can.tx(4);
  await settled();
  can.sent.at(-1)!(OK);
  assert.equal(await answer, OK);
});

Deno.test("control requests are served in order, however long one takes (5.20.5.1)", async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const calls: string[] = [];
  await using can = await opened({
    controller: {
      onStart: () => (calls.push("start"), promise),
      onStop: () => void calls.push("stop"),
    },
  });
  const answers = [can.start(), can.stop()];
  await settled();
  assert.deepEqual(calls, ["start"]);
  resolve(true);
  assert.deepEqual(await Promise.all(answers), [OK, OK]);
  assert.deepEqual(calls, ["start", "stop"]);
});

Deno.test("a start that a reset overtakes is undone, before the next one (5.20.5.1)", async () => {
  const starts: ((can: boolean) => void)[] = [];
  const calls: string[] = [];
  await using can = await opened({
    controller: {
      onStart: () => (calls.push("start"), new Promise((resolve) => starts.push(resolve))),
      onStop: () => void calls.push("stop"),
    },
  });
  const overtaken = can.start();
  await settled();
  await can.driver.close();
  await assert.rejects(overtaken);
  await using driver = await CanDriver.open(loopback(can.device));
  const started = driver.start();
  await settled();
  assert.deepEqual(calls, ["start"]);
  starts[0]!(true);
  await settled();
  assert.equal(can.controller.started, false);
  assert.deepEqual(calls, ["start", "stop", "start"]);
  starts[1]!(true);
  assert.equal((await started).result, OK);
  assert.equal(can.controller.started, true);
});

Deno.test("a controller that fails to stop with a reset is told of, and harms nothing (5.20.5.1)", async () => {
  const { error } = console;
  const told: unknown[] = [];
  console.error = (what) => void told.push(what);
  try {
    const broken = new Error("no bus");
    const can = await opened({ controller: { onStop: () => Promise.reject(broken) } });
    await can.start();
    await can.driver.close();
    await settled();
    assert.deepEqual(told, [broken]);
  } finally {
    console.error = error;
  }
});

Deno.test("a reset stops the controller; a snapshot says whether it is started (5.20.5.1)", async () => {
  let stops = 0;
  await using can = await opened({ controller: { onStop: () => void stops++ } });
  await can.start();
  assert.deepEqual(can.device.save().behaviours, { controller: true });
  can.controller.busOff();
  assert.equal(stops, 0, "who says so knows");
  can.device.setStatus(0);
  assert.equal(can.device.settings.status, 0);
  can.controller.restore(true, "behaviours.controller");
  assert.equal(can.controller.started, true);
  assert.throws(() => can.controller.restore(1, "behaviours.controller"), TypeError);
  can.device.setStatus(0);
  assert.deepEqual([can.controller.started, stops], [false, 1]);
  const own = new CanDevice({
    config: { status: 0 },
    features: ["CAN_CLASSIC"],
    start: () => OK,
    stop: () => OK,
  });
  assert.equal(own.controller, undefined, "the user does it");
});

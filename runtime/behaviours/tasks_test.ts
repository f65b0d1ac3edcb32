// Task management and events of a SCSI host (VIRTIO 1.4, 5.6.6.2 and 5.6.6.3).

import assert from "node:assert/strict";
import {
  type ScsiCommandAnswer,
  ScsiDevice,
  type ScsiDeviceOptions,
  ScsiDriver,
  type ScsiDriverOptions,
  type ScsiEvent,
  ScsiEventType,
  ScsiResetReason,
  ScsiResponse,
  ScsiTaskManagementFunction,
} from "../../generated/scsi/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { OK, ABORTED, RESET, FUNCTION_SUCCEEDED, FUNCTION_REJECTED, INCORRECT_LUN } = ScsiResponse;
const TMF = ScsiTaskManagementFunction;

async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function lun(target: number, unit = 0): Uint8Array {
  return Uint8Array.of(1, target, 0x40, unit, 0, 0, 0, 0);
}

const good: ScsiCommandAnswer = {
  senseLen: 0,
  residual: 0,
  statusQualifier: 0,
  status: 0,
  sense: new Uint8Array(0),
};

function made(options: Partial<ScsiDeviceOptions> = {}): ScsiDevice {
  return new ScsiDevice({
    config: {
      numQueues: 1,
      segMax: 8,
      maxSectors: 8,
      cmdPerLun: 8,
      eventInfoSize: 16,
      senseSize: 96,
      cdbSize: 32,
      maxChannel: 0,
      maxTarget: 255,
      maxLun: 16383,
    },
    ...options,
  });
}

/** A device whose commands wait for the test, and what came back in which order. */
async function waiting(options: Partial<ScsiDeviceOptions> = {}) {
  const ends = new Map<bigint, (answer: ScsiCommandAnswer) => void>();
  const device = made({
    command: ({ id }) => new Promise((resolve) => ends.set(id, resolve)),
    ...options,
  });
  const driver = await ScsiDriver.open(loopback(device));
  const order: (readonly [string, number])[] = [];
  const none = new Uint8Array(0);
  const command = (id: bigint, to: Uint8Array) =>
    void driver.command(
      { lun: to, id, taskAttr: 0, prio: 0, crn: 0, cdb: new Uint8Array(32) },
      none,
      none,
      none,
      none,
    ).then(({ response }) => order.push([`command ${id}`, response]), () => "the driver closed");
  const manage = async (subtype: number, to: Uint8Array, id = 0n) => {
    const { response } = await driver.tmf({ subtype: subtype as 0, lun: to, id });
    order.push(["tmf", response]);
    await settled();
    return order.splice(0);
  };
  return { device, ends, order, command, manage, [Symbol.asyncDispose]: () => driver.close() };
}

Deno.test("an abort ends the commands that it names, before it is answered itself (5.6.6.2)", async () => {
  const aborted: bigint[] = [];
  await using host = await waiting({ tasks: { onAbort: ({ id }) => aborted.push(id) } });
  for (const id of [1n, 2n, 3n]) host.command(id, lun(0));
  host.command(4n, lun(0, 1));
  host.command(5n, lun(1));
  await settled();
  assert.equal(host.device.tasks!.all.length, 5);
  assert.deepEqual(await host.manage(TMF.ABORT_TASK, lun(0), 2n), [
    ["command 2", ABORTED],
    ["tmf", OK],
  ]);
  assert.deepEqual(await host.manage(TMF.ABORT_TASK, lun(0), 2n), [["tmf", OK]], "it is gone");
  assert.deepEqual(await host.manage(TMF.ABORT_TASK_SET, lun(0)), [
    ["command 1", ABORTED],
    ["command 3", ABORTED],
    ["tmf", OK],
  ]);
  assert.deepEqual(await host.manage(TMF.CLEAR_TASK_SET, lun(1)), [
    ["command 5", ABORTED],
    ["tmf", OK],
  ]);
  assert.deepEqual(aborted, [2n, 1n, 3n, 5n]);
  host.ends.get(1n)!(good);
  host.ends.get(4n)!(good);
  await settled();
  assert.deepEqual(host.order, [["command 4", OK]], "a late answer is dropped, another is not");
  assert.deepEqual(host.device.tasks!.all, []);
});

Deno.test("a reset ends the commands of its unit, or of the whole target (5.6.6.2)", async () => {
  const resets: string[] = [];
  await using host = await waiting({
    tasks: { onReset: (to, whole) => resets.push(`${whole} ${to[1]}`) },
  });
  host.command(1n, lun(0));
  host.command(2n, lun(0, 1));
  host.command(3n, lun(0, 2));
  host.command(4n, lun(1));
  await settled();
  assert.deepEqual(await host.manage(TMF.LOGICAL_UNIT_RESET, lun(0, 1)), [
    ["command 2", RESET],
    ["tmf", OK],
  ]);
  assert.deepEqual(await host.manage(TMF.I_T_NEXUS_RESET, lun(0, 9)), [
    ["command 1", RESET],
    ["command 3", RESET],
    ["tmf", OK],
  ]);
  assert.deepEqual(resets, ["unit 0", "target 0"]);
});

Deno.test("a query tells whether commands are there, and what is not served is rejected (5.6.6.2)", async () => {
  await using host = await waiting({ tasks: { hasUnit: (to) => to[1] === 0 } });
  host.command(7n, lun(0));
  await settled();
  const answer = async (...about: Parameters<typeof host.manage>) =>
    (await host.manage(...about))[0]?.[1];
  assert.equal(await answer(TMF.QUERY_TASK, lun(0), 7n), FUNCTION_SUCCEEDED);
  assert.equal(await answer(TMF.QUERY_TASK, lun(0), 8n), OK);
  assert.equal(await answer(TMF.QUERY_TASK_SET, lun(0)), FUNCTION_SUCCEEDED);
  assert.equal(await answer(TMF.QUERY_TASK_SET, lun(0, 1)), OK);
  assert.equal(await answer(TMF.QUERY_TASK, lun(3), 7n), INCORRECT_LUN);
  assert.equal(await answer(TMF.CLEAR_ACA, lun(0)), FUNCTION_REJECTED);
  assert.equal(made({ tmf: () => OK }).tasks, undefined, "the user manages by himself");
});

Deno.test("an event without a buffer is lost, and the driver hears of it (5.6.6.3.2)", async () => {
  covers(
    "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: eventq#1",
    "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: eventq#3",
  );
  const { NO_EVENT, TRANSPORT_RESET, PARAM_CHANGE } = ScsiEventType;
  const seen: ScsiEvent[] = [];
  const listening: Partial<ScsiDriverOptions> = { onEvent: (event) => seen.push({ ...event }) };
  const device = made({ features: ["CHANGE"], queueSizeMax: 2 });
  const { events } = device;
  const report = (event: number, reason = 0) => events.report({ event, lun: lun(0), reason });
  assert.equal(report(TRANSPORT_RESET), false, "nobody is there");
  const driver = await ScsiDriver.open(loopback(device), listening);
  await settled();
  assert.equal(seen.length, 0, "a driver that comes later missed nothing");
  assert.deepEqual([1, 2, 3].map(() => report(PARAM_CHANGE)), [true, true, false]);
  assert.equal(events.missed, true);
  assert.deepEqual(JSON.parse(JSON.stringify(device.save())).behaviours.events, { missed: true });
  await settled();
  assert.deepEqual(seen.splice(0).map((one) => [one.event, one.eventsMissed]), [
    [PARAM_CHANGE, 0],
    [PARAM_CHANGE, 0],
    [NO_EVENT, 1],
  ]);
  assert.equal(report(TRANSPORT_RESET, ScsiResetReason.REMOVED), false, "HOTPLUG is not there");
  assert.equal(report(TRANSPORT_RESET, ScsiResetReason.HARD), true);
  assert.equal(events.missed, false, "what was not to be sent was not lost");
  assert.throws(() => events.restore({ missed: 1 }, "events"), TypeError);
  await driver.close();
});

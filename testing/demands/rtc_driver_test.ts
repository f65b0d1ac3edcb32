// What drivers of clocks send, and take (VIRTIO 1.4, 5.23.6).

import assert from "node:assert/strict";
import { RtcCounter, RtcDevice, RtcDriver, RtcStatus } from "../../generated/rtc/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const OPERATION = "drivernormative:Device Types / RTC Device / Device Operation";

const refused = (rule: RegExp) => ({ name: "RangeError", message: rule });

Deno.test("rtc: a driver hands out nothing that came without OK (5.23.6.1)", async () => {
  covers(`${OPERATION}#1`);
  const hand = new HandDevice(17, featureSet(0, 32), new Uint8Array(0));
  let status: number = RtcStatus.EIO;
  hand.onKick = (queue) => {
    if (queue.index !== 0) return;
    for (let head; (head = queue.pop()) >= 0;) {
      const chain = queue.chain(head);
      const answer = new Uint8Array(chain.writableLength).fill(0xee);
      answer[0] = status;
      chain.writable(0, answer.length).write(answer);
      queue.push(head, answer.length);
    }
    queue.publish();
  };
  await using driver = await RtcDriver.open(hand);
  const clockId = 0;
  const cross = { clockId, hwCounter: RtcCounter.ARM_VCT };
  const garbage = 0xeeee_eeee_eeee_eeeen;
  const asked = async () => [
    (await driver.read({ clockId })).clockReading,
    (await driver.readCross(cross)).counterCycles,
    (await driver.cfg()).numClocks,
    (await driver.clockCap({ clockId })).flags,
    (await driver.crossCap(cross)).flags,
    (await driver.readAlarm({ clockId })).alarmTime,
  ];
  assert.deepEqual(await asked(), [0n, 0n, 0, 0, 0, 0n]);
  status = RtcStatus.OK;
  assert.deepEqual(await asked(), [garbage, garbage, 0xeeee, 0xee, 0xee, garbage]);
});

Deno.test("rtc: a driver sends no flag but the one of alarms (5.23.6.1)", async () => {
  covers(`${OPERATION}#3`);
  const clocks = { clocks: [{ type: 0, now: () => 5n }] };
  await using driver = await RtcDriver.open(loopback(new RtcDevice({ clocks })));
  for (const flags of [0, 1]) {
    assert.equal((await driver.setAlarm({ clockId: 0, alarmTime: 9n, flags })).status, 0);
    assert.equal((await driver.setAlarmEnabled({ clockId: 0, flags })).status, 0);
  }
  for (const flags of [2, 3, 0x80]) {
    const set = async () => await driver.setAlarm({ clockId: 0, alarmTime: 0n, flags });
    const enable = async () => await driver.setAlarmEnabled({ clockId: 0, flags });
    for (const send of [set, enable]) await assert.rejects(send, refused(/ALARM_ENABLED/));
  }
  assert.equal((await driver.readAlarm({ clockId: 0 })).alarmTime, 9n);
});

Deno.test("rtc: a driver asks for counters of the standard or of the implementation only (5.23.6.4.1)", async () => {
  covers(`${OPERATION} / Control Requests#1`, `${OPERATION} / Read Requests#1`);
  const asked: number[] = [];
  const device = new RtcDevice({
    crossCap: ({ hwCounter }) => (asked.push(hwCounter), { flags: 1 }),
    readCross: ({ hwCounter }) => {
      asked.push(hwCounter);
      return { clockReading: 0n, counterCycles: 0n };
    },
  });
  await using driver = await RtcDriver.open(loopback(device));
  const cap = async (hwCounter: number) => await driver.crossCap({ clockId: 0, hwCounter });
  const read = async (hwCounter: number) => await driver.readCross({ clockId: 0, hwCounter });
  for (const send of [cap, read]) {
    for (const hwCounter of [2, 0x42, 0xef]) {
      await assert.rejects(send(hwCounter), refused(/hardware counter/));
    }
    for (const hwCounter of [0, 1, 0xf0, 0xfe]) await send(hwCounter);
  }
  assert.deepEqual(asked, [0, 1, 0xf0, 0xfe, 0, 1, 0xf0, 0xfe]);
});

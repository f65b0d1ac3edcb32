// Clocks and alarms, statement by statement (VIRTIO 1.4, 5.23).

import assert from "node:assert/strict";
import {
  RtcAlarmFlag,
  RtcClockType,
  RtcCounter,
  RtcDevice,
  RtcDriver,
  RtcRequestType,
  RtcStatus,
  VIRTIO_RTC_F_ALARM,
} from "../../generated/rtc/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { DeviceBench, UNWRITTEN } from "../device_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

const RTC = "devicenormative:Device Types / RTC Device";
const OPERATION = `${RTC} / Device Operation` as const;
const READS = `${OPERATION} / Read Requests` as const;
const ALARMS = `${OPERATION} / Alarm Operation` as const;
const CONTROL = `${ALARMS} / Alarm Control Requests` as const;

const VERSION_1 = featureSet(32);
const { OK, EOPNOTSUPP, ENODEV, EIO } = RtcStatus;
const { ALARM_ENABLED } = RtcAlarmFlag;

/** A request: its type, its fields behind the head, and room for the answer. */
function asked(type: number, room: number, ...fields: number[]) {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, type, true);
  bytes.set(fields, 8);
  return { readable: [bytes], writable: [room] };
}

/** Two clocks that show what the test sets. */
function made() {
  const times = { utc: 1_000n, monotonic: 5n };
  const device = new RtcDevice({
    clocks: {
      clocks: [
        {
          type: RtcClockType.UTC,
          now: () => times.utc,
          counters: { [RtcCounter.X86_TSC]: () => ({ time: times.utc, cycles: times.utc * 2n }) },
        },
        { type: RtcClockType.MONOTONIC, now: () => times.monotonic },
      ],
    },
    queueSizeMax: QUEUE_SIZE_MAX,
  });
  return { times, device };
}

/** The same, and a driver. */
async function opened(features?: readonly "ALARM"[]) {
  const { times, device } = made();
  const told: number[] = [];
  const open = () =>
    RtcDriver.open(loopback(device), {
      onAlarm: ({ clockId }) => void told.push(clockId),
      ...(features === undefined ? {} : { features }),
    });
  const driver = await open();
  return { times, device, driver, told, open, [Symbol.asyncDispose]: () => driver.close() };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("rtc: a device whose clocks have alarms offers them (5.23.3.1)", async () => {
  covers(`${RTC} / Feature bits#1`, `${ALARMS}#4`, `${ALARMS}#6`);
  await using guest = await opened();
  assert.equal(
    guest.device.offered & featureSet(VIRTIO_RTC_F_ALARM),
    featureSet(VIRTIO_RTC_F_ALARM),
  );
  for (const clockId of [0, 1]) {
    assert.equal((await guest.driver.clockCap({ clockId })).flags, 1, "ALARM_CAP");
    assert.equal((await guest.driver.readAlarm({ clockId })).status, OK);
    assert.equal((await guest.driver.setAlarm({ clockId, flags: 0, alarmTime: 1n })).status, OK);
    assert.equal((await guest.driver.setAlarmEnabled({ clockId, flags: 0 })).status, OK);
  }
});

Deno.test("rtc: without ALARM no flag speaks of alarms (5.23.6.2)", async () => {
  covers(`${OPERATION}#15`);
  await using guest = await opened([]);
  for (const clockId of [0, 1]) {
    assert.equal((await guest.driver.clockCap({ clockId })).flags, 0);
  }
});

Deno.test("rtc: what was done is OK, and what was not is something else (5.23.6.2)", async () => {
  covers(`${OPERATION}#1`, `${OPERATION}#2`, `${OPERATION}#11`);
  let fails = false;
  const device = new RtcDevice({
    read: () => {
      if (fails) throw new Error("Cannot read the clock: it stands still");
      return { clockReading: 7n };
    },
  });
  device.onError = () => {}; // the one above
  await using driver = await RtcDriver.open(loopback(device));
  assert.deepEqual(await driver.read({ clockId: 0 }), { clockReading: 7n, status: OK });
  fails = true;
  assert.equal((await driver.read({ clockId: 0 })).status, EIO);
});

Deno.test("rtc: counters that nobody knows, and requests that nobody serves, are not supported (5.23.6.2)", async () => {
  covers(`${OPERATION}#3`, `${OPERATION}#5`);
  await using guest = await opened();
  for (const hwCounter of [0xf0, 0xf7, 0xfe]) {
    const about = { clockId: 0, hwCounter };
    assert.equal((await guest.driver.crossCap(about)).status, EOPNOTSUPP);
    assert.equal((await guest.driver.readCross(about)).status, EOPNOTSUPP);
  }
  const bench = new DeviceBench(made().device, VERSION_1, 0);
  for (const hwCounter of [0x02, 0x42, 0xef]) {
    for (const type of [RtcRequestType.CROSS_CAP, RtcRequestType.READ_CROSS]) {
      const { bytes } = await bench.serve(asked(type, 24, 0, 0, hwCounter));
      assert.equal(bytes[0], EOPNOTSUPP);
    }
  }
  bench.check();
  const device = new RtcDevice({ cfg: () => ({ numClocks: 1 }) });
  await using driver = await RtcDriver.open(loopback(device));
  assert.equal((await driver.cfg()).status, OK);
  assert.equal((await driver.read({ clockId: 0 })).status, EOPNOTSUPP);
});

Deno.test("rtc: clocks have the numbers below their count, and others are no devices (5.23.6.2)", async () => {
  covers(`${OPERATION}#6`, `${OPERATION}#18`, `${READS}#6`);
  await using guest = await opened();
  const { driver } = guest;
  const { numClocks } = await driver.cfg();
  for (let clockId = 0; clockId < numClocks; clockId++) {
    assert.equal((await driver.read({ clockId })).status, OK);
    assert.equal((await driver.clockCap({ clockId })).status, OK);
  }
  for (const clockId of [numClocks, numClocks + 1, 0xffff]) {
    const counter = { clockId, hwCounter: RtcCounter.X86_TSC };
    assert.equal((await driver.read({ clockId })).status, ENODEV);
    assert.equal((await driver.clockCap({ clockId })).status, ENODEV);
    assert.equal((await driver.crossCap(counter)).status, ENODEV);
    assert.equal((await driver.readCross(counter)).status, ENODEV);
    assert.equal((await driver.setAlarm({ clockId, flags: 0, alarmTime: 0n })).status, ENODEV);
  }
});

Deno.test("rtc: what describes clocks stays the same, also over a reset (5.23.6.2)", async () => {
  covers(`${OPERATION}#16`, `${OPERATION}#17`);
  const guest = await opened();
  const described = async (driver: RtcDriver) => [
    await driver.cfg(),
    await driver.clockCap({ clockId: 0 }),
    await driver.clockCap({ clockId: 1 }),
    await driver.crossCap({ clockId: 0, hwCounter: RtcCounter.X86_TSC }),
    await driver.crossCap({ clockId: 1, hwCounter: RtcCounter.X86_TSC }),
  ];
  const first = await described(guest.driver);
  guest.times.utc += 12_345n;
  assert.deepEqual(await described(guest.driver), first);
  await guest.driver.close();
  await using again = await guest.open();
  assert.deepEqual(await described(again), first);
});

Deno.test("rtc: a reading is the time in nanoseconds, at a moment behind the request (5.23.6.5)", async () => {
  covers(`${READS}#7`, `${READS}#8`, `${READS}#13`);
  await using guest = await opened();
  const cross = { clockId: 0, hwCounter: RtcCounter.X86_TSC };
  for (const utc of [1_500_000_000_000_000_001n, 1_500_000_000_000_000_999n]) {
    guest.times.utc = utc;
    assert.equal((await guest.driver.read({ clockId: 0 })).clockReading, utc);
    const { clockReading, counterCycles } = await guest.driver.readCross(cross);
    assert.deepEqual([clockReading, counterCycles], [utc, utc * 2n]);
  }
});

Deno.test("rtc: reads of one clock come back in the order in which they were sent (5.23.6.5)", async () => {
  covers(`${READS}#2`, `${READS}#4`);
  const open: (() => void)[] = [];
  let time = 0n;
  const device = new RtcDevice({
    read: ({ clockId }) => {
      if (clockId === 9) return { clockReading: 0n };
      return new Promise((resolve) => open.push(() => resolve({ clockReading: ++time })));
    },
  });
  await using driver = await RtcDriver.open(loopback(device));
  const order: string[] = [];
  const read = async (clockId: number, name: string) => {
    const { clockReading } = await driver.read({ clockId });
    order.push(`${name} ${clockReading}`);
  };
  const all = [read(0, "a"), read(0, "b"), read(9, "c"), read(0, "d")];
  await settled();
  assert.deepEqual(order, ["c 0"], "of another clock");
  while (order.length < 4) {
    assert.equal(open.length, 1, "one at a time");
    open.pop()!();
    await settled();
  }
  await Promise.all(all);
  assert.deepEqual(order, ["c 0", "a 1", "b 2", "d 3"]);
});

Deno.test("rtc: an alarm is served by one notification, and no reading precedes it (5.23.6.6.1)", async () => {
  covers(`${ALARMS}#11`, `${ALARMS}#12`, `${READS}#14`);
  await using guest = await opened();
  const { times, device, driver } = guest;
  const alarmTime = 2_000n;
  await driver.setAlarm({ clockId: 0, flags: ALARM_ENABLED, alarmTime });
  for (times.utc = 1_990n; times.utc < 2_010n; times.utc += 5n) {
    device.clocks!.look();
    await settled();
    const { clockReading } = await driver.read({ clockId: 0 });
    assert.deepEqual(guest.told, clockReading < alarmTime ? [] : [0], `${clockReading}`);
  }
});

Deno.test("rtc: an alarm may have any time, and keeps it (5.23.6.6.2.2)", async () => {
  covers(`${CONTROL}#5`, `${CONTROL}#6`, `${CONTROL}#7`);
  await using guest = await opened();
  for (const alarmTime of [0n, 1n, 1_500_000_000_000_000_001n, 2n ** 64n - 1n]) {
    const { status } = await guest.driver.setAlarm({ clockId: 0, flags: 0, alarmTime });
    assert.equal(status, OK);
    assert.equal((await guest.driver.readAlarm({ clockId: 0 })).alarmTime, alarmTime);
  }
});

Deno.test("rtc: setting an alarm enables or disables it, as its flag says (5.23.6.6.2.2)", async () => {
  covers(`${CONTROL}#8`, `${CONTROL}#9`);
  await using guest = await opened();
  const { driver } = guest;
  const alarmTime = 2n ** 63n;
  for (const flags of [ALARM_ENABLED, 0, 0, ALARM_ENABLED, ALARM_ENABLED]) {
    await driver.setAlarm({ clockId: 0, flags, alarmTime });
    assert.equal((await driver.readAlarm({ clockId: 0 })).flags, flags);
    assert.equal((await driver.readAlarm({ clockId: 1 })).flags, 0, "not that of another clock");
  }
});

Deno.test("rtc: an alarm is enabled and disabled without its time (5.23.6.6.2.2)", async () => {
  covers(`${CONTROL}#10`, `${CONTROL}#11`, `${CONTROL}#12`);
  await using guest = await opened();
  const { driver } = guest;
  const alarmTime = 2n ** 63n;
  await driver.setAlarm({ clockId: 0, flags: 0, alarmTime });
  for (const flags of [ALARM_ENABLED, 0, 0, ALARM_ENABLED]) {
    assert.equal((await driver.setAlarmEnabled({ clockId: 0, flags })).status, OK);
    assert.deepEqual(await driver.readAlarm({ clockId: 0 }), { alarmTime, flags, status: OK });
  }
});

Deno.test("rtc: once an alarm is disabled, nothing of it is told (5.23.6.6.1)", async () => {
  covers(`${ALARMS}#16`);
  await using guest = await opened();
  const { times, device, driver } = guest;
  await driver.setAlarm({ clockId: 0, flags: ALARM_ENABLED, alarmTime: 2_000n });
  await driver.setAlarmEnabled({ clockId: 0, flags: 0 });
  times.utc = 3_000n;
  device.clocks!.look();
  await settled();
  assert.deepEqual(guest.told, []);
});

Deno.test("rtc: what a request has room for beyond its answer stays as it is (5.23.6.2)", async () => {
  covers(`${OPERATION}#13`);
  const { device, times } = made();
  times.utc = 0x0102n;
  const bench = new DeviceBench(device, VERSION_1, 0);
  const { length, bytes } = await bench.serve(asked(RtcRequestType.READ, 24, 0, 0));
  assert.equal(length, 16);
  assert.deepEqual([...bytes.subarray(8)], [2, 1, 0, 0, 0, 0, 0, 0, ...Array(8).fill(UNWRITTEN)]);
  bench.check();
});

Deno.test("rtc: a counter is read for one request of a clock after the other (5.23.6.5)", async () => {
  covers(`${READS}#12`);
  const open: (() => void)[] = [];
  let cycles = 0n;
  const device = new RtcDevice({
    readCross: () => {
      const counterCycles = ++cycles;
      const answer = { clockReading: 0n, counterCycles };
      return new Promise((resolve) => open.push(() => resolve(answer)));
    },
  });
  await using driver = await RtcDriver.open(loopback(device));
  const about = { clockId: 0, hwCounter: RtcCounter.X86_TSC };
  const came: bigint[] = [];
  const all = Array.from({ length: 3 }, async () => {
    came.push((await driver.readCross(about)).counterCycles);
  });
  while (came.length < 3) {
    await settled();
    open.pop()?.(); // the youngest first, if there were several
  }
  await Promise.all(all);
  assert.deepEqual(came, [1n, 2n, 3n]);
});

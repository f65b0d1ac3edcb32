// Clocks and alarms (VIRTIO 1.4, 5.23.6).

import assert from "node:assert/strict";
import {
  RtcAlarmFlag,
  RtcClockType,
  RtcCounter,
  RtcDevice,
  RtcDriver,
  type RtcDriverOptions,
  RtcSmearing,
  RtcStatus,
} from "../../generated/rtc/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { OK, EOPNOTSUPP, ENODEV, EIO } = RtcStatus;
const { ALARM_ENABLED } = RtcAlarmFlag;
const { UTC, MONOTONIC, UTC_SMEARED } = RtcClockType;
const CONTROL = "devicenormative:Device Types / RTC Device / Device Operation / Control Requests";
const READS = "devicenormative:Device Types / RTC Device / Device Operation / Read Requests";
const ALARMS = "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation";

/** Three clocks that a test sets. */
class Times {
  utc = 1_000_000_000n;
  monotonic = 5n;
  cycles: bigint | undefined = 77n;

  device(): RtcDevice {
    return new RtcDevice({
      clocks: {
        clocks: [
          {
            type: UTC,
            now: () => this.utc,
            counters: {
              [RtcCounter.X86_TSC]: () =>
                this.cycles === undefined ? undefined : { time: this.utc, cycles: this.cycles },
              0xf1: () => ({ time: this.utc, cycles: 1n }),
            },
          },
          { type: MONOTONIC, now: () => this.monotonic },
          { type: UTC_SMEARED, smearing: RtcSmearing.UTC_SLS, now: () => this.utc },
        ],
      },
    });
  }
}

/** A driver that notes the alarms it is told of. */
async function opened(device: RtcDevice, options: Partial<RtcDriverOptions> = {}) {
  const told: number[] = [];
  const driver = await RtcDriver.open(loopback(device), {
    onAlarm: ({ clockId }) => void told.push(clockId),
    ...options,
  });
  const set = async (alarmTime: bigint, enabled = true, clockId = 0) =>
    assert.equal(
      (await driver.setAlarm({ alarmTime, clockId, flags: enabled ? ALARM_ENABLED : 0 })).status,
      OK,
    );
  const enable = async (enabled: boolean) =>
    await driver.setAlarmEnabled({ clockId: 0, flags: enabled ? ALARM_ENABLED : 0 });
  return { driver, told, set, enable, [Symbol.asyncDispose]: () => driver.close() };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("clocks are counted and described, and there are no others (5.23.6.4)", async () => {
  covers(`${CONTROL}#21`, `${CONTROL}#22`, `${CONTROL}#23`);
  await using guest = await opened(new Times().device());
  const { driver } = guest;
  assert.equal((await driver.cfg()).numClocks, 3);
  const caps = [];
  for (let clockId = 0; clockId < 3; clockId++) {
    const { type, leapSecondSmearing, flags } = await driver.clockCap({ clockId });
    caps.push([type, leapSecondSmearing, flags]);
  }
  assert.deepEqual(caps, [[UTC, 0, 1], [MONOTONIC, 0, 1], [UTC_SMEARED, RtcSmearing.UTC_SLS, 1]]);
  const cross = async (clockId: number, hwCounter: number) => {
    const cap = await driver.crossCap({ clockId, hwCounter });
    const read = await driver.readCross({ clockId, hwCounter });
    assert.equal(read.status === OK, cap.status === OK && cap.flags === 1);
    return cap.status === OK ? cap.flags : -cap.status;
  };
  assert.equal(await cross(0, RtcCounter.X86_TSC), 1);
  assert.equal(await cross(0, RtcCounter.ARM_VCT), 0);
  assert.equal(await cross(1, RtcCounter.X86_TSC), 0);
  assert.equal(await cross(0, 0xf1), 1);
  assert.equal(await cross(0, 0xf2), -EOPNOTSUPP);
  assert.equal(await cross(3, RtcCounter.X86_TSC), -ENODEV);
  assert.equal((await driver.clockCap({ clockId: 3 })).status, ENODEV);
  assert.equal((await driver.read({ clockId: 3 })).status, ENODEV);
  assert.equal((await driver.readAlarm({ clockId: 3 })).status, ENODEV);
});

Deno.test("readings are of the moment, and those of a monotonic clock never go back (5.23.6.5)", async () => {
  covers(`${READS}#5`, `${READS}#9`, `${READS}#11`);
  const times = new Times();
  await using guest = await opened(times.device());
  const { driver } = guest;
  const read = async (clockId: number) => (await driver.read({ clockId })).clockReading;
  assert.equal(await read(1), 5n);
  times.monotonic = 3n;
  assert.equal(await read(1), 5n);
  times.monotonic = 6n;
  assert.equal(await read(1), 6n);
  times.utc = 2n;
  assert.equal(await read(0), 2n, "a clock that may be set back");
  const both = { clockId: 0, hwCounter: RtcCounter.X86_TSC };
  const { clockReading, counterCycles } = await driver.readCross(both);
  assert.deepEqual([clockReading, counterCycles], [2n, 77n]);
  times.cycles = undefined;
  assert.equal((await driver.readCross(both)).status, EIO);
});

Deno.test("alarms are set, enabled and read; at first they are 0 and disabled (5.23.6.6.2)", async () => {
  const LABEL = `${ALARMS} / Alarm Control Requests` as const;
  covers(`${LABEL}#3`, `${LABEL}#4`, `${LABEL}#12`);
  await using guest = await opened(new Times().device());
  const read = async () => {
    const { alarmTime, flags } = await guest.driver.readAlarm({ clockId: 0 });
    return [alarmTime, flags];
  };
  assert.deepEqual(await read(), [0n, 0]);
  const far = 0xffff_ffff_ffff_ffffn;
  await guest.set(far);
  assert.deepEqual(await read(), [far, ALARM_ENABLED]);
  await guest.enable(false);
  assert.deepEqual(await read(), [far, 0]);
  await guest.enable(true);
  assert.deepEqual(await read(), [far, ALARM_ENABLED]);
  assert.deepEqual(guest.told, []);
});

Deno.test("an alarm expires when the clock gets over it, or was there before (5.23.6.6.1)", async () => {
  covers(`${ALARMS}#7`, `${ALARMS}#8`, `${ALARMS}#9`);
  const times = new Times();
  const device = times.device();
  await using guest = await opened(device);
  const expired = async () => {
    await settled();
    return guest.told.splice(0);
  };
  await guest.set(times.utc + 100n);
  assert.deepEqual(await expired(), []);
  times.utc += 100n;
  device.clocks!.look();
  assert.deepEqual(await expired(), [0]);
  device.clocks!.look();
  assert.deepEqual(await expired(), [], "one notification for an event");
  times.utc -= 1n;
  device.clocks!.look();
  times.utc += 1n;
  device.clocks!.look();
  assert.deepEqual(await expired(), [0], "again, as the clock stepped back");
  await guest.set(times.utc);
  assert.deepEqual(await expired(), [0]);
  await guest.set(times.utc, false);
  assert.deepEqual(await expired(), []);
  await guest.enable(true);
  assert.deepEqual(await expired(), [0]);
  await guest.set(3n, true, 1);
  assert.deepEqual(await expired(), [1], "of another clock");
});

Deno.test("an alarm expires by itself, in time (5.23.6.6.1)", async () => {
  const start = performance.now();
  const device = new RtcDevice({
    clocks: {
      clocks: [{ type: MONOTONIC, now: () => BigInt(Math.floor(performance.now() * 1e6)) }],
    },
  });
  const expired = Promise.withResolvers<number>();
  await using guest = await opened(device, { onAlarm: ({ clockId }) => expired.resolve(clockId) });
  const { clockReading } = await guest.driver.read({ clockId: 0 });
  await guest.set(clockReading + 20_000_000n);
  assert.equal(await expired.promise, 0);
  assert.ok((await guest.driver.read({ clockId: 0 })).clockReading >= clockReading + 20_000_000n);
  assert.ok(performance.now() - start >= 20);
});

Deno.test("alarms outlive a reset, and one that has passed expires with it (5.23.6.6.1)", async () => {
  covers(`${ALARMS}#1`, `${ALARMS}#10`);
  const times = new Times();
  const device = times.device();
  const first = await opened(device);
  await first.set(times.utc + 10n);
  await first.driver.close();
  times.utc += 10n;
  const again = await opened(device);
  await settled();
  assert.deepEqual(again.told, [0]);
  assert.equal((await again.driver.readAlarm({ clockId: 0 })).flags, ALARM_ENABLED);
  await again.driver.close();
  const plain = await opened(device, { features: [] });
  await settled();
  assert.deepEqual(plain.told, [], "ALARM was not negotiated");
  assert.equal((await plain.driver.clockCap({ clockId: 0 })).flags, 0);
  await plain.driver.close();
  await using third = await opened(device);
  await third.enable(false);
  await settled();
  third.told.length = 0;
  device.clocks!.look();
  assert.deepEqual(third.told, []);
});

Deno.test("an alarm waits for a buffer, unless it is disabled meanwhile (5.23.6.6.1)", async () => {
  covers(`${ALARMS}#12`, `${ALARMS}#16`);
  const times = new Times();
  const device = times.device();
  const send = device.sendAlarm.bind(device);
  let room = false;
  device.sendAlarm = (value) => room && send(value);
  await using guest = await opened(device);
  await guest.set(0n);
  await guest.set(0n, true, 1);
  await guest.enable(false);
  room = true;
  device.clocks!.look();
  await settled();
  assert.deepEqual(guest.told, [1]);
});

Deno.test("alarms move with the device (5.23.6.6)", async () => {
  const times = new Times();
  const device = times.device();
  await using guest = await opened(device);
  await guest.set(times.utc + 9n);
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.clocks;
  const other = times.device().clocks!;
  other.restore(saved, "clocks");
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  const spoiled: readonly [string, unknown][] = [
    ["clocks must be alarms of 3 clocks", saved.slice(1)],
    ["clocks[0].time must be", [{ ...saved[0], time: 5 }]],
    ["clocks[0].time must be", [{ ...saved[0], time: "18446744073709551616" }]],
    ["clocks[1].enabled must be", [saved[0], { ...saved[1], enabled: 1 }]],
  ];
  for (const [message, state] of spoiled) {
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore(state, "clocks"), named, message);
  }
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  const now = () => 0n;
  for (const clocks of [[], [{ type: UTC, smearing: 1, now }]]) {
    assert.throws(() => new RtcDevice({ clocks: { clocks } }), RangeError);
  }
});

Deno.test("a monotonic clock does not go back where its device was moved to (5.23.6.5)", async () => {
  covers(`${READS}#5`);
  const times = new Times();
  times.monotonic = 100n;
  const device = times.device();
  const first = await opened(device);
  assert.equal((await first.driver.read({ clockId: 1 })).clockReading, 100n);
  const saved = JSON.parse(JSON.stringify(device.save()));
  await first[Symbol.asyncDispose]();
  times.monotonic = 7n; // of the other host
  const moved = times.device();
  moved.clocks!.restore(saved.behaviours.clocks, "clocks");
  await using guest = await opened(moved);
  const read = async () => (await guest.driver.read({ clockId: 1 })).clockReading;
  assert.equal(await read(), 100n);
  times.monotonic = 101n;
  assert.equal(await read(), 101n);
  const { last: _, ...without } = saved.behaviours.clocks[1];
  const wrong = [saved.behaviours.clocks[0], without, saved.behaviours.clocks[2]];
  assert.throws(() => times.device().clocks!.restore(wrong, "clocks"), /clocks\[1\]\.last must be/);
});

// What a balloon device keeps beyond its messages (VIRTIO 1.4, 5.5.6).

import assert from "node:assert/strict";
import {
  BalloonDevice,
  type BalloonDeviceOptions,
  BalloonDriver,
  type BalloonDriverOptions,
  BalloonHintCommand,
  BalloonStatTag,
} from "../../generated/balloon/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { STOP, DONE } = BalloonHintCommand;

async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function made(
  options: Partial<BalloonDeviceOptions> = {},
  config: Partial<BalloonDeviceOptions["config"]> = {},
): BalloonDevice {
  return new BalloonDevice({ config: { numPages: 0, actual: 0, ...config }, ...options });
}

async function opened(device: BalloonDevice, options: Partial<BalloonDriverOptions> = {}) {
  return await BalloonDriver.open(loopback(device), options);
}

Deno.test("statistics are pulled: each question hands the buffer back and gets the next (5.5.6.3)", async () => {
  covers(
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#1",
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#2",
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#3",
  );
  const { MEMFREE, AVAIL } = BalloonStatTag;
  const changes: number[] = [];
  const device = made({ statistics: { onChange: ({ size }) => changes.push(size) } });
  let given = 0n;
  const driver = await opened(device, {
    onStatsq: () => ({
      stats: [
        { tag: 999, val: 1n },
        { tag: AVAIL, val: 7n },
        { tag: MEMFREE, val: ++given },
      ],
    }),
  });
  await settled();
  assert.equal(given, 1n, "the driver gives one buffer, and waits");
  assert.deepEqual([...device.statistics!.latest!], [[AVAIL, 7n], [MEMFREE, 1n]]);
  const [one, same] = await Promise.all([device.statistics!.ask(), device.statistics!.ask()]);
  assert.equal(one, same);
  assert.equal(one.get(MEMFREE), 2n);
  assert.equal((await device.statistics!.ask()).get(MEMFREE), 3n);
  assert.deepEqual(changes, [2, 2, 2]);
  await driver.close();
  await assert.rejects(device.statistics!.ask(), TypeError);
  assert.equal(made().offered & 2n, 0n, "not offered by a device that does not ask");
});

Deno.test("statistics that were asked for end with the device (5.5.6.3)", async () => {
  const device = made({ statistics: {} });
  const driver = await opened(device, { onStatsq: () => undefined });
  const asked = assert.rejects(device.statistics!.ask(), TypeError);
  await driver.close();
  await asked;
});

Deno.test("a device takes hints of the round that goes on only, and repeats no id too early (5.5.6.5)", async () => {
  covers(
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#2",
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#3",
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#6",
  );
  const hinted: number[] = [];
  let ends = 0;
  const device = made({
    hints: { onHint: (pages) => void hinted.push(pages.length), onEnd: () => ends++ },
  }, { freePageHintCmdId: DONE });
  const hints = device.hints!;
  assert.throws(() => hints.start(), TypeError);
  const driver = await opened(device);
  const hint = (length: number) => driver.hint(new Uint8Array(length));
  await hint(1);
  const id = hints.start();
  assert.ok(id >= 2);
  await hint(2);
  await driver.hintCommand({ cmdId: id + 5 });
  await hint(3);
  await driver.hintCommand({ cmdId: id });
  await hint(4);
  assert.deepEqual(hinted, [4]);
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.hints;
  const other = made({ hints: { onHint: () => {} } }, { freePageHintCmdId: id });
  assert.throws(() => other.hints!.restore({ ...saved, heard: -1 }, "hints"), RangeError);
  assert.throws(() => other.hints!.restore({ ...saved, open: [null] }, "hints"), TypeError);
  other.hints!.restore(saved, "hints");
  assert.deepEqual(other.hints!.save(), saved);
  await driver.hintCommand({ cmdId: STOP });
  await hint(5);
  assert.equal(ends, 1);
  const next = hints.start();
  assert.notEqual(next, id);
  await driver.hintCommand({ cmdId: id });
  await hint(6);
  hints.stop();
  assert.equal(device.settings.freePageHintCmdId, STOP);
  await driver.hintCommand({ cmdId: next });
  await hint(7);
  assert.deepEqual(hinted, [4], "of an older round, or of one that was stopped");
  hints.start();
  await driver.close();
  assert.equal(device.settings.freePageHintCmdId, DONE);
  assert.equal(hints.round, undefined);
});

Deno.test("a driver hints in rounds that the device starts, and releases when it is done (5.5.6.5)", async () => {
  covers(
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#2",
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#6",
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#10",
  );
  const said: (string | number)[] = [];
  const device = made({
    hints: {
      onHint: (pages) => {
        said.push(pages.length);
        if (pages.length === 3) device.hints!.stop();
      },
      onEnd: () => said.push("end"),
    },
  }, { freePageHintCmdId: DONE });
  const driver = await opened(device, {
    hints: {
      pages: function* () {
        for (let length = 1; length < 6; length++) {
          if (length === 4) continue;
          yield new Uint8Array(length);
        }
      },
      release: () => said.push("released"),
    },
  });
  device.hints!.start();
  await settled();
  assert.deepEqual(said.splice(0, 3), [1, 2, 3]);
  assert.ok(said.length <= 1 && !said.includes("released"), "stopped, and nothing released");
  said.length = 0;
  device.hints!.done();
  await settled();
  assert.deepEqual(said, ["released"]);
  await driver.close();
});

/** A device that notes what hints it gets: commands as numbers, pages by their lengths. */
function noting() {
  const said: (string | number)[] = [];
  const device = made({
    hintCommand: ({ cmdId }) => void said.push(cmdId),
    hint: (pages) => void said.push(`${pages.length} bytes`),
  }, { freePageHintCmdId: DONE });
  return { device, said };
}

Deno.test("a driver names each round once, and hints in none that was stopped (5.5.6.5.1)", async () => {
  const HINTING =
    "drivernormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting";
  covers(`${HINTING}#3`, `${HINTING}#4`, `${HINTING}#5`);
  const { device, said } = noting();
  const pages = () => [new Uint8Array(1), new Uint8Array(2)];
  const driver = await opened(device, { hints: { pages, release: () => {} } });
  for (const freePageHintCmdId of [STOP, DONE]) {
    device.configure({ freePageHintCmdId });
    await settled();
  }
  assert.deepEqual(said, []);
  for (const freePageHintCmdId of [7, 7, 8]) {
    device.configure({ freePageHintCmdId });
    await settled();
  }
  assert.deepEqual(said, [7, "1 bytes", "2 bytes", STOP, 8, "1 bytes", "2 bytes", STOP]);
  await driver.close();
});

Deno.test("a driver ends a round for which it finds no pages (5.5.6.5.1)", async () => {
  const { device, said } = noting();
  const failures: unknown[] = [];
  const log = console.error;
  console.error = (error) => failures.push(error);
  try {
    const driver = await opened(device, {
      hints: {
        pages: function* () {
          yield new Uint8Array(1);
          throw new Error("Cannot find pages: there are none");
        },
        release: () => {},
      },
    });
    device.configure({ freePageHintCmdId: 7 });
    await settled();
    assert.deepEqual(said, [7, "1 bytes", STOP]);
    assert.equal(failures.length, 1);
    await driver.close();
  } finally {
    console.error = log;
  }
});

Deno.test("reported pages are kept where the guest counts on a poison (5.5.6.7.2)", async () => {
  covers(
    "devicenormative:Device Types / Memory Balloon Device / Device Operation / Free Page Reporting#2",
  );
  for (const [poisonVal, kept] of [[0, false], [0xaa, true]] as const) {
    let discarded = 0;
    const device = made({ reported: { onReport: () => void discarded++ } }, { poisonVal: 0 });
    const driver = await opened(device, { config: { poisonVal } });
    await driver.report(new Uint8Array(16));
    assert.equal(device.reported?.kept, kept);
    assert.equal(discarded, kept ? 0 : 1);
    await driver.close();
  }
});

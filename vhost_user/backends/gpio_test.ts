/** Simulated GPIO lines. */

import assert from "node:assert/strict";
import {
  GpioDirection,
  GpioDriver,
  GpioIrqStatus,
  GpioIrqType,
  GpioStatus,
} from "../../generated/gpio/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../../testing/covers.ts";
import { simulatedLines } from "./gpio.ts";

const { IN, NONE, OUT } = GpioDirection;
const { EDGE_BOTH, EDGE_RISING, LEVEL_HIGH } = GpioIrqType;
const { OK } = GpioStatus;

/** Lines 0 to 3 and a driver, with what tests do all the time. */
async function open() {
  const driver = await GpioDriver.open(loopback(simulatedLines(["in", "out", "", ""])));
  return {
    driver,
    turn: async (gpio: number, value: GpioDirection) =>
      assert.equal((await driver.setDirection({ gpio, value })).status, OK),
    drive: async (gpio: number, value: number) =>
      assert.equal((await driver.setValue({ gpio, value })).status, OK),
    level: async (gpio: number) => (await driver.getValue({ gpio })).value,
    watch: async (gpio: number, value: GpioIrqType) =>
      (await driver.setIrqType({ gpio, value })).status,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

/** What a request that unmasks was answered with, or that it waits still. */
async function soon(request: Promise<{ readonly status: number }>): Promise<number | "waits"> {
  const later = new Promise<"waits">((resolve) => setTimeout(() => resolve("waits"), 5));
  return await Promise.race([request.then(({ status }) => status), later]);
}

Deno.test("gpio has lines with names, joined in pairs (5.18.6)", async () => {
  await using lines = await open();
  const { driver } = lines;
  assert.deepEqual(driver.config, { ngpio: 4, gpioNamesSize: 9 });
  assert.deepEqual((await driver.getLineNames()).value, ["in", "out", "", ""]);
  assert.equal((await driver.getDirection({ gpio: 1 })).value, NONE);
  await lines.turn(0, IN);
  await lines.drive(1, 1);
  assert.equal(await lines.level(0), 0, "not driven yet");
  await lines.turn(1, OUT);
  assert.equal(await lines.level(0), 1);
  assert.equal(await lines.level(1), 1);
  assert.equal(await lines.level(2), 0, "another pair");
  await lines.drive(1, 0);
  assert.equal(await lines.level(0), 0);
  assert.equal((await driver.getValue({ gpio: 4 })).status, GpioStatus.ERR);
});

Deno.test("gpio forgets a line that is released (5.18.6.9)", async () => {
  covers("devicenormative:Device Types / GPIO Device / requestq Operation#9");
  await using lines = await open();
  await lines.turn(1, OUT);
  await lines.drive(1, 1);
  await lines.turn(1, NONE);
  assert.equal(await lines.level(0), 0);
  await lines.turn(1, OUT);
  assert.equal(await lines.level(0), 0, "the value is forgotten");
  await lines.turn(0, IN);
  assert.equal(await lines.watch(0, EDGE_BOTH), OK);
  const request = lines.driver.irq({ gpio: 0 });
  await lines.turn(0, NONE);
  assert.equal((await request).status, GpioIrqStatus.INVALID);
});

Deno.test("gpio latches an edge while its interrupt is masked (5.18.6.9)", async () => {
  covers(
    "devicenormative:Device Types / GPIO Device / requestq Operation#10",
    "devicenormative:Device Types / GPIO Device / requestq Operation#12",
    "devicenormative:Device Types / GPIO Device / eventq Operation#1",
  );
  await using lines = await open();
  const { driver } = lines;
  await lines.turn(0, IN);
  await lines.turn(1, OUT);
  assert.equal((await driver.irq({ gpio: 0 })).status, GpioIrqStatus.INVALID, "not enabled");
  assert.equal(await lines.watch(0, EDGE_RISING), OK);
  const first = driver.irq({ gpio: 0 });
  assert.equal(await soon(first), "waits");
  await lines.drive(1, 1);
  assert.equal((await first).status, GpioIrqStatus.VALID);
  await lines.drive(1, 0);
  await lines.drive(1, 1);
  assert.equal((await driver.irq({ gpio: 0 })).status, GpioIrqStatus.VALID, "latched");
  const falls = driver.irq({ gpio: 0 });
  await lines.drive(1, 0);
  assert.equal(await soon(falls), "waits");
  await lines.drive(1, 1);
  assert.equal((await falls).status, GpioIrqStatus.VALID);
  await lines.drive(1, 0);
  await lines.drive(1, 1);
  assert.equal(await lines.watch(0, GpioIrqType.NONE), OK);
  assert.equal(await lines.watch(0, EDGE_RISING), OK);
  const discarded = driver.irq({ gpio: 0 });
  assert.equal(await soon(discarded), "waits");
  assert.equal(await lines.watch(0, GpioIrqType.NONE), OK);
  assert.equal((await discarded).status, GpioIrqStatus.INVALID);
});

Deno.test("gpio does not latch a level (5.18.6.9)", async () => {
  covers(
    "devicenormative:Device Types / GPIO Device / requestq Operation#11",
    "devicenormative:Device Types / GPIO Device / eventq Operation#2",
  );
  await using lines = await open();
  const { driver } = lines;
  await lines.turn(0, IN);
  await lines.turn(1, OUT);
  assert.equal(await lines.watch(0, LEVEL_HIGH), OK);
  await lines.drive(1, 1);
  await lines.drive(1, 0);
  const request = driver.irq({ gpio: 0 });
  assert.equal(await soon(request), "waits", "it is low again");
  await lines.drive(1, 1);
  assert.equal((await request).status, GpioIrqStatus.VALID);
  assert.equal((await driver.irq({ gpio: 0 })).status, GpioIrqStatus.VALID, "it is high still");
  await lines.drive(1, 0);
  const disabled = driver.irq({ gpio: 0 });
  assert.equal(await lines.watch(0, GpioIrqType.NONE), OK);
  assert.equal((await disabled).status, GpioIrqStatus.INVALID);
});

Deno.test("gpio refuses interrupts of an output, and gives back a second request of a line", async () => {
  await using lines = await open();
  await lines.turn(1, OUT);
  assert.equal(await lines.watch(1, EDGE_BOTH), GpioStatus.ERR);
  await lines.turn(0, IN);
  assert.equal(await lines.watch(0, EDGE_BOTH), OK);
  const [first, second] = [lines.driver.irq({ gpio: 0 }), lines.driver.irq({ gpio: 0 })];
  assert.equal((await first).status, GpioIrqStatus.INVALID);
  await lines.drive(1, 1);
  assert.equal((await second).status, GpioIrqStatus.VALID);
});

Deno.test("gpio refuses numbers and names of lines that can not be", () => {
  for (const names of [[], [""], ["", "", ""], Array(1026).fill("")]) {
    assert.throws(() => simulatedLines(names), RangeError);
  }
  for (const names of [["a", "a"], ["ü", ""], ["a\0", ""]]) {
    assert.throws(() => simulatedLines(names), RangeError);
  }
});

/** An I2C bus with simulated chips. */

import assert from "node:assert/strict";
import { I2cDriver, I2cStatus } from "../../generated/i2c/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../../testing/covers.ts";
import { simulatedBus } from "./i2c.ts";
import { type Chip, Eeprom, Thermometer } from "./i2c/chips.ts";

const NOTHING = new Uint8Array(0);
const { ERR, OK } = I2cStatus;

/** A bus with both chips and a driver, with the two kinds of segments. */
async function open() {
  const chips = new Map<number, Chip>([[0x50, new Eeprom()], [0x48, new Thermometer(-12.5)]]);
  const driver = await I2cDriver.open(loopback(simulatedBus(chips)));
  return {
    driver,
    write: async (chip: number, bytes: readonly number[], failNext = 0) => {
      const request = { addr: chip << 1, failNext, mRd: 0 };
      return (await driver.req(request, Uint8Array.from(bytes), NOTHING)).status;
    },
    read: async (chip: number, length: number, failNext = 0) => {
      const bytes = new Uint8Array(length);
      const request = { addr: chip << 1, failNext, mRd: 1 };
      const { status } = await driver.req(request, NOTHING, bytes);
      return status === OK ? [...bytes] : status;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("i2c has an EEPROM of 256 bytes in pages of 8", async () => {
  await using bus = await open();
  assert.equal(await bus.write(0x50, [0x10, 1, 2, 3]), OK);
  assert.equal(await bus.write(0x50, [0x10], 1), OK);
  assert.deepEqual(await bus.read(0x50, 4), [1, 2, 3, 0xff]);
  assert.equal(await bus.write(0x50, [0xfe, 1, 2, 3]), OK, "goes on at the page's beginning");
  assert.equal(await bus.write(0x50, [0xf8]), OK);
  assert.deepEqual(await bus.read(0x50, 10), [3, 255, 255, 255, 255, 255, 1, 2, 255, 255]);
});

Deno.test("i2c has a thermometer with registers", async () => {
  await using bus = await open();
  assert.deepEqual(await bus.read(0x48, 2), [0xf3, 0x80]); // -25 halves of a degree
  assert.equal(await bus.write(0x48, [3, 0x1e, 0xff]), OK);
  assert.deepEqual(await bus.read(0x48, 4), [0x1e, 0x80, 0x1e, 0x80]);
  assert.equal(await bus.write(0x48, [1, 0xff]), OK);
  assert.deepEqual(await bus.read(0x48, 1), [0x1f]);
  for (const wrong of [[0, 1], [4], [1, 2, 3], [2, 1, 2, 3]]) {
    assert.equal(await bus.write(0x48, wrong), ERR);
  }
});

Deno.test("i2c answers for chips that are there, also without data (5.16.6.1)", async () => {
  covers("devicenormative:Device Types / I2C Adapter Device / Device Operation#1");
  await using bus = await open();
  for (const [chip, expected] of [[0x50, OK], [0x48, OK], [0x51, ERR], [0, ERR]] as const) {
    assert.equal(await bus.write(chip, []), expected);
  }
  assert.deepEqual(await bus.read(0x50, 0), []);
  const odd = { addr: (0x50 << 1) + 1, failNext: 0, mRd: 0 };
  assert.equal((await bus.driver.req(odd, NOTHING, NOTHING)).status, ERR);
  assert.throws(() => simulatedBus(new Map([[0x80, new Eeprom()]])), RangeError);
});

Deno.test("i2c fails the rest of a group after a segment that fails (5.16.6.1)", async () => {
  covers("devicenormative:Device Types / I2C Adapter Device / Device Operation#8");
  await using bus = await open();
  const group = [bus.write(0x50, [0]), bus.write(0x51, [0], 1), bus.read(0x50, 1, 1)];
  assert.deepEqual(await Promise.all([...group, bus.write(0x50, [0, 7])]), [OK, ERR, ERR, ERR]);
  assert.equal(await bus.write(0x50, [0]), OK, "the next group");
  assert.deepEqual(await bus.read(0x50, 1), [0xff], "what was refused is not written");
});

Deno.test("i2c refuses segments whose data go the wrong way, or that are too long", async () => {
  await using bus = await open();
  const bytes = new Uint8Array(4);
  const ask = async (mRd: number, written: Uint8Array, read: Uint8Array) =>
    (await bus.driver.req({ addr: 0xa0, failNext: 0, mRd }, written, read)).status;
  assert.equal(await ask(0, NOTHING, bytes), ERR);
  assert.equal(await ask(0, bytes, bytes), ERR);
  assert.equal(await ask(1, bytes, NOTHING), ERR);
  assert.equal(await ask(1, NOTHING, new Uint8Array(8193)), ERR);
});

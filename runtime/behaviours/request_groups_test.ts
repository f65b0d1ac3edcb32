// Groups of I2C requests (VIRTIO 1.4, 5.16.6).

import assert from "node:assert/strict";
import { I2cDevice, I2cDriver, type I2cHandlers, I2cStatus } from "../../generated/i2c/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { OK, ERR } = I2cStatus;
const NOTHING = new Uint8Array(0);

type Req = NonNullable<I2cHandlers["req"]>;

/** A bus on which the chips with odd addresses fail; `seen` has the addresses of what was called. */
async function opened(answer: (addr: number) => ReturnType<Req>) {
  const seen: number[] = [];
  const device = new I2cDevice({
    req: ({ addr }) => {
      seen.push(addr);
      return answer(addr);
    },
  });
  const driver = await I2cDriver.open(loopback(device));
  const ask = async (addr: number, failNext: number) =>
    (await driver.req({ addr, failNext, mRd: 0 }, NOTHING, NOTHING)).status;
  /** Requests that are all sent before the first is answered. */
  const group = (...addresses: readonly number[]) =>
    Promise.all(addresses.map((addr, at) => ask(addr, at < addresses.length - 1 ? 1 : 0)));
  return { device, driver, seen, ask, group, [Symbol.asyncDispose]: () => driver.close() };
}

/** The ways in which a request can fail or succeed. */
const WAYS: Readonly<Record<string, (addr: number) => ReturnType<Req>>> = {
  "answers at once": (addr) => addr % 2 === 0 ? OK : ERR,
  "answers late": (addr) => new Promise((resolve) => setTimeout(resolve, 1, addr % 2 ? ERR : OK)),
  "throws": (addr) => {
    if (addr % 2 === 0) return OK;
    throw new RangeError("no such chip");
  },
  "rejects": (addr) =>
    addr % 2 === 0 ? Promise.resolve(OK) : Promise.reject(new RangeError("no such chip")),
};

for (const [way, answer] of Object.entries(WAYS)) {
  Deno.test(`after a request that fails, the rest of its group fails uncalled; a handler that ${way} (5.16.6.4)`, async () => {
    covers(
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#7",
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#8",
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#9",
    );
    await using bus = await opened(answer);
    bus.device.onError = () => {};
    const all = [
      bus.group(2, 4),
      bus.group(6, 1, 8, 10),
      bus.group(12, 14),
      bus.group(3),
      bus.group(16),
    ];
    assert.deepEqual(await Promise.all(all), [[OK, OK], [OK, ERR, ERR, ERR], [OK, OK], [ERR], [
      OK,
    ]]);
    assert.deepEqual(bus.seen, [2, 4, 6, 1, 12, 14, 3, 16]);
  });
}

Deno.test("a group that has failed is saved, and forgotten with its queue (5.16.6.1)", async () => {
  await using bus = await opened((addr) => addr % 2 === 0 ? OK : ERR);
  assert.equal(await bus.ask(1, 1), ERR);
  assert.deepEqual(bus.device.save().behaviours, { groups: true });
  await bus.driver.resetQueue(bus.driver.requestq[0]!.ring);
  assert.deepEqual(bus.device.save().behaviours, { groups: false });
  assert.equal(await bus.ask(2, 0), OK);
  assert.throws(() => bus.device.groups.restore(1, "behaviours.groups"), TypeError);
  bus.device.groups.restore(true, "behaviours.groups");
  assert.equal(await bus.ask(2, 1), ERR);
  assert.equal(await bus.ask(4, 0), ERR, "the last one of the group");
  assert.equal(await bus.ask(4, 0), OK);
});

Deno.test("a request that fails when its queue is gone fails no others (5.16.6.1)", async () => {
  const { promise, resolve } = Promise.withResolvers<I2cStatus>();
  const { device, driver, ask } = await opened((addr) => addr === 1 ? promise : OK);
  const late = ask(1, 1);
  await new Promise((done) => setTimeout(done, 0));
  await driver.close();
  await assert.rejects(late);
  await using next = await I2cDriver.open(loopback(device));
  resolve(ERR);
  await new Promise((done) => setTimeout(done, 0));
  const { status } = await next.req({ addr: 2, failNext: 0, mRd: 0 }, NOTHING, NOTHING);
  assert.equal(status, OK);
});

for (const inPlace of [false, true]) {
  const where = inPlace ? "in place" : "bounced";
  Deno.test(`a read that failed hands out nothing of what the device wrote, ${where} (5.16.6.3)`, async () => {
    covers("drivernormative:Device Types / I2C Adapter Device / Device Operation#6");
    let status: I2cStatus = ERR;
    const device = new I2cDevice({
      req: (_request, _written, read) => {
        read.write(Uint8Array.of(1, 2, 3, 4));
        return status;
      },
    });
    const transport = loopback(device);
    await using driver = await I2cDriver.open(transport);
    const memory = transport.arena.allocate(4);
    const bytes = inPlace ? memory.bytes.subarray(0, 4) : new Uint8Array(4);
    const read = { addr: 2, failNext: 0, mRd: 1 };
    assert.equal((await driver.req(read, NOTHING, bytes)).status, ERR);
    assert.deepEqual([...bytes], [0, 0, 0, 0]);
    status = OK;
    assert.equal((await driver.req(read, NOTHING, bytes)).status, OK);
    assert.deepEqual([...bytes], [1, 2, 3, 4]);
  });
}

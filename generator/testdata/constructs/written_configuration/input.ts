/** L26: configuration that the driver writes: within bounds, before DRIVER_OK, clearing bits, surviving changes. */

import assert from "node:assert/strict";
import { loopback } from "../../../../runtime/loopback.ts";
import { type Device, le32, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("written_configuration", {
  features: { FAST: { bit: 0, doc: "Speed", by: "option" } },
  config: {
    struct: "c",
    fields: {
      events: le32("Pending events"),
      clear: le32("Events to clear", { driverWrites: { clears: "events" } }),
      cache: u8("Whether it is on", { max: 1, driverWrites: true, reset: 1 }),
      poison: u8("What pages are filled with", { driverWrites: { until: "DRIVER_OK" } }),
      bypass: u8("Survives a reset", { driverWrites: true, survivesReset: true }),
      alarm: u8("Before anything else", { driverWrites: { from: "start" } }),
      mode: u8("On only with FAST", { driverWrites: true, reset: 3, zeroWithout: "FAST" }),
    },
  },
  messages: { ask: { doc: "Nothing", readable: { level: u8("Level") }, ...answered } },
});

/** Its vectors. */
export const vectors: Vector[] = [];

/** What the driver writes takes effect as it may, and stays. */
export async function run({ Driver, makeDevice, openDriver }: Sides): Promise<void> {
  const written: string[] = [];
  const device = makeDevice({
    config: { events: 7 },
    onAlarm: (value: number) => written.push(`alarm ${value}`),
    onCache: (value: number) => written.push(`cache ${value}`),
  });
  await call(Driver, "writeAlarm", loopback(device), 4);
  device.unbind();
  assert.deepEqual(written.splice(0), ["alarm 4"]);
  const settings = () => get(device, "settings") as Record<string, number>;
  {
    await using driver = await openDriver(device, { config: { poison: 9 } });
    assert.equal(settings()["poison"], 9);
    await call(driver, "setCache", 0);
    await call(driver, "setClear", 5);
    await call(driver, "setBypass", 1);
    assert.equal(settings()["events"], 2);
    const wrong = async () => await call(driver, "setCache", 2);
    await assert.rejects(wrong, { name: "RangeError" });
    device.writeConfig(8, Uint8Array.of(2)); // out of bounds
    device.writeConfig(9, Uint8Array.of(1)); // too late
    assert.deepEqual(written, ["cache 0"]);
    assert.deepEqual([...device.config.bytes], [2, 0, 0, 0, 5, 0, 0, 0, 0, 9, 1, 0, 0]);
    call(device, "configure", { events: 3 });
    assert.deepEqual([...device.config.bytes], [3, 0, 0, 0, 5, 0, 0, 0, 0, 9, 1, 0, 0]);
  }
  const reset = [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 3];
  assert.deepEqual([...device.config.bytes], reset, "after a reset");
  const fast = makeDevice({ config: { events: 7 }, features: ["FAST"] });
  {
    await using _driver = await openDriver(fast, { features: ["FAST"] });
    assert.equal(fast.config.bytes[12], 3);
  }
  {
    await using driver = await openDriver(fast, { features: [] });
    assert.equal(fast.config.bytes[12], 0);
    await call(driver, "setMode", 2);
    assert.equal(fast.config.bytes[12], 2);
  }
  assert.equal(fast.config.bytes[12], 3);
}

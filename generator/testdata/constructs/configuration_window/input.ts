/** L25: a configuration that shows what the driver selects. */

import assert from "node:assert/strict";
import { bytes, type Device, padding, text, u8, union } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("configuration_window", {
  config: {
    struct: "c",
    window: { select: ["select", "subsel"], size: "size", value: "u" },
    fields: {
      select: u8("What", { driverWrites: true }),
      subsel: u8("Which", { driverWrites: true }),
      size: u8("Bytes"),
      reserved: padding(5),
      u: union("What is selected", "select", {
        name: { tag: 1, fields: { name: text("utf8", "Name", { field: "size" }) } },
        bits: { tag: 2, fields: { bits: bytes("Bits", { field: "size" }) } },
      }, { size: 16, otherwise: "raw" }),
    },
  },
  messages: { ask: { doc: "Nothing", readable: { level: u8("Level") }, ...answered } },
});

/** Its vectors. */
export const vectors: Vector[] = [];

/** The driver selects, the device shows. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const shown: Record<string, Uint8Array> = {
    "1 0": Uint8Array.of(97, 98),
    "2 5": Uint8Array.of(1, 0, 128),
  };
  const device = makeDevice({
    config: {},
    window: (select: number, subsel: number) => shown[`${select} ${subsel}`],
  });
  await using driver = await openDriver(device);
  assert.deepEqual(await call(driver, "select", 1, 0), { kind: "name", name: "ab" });
  assert.deepEqual([...device.config.bytes.subarray(0, 11)], [1, 0, 2, 0, 0, 0, 0, 0, 97, 98, 0]);
  assert.equal(await call(driver, "select", 1, 1), undefined);
  call(device, "configure", {});
  assert.deepEqual(await call(driver, "select", 2, 5), {
    kind: "bits",
    bits: Uint8Array.of(1, 0, 128),
  });
}

/** Regions of memory that a device shares, one of them with a feature. */

import assert from "node:assert/strict";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("shared_regions", {
  features: { FAR: { bit: 0, doc: "There is memory far away", by: "option" } },
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
  sharedMemory: {
    near: { id: 3, doc: "Memory" },
    far_away: { id: 7, doc: "Memory far away", when: "FAR" },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

/** What is not offered can not be given, and what is not negotiated is not looked for. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const near = { address: 0x1000, length: 0x2000 };
  const farAway = { address: 0x4000, length: 0x1000, bytes: new Uint8Array(4) };
  assert.throws(() => makeDevice({ regions: { near, farAway } }), {
    name: "TypeError",
    message: "Cannot share farAway: its feature is not offered",
  });
  const shared = async (regions: object, features: string[]) => {
    const device = makeDevice({ features: ["FAR"], regions });
    await using driver = await openDriver(device, { features });
    return [await call(driver, "region", "near"), await call(driver, "region", "farAway")];
  };
  const all = [{ ...near, id: 3 }, { ...farAway, id: 7 }];
  assert.deepEqual(await shared({ near, farAway }, ["FAR"]), all);
  assert.deepEqual(await shared({ near, farAway }, []), [all[0], undefined]);
  assert.deepEqual(await shared({ farAway }, ["FAR"]), [undefined, all[1]]);
}

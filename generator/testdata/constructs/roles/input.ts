/** Q6: roles of queues: both kinds of buffers in one queue, and buffers that the device pulls. */

import assert from "node:assert/strict";
import { type Device, le32, payload } from "../../../../spec/dsl.ts";
import { call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("roles", {
  messages: {
    order: { doc: "A command", readable: { id: le32("Round") } },
    hint: { doc: "Pages", writable: { pages: payload("The pages") } },
    stats: { doc: "Statistics", readable: { free: le32("Free") } },
  },
  queues: {
    hintq: { doc: "Commands and pages", role: "request", carries: ["order", "hint"], index: 0 },
    statsq: { doc: "Statistics", role: "pull", carries: "stats", index: 1 },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

/** Requests of both kinds, and a message at first and whenever the device asks. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const seen: string[] = [];
  const device = makeDevice({
    order: ({ id }: { id: number }) => void seen.push(`order ${id}`),
    hint: (pages: { length: number }) => void seen.push(`hint ${pages.length}`),
    stats: ({ free }: { free: number }) => void seen.push(`stats ${free}`),
  });
  let free = 5;
  await using driver = await openDriver(device, { onStatsq: () => ({ free: free++ }) });
  await call(driver, "order", { id: 3 });
  assert.equal(await call(driver, "hint", new Uint8Array(8)), 0);
  assert.deepEqual(seen.splice(0).sort(), ["hint 8", "order 3", "stats 5"]);
  assert.equal(call(device, "pullStatsq"), true);
  assert.equal(call(device, "pullStatsq"), false, "there is one buffer");
  await call(driver, "order", { id: 4 });
  assert.deepEqual(seen.sort(), ["order 4", "stats 6"]);
}

/** Q2: a queue that is there with a feature, at its own index or behind those that are there. */

import assert from "node:assert/strict";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, type Vector } from "../construct.ts";

const ask = { doc: "A request", readable: { level: u8("Level") }, ...answered } as const;

/** The device. */
export const device: Device = construct("queue_by_feature", {
  features: { MORE: { bit: 0, doc: "There is one more queue", by: "handler" } },
  messages: { first: ask, more: ask, last: ask },
  queues: {
    oneq: { doc: "The one", role: "request", carries: "first", index: 0 },
    moreq: { doc: "One more", role: "request", carries: "more", index: 1, when: "MORE" },
    lastq: { doc: "The last", role: "request", carries: "last", index: "next", strictIndex: 2 },
  },
});

const one = {
  section: "none",
  readable: "01",
  writable: "00",
  values: { request: { level: 1 }, status: 0 },
} as const;

/** Its vectors. */
export const vectors: Vector[] = [
  { ...one, name: "the gated one", message: "more", queue: 1, features: ["MORE"] },
  { ...one, name: "the last of three", message: "last", queue: 2, features: ["MORE"] },
  { ...one, name: "the last of two", only: "driver", message: "last", queue: 1, features: [] },
];

/** By the text, the last one stays where it is. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const device = makeDevice({ strict: true, last: () => 0 });
  await using driver = await openDriver(device, { strict: true });
  assert.deepEqual(await call(driver, "last", { level: 1 }), { status: 0 });
  assert.equal(device.queueCount, 3);
}

/** Q3: as many queues as the configuration says. */

import assert from "node:assert/strict";
import { type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("queues_by_configuration", {
  features: { MQ: { bit: 0, doc: "Several queues", by: "config" } },
  config: { struct: "c", fields: { num_queues: le16("Number of queues", { when: "MQ", min: 1 }) } },
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
  queues: {
    requestq: {
      doc: "Requests",
      role: "request",
      carries: "ask",
      index: 0,
      count: { config: "num_queues", when: "MQ", otherwise: 1 },
    },
  },
});

const one = {
  section: "none",
  message: "ask",
  readable: "01",
  writable: "00",
  values: { request: { level: 1 }, status: 0 },
} as const;

/** Its vectors. */
export const vectors: Vector[] = [
  { ...one, name: "the third", features: ["MQ"], config: { numQueues: 3 }, queue: 2, item: 2 },
  { ...one, name: "the only one", features: [], config: {}, queue: 0 },
];

/** Q7: all of them exist, however many a command enables. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const device = makeDevice({ config: { numQueues: 3 }, ask: () => 0 });
  assert.throws(() => makeDevice({ config: { numQueues: 0 } }), RangeError);
  await using driver = await openDriver(device);
  assert.equal((get(driver, "requestq") as unknown[]).length, 3);
  assert.throws(() => call(driver, "ask", { level: 1 }, { queue: 3 }), RangeError);
}

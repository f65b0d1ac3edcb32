/** Q10: buffers that are parked have at least the size that the configuration says. */

import assert from "node:assert/strict";
import { type Device, le32, payload } from "../../../../spec/dsl.ts";
import { call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("parked_sizes", {
  config: { struct: "c", fields: { event_size: le32("Bytes of an event") } },
  messages: { event: { doc: "An event", writable: { id: le32("Id"), more: payload("More") } } },
  queues: {
    eventq: {
      doc: "Events",
      role: "receive",
      carries: "event",
      index: 0,
      parks: { config: "event_size" },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "an event",
  section: "none",
  message: "event",
  queue: 0,
  features: [],
  config: { eventSize: 6 },
  writable: "01000000 aabb",
  values: { request: { id: 1 }, payloads: [{ name: "more", hex: "aabb" }] },
}];

/** The user may ask for less, the device gets what it wants. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const device = makeDevice({ config: { eventSize: 5000 } });
  const seen: number[] = [];
  await using driver = await openDriver(device, {
    bufferSize: 8,
    onEvent: (_: unknown, more: Uint8Array) => seen.push(more.length),
  });
  for (
    let tries = 0;
    call(device, "sendEvent", { id: 1 }, new Uint8Array(4996)) === false;
    tries++
  ) {
    assert.ok(tries < 1000, "no buffer is parked");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (let tries = 0; seen.length === 0 && tries < 1000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(seen, [4996]);
  assert.ok(driver.features !== 0n);
}

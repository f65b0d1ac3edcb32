/** Q10: buffers that are parked have at least the size that the configuration and features say. */

import assert from "node:assert/strict";
import { type Device, le32, payload } from "../../../../spec/dsl.ts";
import { call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("parked_sizes", {
  features: {
    LARGE: { bit: 0, doc: "Large events", by: "option" },
    PIECES: { bit: 1, doc: "Events come in pieces", by: "option" },
  },
  config: { struct: "c", fields: { event_size: le32("Bytes of an event") } },
  messages: {
    other: { doc: "An event", writable: { rest: payload("All of it") } },
    event: { doc: "An event", writable: { id: le32("Id"), more: payload("More") } },
  },
  queues: {
    eventq: {
      doc: "Events",
      role: "receive",
      carries: "event",
      index: 0,
      parks: { config: "event_size" },
    },
    otherq: {
      doc: "Events of other sizes",
      role: "receive",
      carries: "other",
      index: 1,
      parks: [
        { length: 16 },
        { when: "LARGE", unless: "PIECES", length: 6000 },
        { when: "PIECES", length: 600, together: true },
        { unless: "LARGE", length: { config: "event_size", plus: 4 } },
      ],
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
  assert.equal(await otherSize({ makeDevice, openDriver }, []), 5004);
  assert.equal(await otherSize({ makeDevice, openDriver }, ["LARGE"]), 6000);
  assert.equal(await otherSize({ makeDevice, openDriver }, ["LARGE", "PIECES"]), 600);
}

/** How many bytes fit into the second queue's only buffer. */
async function otherSize(
  { makeDevice, openDriver }: Pick<Sides, "makeDevice" | "openDriver">,
  features: string[],
): Promise<unknown> {
  const device = makeDevice({ config: { eventSize: 5000 }, features });
  await using _driver = await openDriver(device, { features, bufferSize: 8, queueSize: 1 });
  for (let tries = 0; tries < 1000; tries++) {
    const sent = call(device, "sendOther", new Uint8Array(9000));
    if (sent !== 0) return sent;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return 0;
}

/** Q12: a request that is not answered among those that are. */

import assert from "node:assert/strict";
import { type Device, le32 } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("no_answer", {
  messages: {
    ask: {
      doc: "A command",
      readable: { tag },
      ...answered,
      cases: {
        begin: { doc: "Is answered", tag: 1, readable: { session: le32("Session") } },
        finish: { doc: "Is not", tag: 2, status: "none", readable: { session: le32("Session") } },
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "answered",
    section: "none",
    message: "ask.begin",
    queue: 0,
    features: [],
    readable: "01000000 05000000",
    writable: "00",
    values: { request: { session: 5 }, status: 0 },
  },
  {
    name: "not answered",
    section: "none",
    message: "ask.finish",
    queue: 0,
    features: [],
    only: "device",
    readable: "02000000 05000000",
    values: { request: { session: 5 } },
  },
  {
    name: "unknown",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "03000000",
    writable: "02",
    refused: 2,
    values: {},
  },
];

/** The promise of a request that is not answered holds nothing. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const seen: number[] = [];
  const device = makeDevice({
    finish: ({ session }: { session: number }) => void seen.push(session),
  });
  await using driver = await openDriver(device);
  assert.equal(await call(driver, "finish", { session: 7 }), undefined);
  assert.deepEqual(seen, [7]);
}

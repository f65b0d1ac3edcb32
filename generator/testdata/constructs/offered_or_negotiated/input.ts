/** 2.3: configuration goes by what is offered, messages by what is negotiated; checks by either. */

import assert from "node:assert/strict";
import { type Device, le32, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("offered_or_negotiated", {
  features: {
    LIMIT: { bit: 0, doc: "There is a limit", by: "config" },
    RO: { bit: 1, doc: "Read-only", by: "option" },
    MORE: { bit: 2, doc: "There is more", by: "option" },
    LATE: { bit: 3, doc: "Read late", fieldsWhen: "negotiated", by: "config" },
  },
  config: {
    struct: "c",
    fields: { limit: le32("Limit", { when: "LIMIT" }), late: le32("Late", { when: "LATE" }) },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: { level: u8("Level"), more: u8("More", { when: "MORE" }) },
      ...answered,
      checks: [
        { doc: "Not read-only", offered: "RO", otherwise: "BAD" },
        {
          doc: "Within the limit",
          of: { field: "level" },
          atMost: { config: "limit" },
          otherwise: "FAILED",
        },
      ],
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "within the limit",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["LIMIT"],
    config: { limit: 5 },
    readable: "05",
    writable: "00",
    values: { request: { level: 5 }, status: 0 },
  },
  {
    name: "past the limit",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["LIMIT"],
    config: { limit: 5 },
    readable: "06",
    writable: "03",
    refused: 3,
    values: {},
  },
  {
    name: "without a limit",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["MORE"],
    config: {},
    readable: "ff 01",
    writable: "00",
    values: { request: { level: 255, more: 1 }, status: 0 },
  },
];

/** Read-only holds as soon as it is offered; the configuration is read by what is offered. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const device = makeDevice({ config: { limit: 5 }, features: ["RO", "MORE"], ask: () => 0 });
  await using driver = await openDriver(device, { features: [] });
  assert.deepEqual(get(driver, "config"), { limit: 5 });
  assert.deepEqual(await call(driver, "ask", { level: 1 }), { status: 1 });
  const late = makeDevice({ config: { limit: 5, late: 7 }, ask: () => 0 });
  const read = async (features: string[]) => {
    await using one = await openDriver(late, { features });
    return get(one, "config");
  };
  assert.deepEqual(await read([]), { limit: 5 });
  assert.deepEqual(await read(["LATE"]), { limit: 5, late: 7 });
}

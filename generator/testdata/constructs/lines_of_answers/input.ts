/** Answers in lines: those of one line go back in the order of their requests, refused ones among them. */

import assert from "node:assert/strict";
import { type Device, inline, le32, u8 } from "../../../../spec/dsl.ts";
import { call, code, construct, get, type Sides, STATUS, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("lines_of_answers", {
  features: { CONTEXT_INIT: { bit: 0, doc: "Several lines", by: "option" } },
  enums: {
    F: {
      doc: "Flags",
      name: "Flag",
      as: "masks",
      members: { FENCE: 1, INFO_RING_IDX: 2 },
    },
  },
  structs: {
    head: {
      doc: "What all start with",
      fields: {
        type: tag,
        flags: le32("Flags", { enum: "F" }),
        ctx: u8("Whose"),
        ring: u8("Which"),
      },
    },
  },
  messages: {
    ask: {
      doc: "Requests",
      readable: { hdr: inline("head") },
      writable: { status: code },
      status: STATUS,
      cases: {
        slow: { doc: "Takes its time", tag: 1 },
        small: {
          doc: "Small numbers",
          tag: 2,
          readable: { number: u8("The number") },
          checks: [{ doc: "It is small", of: { field: "number" }, atMost: 9, otherwise: "BAD" }],
        },
      },
    },
  },
  behaviours: {
    fences: {
      doc: "Lines",
      enums: ["F"],
      features: ["CONTEXT_INIT"],
      device: { class: "Fences", lines: { of: "ask", by: ["flags", ["hdr", "ctx"], "ring"] } },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "small",
    section: "none",
    message: "ask.small",
    queue: 0,
    features: [],
    readable: "02000000 01000000 03 04 05",
    writable: "00",
    values: { request: { flags: 1, ctx: 3, ring: 4, number: 5 }, status: 0 },
  },
];

/** A request that is refused waits for the one before it; one of another line does not. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const device = makeDevice({
    features: ["CONTEXT_INIT"],
    slow: () => promise,
    small: () => 0,
  });
  await using driver = await openDriver(device);
  const order: string[] = [];
  const ask = async (method: string, flags: number, ring: number, number: number) => {
    const { status } = await call(driver, method, { flags, ctx: 1, ring, number }) as {
      status: number;
    };
    order.push(`${method} ${number}: ${status}`);
  };
  const all = [ask("slow", 3, 1, 0), ask("small", 3, 1, 10), ask("small", 3, 2, 11)];
  all.push(ask("small", 0, 1, 12), ask("small", 3, 1, 3));
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(order, ["small 11: 1", "small 12: 1"]);
  assert.equal((get(device, "fences") as { pending: number }).pending, 1);
  resolve(0);
  await Promise.all(all);
  assert.deepEqual(order.slice(2), ["slow 0: 0", "small 10: 1", "small 3: 0"]);
}

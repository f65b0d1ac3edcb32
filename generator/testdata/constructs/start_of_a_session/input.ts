/** L22: a request that starts a session says its byte order. */

import assert from "node:assert/strict";
import { type Device, session16, session32 } from "../../../../spec/dsl.ts";
import { call, code, construct, type Sides, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("start_of_a_session", {
  enums: { OP: { doc: "What is asked for", name: "Op", members: { GO: 1, START: 26 } } },
  messages: {
    ask: {
      doc: "Numbers",
      readable: {
        a: session16("A number"),
        opcode: session32("What is asked for", { enum: "OP" }),
      },
      writable: { status: code, c: session32("A number") },
      status: STATUS,
      starts: { field: "opcode", member: "START" },
    },
  },
});

/** Its vectors, in the order that a session has at first. */
export const vectors: Vector[] = [{
  name: "little-endian",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "0201 01000000",
  writable: "00 06000000",
  statusAt: 0,
  values: { request: { a: 0x0102, opcode: 1 }, answer: { c: 6 }, status: 0 },
}];

/** Drivers of both orders, one after the other; a snapshot knows the order. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const seen: number[] = [];
  const device = makeDevice({ ask: ({ a }: { a: number }) => (seen.push(a), { c: 7 }) });
  for (const byteOrder of ["big", "little", "big"]) {
    await using driver = await openDriver(device, { byteOrder });
    for (const opcode of [26, 1]) {
      assert.deepEqual(await call(driver, "ask", { a: 3, opcode }), { c: 7, status: 0 });
    }
    assert.equal(device.save().state, byteOrder);
  }
  assert.deepEqual(seen, [3, 3, 3, 3, 3, 3]);
  const other = makeDevice({ byteOrder: () => undefined, ask: () => ({ c: 7 }) });
  await using driver = await openDriver(other, { byteOrder: "big" });
  await call(driver, "ask", { a: 3, opcode: 26 });
  assert.equal(other.save().state, "little", "the user's function comes first");
}

/** L21: byte order that a session settles on. */

import assert from "node:assert/strict";
import { type Device, session16, session32, session64 } from "../../../../spec/dsl.ts";
import { call, code, construct, type Sides, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("order_of_the_session", {
  messages: {
    ask: {
      doc: "Numbers",
      readable: {
        opcode: session32("Which", { tag: true }),
        a: session16("A number"),
        b: session64("A number"),
      },
      writable: { status: code, c: session32("A number") },
      status: STATUS,
      cases: { start: { doc: "Starts", tag: 26 }, go: { doc: "Goes on", tag: 1 } },
    },
  },
});

const numbers = { request: { a: 0x0102, b: "0x5n" }, answer: { c: 6 }, status: 0 } as const;

/** Its vectors, in the order that a session has at first. */
export const vectors: Vector[] = [{
  name: "little-endian",
  section: "none",
  message: "ask.go",
  queue: 0,
  features: [],
  readable: "01000000 0201 0500000000000000",
  writable: "00 06000000",
  statusAt: 0,
  values: numbers,
}];

/** A session of the other order: the device learns it from the first request. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const seen: string[] = [];
  const device = makeDevice({
    byteOrder: (request: DataView) => request.getUint32(0) === 26 ? "big" : undefined,
    start: ({ a, b }: { a: number; b: bigint }) => (seen.push(`start ${a} ${b}`), { c: 7 }),
    go: ({ a, b }: { a: number; b: bigint }) => (seen.push(`go ${a} ${b}`), { c: 8 }),
  });
  await using driver = await openDriver(device, { byteOrder: "big" });
  assert.deepEqual(await call(driver, "start", { a: 1, b: 2n }), { c: 7, status: 0 });
  assert.deepEqual(await call(driver, "go", { a: 3, b: 4n }), { c: 8, status: 0 });
  assert.deepEqual(seen, ["start 1 2", "go 3 4"]);
}

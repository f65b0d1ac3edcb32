/** L14: a union that something outside of the message selects. */

import assert from "node:assert/strict";
import { type Device, le32, u8, union } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("union_by_state", {
  structs: { pair: { doc: "A pair", fields: { one: u8("One"), other: le32("Other") } } },
  messages: {
    ask: {
      doc: "A value",
      readable: {
        control: u8("Which"),
        value: union("Its value", { state: "type of the control" }, {
          number: { tag: 0, fields: { n: le32("A number") } },
          bytes: { tag: 1, fields: { b: u8("A byte") } },
          pair: { tag: 2, struct: "pair" },
        }, { size: 5 }),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "raw",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "01 0a0b0c0d0e",
  writable: "00",
  values: { request: { control: 1, value: "hex:0a0b0c0d0e" }, status: 0 },
}];

/** Who knows the state reads and writes the bytes as the struct of an arm. */
export function run({ wire }: Sides): void {
  const view = new DataView(new ArrayBuffer(5));
  call(wire, "writePair", view, 0, { one: 10, other: 0x0e0d0c0b });
  assert.deepEqual([...new Uint8Array(view.buffer)], [10, 11, 12, 13, 14]);
  assert.deepEqual(call(wire, "readPair", view, 0, {}), { one: 10, other: 0x0e0d0c0b });
}

/** L20: values, masks and bit numbers are told apart. */

import assert from "node:assert/strict";
import { type Device, le32 } from "../../../../spec/dsl.ts";
import { answered, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("values_masks_and_bits", {
  enums: {
    V: { doc: "Values", name: "Value", members: { ONE: 1, TWO: 2 } },
    M: { doc: "Masks", name: "Mask", as: "masks", members: { READ: 1, WRITE: 2 } },
    B: { doc: "Bit numbers", name: "Bit", as: "bits", members: { RECEIVE: 0, SEND: 1 } },
  },
  messages: {
    ask: {
      doc: "All three",
      readable: {
        value: le32("A value", { enum: "V" }),
        mask: le32("A mask", { enum: "M" }),
        bits: le32("Bits", { enum: "B" }),
      },
      ...answered,
      checks: [{ doc: "Only named bits", of: { field: "bits" }, within: 3, otherwise: "BAD" }],
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "all",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "02000000 03000000 03000000",
    writable: "00",
    values: { request: { value: 2, mask: 3, bits: 3 }, status: 0 },
  },
  {
    name: "a bit without a name",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "02000000 03000000 04000000",
    writable: "01",
    refused: 1,
    values: {},
  },
];

/** The names of each kind. */
export function run({ wire }: Sides): void {
  assert.deepEqual(wire["ValuesMasksAndBitsMask"], { READ: 1, WRITE: 2 });
  assert.deepEqual(wire["ValuesMasksAndBitsBit"], { RECEIVE: 0, SEND: 1 });
}

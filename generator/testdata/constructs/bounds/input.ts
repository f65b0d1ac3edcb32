/** 2.3: bounds of values: of what is configured, and of what arrives. */

import assert from "node:assert/strict";
import { type Device, le16, le32, le64, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("bounds", {
  config: {
    struct: "c",
    fields: {
      block: le64("Bytes of a block", { powerOfTwo: true }),
      most: u8("Most", { min: 2, max: 9 }),
    },
  },
  messages: {
    ask: {
      doc: "Numbers",
      readable: {
        least: u8("At least 2", { min: 2 }),
        limited: u8("At most as configured", { max: { config: "most" } }),
        steps: le16("By 4", { multipleOf: 4 }),
        power: le32("A power of two", { powerOfTwo: true }),
        addr: le64("Aligned to blocks"),
      },
      ...answered,
      checks: [{
        doc: "It is aligned",
        of: { field: "addr" },
        multipleOf: { config: "block" },
        otherwise: "FAILED",
      }],
    },
  },
});

const one = {
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  config: { block: "0x100000000n", most: 3 },
} as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...one,
    name: "within all",
    readable: "02 03 0400 08000000 0000000003000080",
    writable: "00",
    values: {
      request: { least: 2, limited: 3, steps: 4, power: 8, addr: "0x8000000300000000n" },
      status: 0,
    },
  },
  {
    ...one,
    name: "below the least",
    readable: "01 03 0400 08000000 0000000003000080",
    writable: "01",
    refused: 1,
    values: {},
  },
  {
    ...one,
    name: "above the greatest",
    readable: "02 04 0400 08000000 0000000003000080",
    writable: "01",
    refused: 1,
    values: {},
  },
  {
    ...one,
    name: "between steps",
    readable: "02 03 0500 08000000 0000000003000080",
    writable: "01",
    refused: 1,
    values: {},
  },
  {
    ...one,
    name: "no power",
    readable: "02 03 0400 0a000000 0000000003000080",
    writable: "01",
    refused: 1,
    values: {},
  },
  {
    ...one,
    name: "not aligned, by one in 64 bits",
    readable: "02 03 0400 08000000 0100000003000080",
    writable: "03",
    refused: 3,
    values: {},
  },
];

/** A device is not made with values that cannot be. */
export function run({ makeDevice }: Sides): void {
  assert.throws(() => makeDevice({ config: { block: 3n, most: 3 } }), RangeError);
  assert.throws(() => makeDevice({ config: { block: 4n, most: 1 } }), RangeError);
}

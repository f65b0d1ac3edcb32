/** L3: bit-fields in words of either byte order, lowest bits first. */

import { bits, type Device } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("bit_fields", {
  messages: {
    ask: {
      doc: "Bits",
      readable: {
        flags: bits("le32", {
          unmap: { width: 1 },
          kind: { width: 3 },
          reserved: { width: 28, reserved: "zero" },
        }),
        place: bits("be16", { offset: { width: 15 }, wrap: { width: 1 } }),
      },
      ...answered,
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
    readable: "0b000000 9234",
    writable: "00",
    values: { request: { unmap: 1, kind: 5, offset: 0x1234, wrap: 1 }, status: 0 },
  },
  {
    name: "a reserved bit",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0b000080 9234",
    writable: "01",
    refused: 1,
    values: {},
  },
];

/** L7: arrays whose length is computed from a field. */

import { array, bytes, type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("array_by_expression", {
  messages: {
    ask: {
      doc: "Arrays",
      readable: {
        mask: le16("One less than the entries", { oneOf: [0, 1, 3, 7] }),
        quads: u8("Fourfold bytes"),
        table: array("u8", "Entries", { field: "mask", plus: 1 }),
        data: bytes("Data", { field: "quads", times: 4 }),
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
    readable: "0300 01 0a0b0c0d 01020304",
    writable: "00",
    values: { request: { table: [10, 11, 12, 13], data: "hex:01020304" }, status: 0 },
  },
  {
    name: "no mask",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0200 01 0a0b0c 01020304",
    writable: "01",
    refused: 1,
    values: {},
  },
];

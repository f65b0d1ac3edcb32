/** L6: arrays that a field before them gives the length of, in elements or in bytes. */

import { array, bytes, type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("array_by_field", {
  messages: {
    ask: {
      doc: "Arrays",
      readable: {
        count: le16("Elements"),
        size: le16("Bytes"),
        len: u8("Bytes of the key"),
        values: array("le16", "Values", { field: "count" }),
        words: array("le16", "Words", { bytes: "size" }),
        key: bytes("A key", { field: "len" }),
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
    readable: "0200 0400 01 0100 0200 0300 0400 ff",
    writable: "00",
    values: { request: { values: [1, 2], words: [3, 4], key: "hex:ff" }, status: 0 },
  },
  {
    name: "too many",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0300 0400 01 0100 0200 0300 0400 ff",
    writable: "01",
    refused: 1,
    values: {},
  },
];

/** Fields that are called as parameters and variables of the code that reads and writes them. */

import { array, type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("names_of_locals", {
  messages: {
    ask: {
      doc: "Ranges, and other words",
      readable: {
        tag,
        d: u8("D"),
        s: u8("S"),
        count: u8("How many"),
        ranges: array("le16", "Ranges", { field: "count" }),
        e: u8("E"),
        value: u8("Value"),
        request: u8("Request"),
        view: u8("View"),
        at: le16("At"),
      },
      writable: { status: code },
      status: STATUS,
      cases: {
        both: {
          doc: "The same back",
          tag: 1,
          writable: {
            d: u8("D"),
            s: u8("S"),
            size: u8("How many"),
            ranges: array("le16", "Ranges", { field: "size" }),
            e: u8("E"),
          },
        },
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "all",
    section: "none",
    message: "ask.both",
    queue: 0,
    features: [],
    readable: "01000000 01 02 02 0300 0400 05 06 07 08 0900",
    writable: "01 02 02 0300 0400 05 00",
    values: {
      request: { d: 1, s: 2, ranges: [3, 4], e: 5, value: 6, request: 7, view: 8, at: 9 },
      room: 9,
      answer: { d: 1, s: 2, ranges: [3, 4], e: 5 },
      status: 0,
    },
  },
];

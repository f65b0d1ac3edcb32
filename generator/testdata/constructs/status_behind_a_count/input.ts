/** L12: a status at the end of the buffer, behind as many elements as a field of the answer says. */

import { array, type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("status_behind_a_count", {
  messages: {
    ask: {
      doc: "Some values, then how it went",
      readable: { tag },
      writable: { status: code },
      status: STATUS,
      cases: {
        list: {
          doc: "As many values as there are",
          tag: 1,
          writable: {
            count: u8("How many"),
            values: array("le16", "The values", { field: "count" }),
          },
        },
        rest: {
          doc: "Values up to the status",
          tag: 3,
          writable: { values: array("le16", "The values", "rest") },
        },
        first: { doc: "One value", tag: 2, writable: { value: le16("The value") } },
      },
    },
  },
});

const one = {
  section: "none",
  message: "ask.list",
  queue: 0,
  features: [],
  readable: "01000000",
} as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...one,
    name: "as much room as it takes",
    writable: "02 0500 0600 00",
    values: { room: 6, answer: { values: [5, 6] }, status: 0 },
  },
  {
    ...one,
    name: "more room, and a status of its own",
    writable: "01 0500 0000 0000 03",
    values: { room: 8, answer: { values: [5] }, status: 3 },
  },
  {
    ...one,
    name: "values up to the status",
    message: "ask.rest",
    readable: "03000000",
    writable: "0500 0600 03",
    values: { room: 5, answer: { values: [5, 6] }, status: 3 },
  },
  {
    ...one,
    name: "a status alone",
    only: "driver",
    writable: "00 0000 0000 02",
    values: { room: 6, answer: { values: [] }, status: 2 },
  },
  {
    ...one,
    name: "no room for what there is",
    only: "driver",
    writable: "00 02",
    values: { room: 2, answer: { values: [] }, status: 2 },
  },
];

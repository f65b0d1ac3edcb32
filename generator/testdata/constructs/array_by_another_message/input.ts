/** L10: an array whose length only another message tells. */

import { array, type Device, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("array_by_another_message", {
  messages: {
    ask: {
      doc: "Items",
      readable: { list: u8("Which") },
      writable: { status: code, items: array("le16", "Items", { given: "items of the list" }) },
      status: STATUS,
    },
  },
});

const items = {
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "05",
  writable: "00 0100 0200",
} as const;
const values = { request: { list: 5 }, answer: { items: [1, 2] }, status: 0 } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  { name: "the handler knows", only: "device", ...items, values },
  { name: "the caller knows", only: "driver", ...items, values: { ...values, room: 2 } },
];

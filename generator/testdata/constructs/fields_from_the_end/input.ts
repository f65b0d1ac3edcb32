/** L11: fields behind an area of any size, found from the end. */

import { type Device, inline, le32, padding, payload, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("fields_from_the_end", {
  structs: {
    tail: {
      doc: "The end",
      fields: { status: code, reserved: padding(3), latency: le32("Bytes that wait") },
    },
  },
  messages: {
    ask: {
      doc: "Data, then how it went",
      readable: { stream: u8("Which") },
      writable: { data: payload("The data"), tail: inline("tail") },
      status: STATUS,
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
    readable: "01",
    writable: "0102030405 00 000000 07000000",
    values: {
      request: { stream: 1 },
      answer: { latency: 7 },
      status: 0,
      payloads: [{ name: "data", hex: "0102030405", writable: true }],
    },
  },
];

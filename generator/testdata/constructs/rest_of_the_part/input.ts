/** L9: payload that takes what is left of either part. */

import { type Device, le32, payload } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("rest_of_the_part", {
  messages: {
    ask: {
      doc: "Data both ways",
      readable: { sector: le32("Where"), out: payload("What the device reads") },
      writable: { in: payload("What the device writes"), status: code },
      status: STATUS,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "all",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "07000000 0102030405",
  writable: "0a0b0c 00",
  values: {
    request: { sector: 7 },
    status: 0,
    payloads: [{ name: "out", hex: "0102030405" }, { name: "in", hex: "0a0b0c", writable: true }],
  },
}];

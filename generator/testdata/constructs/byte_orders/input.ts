/** L1: packed structs, each field in its own byte order. */

import { be16, be32, be64, type Device, le16, le32, le64 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("byte_orders", {
  messages: {
    ask: {
      doc: "Numbers",
      readable: {
        a: le16("Little"),
        b: le32("Little"),
        c: le64("Little"),
        d: be16("Big"),
        e: be32("Big"),
        f: be64("Big"),
      },
      ...answered,
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
  readable: "0201 06050403 0100000000000000 0708 090a0b0c 0000000000000002",
  writable: "00",
  values: {
    request: { a: 0x0102, b: 0x03040506, c: "0x1n", d: 0x0708, e: 0x090a0b0c, f: "0x2n" },
    status: 0,
  },
}];

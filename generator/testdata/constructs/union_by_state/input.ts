/** L14: a union that something outside of the message selects. */

import { type Device, le32, u8, union } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("union_by_state", {
  messages: {
    ask: {
      doc: "A value",
      readable: {
        control: u8("Which"),
        value: union("Its value", { state: "type of the control" }, {
          number: { tag: 0, fields: { n: le32("A number") } },
          bytes: { tag: 1, fields: { b: u8("A byte") } },
        }, { size: 4 }),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "raw",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "01 0a0b0c0d",
  writable: "00",
  values: { request: { control: 1, value: "hex:0a0b0c0d" }, status: 0 },
}];

/** L2: scalars at odd offsets. */

import { type Device, le16, le64, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("unaligned_fields", {
  structs: {
    stat: {
      doc: "A statistic",
      size: 11,
      fields: { kind: u8("Kind"), value: le64("Value"), unit: le16("Unit") },
    },
  },
  messages: {
    ask: {
      doc: "A statistic",
      readable: { stat: { kind: "struct", struct: "stat", doc: "It" } },
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
  readable: "07 0807060504030201 0100",
  writable: "00",
  values: { request: { stat: { kind: 7, value: "0x102030405060708n", unit: 1 } }, status: 0 },
}];

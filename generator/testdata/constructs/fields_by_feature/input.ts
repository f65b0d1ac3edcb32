/** L16: fields that are there with a feature, or without it. */

import { type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("fields_by_feature", {
  features: { WIDE: { bit: 0, doc: "Levels have 16 bits", by: "option" } },
  messages: {
    ask: {
      doc: "A level",
      readable: {
        lamp: u8("Which"),
        wide: le16("Level", { when: "WIDE" }),
        narrow: u8("Level", { unless: "WIDE" }),
        last: u8("The last"),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "with it",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["WIDE"],
    readable: "01 0203 04",
    writable: "00",
    values: { request: { lamp: 1, wide: 0x302, last: 4 }, status: 0 },
  },
  {
    name: "without it",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "01 02 04",
    writable: "00",
    values: { request: { lamp: 1, narrow: 2, last: 4 }, status: 0 },
  },
];

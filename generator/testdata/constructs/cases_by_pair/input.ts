/** L12: cases that a pair of fields selects, each with parts of its own. */

import { type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("cases_by_pair", {
  messages: {
    ask: {
      doc: "A command",
      readable: { class: u8("Class", { tag: true }), command: u8("Command", { tag: true }) },
      ...answered,
      cases: {
        set: { doc: "Sets", tag: [1, 2], readable: { level: le16("Level") } },
        get: { doc: "Gets", tag: [2, 1], writable: { level: le16("Level") } },
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "set",
    section: "none",
    message: "ask.set",
    queue: 0,
    features: [],
    readable: "01 02 0500",
    writable: "00",
    values: { request: { level: 5 }, status: 0 },
  },
  {
    name: "get",
    section: "none",
    message: "ask.get",
    queue: 0,
    features: [],
    readable: "02 01",
    writable: "0600 00",
    values: { answer: { level: 6 }, status: 0 },
  },
  {
    name: "no such pair",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "01 01",
    writable: "02",
    refused: 2,
    values: {},
  },
];

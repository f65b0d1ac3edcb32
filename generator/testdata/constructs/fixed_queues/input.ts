/** Q1: a fixed list of queues, each with messages of its own. */

import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

const ask = { doc: "A request", readable: { level: u8("Level") }, ...answered } as const;

/** The device. */
export const device: Device = construct("fixed_queues", {
  messages: { first: ask, second: ask },
  queues: {
    oneq: { doc: "The one", role: "request", carries: "first", index: 0 },
    otherq: { doc: "The other", role: "request", carries: "second", index: 1 },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "one",
    section: "none",
    message: "first",
    queue: 0,
    features: [],
    readable: "01",
    writable: "00",
    values: { request: { level: 1 }, status: 0 },
  },
  {
    name: "other",
    section: "none",
    message: "second",
    queue: 1,
    features: [],
    readable: "02",
    writable: "00",
    values: { request: { level: 2 }, status: 0 },
  },
];

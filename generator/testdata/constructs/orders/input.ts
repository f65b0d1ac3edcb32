/** Q8: orders in which buffers come back are said, and change nothing on the wire. */

import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

const ask = { doc: "A request", readable: { line: u8("Line") }, ...answered } as const;

/** The device. */
export const device: Device = construct("orders", {
  messages: { first: ask, second: ask },
  queues: {
    inq: { doc: "In order", role: "request", carries: "first", index: 0, order: "queue" },
    byq: {
      doc: "In order for each line",
      role: "request",
      carries: "second",
      index: 1,
      order: { key: "line" },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "in order",
    section: "none",
    message: "first",
    queue: 0,
    features: [],
    readable: "01",
    writable: "00",
    values: { request: { line: 1 }, status: 0 },
  },
  {
    name: "by line",
    section: "none",
    message: "second",
    queue: 1,
    features: [],
    readable: "02",
    writable: "00",
    values: { request: { line: 2 }, status: 0 },
  },
];

/** L15: the status is the tag of the answer, with a value of its own for each kind; the rest of the header repeats the request. */

import { body, type Device, le32, le64 } from "../../../../spec/dsl.ts";
import { construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("tag_of_the_answer", {
  enums: {
    R: {
      doc: "Kinds of answers",
      name: "Response",
      members: { NODATA: 0x1100, INFO: 0x1101, ERROR: 0x1200, INVALID: 0x1201 },
    },
  },
  messages: {
    ask: {
      doc: "A command",
      readable: { type: le32("Which", { tag: true }), fence: le64("Fence") },
      writable: {
        type: le32("Kind", { enum: "R" }),
        fence: le64("Fence", { echoes: "fence" }),
        result: body(),
      },
      status: {
        field: "type",
        ok: "NODATA",
        unknown: "ERROR",
        malformed: "INVALID",
        failed: "ERROR",
      },
      cases: {
        tell: { doc: "Tells", tag: 1, ok: "INFO", writable: { size: le32("Size") } },
        stop: { doc: "Stops", tag: 2 },
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "with data",
    section: "none",
    message: "ask.tell",
    queue: 0,
    features: [],
    readable: "01000000 0900000000000000",
    writable: "01110000 0900000000000000 2a000000",
    statusAt: 0,
    values: { request: { fence: "0x9n" }, answer: { size: 42 }, status: 0x1101 },
  },
  {
    name: "without data",
    section: "none",
    message: "ask.stop",
    queue: 0,
    features: [],
    readable: "02000000 0900000000000000",
    writable: "00110000 0900000000000000",
    statusAt: 0,
    values: { request: { fence: "0x9n" }, status: 0x1100 },
  },
  {
    name: "unknown",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "03000000 0900000000000000",
    writable: "00120000 0900000000000000",
    refused: 0x1200,
    values: {},
  },
];

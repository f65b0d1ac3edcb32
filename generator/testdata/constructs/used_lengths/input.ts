/** Q9: what the used length says: all, or what was filled. */

import { type Device, le32, payload, u8 } from "../../../../spec/dsl.ts";
import { construct, STATUS, type Vector } from "../construct.ts";

const parts = {
  readable: { stream: u8("Which") },
  writable: { frames: payload("Frames"), status: le32("How it went", { enum: "S" }) },
  status: STATUS,
} as const;

/** The device. */
export const device: Device = construct("used_lengths", {
  messages: {
    whole: { doc: "All counts", ...parts },
    filled: { doc: "What was filled counts", ...parts, used: "filled" },
  },
  queues: {
    wholeq: { doc: "All", role: "request", carries: "whole", index: 0 },
    filledq: { doc: "Filled", role: "request", carries: "filled", index: 1, used: "length" },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "all counts",
    section: "none",
    message: "whole",
    queue: 0,
    features: [],
    only: "device",
    readable: "01",
    writable: "0a0b 0000 00000000",
    values: {
      request: { stream: 1 },
      status: 0,
      payloads: [{ name: "frames", hex: "0a0b....", writable: true }],
    },
  },
  {
    name: "what was filled counts",
    section: "none",
    message: "filled",
    queue: 1,
    features: [],
    used: 6,
    readable: "01",
    writable: "0a0b .... 00000000",
    values: {
      request: { stream: 1 },
      status: 0,
      payloads: [{ name: "frames", hex: "0a0b....", writable: true }],
    },
  },
];

/** Q9: what the used length says: all, what was filled, or what lies in front of someone else's bytes. */

import { type Device, le32, padding, payload, u8 } from "../../../../spec/dsl.ts";
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
    shared: {
      doc: "What lies behind the frames is someone else's",
      readable: { stream: u8("Which", { max: 9 }), size: u8("Bytes of frames") },
      writable: {
        frames: payload("Frames", { field: "size" }),
        surplus: padding("rest"),
        status: u8("How it went", { enum: "S" }),
      },
      status: STATUS,
      checks: [{ doc: "It is even", of: { field: "size" }, multipleOf: 2, otherwise: "BAD" }],
    },
  },
  queues: {
    wholeq: { doc: "All", role: "request", carries: "whole", index: 0 },
    filledq: { doc: "Filled", role: "request", carries: "filled", index: 1, used: "length" },
    sharedq: { doc: "Shared", role: "request", carries: "shared", index: 2 },
  },
});

const shared = {
  section: "none",
  message: "shared",
  queue: 2,
  features: [],
  only: "device",
} as const;
const frames = { name: "frames", writable: true } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...shared,
    name: "someone else's bytes are left alone",
    used: 2,
    readable: "01 02",
    writable: "0a0b .. .. 00",
    values: {
      request: { stream: 1, size: 2 },
      status: 0,
      payloads: [{ ...frames, hex: "0a0b" }],
    },
  },
  {
    ...shared,
    name: "a handler that writes nothing",
    readable: "01 02",
    writable: "0000 03",
    values: { request: { stream: 1, size: 2 }, status: 3, payloads: [{ ...frames, hex: "...." }] },
  },
  {
    ...shared,
    name: "a refusal",
    used: 3,
    readable: "01 03",
    writable: "000000 .. 01",
    refused: 1,
  },
  { ...shared, name: "too little room", readable: "01 04", writable: "00 01", refused: 1 },
  { ...shared, name: "a message that is cut off", readable: "01", writable: "0000 01", refused: 1 },
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
    writable: "0a0b 0000 00000000",
    values: {
      request: { stream: 1 },
      status: 0,
      payloads: [{ name: "frames", hex: "0a0b....", writable: true }],
    },
  },
];

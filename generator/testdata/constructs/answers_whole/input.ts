/** Q13: answers that are written whole, whatever their status, and no further. */

import { body, type Device, le32, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("answers_whole", {
  messages: {
    ask: {
      doc: "A value, or nothing",
      readable: { tag },
      writable: { status: code, answer: body() },
      status: { ...STATUS, whole: true },
      cases: {
        read: { doc: "A value", tag: 1, writable: { value: le32("The value") } },
        forget: { doc: "Nothing", tag: 2, writable: { value: u8("Zero", { reserved: true }) } },
      },
    },
  },
});

const one = { section: "none", queue: 0, features: [], statusAt: 0 } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...one,
    name: "a value",
    message: "ask.read",
    readable: "01000000",
    writable: "00 05000000",
    values: { answer: { value: 5 }, status: 0 },
  },
  {
    ...one,
    name: "no value",
    message: "ask.read",
    only: "driver",
    readable: "01000000",
    writable: "03 00000000",
    values: { answer: { value: 0 }, status: 3 },
  },
  {
    ...one,
    name: "nothing",
    message: "ask.forget",
    readable: "02000000",
    writable: "00 00",
    values: { status: 0 },
  },
  {
    ...one,
    name: "an unknown request",
    message: "ask",
    readable: "03000000",
    writable: "02 00 .. ..",
    used: 2,
    refused: 2,
  },
  {
    ...one,
    name: "no value in more room than it takes",
    message: "ask.read",
    only: "device",
    readable: "01000000",
    writable: "03 00000000 .. ..",
    used: 5,
    values: { status: 3 },
  },
  {
    ...one,
    name: "a status alone",
    message: "ask",
    readable: "03000000",
    writable: "02",
    refused: 2,
  },
];

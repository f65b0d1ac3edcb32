/** Answers of which nothing beside the status counts unless that is success: in a struct, and as a payload. */

import { body, type Device, le16, payload } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, tag, type Vector } from "../construct.ts";

const status = { ...STATUS, discards: true } as const;

/** The device. */
export const device: Device = construct("answers_discarded", {
  messages: {
    ask: {
      doc: "A value behind the status",
      readable: { tag },
      writable: { status: code, answer: body() },
      status,
      cases: {
        level: { doc: "The level", tag: 1, writable: { level: le16("The level") } },
      },
    },
    fetch: {
      doc: "Bytes before the status",
      readable: { place: le16("Where") },
      writable: { data: payload("The bytes"), status: code },
      status,
    },
  },
  queues: {
    asks: { doc: "Requests", role: "request", carries: "ask", index: 0 },
    fetches: { doc: "Requests", role: "request", carries: "fetch", index: 1 },
  },
});

const level = {
  section: "none",
  message: "ask.level",
  statusAt: 0,
  queue: 0,
  features: [],
  readable: "01000000",
} as const;

const bytes = {
  section: "none",
  message: "fetch",
  queue: 1,
  features: [],
  readable: "0100",
  only: "driver",
} as const;

/** Its vectors. */
export const vectors: Vector[] = [
  { ...level, name: "a level", writable: "00 0500", values: { answer: { level: 5 }, status: 0 } },
  {
    ...level,
    name: "a level that does not count",
    only: "driver",
    writable: "01 0500",
    values: { answer: { level: 0 }, status: 1 },
  },
  {
    ...bytes,
    name: "bytes",
    writable: "0102 00",
    values: {
      request: { place: 1 },
      payloads: [{ name: "data", hex: "0102", writable: true }],
      status: 0,
    },
  },
  {
    ...bytes,
    name: "bytes that do not count",
    writable: "0102 01",
    values: {
      request: { place: 1 },
      payloads: [{ name: "data", hex: "0000", writable: true }],
      status: 1,
    },
  },
];

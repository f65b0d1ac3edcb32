/** Q4: a queue behind as many pairs as there are. */

import { type Device, le16, payload, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

const PAIRS = { config: "pairs", when: "MQ", otherwise: 1 } as const;
const packet = payload("The packet");

/** The device. */
export const device: Device = construct("queue_behind_a_family", {
  features: { MQ: { bit: 0, doc: "Several pairs", by: "config" } },
  config: { struct: "c", fields: { pairs: le16("Number of pairs", { when: "MQ" }) } },
  messages: {
    receive: { doc: "A packet in", writable: { packet } },
    transmit: { doc: "A packet out", readable: { packet } },
    control: { doc: "A command", readable: { level: u8("Level") }, ...answered },
  },
  queues: {
    rxq: {
      doc: "In",
      role: "receive",
      carries: "receive",
      index: { first: 0, step: 2 },
      count: PAIRS,
      used: "length",
    },
    txq: {
      doc: "Out",
      role: "transmit",
      carries: "transmit",
      index: { first: 1, step: 2 },
      count: PAIRS,
    },
    controlq: {
      doc: "Commands",
      role: "request",
      carries: "control",
      index: { ...PAIRS, times: 2 },
    },
  },
});

const two = { features: ["MQ"], config: { pairs: 2 }, section: "none" } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...two,
    name: "in",
    message: "receive",
    queue: 2,
    item: 1,
    writable: "0102",
    values: { payloads: [{ name: "packet", hex: "0102" }] },
  },
  {
    ...two,
    name: "out",
    message: "transmit",
    queue: 3,
    item: 1,
    readable: "0304",
    values: { payloads: [{ name: "packet", hex: "0304" }] },
  },
  {
    ...two,
    name: "a command",
    message: "control",
    queue: 4,
    readable: "05",
    writable: "00",
    values: { request: { level: 5 }, status: 0 },
  },
];

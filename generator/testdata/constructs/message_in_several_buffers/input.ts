/** L28: one message over several buffers, whose number its first one says. */

import { type Device, le16, payload, struct } from "../../../../spec/dsl.ts";
import { construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("message_in_several_buffers", {
  features: { MERGE: { bit: 0, doc: "Messages may fill several buffers", by: "runtime" } },
  structs: {
    head: { doc: "A header", fields: { flags: le16("Flags"), buffers: le16("Buffers") } },
  },
  messages: {
    packet: { doc: "A packet", writable: { hdr: struct("head", "Header"), data: payload("Data") } },
  },
  queues: {
    rx: {
      doc: "Packets",
      role: "receive",
      carries: "packet",
      index: 0,
      parks: 8,
      merges: { field: ["hdr", "buffers"], when: "MERGE" },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "one buffer",
    section: "none",
    message: "packet",
    queue: 0,
    features: [],
    writable: "0100 0100 aabb",
    values: {
      request: { hdr: { flags: 1, buffers: 1 } },
      payloads: [{ name: "data", hex: "aabb" }],
    },
  },
  {
    name: "two buffers",
    section: "none",
    message: "packet",
    queue: 0,
    features: ["MERGE"],
    buffers: [6, 2],
    writable: "0100 0200 aabbccdd",
    values: {
      request: { hdr: { flags: 1, buffers: 2 } },
      payloads: [{ name: "data", hex: "aabbccdd" }],
    },
  },
];

/** L17: a struct that ends after the last group of which a feature is there. */

import { type Device, le16, le32, payload, struct } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("growing_struct", {
  features: {
    HASH: { bit: 0, doc: "A hash", by: "option" },
    TIME: { bit: 1, doc: "A time", by: "option" },
  },
  structs: {
    header: {
      doc: "A header",
      size: 12,
      grows: true,
      fields: {
        flags: le32("Flags"),
        hash: le16("Hash", { when: "HASH" }),
        kind: le16("Kind", { when: "HASH" }),
        time: le32("Time", { when: "TIME" }),
      },
    },
  },
  messages: {
    ask: {
      doc: "A packet",
      readable: { hdr: struct("header", "Header"), data: payload("Data") },
      ...answered,
    },
  },
});

const data = [{ name: "data", hex: "aabb" }];

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "the first group",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "01000000 aabb",
    writable: "00",
    values: {
      request: { hdr: { flags: 1, hash: 0, kind: 0, time: 0 } },
      payloads: data,
      status: 0,
    },
  },
  {
    name: "two groups",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["HASH"],
    readable: "01000000 0200 0300 aabb",
    writable: "00",
    values: {
      request: { hdr: { flags: 1, hash: 2, kind: 3, time: 0 } },
      payloads: data,
      status: 0,
    },
  },
  {
    name: "all, for the last one",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["TIME"],
    readable: "01000000 0200 0300 04000000 aabb",
    writable: "00",
    values: {
      request: { hdr: { flags: 1, hash: 2, kind: 3, time: 4 } },
      payloads: data,
      status: 0,
    },
  },
];

/** L18: elements that say what they are and how long, up to an end or the end of the area; some are passed over. */

import { type Device, le16, le32, sequence, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

const arms = {
  level: { tag: 1, fields: { level: le32("Level") } },
  flag: { tag: 2, fields: { flag: u8("Flag") } },
} as const;

/** The device. */
export const device: Device = construct("elements_with_headers", {
  structs: {
    head: { doc: "Head of an element", fields: { type: le16("Kind"), length: le16("Bytes") } },
    other: {
      doc: "Head of another element",
      fields: { type: u8("Kind"), unused: u8("Zero"), length: le16("Bytes") },
    },
  },
  config: { struct: "c", fields: { area: le32("Bytes of properties") } },
  messages: {
    ask: {
      doc: "Properties",
      readable: {
        all: sequence("To the end of the part", {
          header: "head",
          by: "type",
          size: { field: "length", includes: 4 },
          align: 4,
          arms,
          otherwise: "raw",
        }),
      },
      writable: {
        some: sequence("Up to an end, in an area", {
          header: "other",
          by: "type",
          size: { field: "length" },
          arms,
          end: 0,
          zero: "unused",
          length: { config: "area" },
        }),
        status: code,
      },
      status: STATUS,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "all",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    config: { area: 16 },
    readable: "0200 0500 01 000000 0900 0600 aabb 0000 0100 0800 07000000",
    writable: "0100 0400 08000000 0000 0000 00000000 00",
    values: {
      request: {
        all: [{ kind: "flag", flag: 1 }, { kind: "raw", tag: 9, bytes: "hex:aabb" }, {
          kind: "level",
          level: 7,
        }],
      },
      answer: { some: [{ kind: "level", level: 8 }] },
      status: 0,
    },
  },
  {
    name: "a full area",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    config: { area: 16 },
    readable: "0200 0500 01 000000",
    writable: "0100 0400 08000000 0100 0400 09000000 00",
    values: {
      request: { all: [{ kind: "flag", flag: 1 }] },
      answer: { some: [{ kind: "level", level: 8 }, { kind: "level", level: 9 }] },
      status: 0,
    },
  },
  {
    name: "an area that is full but for less than an end",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    config: { area: 7 },
    readable: "0200 0500 01 000000",
    writable: "0200 0100 01 0000 00",
    values: {
      request: { all: [{ kind: "flag", flag: 1 }] },
      answer: { some: [{ kind: "flag", flag: 1 }] },
      status: 0,
    },
  },
  {
    name: "an element that is passed over",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    only: "driver",
    config: { area: 16 },
    readable: "0200 0500 01 000000",
    writable: "0180 0400 08000000 0100 0400 09000000 00",
    values: {
      request: { all: [{ kind: "flag", flag: 1 }] },
      answer: { some: [{ kind: "level", level: 9 }] },
      status: 0,
    },
  },
  {
    name: "longer than the part",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    config: { area: 16 },
    readable: "0200 0900 01",
    writable: "00000000000000000000000000000000 01",
    refused: 1,
    values: {},
  },
];

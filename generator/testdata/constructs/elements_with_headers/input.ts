/** L18: elements that say what they are and how long, up to an end or the end of the area. */

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
          header: "head",
          by: "type",
          size: { field: "length" },
          arms,
          end: 0,
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

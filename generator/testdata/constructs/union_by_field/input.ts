/** L13: unions in slots, selected by a field before or behind them. */

import { type Device, le16, le32, le64, u8, union } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("union_by_field", {
  messages: {
    ask: {
      doc: "Unions",
      readable: {
        kind: le16("Selects the first"),
        first: union("The first", "kind", {
          narrow: { tag: 1, fields: { x: le16("A number") } },
          wide: { tag: 2, fields: { x: le64("A number") } },
        }, { size: 8 }),
        second: union("The second", "op", {
          none: { tag: 0, fields: {} },
          some: { tag: 7, fields: { y: le32("A number") } },
        }, { size: 6 }),
        op: u8("Selects the second"),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "narrow and some",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0100 0500000000000000 040000000000 07",
    writable: "00",
    values: {
      request: { first: { kind: "narrow", x: 5 }, second: { kind: "some", y: 4 } },
      status: 0,
    },
  },
  {
    name: "wide and none",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0200 0500000000000000 000000000000 00",
    writable: "00",
    values: {
      request: { first: { kind: "wide", x: "0x5n" }, second: { kind: "none" } },
      status: 0,
    },
  },
  {
    name: "no such arm",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "0300 0500000000000000 000000000000 00",
    writable: "01",
    refused: 1,
    values: {},
  },
];

/** L5: text padded with NULs, ended by one, in a list, and up to the end. */

import { type Device, text } from "../../../../spec/dsl.ts";
import { answered, construct, tag, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("texts", {
  messages: {
    ask: {
      doc: "Texts",
      readable: { tag },
      ...answered,
      cases: {
        named: {
          doc: "Padded, then ended",
          tag: 1,
          readable: {
            id: text("padded", "Id", 4),
            short: text("terminated", "In 4 bytes", 4),
            name: text("terminated", "Name", "rest"),
          },
        },
        listed: { doc: "A list", tag: 2, readable: { names: text("list", "Names", "rest") } },
        plain: { doc: "Up to the end", tag: 3, readable: { name: text("utf8", "Name", "rest") } },
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "padded and ended",
    section: "none",
    message: "ask.named",
    queue: 0,
    features: [],
    readable: "01000000 61620000 63640000 65666700",
    writable: "00",
    values: { request: { id: "ab", short: "cd", name: "efg" }, status: 0 },
  },
  {
    name: "full",
    section: "none",
    message: "ask.named",
    queue: 0,
    features: [],
    readable: "01000000 61626364 63646500 00",
    writable: "00",
    values: { request: { id: "abcd", short: "cde", name: "" }, status: 0 },
  },
  {
    name: "a list",
    section: "none",
    message: "ask.listed",
    queue: 0,
    features: [],
    readable: "02000000 6100 00 626300",
    writable: "00",
    values: { request: { names: ["a", "", "bc"] }, status: 0 },
  },
  {
    name: "UTF-8",
    section: "none",
    message: "ask.plain",
    queue: 0,
    features: [],
    readable: "03000000 c3bc",
    writable: "00",
    values: { request: { name: "ü" }, status: 0 },
  },
];

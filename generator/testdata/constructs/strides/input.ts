/** L10: elements as long as the reader knows them: cut, or filled with zeroes. */

import { array, type Device, le16, le32 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("strides", {
  structs: { item: { doc: "An item", size: 6, fields: { id: le16("Id"), level: le32("Level") } } },
  messages: {
    ask: {
      doc: "Items",
      readable: { count: le16("Items"), size: le16("Bytes of an item") },
      writable: {
        status: code,
        items: array({ struct: "item" }, "The items", { field: "count" }, {
          stride: { field: "size" },
        }),
      },
      status: STATUS,
    },
  },
});

const one = { section: "none", message: "ask", queue: 0, features: [], statusAt: 0 } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...one,
    name: "longer",
    readable: "0200 0800",
    writable: "00 0100 02000000 0000 0300 04000000 0000",
    values: {
      request: { count: 2, size: 8 },
      answer: { items: [{ id: 1, level: 2 }, { id: 3, level: 4 }] },
      status: 0,
    },
  },
  {
    ...one,
    name: "cut",
    only: "device",
    readable: "0100 0200",
    writable: "00 0100",
    values: { request: { count: 1, size: 2 }, answer: { items: [{ id: 1, level: 2 }] }, status: 0 },
  },
  {
    ...one,
    name: "zeroes for what is cut",
    only: "driver",
    readable: "0100 0200",
    writable: "00 0100",
    values: { request: { count: 1, size: 2 }, answer: { items: [{ id: 1, level: 0 }] }, status: 0 },
  },
];

/** L23: pieces of guest memory in a message. */

import { array, type Device, le32, le64 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("lists_of_memory", {
  structs: {
    piece: {
      doc: "A piece",
      fields: {
        addr: le64("Guest address", { as: "number" }),
        length: le32("Bytes"),
        pad: le32("Reserved", { reserved: true }),
      },
    },
  },
  messages: {
    ask: {
      doc: "Pieces",
      readable: {
        count: le32("Pieces"),
        pieces: array({ struct: "piece" }, "Pieces", { field: "count" }),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "two",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "02000000 0010000000000000 10000000 00000000 0020000001000000 20000000 00000000",
  writable: "00",
  values: {
    request: { pieces: [{ addr: 0x1000, length: 16 }, { addr: 0x1_0000_2000, length: 32 }] },
    status: 0,
  },
}];

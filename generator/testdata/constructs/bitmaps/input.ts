/** L19: bits with names, in a number or in words that grow. */

import { array, type Device, le64 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("bitmaps", {
  enums: { F: { doc: "Formats", name: "Format", members: { U8: 0, S16: 5, FLOAT: 40 } } },
  messages: {
    ask: {
      doc: "Bitmaps",
      readable: {
        formats: le64("Formats", { bitsOf: "F" }),
        opcodes: array("le64", "Opcodes", "rest"),
      },
      ...answered,
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "all",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "2100000000010000 0100000000000000 0000000000000080",
  writable: "00",
  values: {
    request: { formats: "0x10000000021n", opcodes: ["0x1n", "0x8000000000000000n"] },
    status: 0,
  },
}];

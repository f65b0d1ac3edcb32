/** L4: arrays of bytes, of structs, and of arrays, of a fixed number. */

import { array, bytes, type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("fixed_arrays", {
  structs: { point: { doc: "A point", fields: { x: u8("Column"), y: u8("Row") } } },
  messages: {
    ask: {
      doc: "Arrays",
      readable: {
        mac: bytes("An address", 6),
        points: array({ struct: "point" }, "Points", 2),
        keys: array({ bytes: 2 }, "Keys", 3),
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
  readable: "020000000001 01020304 a1a2 b1b2 c1c2",
  writable: "00",
  values: {
    request: {
      mac: "hex:020000000001",
      points: [{ x: 1, y: 2 }, { x: 3, y: 4 }],
      keys: ["hex:a1a2", "hex:b1b2", "hex:c1c2"],
    },
    status: 0,
  },
}];

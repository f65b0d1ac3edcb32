/** L27: values without a name: kept, taken for another, or refused. */

import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("unknown_values", {
  enums: {
    KEPT: { doc: "Kept", name: "Kept", reserved: [[0xf0, 0xff]], members: { A: 1 } },
    TAKEN: {
      doc: "Taken for another",
      name: "Taken",
      unknown: { as: "NOT_OK" },
      members: { OK: 0, NOT_OK: 1 },
    },
    REFUSED: { doc: "Refused", name: "Refused", unknown: "refuse", members: { A: 1, B: 2 } },
  },
  messages: {
    ask: {
      doc: "Values",
      readable: {
        kept: u8("Kept", { enum: "KEPT" }),
        taken: u8("Taken", { enum: "TAKEN" }),
        refused: u8("Refused", { enum: "REFUSED" }),
      },
      ...answered,
    },
  },
});

const one = { section: "none", message: "ask", queue: 0, features: [] } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  {
    ...one,
    name: "named",
    readable: "01 00 02",
    writable: "00",
    values: { request: { kept: 1, taken: 0, refused: 2 }, status: 0 },
  },
  {
    ...one,
    name: "kept and taken",
    only: "device",
    readable: "f5 09 01",
    writable: "00",
    values: { request: { kept: 0xf5, taken: 1, refused: 1 }, status: 0 },
  },
  { ...one, name: "refused", readable: "01 00 03", writable: "01", refused: 1, values: {} },
];

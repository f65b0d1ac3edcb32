/** L27: a status without a name is taken for another. */

import { type Device, u8 } from "../../../../spec/dsl.ts";
import { construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("status_without_a_name", {
  enums: {
    TAKEN: {
      doc: "Taken for another",
      name: "Taken",
      unknown: { as: "NOT_OK" },
      members: { OK: 0, NOT_OK: 1 },
    },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: { kind: u8("Kind") },
      writable: { result: u8("How it went", { enum: "TAKEN" }) },
      status: {
        field: "result",
        ok: "OK",
        unknown: "NOT_OK",
        malformed: "NOT_OK",
        failed: "NOT_OK",
      },
    },
  },
});

const one = { section: "none", message: "ask", queue: 0, features: [], readable: "05" } as const;

/** Its vectors. */
export const vectors: Vector[] = [
  { ...one, name: "well", writable: "00", values: { request: { kind: 5 }, status: 0 } },
  {
    ...one,
    name: "without a name",
    only: "driver",
    writable: "09",
    values: { request: { kind: 5 }, status: 1 },
  },
];

/** L8: bytes whose number the configuration says. */

import { bytes, type Device, le32, u8 } from "../../../../spec/dsl.ts";
import { code, construct, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("array_by_config", {
  config: {
    struct: "c",
    fields: { cdb_size: le32("Bytes of a command"), sense_size: le32("Bytes of the sense data") },
  },
  messages: {
    ask: {
      doc: "A command",
      readable: { lun: u8("Unit"), cdb: bytes("Command", { config: "cdb_size" }) },
      writable: { status: code, sense: bytes("Sense data", { config: "sense_size" }) },
      status: STATUS,
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
  config: { cdbSize: 4, senseSize: 2 },
  readable: "05 01020304",
  writable: "00 aabb",
  values: { request: { lun: 5, cdb: "hex:01020304" }, answer: { sense: "hex:aabb" }, status: 0 },
}];

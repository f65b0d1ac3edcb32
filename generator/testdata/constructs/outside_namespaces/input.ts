/** L22: bytes of another standard under a typed header. */

import { bytes, type Device, le32 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("outside_namespaces", {
  messages: {
    ask: {
      doc: "A message",
      readable: { header: le32("Header"), body: bytes("Body", "rest", { external: "SCMI" }) },
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
  readable: "01000000 aabbcc",
  writable: "00",
  values: { request: { header: 1, body: "hex:aabbcc" }, status: 0 },
}];

/** L24: payload that is guest memory without a format; nothing but the used length is said of it. */

import { type Device, payload } from "../../../../spec/dsl.ts";
import { construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("memory_itself", {
  messages: { pages: { doc: "Pages", writable: { pages: payload("The pages") } } },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "four bytes",
  section: "none",
  message: "pages",
  queue: 0,
  features: [],
  writable: "01020304",
  values: { payloads: [{ name: "pages", hex: "01020304", writable: true }] },
}];

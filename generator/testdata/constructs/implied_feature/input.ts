/** 2.3: a feature that is in force by itself, as long as another one does not say otherwise. */

import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("implied_feature", {
  features: {
    COLOUR: { bit: 0, doc: "Colours", by: "option", impliedWithout: ["PLAIN"] },
    PLAIN: { bit: 1, doc: "Colours only with COLOUR", by: "option" },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: { level: u8("Level"), colour: u8("Colour", { when: "COLOUR" }) },
      ...answered,
    },
  },
});

const values = { request: { level: 1, colour: 2 }, status: 0 };

/** Its vectors. */
export const vectors: Vector[] = [
  { name: "without any feature", features: [], readable: "0102", values },
  { name: "with it", features: ["COLOUR"], readable: "0102", values },
  { name: "with both", features: ["COLOUR", "PLAIN"], readable: "0102", values },
  {
    name: "with the other alone",
    features: ["PLAIN"],
    readable: "01",
    values: { request: { level: 1 }, status: 0 },
  },
].map((one) => ({ ...one, section: "none", message: "ask", queue: 0, writable: "00" }));

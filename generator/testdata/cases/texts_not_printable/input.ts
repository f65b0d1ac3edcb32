import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  title: "",
  doc: "Two\nlines",
  section: " 5.2",
  features: {
    DIM: { bit: 0, doc: "A bell \u0007", by: "option" },
    TELL: { bit: 1, doc: "Turned \u202e round", by: "option" },
    LAST: { bit: 2, doc: "Half of a pair \ud800", by: "option" },
    BREAK: { bit: 3, doc: "A line\u2028separator", by: "option" },
  },
  config: { struct: "virtio_lamp_config", fields: { watts: u8("\t") } },
  messages: {},
  queues: {},
};

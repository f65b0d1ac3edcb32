import { bytes, le16 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  prefix: "lamp",
  doc: "",
  features: {
    DIM: { bit: 30, doc: "It can be dimmed", by: "config" },
    TELL: { bit: 30, doc: "It tells what it is", requires: "DIMM", by: "handler" },
    COLOUR: { bit: 2, doc: "It has colours", by: "handler", since: "1.2", until: "1.3" },
  },
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      size: 3,
      fields: { watts: le16("Power", { enum: "WATTS" }), name: bytes("Name", { field: "length" }) },
    },
  },
  queues: {
    requestq: { ...lamp.queues.requestq, count: { config: "levles" } },
    eventq: { ...lamp.queues.requestq, role: "transmit" },
  },
};

import { bits } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  id: 0,
  features: { DIM: { bit: -1, doc: "It can be dimmed", by: "option" } },
  enums: {},
  structs: {
    virtio_lamp_word: {
      doc: "A word",
      size: 1.5,
      fields: { word: bits("u8", { none: { width: 0 }, all: { width: 8 } }) },
    },
  },
  messages: {},
  queues: {},
};

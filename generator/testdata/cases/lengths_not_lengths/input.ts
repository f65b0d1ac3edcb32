import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_names: {
      doc: "Names",
      fields: {
        count: u8("Number of names"),
        first: { kind: "bytes", doc: "A name", length: 0 },
        second: { kind: "bytes", doc: "A name", length: { field: 5 } },
        third: { kind: "bytes", doc: "A name", length: { fields: "count" } },
        fourth: { kind: "bytes", doc: "A name", length: { field: "count", time: 2 } },
        fifth: { kind: "bytes", doc: "A name", length: "all" },
      },
    },
  },
};

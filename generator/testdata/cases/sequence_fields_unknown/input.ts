import { bytes, sequence, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_item: {
      doc: "Start of an item",
      fields: { kind: bytes("Kind", 2), size: u8("Bytes") },
    },
    virtio_lamp_items: {
      doc: "Items",
      fields: {
        items: sequence("Items", {
          header: "virtio_lamp_item",
          by: "kind",
          size: { field: "length" },
          arms: { name: { tag: 0, fields: { name: u8("Name") } } },
        }),
      },
    },
  },
};

import { array, bytes, sequence, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_name: { doc: "A name", fields: { name: bytes("The name", "rest") } },
    virtio_lamp_names: {
      doc: "Names",
      fields: { names: array({ struct: "virtio_lamp_name" }, "Names", 4) },
    },
    virtio_lamp_item: { doc: "Start of an item", fields: { kind: u8("Kind"), size: u8("Bytes") } },
    virtio_lamp_items: {
      doc: "Items",
      fields: {
        items: sequence("Items", {
          header: "virtio_lamp_item",
          by: "kind",
          size: "fixed",
          arms: {
            name: { tag: 1, struct: "virtio_lamp_name" },
            watts: { tag: 2, fields: { watts: u8("Power") } },
          },
        }),
      },
    },
  },
};

import { sequence, u8, union } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_item: { doc: "Start of an item", fields: { kind: u8("Kind"), size: u8("Bytes") } },
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        kind: u8("Kind"),
        body: union("The body", "kind", {
          glass: { tag: [0, 1], fields: { size: u8("Size") } },
          paper: { tag: "VIRTIO_LAMP_S_BROKEN", struct: "virtio_lamp_item", fields: {} },
        }),
        shade: union("The shade", "kind", {
          cloth: { tag: 0, fields: {} },
          metal: { tag: 1, strictTag: 0, fields: {} },
          several: { tag: [2, 3], strictTag: 2, fields: {} },
        }),
        items: sequence("Items", {
          header: "virtio_lamp_item",
          by: "kind",
          size: { field: "size" },
          end: 0,
          arms: { name: { tag: 0, fields: { name: u8("Name") } } },
        }),
      },
    },
  },
};

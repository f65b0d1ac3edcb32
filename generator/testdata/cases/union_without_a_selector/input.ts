import { bytes, u8, union } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        kinds: u8("Kind"),
        name: bytes("Name", 4),
        body: union("The body", "kind", { glass: { tag: 0, fields: { size: u8("Size") } } }),
        more: union("More", "name", { paper: { tag: 0, fields: { folds: u8("Folds") } } }),
        none: union("Nothing", "kinds", {}),
      },
    },
    virtio_lamp_less: {
      doc: "Less about the lamp",
      fields: {
        body: union("The body", "kind", { glass: { tag: 0, fields: { size: u8("Size") } } }, {
          size: 4,
        }),
        kind: u8("Kind, read first: its offset is fixed"),
      },
    },
  },
};

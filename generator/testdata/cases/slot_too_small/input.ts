import { le32, u8, union } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        kind: u8("Kind"),
        body: union("The body", "kind", {
          glass: { tag: 0, fields: { size: le32("Size"), weight: u8("Weight") } },
          paper: { tag: 1, fields: { folds: u8("Folds") } },
        }, { size: 4 }),
      },
    },
  },
};

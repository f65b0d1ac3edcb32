import { array, bytes, struct, u8, union } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        colour: struct("virtio_lamp_color"),
        places: array({ struct: "VIRTIO_LAMP_S" }, "Places", 2),
        kind: u8("Kind"),
        body: union("The body", "kind", {
          glass: { tag: 0, struct: "virtio_lamp_glass" },
          paper: { tag: 1, struct: "virtio_lamp_colour" },
        }),
      },
    },
    virtio_lamp_colour: { doc: "A colour", size: 3, fields: { rgb: bytes("Red, green, blue", 3) } },
    virtio_lamp_more: {
      doc: "Sized by what is not known, so only that is told",
      size: 99,
      fields: { about: struct("virtio_lamp_abuot") },
    },
  },
};

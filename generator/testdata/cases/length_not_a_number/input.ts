import { bytes } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_name: {
      doc: "A name",
      fields: {
        length: bytes("Bytes of the name", 2),
        name: bytes("The name", { field: "length" }),
      },
    },
  },
};

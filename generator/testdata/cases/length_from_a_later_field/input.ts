import { array, bytes, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_name: {
      doc: "A name",
      fields: {
        name: bytes("The name", { field: "length" }),
        length: u8("Bytes of the name"),
        itself: array("u8", "Its own", { bytes: "itself" }),
      },
    },
  },
};

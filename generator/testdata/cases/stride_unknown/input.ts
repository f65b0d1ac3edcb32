import { array, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_place: { doc: "A place", fields: { x: u8("Where") } },
    virtio_lamp_places: {
      doc: "Places",
      fields: {
        size: u8("Bytes of a place"),
        places: array({ struct: "virtio_lamp_place" }, "Places", 2, { stride: { field: "sizes" } }),
        numbers: array("u8", "Numbers", 2, { stride: { field: "size" } }),
      },
    },
  },
};

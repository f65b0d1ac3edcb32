import { array, bytes, struct } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  id: 2 ** 32 - 1,
  structs: {
    virtio_lamp_row: { doc: "A row", fields: { bulbs: bytes("The bulbs", 2 ** 20) } },
    virtio_lamp_wall: {
      doc: "A wall",
      fields: {
        top: struct("virtio_lamp_row", "The first row"),
        rows: array({ struct: "virtio_lamp_row" }, "The others", 1e9),
        rest: bytes("What is left", 1e15),
      },
    },
  },
};

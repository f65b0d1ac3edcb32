import { array, struct } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_a: { doc: "One", fields: { b: struct("virtio_lamp_b") } },
    virtio_lamp_b: { doc: "Two", fields: { cs: array({ struct: "virtio_lamp_c" }, "Many", 2) } },
    virtio_lamp_c: { doc: "Three", fields: { a: struct("virtio_lamp_a") } },
    virtio_lamp_d: { doc: "Itself", size: 4, fields: { d: struct("virtio_lamp_d") } },
  },
};

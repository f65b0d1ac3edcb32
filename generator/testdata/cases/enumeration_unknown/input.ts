import { array, bits, le32, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        status: u8("Status", { enum: "VIRTIO_LAMP_STATUS" }),
        kinds: array("u8", "Kinds", 4, { enum: "KIND" }),
        flags: bits("u8", { kind: { width: 8, enum: "DIM" } }),
        can: le32("What it can do", { bitsOf: "VIRTIO_LAMP_R" }),
      },
    },
  },
};

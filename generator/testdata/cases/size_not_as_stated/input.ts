import { bytes, le16, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      size: 8,
      fields: { watts: le16("Power"), colour: bytes("Colour", 3) },
    },
    virtio_lamp_name: {
      doc: "Its name",
      size: 8,
      fields: { length: u8("Bytes of the name"), name: bytes("The name", { field: "length" }) },
    },
  },
  config: { ...lamp.config, size: 5 },
};

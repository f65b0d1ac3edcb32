import { bytes, text, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    struct: "virtio_lamp_config",
    fields: {
      ...lamp.config.fields,
      length: u8("Bytes of the name"),
      name: bytes("The name", { field: "length" }),
      notes: text("utf8", "Notes", "rest"),
    },
  },
};

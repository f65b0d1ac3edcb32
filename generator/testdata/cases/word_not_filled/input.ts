import { bits } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        few: bits("le16", { on: { width: 1 }, level: { width: 7 } }),
        many: bits("u8", { off: { width: 1 }, rest: { width: 8, reserved: true } }),
      },
    },
  },
};

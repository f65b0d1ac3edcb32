import { array, le16, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_BIT: { doc: "Bits", name: "Bit", as: "bits", members: { NINTH: 8 } },
    VIRTIO_LAMP_BIG: { doc: "Big", name: "Big", members: { BIG: 0x100 } },
  },
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        watts: u8("Power", { min: 9, max: 300 }),
        low: u8("Low and high", { min: 9, max: 8 }),
        version: le16("Version", { value: 0x10000 }),
        kind: u8("Kind", { oneOf: [1, 256] }),
        can: u8("What it can do", { enum: "VIRTIO_LAMP_BIT" }),
        many: array("u8", "Many", 2, { enum: "VIRTIO_LAMP_BIG" }),
      },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: { type: u8("What is asked for", { tag: true }) },
      cases: { ...request.cases, blink: { doc: "Blinks", tag: 256 } },
    },
  },
};

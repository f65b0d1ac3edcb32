import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_COLOUR: {
      doc: "Colours",
      name: "Colour",
      members: { RED: 1, ROUGE: 1, GREEN: 2, VERT: { value: 2, legacy: true }, PUCE: 0xf0 },
      reserved: [[0xf0, 0xff], [9, 8]],
      unknown: { as: "GREY" },
    },
  },
};

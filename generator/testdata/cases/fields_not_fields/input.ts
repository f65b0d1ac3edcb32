import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    struct: "virtio_lamp_config",
    fields: {
      watts: 5,
      levels: { kind: "scaler", type: "u8" },
      name: { type: "u8" },
      colour: { kind: "scalar", type: "le24" },
      old: { kind: "scalar", type: "u8", lenght: 5, when: ["DIM", 5] },
    },
  },
};

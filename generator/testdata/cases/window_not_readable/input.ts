import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    struct: "virtio_lamp_config",
    window: { select: ["watts", "select"], size: "select", value: "levels" },
    fields: { ...lamp.config.fields, select: u8("What to show", { driverWrites: true }) },
  },
};

import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_X: { doc: "Other statuses", name: "Status", members: { FINE: 0 } },
    VIRTIO_LAMP_Y: { doc: "Statuses of the driver", name: "Driver", members: { FINE: 0 } },
  },
  structs: {
    virtio_lamp_about: { doc: "About the lamp", fields: { watts: u8("Power") } },
    virtio_lamp__about: { doc: "More about the lamp", fields: { watts: u8("Power") } },
  },
};

import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP: { doc: "Something else", name: "Other", members: { S_OK: 7, F_DIM: 0 } },
  },
  constants: { VIRTIO_LAMP_T_SWITCH: 5, VIRTIO_LAMP_MAX: { value: 9, doc: "Most lamps" } },
};

import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

const numbers = (name: string, members: Record<string, number>) => ({ doc: name, name, members });
const limit = { of: "own", by: ["watts"] };

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_CAP: numbers("Capability", { OWN: 0x800, LAST: 0xfff, COMMON: 0x7ff }),
    VIRTIO_LAMP_OBJ: numbers("ObjectType", { OWN: 0x200, NOBODYS: 0x500 }),
    VIRTIO_LAMP_PART: numbers("PartType", { OWN: 0x5ff, NOBODYS: 0x600 }),
  },
  structs: { virtio_lamp_cap: { doc: "Limits", fields: { watts: u8("Most power") } } },
  adminQueue: {
    doc: "What is administered",
    capabilities: {
      own: { tag: "VIRTIO_LAMP_CAP_OWN", struct: "virtio_lamp_cap" },
      same: { tag: "VIRTIO_LAMP_CAP_OWN" },
      last: { tag: "VIRTIO_LAMP_CAP_LAST" },
      common: { tag: "VIRTIO_LAMP_CAP_COMMON" },
      unknown: { tag: "VIRTIO_LAMP_CAP_LOST" },
    },
    objects: {
      own: { tag: "VIRTIO_LAMP_OBJ_OWN", limit },
      nobodys: { tag: "VIRTIO_LAMP_OBJ_NOBODYS", limit },
    },
    parts: ["VIRTIO_LAMP_PART", "VIRTIO_LAMP_PARTS"],
  },
};

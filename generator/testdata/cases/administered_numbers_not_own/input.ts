import { lamp } from "../../lamp.ts";

const numbers = (name: string, members: Record<string, number>) => ({ doc: name, name, members });

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_CAP: numbers("Capability", { OWN: 0x800, LAST: 0xfff, COMMON: 0x7ff }),
    VIRTIO_LAMP_OBJ: numbers("ObjectType", { OWN: 0x200, NOBODYS: 0x500 }),
    VIRTIO_LAMP_PART: numbers("PartType", { OWN: 0x5ff, NOBODYS: 0x600 }),
  },
  adminQueue: {
    doc: "What is administered",
    capabilities: ["VIRTIO_LAMP_CAP", "VIRTIO_LAMP_CAPS"],
    objects: ["VIRTIO_LAMP_OBJ"],
    parts: ["VIRTIO_LAMP_PART"],
  },
};

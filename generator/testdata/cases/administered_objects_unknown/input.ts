import { array, le32, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

const numbers = (name: string, members: Record<string, number>) => ({ doc: name, name, members });

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_CAP: numbers("Capability", { BULBS: 0x800, RAW: 0x801 }),
    VIRTIO_LAMP_OBJ: numbers("ObjectType", { BULB: 0x200, SHADE: 0x201, RAW: 0x202 }),
  },
  structs: {
    virtio_lamp_limits: {
      doc: "Limits",
      fields: {
        bulbs: le32("Most bulbs"),
        reserved: u8("Reserved", { reserved: true }),
        count: u8("Number of names"),
        names: array("u8", "Names", { field: "count" }),
      },
    },
    virtio_lamp_bulb: { doc: "A bulb", fields: { shade: le32("Its shade") } },
  },
  adminQueue: {
    doc: "What is administered",
    capabilities: {
      bulbs: { tag: "VIRTIO_LAMP_CAP_BULBS", struct: "virtio_lamp_limits" },
      raw: { tag: "VIRTIO_LAMP_CAP_RAW" },
    },
    objects: {
      bulb: {
        tag: "VIRTIO_LAMP_OBJ_BULB",
        struct: "virtio_lamp_bulb",
        limit: { of: "bulbs", by: ["bulb", "reserved", "count", "names"] },
        requires: ["bulbs", "bulb"],
        unique: "shape",
        needs: { shade: "shades", shades: "shade" },
        within: {
          of: "bulbs",
          in: "names",
          fields: [["shade", "names"]],
        },
      },
      shade: {
        tag: "VIRTIO_LAMP_OBJ_SHADE",
        struct: "virtio_lamp_bulb",
        limit: { of: "raw", by: ["bulbs"] },
        within: { of: "bulbs", fields: [["shade", "names"], [["shade", "of"], "count"]] },
      },
      raw: {
        tag: "VIRTIO_LAMP_OBJ_RAW",
        limit: { of: "shade", by: ["bulbs"] },
        needs: { shade: "shade" },
        within: { of: "shades", in: "names", fields: [["shade", "names"]] },
      },
    },
  },
};

import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  behaviours: {
    nobody: { doc: "On no side" },
    requestq: { doc: "Named like a queue", device: { class: "Zones" } },
    zones: {
      doc: "Zones",
      when: "DIMM",
      enums: ["VIRTIO_LAMP_Z"],
      device: { class: "Zone", serves: ["virtio_lamp_req.tale", "virtio_lamp_req.tell"] },
      driver: { class: "Zones", serves: ["virtio_lamp_req.tell"] },
    },
    fences: {
      doc: "Lines of a set that is none, by a field that is none, and on the wrong side",
      device: { class: "Fences", lines: { of: "virtio_lamp_request", by: ["sector"] } },
      driver: { class: "Fences", lines: { of: "virtio_lamp_req", by: ["sector"] } },
    },
  },
};

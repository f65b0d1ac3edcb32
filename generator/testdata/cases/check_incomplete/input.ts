import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    ...lamp.config,
    checks: [{ doc: "Of a field", of: { config: "levels" }, atMost: { field: "type" } }],
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      checks: [
        { doc: "Compares nothing", of: { field: "type" }, otherwise: "BROKEN" },
        { doc: "Has no value", atMost: 5, otherwise: "BROKEN" },
        { doc: "Always fails", otherwise: "BROKEN" },
        { doc: "Adds nothing", of: { sum: [] }, equals: 0, otherwise: "BROKEN" },
        { doc: "Is nobody's", of: { field: "type" }, atMost: 5 },
        { doc: "Is fine", when: "DIM", otherwise: "BROKEN" },
      ],
    },
  },
};

import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: { ...request.cases, tell: { ...request.cases.tell, status: "none" } },
    },
    virtio_lamp_order: {
      doc: "An order",
      readable: { level: u8("Level") },
      checks: [{ doc: "Not too high", of: { field: "level" }, atMost: 9, otherwise: "BROKEN" }],
    },
  },
};

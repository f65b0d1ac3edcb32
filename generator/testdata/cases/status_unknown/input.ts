import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: { ...request, status: { ...request.status, field: "statsu" } },
    virtio_lamp_order: {
      doc: "An order",
      writable: { state: u8("State") },
      status: { ...request.status, field: "state" },
    },
  },
};

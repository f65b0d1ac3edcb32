import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: { DIM: lamp.features.DIM },
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: { type: u8("What is asked for") },
      cases: { switch: request.cases.switch },
    },
    virtio_lamp_event: { doc: "News", writable: { kind: u8("What is new", { tag: true }) } },
  },
};

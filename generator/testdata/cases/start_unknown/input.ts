import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: { ...request, starts: { field: "typ", member: "SWITCH" } },
    virtio_lamp_order: { ...request, starts: { field: "type", member: "SWICH" } },
  },
};

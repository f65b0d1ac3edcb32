import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      writable: { ...request.writable, level: u8("Level now") },
    },
  },
};

import { bytes, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: {
        ...request.readable,
        name: bytes("Name", 4),
        lux: u8("Light", { echoes: "type" }),
      },
      writable: {
        lvl: u8("Level again", { echoes: "levl" }),
        again: u8("Name again", { echoes: "name" }),
        ...request.writable,
      },
    },
  },
};

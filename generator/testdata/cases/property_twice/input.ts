import { bits, inline, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        max_level: u8("Most"),
        maxLevel: u8("Most again"),
        flags: bits("u8", { on: { width: 1 }, reserved: { width: 7, reserved: true } }),
        on: u8("Whether it is on"),
        reserved: u8("Nothing", { reserved: true }),
      },
    },
    virtio_lamp_head: { doc: "Start of a request", fields: { level: u8("Level") } },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: { ...request.readable, head: inline("virtio_lamp_head") },
      cases: {
        ...request.cases,
        "tell": { ...request.cases.tell, tag: 2 },
        "_tell": { ...request.cases.tell, tag: 3 },
      },
    },
  },
};

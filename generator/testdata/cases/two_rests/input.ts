import { array, bytes, payload, text } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: { name: bytes("Its name", "rest"), notes: text("utf8", "Notes", "rest") },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: { ...request.readable, more: payload("More") },
      cases: {
        ...request.cases,
        blink: { doc: "Blinks", tag: 2, readable: { times: array("u8", "When", "rest") } },
      },
    },
  },
};

import { body, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: { doc: "About the lamp", fields: { watts: u8("Power"), more: body() } },
  },
  config: { struct: "virtio_lamp_config", fields: { ...lamp.config.fields, more: body() } },
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: { ...request.readable, first: body(), second: body() },
      cases: { ...request.cases, blink: { doc: "Blinks", tag: 2, readable: { more: body() } } },
    },
    virtio_lamp_event: { doc: "News", writable: { news: body() } },
  },
};

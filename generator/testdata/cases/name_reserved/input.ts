import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  name: "layout",
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        constructor: u8("Who made it"),
        then: u8("What comes then"),
        class: u8("A word of the language is fine"),
        to_string: u8("What it says"),
      },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: { config: request.cases.switch, tell: request.cases.tell },
    },
  },
  queues: { close: lamp.queues.requestq },
};

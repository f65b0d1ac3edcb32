import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      readable: {
        class: u8("What about", { tag: true }),
        command: u8("What to do", { tag: true }),
      },
      cases: {
        switch: { ...request.cases.switch, tag: [0, 0] },
        tell: { ...request.cases.tell, tag: 1 },
        blink: { doc: "Blinks", tag: [0, 1, 2] },
      },
    },
  },
};

import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

const { cases } = request;

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        tell: cases.tell,
        status: { ...cases.tell, tag: 2 },
        finish_tell: { ...cases.tell, tag: 3 },
        submitTell: { ...cases.tell, tag: 4 },
        tell_handler: { ...cases.tell, tag: 5 },
        serve_requestq: { ...cases.tell, tag: 6 },
        requestqAvailable: { ...cases.tell, tag: 7 },
        requestq: { ...cases.tell, tag: 8 },
      },
    },
    virtio_lamp_gates: { doc: "An event", writable: { level: u8("Level") } },
  },
  queues: {
    ...lamp.queues,
    statusq: { doc: "Events", role: "receive", carries: "virtio_lamp_gates", index: 1 },
    status: { doc: "Requests", role: "request", carries: "virtio_lamp_req", index: 2 },
  },
};

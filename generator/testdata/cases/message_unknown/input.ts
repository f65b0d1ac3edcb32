import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  queues: {
    requestq: { ...lamp.queues.requestq, carries: ["virtio_lamp_req", "virtio_lamp_rec"] },
    otherq: { ...lamp.queues.requestq, carries: "requestq", index: 1 },
  },
};

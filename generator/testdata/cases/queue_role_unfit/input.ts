import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    ...lamp.messages,
    virtio_lamp_event: { doc: "News", writable: { level: u8("Level now") } },
    virtio_lamp_order: { doc: "An order", readable: { level: u8("Level") } },
  },
  queues: {
    requestq: { ...lamp.queues.requestq, role: "transmit" },
    eventq: {
      doc: "News",
      role: "receive",
      carries: "virtio_lamp_event",
      index: 1,
      order: { key: "level" },
    },
    orderq: { doc: "Orders", role: "receive", carries: "virtio_lamp_order", index: 2 },
    pullq: {
      doc: "Pulled",
      role: "pull",
      carries: "virtio_lamp_event",
      index: 3,
      merges: { field: "levels", when: "DIM" },
      order: { key: "colour" },
    },
  },
};

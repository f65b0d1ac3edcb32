import { array, le16, payload, u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    ...lamp.messages,
    virtio_lamp_event: {
      doc: "News",
      writable: {
        count: u8("How many levels"),
        levels: array("u8", "Levels", { field: "count" }),
        buffers: le16("How many buffers"),
        data: payload("More news"),
      },
    },
  },
  queues: {
    ...lamp.queues,
    eventq: {
      doc: "News",
      role: "receive",
      carries: "virtio_lamp_event",
      index: 1,
      merges: { field: "buffers", when: "DIM" },
    },
  },
};

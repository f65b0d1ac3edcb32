import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  queues: {
    requestq: lamp.queues.requestq,
    eventq: { ...lamp.queues.requestq, index: "next", strictIndex: 0 },
  },
};

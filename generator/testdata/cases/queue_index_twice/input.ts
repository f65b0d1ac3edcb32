import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  queues: {
    requestq: { ...lamp.queues.requestq, count: { config: "watts" } },
    eventq: { ...lamp.queues.requestq, index: 2 },
  },
};

import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    DIM: { bit: 0, doc: "It can be dimmed", by: "configuration" },
    TELL: { bit: 1, doc: "It tells what it is", since: "yesterday", by: ["handler", "optoin"] },
  },
  queues: {
    requestq: { ...lamp.queues.requestq, role: "requst", used: "lenght", order: "key" },
  },
};

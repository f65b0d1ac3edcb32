import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  queues: {
    requestq: { ...lamp.queues.requestq, count: { config: "levels" } },
    otherq: { ...lamp.queues.requestq, index: 90, count: { config: "levels", when: "DIM" } },
    moreq: { ...lamp.queues.requestq, index: { config: "levels", when: "TELL", otherwise: 99 } },
    noneq: { ...lamp.queues.requestq, index: 80, count: 0 },
    fineq: { ...lamp.queues.requestq, index: 70, count: { config: "levels" }, when: "DIM" },
  },
};

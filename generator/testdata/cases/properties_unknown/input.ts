import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  feature: {},
  features: { DIM: { bit: 0, doc: "It can be dimmed", by: "option", offerdWith: "DIM" } },
  queues: {
    requestq: { ...lamp.queues.requestq, sise: 8, constructor: 1 },
  },
};

import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    OLD: { bit: 2, doc: "It is old", by: "legacy" },
    OLDER: { bit: 3, doc: "It is older", requires: "OLD", by: "option" },
    NEW: { bit: 4, doc: "It is new", requires: ["OLD", "DIM"], excludes: ["OLD"], by: "option" },
  },
  queues: {
    ...lamp.queues,
    oldq: { ...lamp.queues.requestq, index: 1, when: [["OLD", "DIM"]] },
  },
};

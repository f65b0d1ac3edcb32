import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    RING: { bit: 24, doc: "A bit of the ring", by: "option" },
    SLEEP: { bit: 43, doc: "A bit of the status", by: "option" },
    LATER: { bit: 49, doc: "A bit of the future", by: "option" },
    NEVER: { bit: 128, doc: "A bit that does not exist", by: "option" },
    LAST: { bit: 127, doc: "The last bit", by: "option" },
  },
};

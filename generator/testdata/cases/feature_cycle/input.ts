import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    RED: { bit: 2, doc: "It has red", requires: "GREEN", by: "option" },
    GREEN: { bit: 3, doc: "It has green", requires: ["DIM", ["TELL", "BLUE"]], by: "option" },
    BLUE: { bit: 4, doc: "It has blue", requires: "RED", by: "option" },
    SELF: { bit: 5, doc: "It has itself", requires: "SELF", by: "option" },
    ONE: { bit: 6, doc: "It has one", offeredWith: "TWO", by: "option" },
    TWO: { bit: 7, doc: "It has two", offeredWith: "ONE", by: "option" },
  },
};

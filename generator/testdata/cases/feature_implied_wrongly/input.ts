import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    RED: { bit: 2, doc: "It has red", impliedWithout: ["RED"], by: "option" },
    GREEN: { bit: 3, doc: "It has green", impliedWithout: ["GREY"], by: "option" },
    BLUE: { bit: 4, doc: "It has blue", impliedWithout: ["RED"], requires: "RED", by: "option" },
  },
};

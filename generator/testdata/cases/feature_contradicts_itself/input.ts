import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    RED: { bit: 2, doc: "It has red", excludes: ["RED"], by: "option" },
    GREEN: { bit: 3, doc: "It has green", requires: "DIM", excludes: ["DIM"], by: "option" },
    BLUE: { bit: 4, doc: "It has blue", requires: ["DIM", "RED"], excludes: ["DIM"], by: "option" },
    LIGHT: { bit: 6, doc: "It has light", wants: "DIM", excludes: ["DIM"], by: "option" },
    HEAT: { bit: 7, doc: "It has heat", wants: "DIM", mandatory: true, by: "option" },
    OLD: { bit: 5, doc: "It is old", mandatory: true, by: ["legacy", "option"] },
  },
};

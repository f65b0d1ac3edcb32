import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    COLOUR: { bit: 2, doc: "It has colours", by: ["handler", "config"] },
  },
};

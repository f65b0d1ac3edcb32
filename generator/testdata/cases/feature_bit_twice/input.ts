import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    COLOUR: { bit: 1, doc: "It has colours", by: "option" },
  },
};

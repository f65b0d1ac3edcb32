import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    COLOUR: { bit: 2, doc: "It has colours", by: "handler" },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        blink: { doc: "Blinks", tag: 1 },
        glow: { doc: "Glows", tag: 2, legacyTags: [3] },
        shine: { doc: "Shines", tag: 3 },
        paint: { doc: "Paints", tag: 4, feature: "COLOUR" },
        tint: { doc: "Tints, where it cannot be painted", tag: 4, unless: "COLOUR" },
        stain: { doc: "Stains", tag: 4, feature: "TELL" },
      },
    },
  },
};

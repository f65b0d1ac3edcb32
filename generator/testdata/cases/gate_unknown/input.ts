import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  features: {
    ...lamp.features,
    BRIGHT: { bit: 2, doc: "It is bright", requires: "DIMM", excludes: ["TEL"], by: "option" },
    COLOUR: { bit: 3, doc: "It has colours", wants: [["DIM", "levels"], "HUE"], by: "option" },
  },
  oneFeatureOf: ["DIM", "GLOW"],
  config: {
    struct: "virtio_lamp_config",
    fields: {
      watts: u8("Power", { when: "VIRTIO_LAMP_S" }),
      levels: u8("Levels", { when: "DIM" }),
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: { ...request.cases, tell: { ...request.cases.tell, feature: ["TELL", "TALE"] } },
    },
  },
  queues: { requestq: { ...lamp.queues.requestq, when: "SWITCH" } },
};

import { u8, union } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        kind: u8("Kind"),
        body: union("The body", "kind", {
          glass: { tag: "VIRTIO_LAMP_T_SWICH", fields: { size: u8("Size") } },
          paper: { tag: [2, "DIM"], fields: { folds: u8("Folds") } },
        }),
      },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        tell: { ...request.cases.tell, tag: "TELL", legacyTags: ["VIRTIO_LAMP_T_TALE"] },
      },
    },
  },
};

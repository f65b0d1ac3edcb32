import { bytes, payload, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_name: {
      doc: "Names of a lamp",
      fields: {
        kind: u8("Kind"),
        length: u8("Bytes of the name"),
        name: bytes("The name", { field: "length" }, { strictBefore: "kind" }),
        other: bytes("Another name", 4, { strictBefore: "lenght" }),
        dim: bytes("Its name when dimmed", 4, { strictBefore: "kind", when: "DIM" }),
      },
    },
  },
  config: {
    struct: "virtio_lamp_config",
    fields: { ...lamp.config.fields, id: bytes("Its number", 4, { strictBefore: "watts" }) },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        blink: {
          doc: "Blinks",
          tag: 2,
          readable: {
            times: payload("When", 4),
            key: bytes("By whom", 4, { strictBefore: "times" }),
          },
        },
      },
    },
  },
};

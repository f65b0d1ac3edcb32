import { bytes, payload, struct, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_name: {
      doc: "A name",
      fields: { length: u8("Bytes"), name: bytes("The name", { field: "length" }) },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        tell: {
          ...request.cases.tell,
          writable: { about: payload("A text"), name: struct("virtio_lamp_name", "Its name") },
        },
      },
    },
  },
};

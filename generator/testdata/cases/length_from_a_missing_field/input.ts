import { array, bytes, struct, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_head: { doc: "A head", fields: { count: u8("Number of names") } },
    virtio_lamp_name: {
      doc: "A name",
      fields: {
        lenght: u8("Bytes of the name"),
        head: struct("virtio_lamp_head", "The head"),
        name: bytes("The name", { field: "length" }),
        names: array("u8", "Names", { field: ["head", "counts"] }),
      },
    },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        tell: {
          ...request.cases.tell,
          readable: { wanted: u8("Bytes wanted"), more: bytes("More", { field: "status" }) },
          writable: { about: bytes("A text", { field: "wanted" }) },
        },
      },
    },
  },
};

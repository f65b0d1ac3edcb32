import { struct, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

const { VIRTIO_LAMP_T, VIRTIO_LAMP_S } = lamp.enums;
const fields = { area: u8("Which one") };

export const input = {
  ...lamp,
  prefix: "Request",
  enums: {
    VIRTIO_LAMP_T: { ...VIRTIO_LAMP_T, name: "Aborted" },
    VIRTIO_LAMP_S,
  },
  constants: { CONTRACT: { value: 1, doc: "Number of a contract" } },
  structs: {
    zones: { doc: "Areas that are lit", fields },
    zone: { doc: "One of them", fields },
    shared_memory: { doc: "What it remembers", fields },
    uint8_array: { doc: "Bytes of its own", fields },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        slots: { ...request.cases.switch, readable: { zones: struct("zones", "All") } },
        tell: request.cases.tell,
      },
    },
  },
};

import { u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_W: { doc: "Who", name: "Who", as: "masks", members: { ONE: 1, OTHER: 2 } },
  },
  config: {
    ...lamp.config,
    checks: [{ doc: "Of a field", of: { config: "levels" }, atMost: { field: "type" } }],
  },
  queues: {
    ...lamp.queues,
    hintq: { doc: "Hints", role: "request", carries: "hint", index: 2 },
    eventq: { doc: "Events", role: "receive", carries: "event", index: 1 },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      checks: [
        { doc: "Compares nothing", of: { field: "type" }, otherwise: "BROKEN" },
        { doc: "Has no value", atMost: 5, otherwise: "BROKEN" },
        { doc: "Always fails", otherwise: "BROKEN" },
        { doc: "Adds nothing", of: { sum: [] }, equals: 0, otherwise: "BROKEN" },
        { doc: "Is nobody's", of: { field: "type" }, atMost: 5 },
        { doc: "Is the driver's", of: { field: "type" }, atMost: 5, device: "1" },
        { doc: "Has a status", of: { field: "type" }, atMost: 5, dropped: "1" },
        { doc: "Has no names", of: { sum: [{ field: "type" }, 1] }, named: true, driver: "1" },
        { doc: "Is fine", when: "DIM", otherwise: "BROKEN" },
      ],
    },
    hint: {
      doc: "Is no event: the driver asks for it",
      writable: { pages: u8("Pages") },
      checks: [{ doc: "Is nobody's", of: { field: "pages" }, atMost: 5, device: "1" }],
    },
    event: {
      doc: "Somebody came",
      writable: { who: u8("Who", { enum: "VIRTIO_LAMP_W" }) },
      checks: [
        { doc: "Is the device's", of: { field: "who" }, atMost: 5, driver: "1" },
        { doc: "Is fine", of: { field: "who" }, atMost: 5, device: "1", dropped: "1" },
        { doc: "Has masks", of: { field: "who" }, named: true, device: "1" },
        { doc: "Asks for what is not there", of: { field: "whom" }, equals: 0, device: "1" },
      ],
    },
  },
};

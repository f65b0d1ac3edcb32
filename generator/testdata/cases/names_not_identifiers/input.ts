import { u8 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  name: "../lamp",
  prefix: "lamp",
  features: { dim: { bit: 0, doc: "It can be dimmed", by: "option" } },
  oneFeatureOf: ["dim"],
  enums: {
    "VIRTIO LAMP": { doc: "Something", name: "Something", members: {} },
    VIRTIO_LAMP: { doc: "Something", name: "some thing", members: { "A-B": 0, "": 1 } },
  },
  config: {
    struct: "virtio_lamp_config",
    fields: { "2nd": u8("A level"), "a level": u8("Another") },
  },
  messages: {},
  queues: {},
};

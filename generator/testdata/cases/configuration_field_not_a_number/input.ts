import { text } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    struct: "virtio_lamp_config",
    fields: { ...lamp.config.fields, name: text("padded", "Name", 8) },
  },
  queues: { requestq: { ...lamp.queues.requestq, count: { config: "name" } } },
};

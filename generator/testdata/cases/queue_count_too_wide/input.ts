import { le64 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    struct: "virtio_lamp_config",
    fields: { ...lamp.config.fields, queues: le64("Number of queues") },
  },
  queues: { requestq: { ...lamp.queues.requestq, count: { config: "queues" } } },
};

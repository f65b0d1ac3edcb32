import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  id: "0x3f00",
  title: 5,
  features: [],
  oneFeatureOf: "DIM",
  config: null,
  enums: { VIRTIO_LAMP_S: { doc: "How it went", name: "Status", members: { OK: "0" } } },
  messages: { request: () => {} },
  queues: { requestq: { ...lamp.queues.requestq, index: 1n, carries: { set: "request" } } },
};

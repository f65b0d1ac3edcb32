import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      status: { ...request.status, unknown: "UNKNWON", failed: "VIRTIO_LAMP_S_BROKEN" },
      checks: [{ doc: "A check", of: { field: "type" }, atMost: 1, otherwise: "BROKE" }],
      cases: {
        ...request.cases,
        switch: {
          ...request.cases.switch,
          ok: "FINE",
          checks: [{ doc: "Low", of: { field: "level" }, atMost: 9, otherwise: "HIGH" }],
        },
      },
    },
  },
};

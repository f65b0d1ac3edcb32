import { array, body, le16, payload, u8 } from "../../../../spec/dsl.ts";
import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  structs: {
    virtio_lamp_about: {
      doc: "About the lamp",
      fields: {
        watts: le16("Power", { driverWrites: true, reset: 1 }),
        level: u8("Level", { as: "bigint", reset: 2 }),
        version: u8("Version", { value: 1, reserved: true }),
        places: array({ struct: "virtio_lamp_place" }, "Places", 2, {
          max: 2,
          enum: "VIRTIO_LAMP_S",
        }),
      },
    },
    virtio_lamp_place: { doc: "A place", fields: { x: u8("Where") } },
  },
  config: {
    struct: "virtio_lamp_config",
    fields: { ...lamp.config.fields, type: u8("Kind", { tag: true }), data: payload("Data", 4) },
  },
  messages: {
    virtio_lamp_req: {
      ...request,
      writable: { ...request.writable, answer: body() },
      status: { ...request.status, whole: true },
    },
    late: {
      doc: "The status comes late",
      readable: { level: u8("Level") },
      writable: { level: u8("Level"), ...request.writable },
      status: { ...request.status, discards: true },
    },
  },
  queues: { requestq: { ...lamp.queues.requestq, carries: ["virtio_lamp_req", "late"], parks: 8 } },
};

/**
 * A device without a mistake, for cases that make one.
 *
 * @module
 */

import { le16, le32, payload, u8 } from "../../spec/dsl.ts";

/** A lamp: plain data, so that the compiler lets cases be wrong. */
export const lamp = {
  dsl: 1,
  name: "lamp",
  prefix: "Lamp",
  id: 0x3f00,
  title: "Lamp",
  section: "none",
  doc: "A lamp that can be switched",
  features: {
    DIM: { bit: 0, doc: "It can be dimmed", by: "config" },
    TELL: { bit: 1, doc: "It tells what it is", by: "handler" },
  },
  enums: {
    VIRTIO_LAMP_T: {
      doc: "What is asked for",
      name: "RequestType",
      members: { SWITCH: 0, TELL: 1 },
    },
    VIRTIO_LAMP_S: {
      doc: "How it went",
      name: "Status",
      members: { OK: 0, BROKEN: 1, UNKNOWN: 2 },
    },
  },
  structs: {},
  config: {
    struct: "virtio_lamp_config",
    fields: {
      watts: le16("Power"),
      levels: le16("Number of levels", { when: "DIM" }),
    },
  },
  messages: {
    virtio_lamp_req: {
      doc: "A request",
      readable: { type: le32("What is asked for", { enum: "VIRTIO_LAMP_T", tag: true }) },
      writable: { status: u8("How it went", { enum: "VIRTIO_LAMP_S" }) },
      status: {
        field: "status",
        ok: "OK",
        unknown: "UNKNOWN",
        malformed: "BROKEN",
        failed: "BROKEN",
      },
      cases: {
        switch: {
          doc: "Switches the lamp",
          tag: "VIRTIO_LAMP_T_SWITCH",
          readable: { level: u8("Wanted level") },
        },
        tell: {
          doc: "Tells what the lamp is",
          tag: "VIRTIO_LAMP_T_TELL",
          feature: "TELL",
          writable: { about: payload("A text") },
        },
      },
    },
  },
  queues: {
    requestq: { doc: "Requests", role: "request", carries: "virtio_lamp_req", index: 0 },
  },
};

/** The messages of the lamp. */
export const request = lamp.messages.virtio_lamp_req;

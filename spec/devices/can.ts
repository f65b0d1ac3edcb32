/**
 * CAN device (VIRTIO 1.4, 5.20).
 *
 * @module
 */

import { bytes, defineDevice, type Device, inline, le16, le32, u8 } from "../dsl.ts";

/** The CAN device: a controller on a controller area network. */
export const can: Device = defineDevice({
  name: "can",
  prefix: "Can",
  id: 36,
  title: "CAN Device",
  section: "5.20",
  doc: "A controller on a controller area network (CAN), classic or FD",

  features: {
    CAN_CLASSIC: {
      bit: 0,
      doc: "Classic frames of at most 8 bytes",
      since: "1.4",
      by: "option",
    },
    CAN_FD: { bit: 1, doc: "FD frames of at most 64 bytes", since: "1.4", by: "option" },
    RTR_FRAMES: {
      bit: 2,
      doc: "Frames that ask for a transmission",
      since: "1.4",
      requires: "CAN_CLASSIC",
      by: "option",
    },
    // NOTES.md: can-names
    LATE_TX_ACK: {
      bit: 3,
      doc: "A frame comes back once it is on the bus, not when it is scheduled",
      since: "1.4",
      by: "option",
    },
  },
  // NOTES.md: can-or
  oneFeatureOf: ["CAN_CLASSIC", "CAN_FD"],

  enums: {
    VIRTIO_CAN_S: {
      doc: "Bits of the configured status",
      section: "5.20.4",
      name: "ControllerStatus",
      as: "masks",
      members: { CTRL_BUSOFF: { value: 1, doc: "The controller left the bus because of errors" } },
    },
    VIRTIO_CAN_RESULT: {
      doc: "How a request went",
      section: "5.20.5",
      name: "Result",
      unknown: { as: "NOT_OK" },
      members: { OK: { value: 0, doc: "Success" }, NOT_OK: { value: 1, doc: "Failure" } },
    },
    VIRTIO_CAN_SET_CTRL_MODE: {
      doc: "What a control request asks for",
      section: "5.20.5.1",
      name: "ControllerMode",
      members: {
        START: { value: 0x0201, doc: "Take part in the bus" },
        STOP: { value: 0x0202, doc: "Keep off the bus" },
      },
    },
    VIRTIO_CAN_FLAGS: {
      doc: "Kind of a frame",
      section: "5.20.5.2",
      name: "FrameFlag",
      as: "masks",
      members: {
        RTR: { value: 0x2000, doc: "It asks for a transmission" },
        FD: { value: 0x4000, doc: "An FD frame" },
        EXTENDED: { value: 0x8000, doc: "Its identifier has 29 bits, not 11" },
      },
    },
  },

  constants: {
    VIRTIO_CAN_TX: { value: 0x0001, doc: "Type of a frame to send" },
    VIRTIO_CAN_RX: { value: 0x0101, doc: "Type of a received frame" },
  },

  structs: {
    virtio_can_control_out: {
      doc: "A control request",
      section: "5.20.5.1",
      size: 2,
      fields: {
        msg_type: le16("What is asked for", { enum: "VIRTIO_CAN_SET_CTRL_MODE", tag: true }),
      },
    },
    virtio_can_control_in: {
      doc: "Answer to a control request",
      section: "5.20.5.1",
      size: 1,
      fields: { result: u8("How it went", { enum: "VIRTIO_CAN_RESULT" }) },
    },
    virtio_can_tx_out: {
      doc: "A frame to send",
      section: "5.20.5.2",
      fields: {
        msg_type: le16("VIRTIO_CAN_TX", { value: 0x0001 }),
        length: le16("Bytes of data"),
        reserved_classic_dlc: u8("Reserved for the length code of a classic frame", {
          reserved: true,
        }),
        padding: u8("Reserved", { reserved: true }),
        reserved_xl_priority: le16("Reserved for the priority of an XL frame", { reserved: true }),
        flags: le32("Kind of the frame", { enum: "VIRTIO_CAN_FLAGS" }),
        can_id: le32("Identifier"),
        sdu: bytes("The data", { field: "length" }),
      },
    },
    virtio_can_tx_in: {
      doc: "Answer to a frame to send",
      section: "5.20.5.2",
      size: 1,
      fields: { result: u8("How it went", { enum: "VIRTIO_CAN_RESULT" }) },
    },
    virtio_can_rx: {
      doc: "A received frame",
      section: "5.20.5.3",
      fields: {
        msg_type: le16("VIRTIO_CAN_RX", { value: 0x0101 }),
        length: le16("Bytes of data"),
        reserved_classic_dlc: u8("Reserved for the length code of a classic frame", {
          reserved: true,
        }),
        padding: u8("Reserved", { reserved: true }),
        reserved_xl_priority: le16("Reserved for the priority of an XL frame", { reserved: true }),
        flags: le32("Kind of the frame", { enum: "VIRTIO_CAN_FLAGS" }),
        can_id: le32("Identifier"),
        sdu: bytes("The data", { field: "length" }),
      },
    },
  },

  config: {
    struct: "virtio_can_config",
    section: "5.20.4",
    size: 2,
    notifies: ["status"],
    fields: { status: le16("State of the controller", { enum: "VIRTIO_CAN_S" }) },
  },

  messages: {
    tx: {
      doc: "Sends a frame; fails while the controller is stopped",
      section: "5.20.5.2",
      readable: { frame: inline("virtio_can_tx_out") },
      writable: { answer: inline("virtio_can_tx_in") },
      status: {
        field: "result",
        ok: "OK",
        unknown: "NOT_OK",
        malformed: "NOT_OK",
        failed: "NOT_OK",
      },
      checks: [
        {
          doc: "No undefined flag",
          section: "5.20.5.2",
          of: { field: "flags" },
          within: 0xe000,
          otherwise: "NOT_OK",
        },
        {
          doc: "A classic frame only where those are negotiated",
          section: "5.20.5.2",
          unless: "CAN_CLASSIC",
          of: { bit: [{ field: "flags" }, 14] },
          equals: 1,
          otherwise: "NOT_OK",
        },
        {
          doc: "An FD frame only where those are negotiated",
          section: "5.20.5.2",
          unless: "CAN_FD",
          of: { field: "flags" },
          clear: 0x4000,
          otherwise: "NOT_OK",
        },
        {
          doc: "A remote frame only where those are negotiated",
          section: "5.20.5.2",
          unless: "RTR_FRAMES",
          of: { field: "flags" },
          clear: 0x2000,
          otherwise: "NOT_OK",
        },
        {
          doc: "A remote frame is a classic one",
          section: "5.20.3",
          of: { sum: [{ bit: [{ field: "flags" }, 13] }, { bit: [{ field: "flags" }, 14] }] },
          atMost: 1,
          otherwise: "NOT_OK",
        },
        {
          doc: "At most 8 bytes, or 64 in an FD frame",
          section: "5.20.5.2",
          of: { length: "sdu" },
          atMost: { sum: [8, { product: [56, { bit: [{ field: "flags" }, 14] }] }] },
          otherwise: "NOT_OK",
        },
        {
          doc: "An identifier of 11 bits, or of 29",
          section: "5.20.5.2",
          of: { field: "can_id" },
          atMost: { sum: [0x7ff, { product: [0x1ffff800, { bit: [{ field: "flags" }, 15] }] }] },
          otherwise: "NOT_OK",
        },
      ],
    },
    rx: {
      doc: "A frame from the bus",
      section: "5.20.5.3",
      writable: { frame: inline("virtio_can_rx") },
    },
    control: {
      doc: "Changes the state of the controller, which is stopped at first",
      section: "5.20.5.1",
      readable: { request: inline("virtio_can_control_out") },
      writable: { answer: inline("virtio_can_control_in") },
      status: {
        field: "result",
        ok: "OK",
        unknown: "NOT_OK",
        malformed: "NOT_OK",
        failed: "NOT_OK",
      },
      cases: {
        start: {
          doc: "Takes part in the bus from now on",
          tag: "VIRTIO_CAN_SET_CTRL_MODE_START",
        },
        stop: {
          doc: "Keeps off the bus from now on; frames that wait come back as NOT_OK",
          tag: "VIRTIO_CAN_SET_CTRL_MODE_STOP",
        },
      },
    },
  },

  behaviours: {
    controller: {
      doc: "The controller, which is started, stopped, or off the bus",
      section: "5.20.5",
      enums: ["VIRTIO_CAN_RESULT", "VIRTIO_CAN_S"],
      device: {
        class: "BusController",
        options: "optional",
        serves: ["control.start", "control.stop"],
      },
    },
  },

  queues: {
    txq: { doc: "Frames to send", section: "5.20.2", role: "request", carries: "tx", index: 0 },
    rxq: {
      doc: "Received frames",
      section: "5.20.2",
      role: "receive",
      carries: "rx",
      index: 1,
      parks: 80,
    },
    controlq: {
      doc: "Changes of the controller's state",
      section: "5.20.2",
      role: "request",
      carries: "control",
      index: 2,
      order: "queue",
    },
  },
});

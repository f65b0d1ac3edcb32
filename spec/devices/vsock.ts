/**
 * Socket device (VIRTIO 1.4, 5.10).
 *
 * @module
 */

import { defineDevice, type Device, le16, le32, le64, payload } from "../dsl.ts";

/** Header of every packet, in both directions. */
const hdr = {
  src_cid: le64("Context id of the sender; the upper half is zero", {
    as: "number",
    max: 0xffff_ffff,
  }),
  dst_cid: le64("Context id of the receiver; the upper half is zero", {
    as: "number",
    max: 0xffff_ffff,
  }),
  src_port: le32("Port of the sender"),
  dst_port: le32("Port of the receiver"),
  len: le32("Bytes of data"),
  type: le16("Type of the socket; a packet of an unknown type is answered with RST", {
    enum: "VIRTIO_VSOCK_TYPE",
  }),
  op: le16("What the packet is for", { enum: "VIRTIO_VSOCK_OP" }),
  flags: le32("ShutdownFlag bits for SHUTDOWN, SeqFlags for RW on seqpacket sockets; else 0"),
  buf_alloc: le32("Bytes of receive buffer that the sender has for this socket"),
  fwd_cnt: le32("Bytes that the sender has taken from this socket so far, modulo 2^32"),
} as const;

/** The socket device: connections between programs in the guest and outside, without a network. */
export const vsock: Device = defineDevice({
  name: "vsock",
  prefix: "Socket",
  id: 19,
  title: "Socket Device",
  section: "5.10",
  doc: "Stream and seqpacket connections between the guest and its host, by context id and port",

  // Stream sockets go without saying with no bit at all, and may with SEQPACKET alone (5.10.3.1,
  // 5.10.3.2). Sockets are the affair of who takes the packets, so the user says which types there are.
  features: {
    STREAM: {
      bit: 0,
      doc: "Stream sockets",
      since: "1.2",
      by: "option",
      impliedWithout: ["NO_IMPLIED_STREAM"],
    },
    SEQPACKET: { bit: 1, doc: "Seqpacket sockets", since: "1.2", by: "option" },
    NO_IMPLIED_STREAM: {
      bit: 2,
      doc: "There are stream sockets only with STREAM; devices should offer it",
      since: "1.3",
      by: "option",
    },
  },

  enums: {
    VIRTIO_VSOCK_OP: {
      doc: "What a packet is for",
      section: "5.10.6",
      name: "Op",
      members: {
        INVALID: { value: 0, doc: "Nothing" },
        REQUEST: { value: 1, doc: "To connect" },
        RESPONSE: { value: 2, doc: "The connection is accepted" },
        RST: { value: 3, doc: "There is no connection, or no longer" },
        SHUTDOWN: { value: 4, doc: "The sender will not receive, or not send, any more" },
        RW: { value: 5, doc: "Data" },
        CREDIT_UPDATE: { value: 6, doc: "The sender's buf_alloc and fwd_cnt" },
        CREDIT_REQUEST: { value: 7, doc: "Asks for a CREDIT_UPDATE" },
      },
    },
    VIRTIO_VSOCK_TYPE: {
      doc: "Type of a socket",
      section: "5.10.6.2",
      name: "Type",
      members: {
        STREAM: { value: 1, doc: "A stream of bytes" },
        SEQPACKET: { value: 2, doc: "Messages and records" },
      },
    },
    // bit numbers here, masks in VIRTIO_VSOCK_SEQ
    // NOTES.md: vsock-flags
    VIRTIO_VSOCK_SHUTDOWN_F: {
      doc: "What the sender of a SHUTDOWN will do no more, for good",
      section: "5.10.6.5",
      name: "ShutdownFlag",
      as: "bits",
      members: {
        RECEIVE: { value: 0, doc: "It will not receive" },
        SEND: { value: 1, doc: "It will not send" },
      },
    },
    VIRTIO_VSOCK_SEQ: {
      doc: "Boundaries at the end of a seqpacket socket's data",
      section: "5.10.6.6.1",
      name: "SeqFlags",
      as: "masks",
      members: {
        EOM: { value: 1 << 0, doc: "End of a message" },
        EOR: { value: 1 << 1, doc: "End of a record" },
      },
    },
    VIRTIO_VSOCK_EVENT: {
      doc: "What happened to the device",
      section: "5.10.6.7",
      name: "Event",
      members: {
        TRANSPORT_RESET: {
          value: 0,
          doc: "All connections are gone and guest_cid may be another one",
        },
      },
    },
  },

  structs: {
    virtio_vsock_hdr: {
      doc: "What stands before the data of a packet",
      section: "5.10.6",
      size: 44,
      fields: hdr,
    },
    virtio_vsock_event: {
      doc: "News about the device",
      section: "5.10.6.7",
      size: 4,
      fields: { id: le32("What happened", { enum: "VIRTIO_VSOCK_EVENT" }) },
    },
  },

  config: {
    struct: "virtio_vsock_config",
    section: "5.10.4",
    size: 8,
    fields: {
      // 0, 1, 2, 0xffffffff and 2^64 - 1 are reserved, 2 is the host
      guest_cid: le64("Context id of the guest; the upper half is zero", {
        as: "number",
        min: 3,
        max: 0xffff_fffe,
      }),
    },
  },

  messages: {
    receive: {
      doc: "A packet to the guest",
      section: "5.10.6.4",
      struct: "virtio_vsock_packet",
      writable: { ...hdr, data: payload("The data", { field: "len" }) },
    },
    // the buffer may be longer than len says; what is beyond means nothing (5.10.6)
    transmit: {
      doc: "A packet from the guest; its source is guest_cid",
      section: "5.10.6.4",
      struct: "virtio_vsock_packet",
      readable: { ...hdr, data: payload("The data", { field: "len" }) },
    },
    virtio_vsock_event: {
      doc: "News about the device",
      section: "5.10.6.7",
      struct: "virtio_vsock_event",
      writable: { id: le32("What happened", { enum: "VIRTIO_VSOCK_EVENT", tag: true }) },
      cases: {
        transport_reset: {
          doc: "All connections are gone, listeners stay; guest_cid is to be read again",
          tag: "VIRTIO_VSOCK_EVENT_TRANSPORT_RESET",
        },
      },
    },
  },

  behaviours: {
    sockets: {
      doc: "Connections: credits, messages and records, and a clean end",
      section: "5.10.6",
      enums: [
        "VIRTIO_VSOCK_OP",
        "VIRTIO_VSOCK_TYPE",
        "VIRTIO_VSOCK_SHUTDOWN_F",
        "VIRTIO_VSOCK_SEQ",
      ],
      features: ["STREAM", "SEQPACKET"],
      device: { class: "DeviceSockets", options: "optional", serves: ["transmit"] },
      driver: { class: "DriverSockets", options: "optional", serves: ["receive"] },
    },
  },

  // Neither side may stop serving its own direction because the other one is full (5.10.6.1).
  queues: {
    rx: {
      doc: "Packets to the guest",
      section: "5.10.2",
      role: "receive",
      carries: "receive",
      index: 0,
      parks: 44,
    },
    tx: {
      doc: "Packets from the guest",
      section: "5.10.2",
      role: "transmit",
      carries: "transmit",
      index: 1,
    },
    // NOTES.md: vsock-events-device
    event: {
      doc: "News about the device",
      section: "5.10.2",
      role: "receive",
      carries: "virtio_vsock_event",
      index: 2,
      parks: 4,
    },
  },
});

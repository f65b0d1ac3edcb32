/**
 * SCMI device (VIRTIO 1.4, 5.17).
 *
 * @module
 */

import { bytes, defineDevice, type Device, inline, le32, payload } from "../dsl.ts";

/** The SCMI device: a platform that takes commands of Arm's SCMI. */
export const scmi: Device = defineDevice({
  name: "scmi",
  prefix: "Scmi",
  id: 32,
  title: "SCMI Device",
  section: "5.17",
  doc: "A platform for Arm's System Control and Management Interface (SCMI)",

  features: {
    P2A_CHANNELS: {
      bit: 0,
      doc: "The device sends notifications or delayed responses",
      since: "1.2",
      by: "option",
    },
    SHARED_MEMORY: {
      bit: 1,
      doc: "The device has statistics in shared memory",
      since: "1.2",
      by: "option",
    },
  },

  structs: {
    virtio_scmi_request: {
      doc: "A command",
      section: "5.17.6.1",
      fields: {
        hdr: le32("Header of the message, as SCMI defines it"),
        params: bytes("Parameters", "rest", { external: "SCMI" }),
      },
    },
    virtio_scmi_response: {
      doc: "A response",
      section: "5.17.6.1",
      fields: {
        hdr: le32("Header of the message, as SCMI defines it"),
        ret_values: payload("Return values: the status, and more only if that is SUCCESS", "rest", {
          external: "SCMI",
        }),
      },
    },
    virtio_scmi_event_msg: {
      doc: "A notification or a delayed response",
      section: "5.17.6.3",
      fields: {
        hdr: le32("Header of the message, as SCMI defines it"),
        payload: bytes("Payload", "rest", { external: "SCMI" }),
      },
    },
  },

  messages: {
    command: {
      doc: "A command and its response",
      section: "5.17.6.1",
      readable: { request: inline("virtio_scmi_request") },
      writable: { response: inline("virtio_scmi_response") },
    },
    event: {
      doc: "A notification, or the delayed response to a command",
      section: "5.17.6.3",
      writable: { message: inline("virtio_scmi_event_msg") },
    },
  },

  behaviours: {
    events: {
      doc: "Notifications, and delayed responses, which wait for buffers",
      section: "5.17.6.3",
      when: "P2A_CHANNELS",
      features: ["P2A_CHANNELS"],
      device: { class: "PlatformEvents" },
    },
  },

  queues: {
    cmdq: {
      doc: "Commands, served in any order",
      section: "5.17.2",
      role: "request",
      carries: "command",
      index: 0,
      used: "length",
    },
    eventq: {
      doc: "Notifications, which may be dropped, and delayed responses, which may not",
      section: "5.17.2",
      role: "receive",
      carries: "event",
      index: 1,
      when: "P2A_CHANNELS",
      parks: { given: "bytes of the largest message that the driver will ask for" },
      used: "length",
    },
  },

  // Ids 0x80 to 0xff are left to vendors.
  sharedMemory: {
    power_state_statistics: {
      id: 1,
      doc: "Statistics of power states",
      when: "SHARED_MEMORY",
    },
    performance_domain_statistics: {
      id: 2,
      doc: "Statistics of performance domains",
      when: "SHARED_MEMORY",
    },
    sensor_values: { id: 3, doc: "Values of sensors", when: "SHARED_MEMORY" },
  },
});

/**
 * Console device (VIRTIO 1.4, 5.3).
 *
 * @module
 */

import { defineDevice, type Device, inline, le16, le32, payload, struct, text } from "../dsl.ts";

/** The console device: a terminal, or several ports that carry bytes both ways. */
export const console: Device = defineDevice({
  name: "console",
  prefix: "Console",
  id: 3,
  title: "Console Device",
  section: "5.3",
  doc: "A terminal, or several ports that carry bytes in both directions",

  features: {
    SIZE: { bit: 0, doc: "The size of the terminal is in cols and rows", by: "config" },
    MULTIPORT: {
      bit: 1,
      doc: "Several ports, at most max_nr_ports, and a pair of control queues",
      by: "config",
    },
    EMERG_WRITE: {
      bit: 2,
      doc: "Single characters may be written through emerg_wr, without a queue",
      by: "config",
    },
  },

  enums: {
    // NOTES.md: console-portadd
    // The list names 1 and 2 DEVICE_ADD and DEVICE_REMOVE, the prose PORT_ADD (5.3.6).
    VIRTIO_CONSOLE: {
      doc: "Kind of a control message",
      section: "5.3.6.2",
      name: "Event",
      members: {
        DEVICE_READY: { value: 0, doc: "The driver can take control messages, or it failed" },
        DEVICE_ADD: { value: 1, doc: "A new port" },
        DEVICE_REMOVE: { value: 2, doc: "A port is gone" },
        PORT_READY: { value: 3, doc: "The driver can use the port, or it failed" },
        CONSOLE_PORT: { value: 4, doc: "The port is a console" },
        RESIZE: { value: 5, doc: "The size of a console port changed" },
        PORT_OPEN: { value: 6, doc: "A side opened or closed the port" },
        PORT_NAME: { value: 7, doc: "The port has a name" },
      },
    },
  },

  structs: {
    virtio_console_control: {
      doc: "What every control message starts with",
      section: "5.3.6.2",
      size: 8,
      fields: {
        id: le32("Number of the port"),
        event: le16("Kind of message", { enum: "VIRTIO_CONSOLE", tag: true }),
        value: le16("Further information: 1 for success or open, 0 for failure or closed"),
      },
    },
    // NOTES.md: console-resize
    // Linux took rows first until its commit 5326ab737a47 of 2025; since then, and in the stable
    // branches that carry it, it takes the order of the text (5.3.6.2).
    virtio_console_resize: {
      doc: "Size of a console port",
      section: "5.3.6.2",
      size: 4,
      fields: { cols: le16("Columns"), rows: le16("Rows") },
    },
  },

  config: {
    struct: "virtio_console_config",
    section: "5.3.4",
    size: 12,
    notifies: ["cols", "rows"],
    fields: {
      cols: le16("Columns of port 0", { when: "SIZE" }),
      rows: le16("Rows of port 0", { when: "SIZE" }),
      max_nr_ports: le32("Largest number of ports", { when: "MULTIPORT", min: 1 }),
      emerg_wr: le32("A character to print at once, in the lowest byte", {
        when: "EMERG_WRITE",
        driverWrites: { from: "start" },
      }),
    },
  },

  messages: {
    port_input: {
      doc: "Bytes from the device to a port",
      section: "5.3.6",
      writable: { data: payload("The bytes") },
    },
    port_output: {
      doc: "Bytes from a port to the device",
      section: "5.3.6",
      readable: { data: payload("The bytes") },
    },
    device_control: {
      doc: "Control messages from the device",
      section: "5.3.6.2",
      writable: { control: inline("virtio_console_control") },
      cases: {
        device_add: {
          doc: "Creates a port that does not exist yet",
          tag: "VIRTIO_CONSOLE_DEVICE_ADD",
        },
        device_remove: { doc: "Removes a port", tag: "VIRTIO_CONSOLE_DEVICE_REMOVE" },
        // Linux ignores the nomination when value is 0; the text gives value no meaning here.
        console_port: {
          doc: "Makes the port a console; the driver opens it. The value is 1",
          tag: "VIRTIO_CONSOLE_CONSOLE_PORT",
        },
        resize: {
          doc: "Tells the new size of a console port",
          tag: "VIRTIO_CONSOLE_RESIZE",
          writable: { size: struct("virtio_console_resize", "The new size") },
        },
        port_open: {
          doc: "Says that the device's side of the port opened (1) or closed (0)",
          tag: "VIRTIO_CONSOLE_PORT_OPEN",
        },
        port_name: {
          doc: "Gives the port a name by which the guest finds it",
          tag: "VIRTIO_CONSOLE_PORT_NAME",
          writable: { name: text("utf8", "The name, without a NUL", "rest") },
        },
      },
    },
    driver_control: {
      doc: "Control messages from the driver",
      section: "5.3.6.2",
      readable: { control: inline("virtio_console_control") },
      cases: {
        device_ready: {
          doc:
            "Says that the driver can take control messages (1) or failed (0); id has no meaning",
          tag: "VIRTIO_CONSOLE_DEVICE_READY",
        },
        port_ready: {
          doc: "Says that the port can be used (1) or could not be set up (0)",
          tag: "VIRTIO_CONSOLE_PORT_READY",
        },
        port_open: {
          doc: "Says that the driver's side of the port opened (1) or closed (0)",
          tag: "VIRTIO_CONSOLE_PORT_OPEN",
        },
      },
    },
  },

  behaviours: {
    ports: {
      doc: "Ports: added, named, opened and closed in the order of the handshake",
      section: "5.3.6.2",
      when: "MULTIPORT",
      device: {
        class: "DevicePorts",
        serves: [
          "driver_control.device_ready",
          "driver_control.port_ready",
          "driver_control.port_open",
        ],
      },
      driver: {
        class: "DriverPorts",
        options: "required",
        serves: [
          "device_control.device_add",
          "device_control.device_remove",
          "device_control.console_port",
          "device_control.resize",
          "device_control.port_open",
          "device_control.port_name",
        ],
      },
    },
  },

  queues: {
    // NOTES.md: console-portqueues
    receiveq: {
      doc: "Input of each port; port 0 comes first, the others behind the control queues",
      section: "5.3.2",
      role: "receive",
      carries: "port_input",
      index: { first: 0, then: 4, step: 2 },
      count: { config: "max_nr_ports", when: "MULTIPORT", otherwise: 1 },
      used: "length",
    },
    transmitq: {
      doc: "Output of each port",
      section: "5.3.2",
      role: "transmit",
      carries: "port_output",
      index: { first: 1, then: 5, step: 2 },
      count: { config: "max_nr_ports", when: "MULTIPORT", otherwise: 1 },
      legacyUsed: "ignored",
    },
    control_receiveq: {
      doc: "Control messages from the device",
      section: "5.3.2",
      role: "receive",
      carries: "device_control",
      index: 2,
      when: "MULTIPORT",
      used: "length",
    },
    control_transmitq: {
      doc: "Control messages from the driver",
      section: "5.3.2",
      role: "transmit",
      carries: "driver_control",
      index: 3,
      when: "MULTIPORT",
      legacyUsed: "ignored",
    },
  },
});

/**
 * GPIO device (VIRTIO 1.4, 5.18).
 *
 * @module
 */

import { body, defineDevice, type Device, inline, le16, le32, padding, text, u8 } from "../dsl.ts";

/** Lines are counted from 0. */
const onALine = {
  doc: "A line of the device",
  section: "5.18.6",
  of: { field: "gpio" },
  atMost: { sum: [{ config: "ngpio" }, -1] },
} as const;

const checks = [{ ...onALine, otherwise: "ERR" }] as const;

const line = le16("Number of the line");
const noArgument = le32("Reserved", { reserved: true });
const noValue = u8("Reserved", { reserved: true });

/** What every request but the one for names consists of. */
const structs = {
  virtio_gpio_request: ["type", "gpio", "value"],
  virtio_gpio_response: ["status", "value"],
} as const;

/** The GPIO device: lines that are read, driven, or watched for interrupts. */
export const gpio: Device = defineDevice({
  name: "gpio",
  prefix: "Gpio",
  id: 41,
  title: "GPIO Device",
  section: "5.18",
  doc: "General purpose input and output: lines that are low or high",

  features: {
    IRQ: { bit: 0, doc: "Lines can be watched for interrupts", since: "1.2", by: "handler" },
  },

  enums: {
    VIRTIO_GPIO_STATUS: {
      doc: "How a request went",
      section: "5.18.6",
      name: "Status",
      members: { OK: { value: 0x0, doc: "Success" }, ERR: { value: 0x1, doc: "Failure" } },
    },
    VIRTIO_GPIO_MSG: {
      doc: "What a request asks for",
      section: "5.18.6",
      name: "MessageType",
      members: {
        GET_LINE_NAMES: { value: 0x0001, doc: "Names of all lines" },
        GET_DIRECTION: { value: 0x0002, doc: "Direction of a line" },
        SET_DIRECTION: { value: 0x0003, doc: "Set the direction of a line" },
        GET_VALUE: { value: 0x0004, doc: "Value of a line" },
        SET_VALUE: { value: 0x0005, doc: "Set the value of a line" },
        SET_IRQ_TYPE: { value: 0x0006, doc: "Set what interrupts a line" },
      },
    },
    VIRTIO_GPIO_DIRECTION: {
      doc: "Direction of a line",
      section: "5.18.6",
      name: "Direction",
      unknown: "refuse",
      members: {
        NONE: { value: 0x00, doc: "The line is not active" },
        OUT: { value: 0x01, doc: "Output" },
        IN: { value: 0x02, doc: "Input" },
      },
    },
    VIRTIO_GPIO_IRQ_TYPE: {
      doc: "What interrupts a line",
      section: "5.18.6",
      name: "IrqType",
      unknown: "refuse",
      members: {
        NONE: { value: 0x00, doc: "Nothing" },
        EDGE_RISING: { value: 0x01, doc: "From low to high" },
        EDGE_FALLING: { value: 0x02, doc: "From high to low" },
        EDGE_BOTH: { value: 0x03, doc: "Either" },
        LEVEL_HIGH: { value: 0x04, doc: "As long as it is high" },
        LEVEL_LOW: { value: 0x08, doc: "As long as it is low" },
      },
    },
    VIRTIO_GPIO_IRQ_STATUS: {
      doc: "Why the buffers of a line come back",
      section: "5.18.7",
      name: "IrqStatus",
      members: {
        INVALID: { value: 0x0, doc: "The line is not, or no longer, enabled for interrupts" },
        VALID: { value: 0x1, doc: "An interrupt" },
      },
    },
  },

  structs: {
    virtio_gpio_irq_request: {
      doc: "The line to watch",
      section: "5.18.7",
      size: 2,
      fields: { gpio: line },
    },
    virtio_gpio_irq_response: {
      doc: "That it interrupted",
      section: "5.18.7",
      size: 1,
      fields: { status: u8("Why the buffers come back", { enum: "VIRTIO_GPIO_IRQ_STATUS" }) },
    },
  },

  config: {
    struct: "virtio_gpio_config",
    section: "5.18.4",
    size: 8,
    fields: {
      ngpio: le16("Number of lines"),
      padding: padding(2),
      gpio_names_size: le32("Bytes of all names with their NULs; 0 when there are none"),
    },
  },

  messages: {
    virtio_gpio_request: {
      doc: "A request on a line",
      section: "5.18.6",
      readable: { type: le16("What is asked for", { enum: "VIRTIO_GPIO_MSG", tag: true }) },
      writable: { status: u8("How it went", { enum: "VIRTIO_GPIO_STATUS" }), answer: body() },
      // All fields of a response are set, also after a failure (5.18.6.9).
      status: {
        field: "status",
        ok: "OK",
        unknown: "ERR",
        malformed: "ERR",
        failed: "ERR",
        whole: true,
      },
      cases: {
        get_line_names: {
          doc: "Names of all lines, in their order; a line without a name has an empty one",
          section: "5.18.6.1",
          tag: "VIRTIO_GPIO_MSG_GET_LINE_NAMES",
          structs: {
            virtio_gpio_request: ["type", "gpio", "value"],
            virtio_gpio_response_N: ["status", "value"],
          },
          readable: { gpio: le16("Reserved", { reserved: true }), value: noArgument },
          writable: { value: text("list", "Names in ASCII", { config: "gpio_names_size" }) },
          checks: [{
            doc: "A device with names",
            section: "5.18.6.1",
            of: { config: "gpio_names_size" },
            atLeast: 1,
            otherwise: "ERR",
          }],
        },
        get_direction: {
          doc: "Reads the direction of a line",
          section: "5.18.6.2",
          tag: "VIRTIO_GPIO_MSG_GET_DIRECTION",
          structs,
          readable: { gpio: line, value: noArgument },
          writable: { value: u8("Direction", { enum: "VIRTIO_GPIO_DIRECTION" }) },
          checks,
        },
        set_direction: {
          doc: "Sets the direction of a line; with NONE the device forgets all about the line",
          section: "5.18.6.3",
          tag: "VIRTIO_GPIO_MSG_SET_DIRECTION",
          structs,
          readable: { gpio: line, value: le32("Direction", { enum: "VIRTIO_GPIO_DIRECTION" }) },
          writable: { value: noValue },
          checks,
        },
        get_value: {
          doc: "Reads the value sensed on a line",
          section: "5.18.6.4",
          tag: "VIRTIO_GPIO_MSG_GET_VALUE",
          structs,
          readable: { gpio: line, value: noArgument },
          writable: { value: u8("0 low, 1 high", { max: 1 }) },
          checks,
        },
        set_value: {
          doc: "Sets the value that a line has as an output, now or later",
          section: "5.18.6.5",
          tag: "VIRTIO_GPIO_MSG_SET_VALUE",
          structs,
          readable: { gpio: line, value: le32("0 low, 1 high", { max: 1 }) },
          writable: { value: noValue },
          checks,
        },
        set_irq_type: {
          doc: "Enables interrupts of a line, or disables them with NONE",
          section: "5.18.6.6",
          tag: "VIRTIO_GPIO_MSG_SET_IRQ_TYPE",
          feature: "IRQ",
          structs,
          readable: {
            gpio: line,
            value: le32("What interrupts", { enum: "VIRTIO_GPIO_IRQ_TYPE" }),
          },
          writable: { value: noValue },
          checks,
        },
      },
    },
    // NOTES.md: gpio-unmask
    irq: {
      doc: "Unmasks interrupts of a line; answered by the next one, which masks them again",
      section: "5.18.7",
      readable: { request: inline("virtio_gpio_irq_request") },
      writable: { response: inline("virtio_gpio_irq_response") },
      status: {
        field: "status",
        ok: "VALID",
        unknown: "INVALID",
        malformed: "INVALID",
        failed: "INVALID",
      },
      checks: [{ ...onALine, otherwise: "INVALID" }],
    },
  },

  behaviours: {
    interrupts: {
      doc: "Interrupts of lines: enabled, unmasked, and latched meanwhile",
      section: "5.18.7",
      when: "IRQ",
      enums: [
        "VIRTIO_GPIO_STATUS",
        "VIRTIO_GPIO_DIRECTION",
        "VIRTIO_GPIO_IRQ_TYPE",
        "VIRTIO_GPIO_IRQ_STATUS",
      ],
      device: {
        class: "LineInterrupts",
        options: "required",
        serves: ["virtio_gpio_request.set_irq_type", "irq"],
      },
    },
  },

  queues: {
    requestq: {
      doc: "Requests on lines",
      section: "5.18.2",
      role: "request",
      carries: "virtio_gpio_request",
      index: 0,
      order: { key: "gpio" },
    },
    // Edges are kept until their line is unmasked, levels are not (5.18.6.9). Disabling a line
    // gives back its buffers with INVALID (5.18.7.3); a line has one pair of buffers at most.
    eventq: {
      doc: "Lines whose interrupts are unmasked",
      section: "5.18.2",
      role: "request",
      carries: "irq",
      index: 1,
      waits: true,
      when: "IRQ",
    },
  },
});

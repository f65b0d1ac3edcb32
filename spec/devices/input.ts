/**
 * Input device (VIRTIO 1.4, 5.8).
 *
 * @module
 */

import {
  bytes,
  defineDevice,
  type Device,
  inline,
  le16,
  le32,
  padding,
  text,
  u8,
  union,
} from "../dsl.ts";

/** The input device: a keyboard, a mouse, a tablet. */
export const input: Device = defineDevice({
  name: "input",
  prefix: "Input",
  id: 18,
  title: "Input Device",
  section: "5.8",
  doc: "A device of human input (keyboard, mouse, tablet) that speaks the events of evdev",

  enums: {
    VIRTIO_INPUT_CFG: {
      doc: "What the configuration window shows",
      section: "5.8.4",
      name: "ConfigSelect",
      members: {
        UNSET: { value: 0x00, doc: "Nothing" },
        ID_NAME: { value: 0x01, doc: "Name of the device" },
        ID_SERIAL: { value: 0x02, doc: "Serial number of the device" },
        ID_DEVIDS: { value: 0x03, doc: "Bus, vendor, product and version" },
        PROP_BITS: { value: 0x10, doc: "Input properties, one bit each" },
        EV_BITS: { value: 0x11, doc: "Codes of the event type in subsel, one bit each" },
        ABS_INFO: { value: 0x12, doc: "Range of the absolute axis in subsel" },
      },
    },
  },

  structs: {
    virtio_input_absinfo: {
      doc: "Range of an absolute axis",
      section: "5.8.4",
      size: 20,
      fields: {
        min: le32("Least value"),
        max: le32("Greatest value"),
        fuzz: le32("Changes up to this are noise"),
        flat: le32("Values up to this are the centre"),
        res: le32("Resolution, in units a millimetre (a radian for rotation)"),
      },
    },
    virtio_input_devids: {
      doc: "Identity of the device",
      section: "5.8.4",
      size: 8,
      fields: {
        bustype: le16("Bus, numbered as in evdev"),
        vendor: le16("Vendor"),
        product: le16("Product"),
        version: le16("Version"),
      },
    },
    virtio_input_event: {
      doc: "One event, with the numbers of evdev",
      section: "5.8.6",
      size: 8,
      fields: {
        type: le16("Type: key, relative or absolute motion, light, end of an update"),
        code: le16("Code within the type: which key, axis or light"),
        value: le32("Value: pressed or not, a distance, a position"),
      },
    },
  },

  config: {
    struct: "virtio_input_config",
    section: "5.8.4",
    size: 136,
    window: { select: ["select", "subsel"], size: "size", value: "u" },
    fields: {
      select: u8("What to show", { enum: "VIRTIO_INPUT_CFG", driverWrites: true }),
      subsel: u8("Event type or axis that is meant; 0 for the rest", { driverWrites: true }),
      size: u8("Bytes of u that are meaningful; 0 when there is nothing to show", { max: 128 }),
      reserved: padding(5),
      u: union("What was asked for", "select", {
        string: {
          tag: ["VIRTIO_INPUT_CFG_ID_NAME", "VIRTIO_INPUT_CFG_ID_SERIAL"],
          fields: { string: text("utf8", "The text, without a NUL", { field: "size" }) },
        },
        bitmap: {
          tag: ["VIRTIO_INPUT_CFG_PROP_BITS", "VIRTIO_INPUT_CFG_EV_BITS"],
          fields: { bitmap: bytes("One bit for each code, lowest first", { field: "size" }) },
        },
        abs: { tag: "VIRTIO_INPUT_CFG_ABS_INFO", struct: "virtio_input_absinfo" },
        ids: { tag: "VIRTIO_INPUT_CFG_ID_DEVIDS", struct: "virtio_input_devids" },
      }, { size: 128, otherwise: "raw" }),
    },
  },

  messages: {
    event: {
      doc: "An event from the device; those of one update stay together, the last is EV_SYN",
      section: "5.8.6",
      writable: { event: inline("virtio_input_event") },
    },
    status: {
      doc: "Feedback from the driver, such as the lights of a keyboard",
      section: "5.8.6",
      readable: { event: inline("virtio_input_event") },
    },
  },

  queues: {
    eventq: {
      doc: "Events from the device",
      section: "5.8.2",
      role: "receive",
      carries: "event",
      index: 0,
      parks: 8,
    },
    statusq: {
      doc: "Feedback from the driver",
      section: "5.8.2",
      role: "transmit",
      carries: "status",
      index: 1,
      used: "ignored", // QEMU counts what it read
    },
  },
});

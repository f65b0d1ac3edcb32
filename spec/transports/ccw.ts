/**
 * Virtio over channel I/O (VIRTIO 1.4, 4.3).
 *
 * @module
 */

import { be16, be32, be64, bits, bytes, defineLayout, type Layout, le32, u8 } from "../dsl.ts";

/** Channel commands and their payloads. */
export const ccw: Layout = defineLayout({
  name: "ccw",
  title: "Virtio Over Channel I/O",
  section: "4.3",
  doc: "Channel commands of virtio on S/390 and their payloads",

  enums: {
    CCW_CMD: {
      doc: "Channel commands",
      section: "4.3.1.1",
      name: "Command",
      members: {
        SET_VQ: { value: 0x13, doc: "Say where a queue lies" },
        VDEV_RESET: { value: 0x33, doc: "Reset the device; complete when the command is" },
        SET_IND: { value: 0x43, doc: "Say where the classic queue indicators lie" },
        SET_CONF_IND: { value: 0x53, doc: "Say where the configuration indicators lie" },
        SET_IND_ADAPTER: { value: 0x73, doc: "Say where the two-stage queue indicators lie" },
        READ_FEAT: { value: 0x12, doc: "Read 32 offered features" },
        WRITE_FEAT: { value: 0x11, doc: "Write 32 accepted features" },
        READ_CONF: { value: 0x22, doc: "Read the configuration space" },
        WRITE_CONF: { value: 0x21, doc: "Write the configuration space" },
        WRITE_STATUS: { value: 0x31, doc: "Write the device status" },
        READ_VQ_CONF: { value: 0x32, doc: "Read the largest size of a queue" },
        SET_VIRTIO_REV: { value: 0x83, doc: "Settle on a revision" },
        // NOTES.md: ccw-status
        READ_STATUS: { value: 0x72, doc: "Read the device status (revision 2)" },
      },
    },
    // The standard numbers the revisions and does not name them.
    VIRTIO_CCW_REV: {
      doc: "Revisions of this transport",
      section: "4.3.2.1",
      name: "Revision",
      members: {
        LEGACY: { value: 0, doc: "The legacy interface" },
        V1: { value: 1, doc: "This standard" },
        READ_STATUS: { value: 2, doc: "The same, and the status can be read" },
      },
    },
  },

  constants: {
    VIRTIO_CCW_CU_TYPE: { value: 0x3832, doc: "Control unit type of virtio devices" },
    VIRTIO_CCW_CHPID_TYPE: { value: 0x32, doc: "Channel path type of virtio devices" },
    VIRTIO_CCW_DIAGNOSE: { value: 0x500, doc: "Hypercall that notifies the device" },
    VIRTIO_CCW_DIAGNOSE_NOTIFY: { value: 3, doc: "Its subcode, in general register 1" },
    VIRTIO_CCW_CONFIG_INDICATOR: {
      value: 0,
      doc: "Bit of the configuration indicators that tells of a change",
    },
  },

  structs: {
    virtio_rev_info: {
      doc: "Payload of SET_VIRTIO_REV",
      section: "4.3.2.1",
      fields: {
        revision: be16("Wanted revision", { enum: "VIRTIO_CCW_REV" }),
        length: be16("Bytes of data"),
        data: bytes("Data of the revision; none for those known", { field: "length" }),
      },
    },
    vq_config_block: {
      doc: "Payload of READ_VQ_CONF",
      section: "4.3.2.2",
      size: 4,
      fields: {
        index: be16("The queue"),
        max_queue_size: be16("Its most descriptors, from the device; 0 for no such queue"),
      },
    },
    vq_info_block: {
      doc: "Payload of SET_VQ",
      section: "4.3.2.2",
      size: 32,
      fields: {
        desc: be64("Address of the descriptor area"),
        res0: be32("Reserved", { reserved: true }),
        index: be16("The queue"),
        size: be16("Number of descriptors"),
        driver: be64("Address of the driver area"),
        device: be64("Address of the device area"),
      },
    },
    vq_info_block_legacy: {
      doc: "Payload of SET_VQ on the legacy interface",
      section: "4.3.2.2.2",
      size: 16,
      fields: {
        queue: be64("Address of the queue"),
        align: be32("Alignment of the used ring, in bytes"),
        index: be16("The queue"),
        size: be16("Number of descriptors"),
      },
    },
    virtio_feature_desc: {
      doc: "Payload of READ_FEAT and WRITE_FEAT",
      section: "4.3.2.4",
      size: 5,
      fields: {
        features: le32("32 features", { legacy: "little-endian" }),
        index: u8("Which 32"),
      },
    },
    // NOTES.md: ccw-sizes
    virtio_thinint_area: {
      doc: "Payload of SET_IND_ADAPTER",
      section: "4.3.2.6.3",
      size: 25,
      fields: {
        // NOTES.md: ccw-summary-order
        summary_indicator: be64("Address of the summary indicator, one byte"),
        // NOTES.md: ccw-indicators
        indicator: be64("Address of the indicators, a bit for each queue"),
        bit_nr: be64(
          "Bit of the first queue, counted from the most significant bit of the first byte",
        ),
        isc: u8("Interruption subclass"),
      },
    },
    // The standard gives the layout of this word without a name.
    virtio_ccw_notification_data: {
      doc: "What an available buffer notification carries with NOTIFICATION_DATA",
      section: "4.3.3.2",
      size: 4,
      fields: {
        data: bits("be32", {
          vq_index: { width: 16, doc: "The queue" },
          next_off: { width: 15, doc: "Where the next available entry goes, lowest 15 bits" },
          next_wrap: {
            width: 1,
            doc: "Wrap counter of that descriptor; in a split ring bit 15 of the index",
          },
        }),
      },
    },
  },
});

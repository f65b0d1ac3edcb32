/**
 * Layouts of device parts (VIRTIO 1.4, 2.14).
 *
 * @module
 */

import { array, bytes, le16, le32, le64, padding, struct, u8, union } from "../dsl.ts";

/** Structs of device parts. */
export const parts = {
  virtio_dev_part_hdr: {
    doc: "Which part of a device, and its size",
    section: "2.14",
    size: 16,
    fields: {
      part_type: le16("The part", { enum: "VIRTIO_DEV_PART" }),
      flags: u8("Whether it is optional", { enum: "VIRTIO_DEV_PART_F" }),
      reserved: u8("Reserved", { reserved: true }),
      // Device types give the eight bytes a meaning of their own for parts from 0x200 on.
      selector: union("Which of several such parts", "part_type", {
        pci_common_cfg: {
          tag: "VIRTIO_DEV_PART_PCI_COMMON_CFG",
          fields: {
            offset: le32("Offset of the register"),
            reserved: le32("Reserved", { reserved: true }),
          },
        },
        vq_index: {
          tag: ["VIRTIO_DEV_PART_VQ_CFG", "VIRTIO_DEV_PART_VQ_NOTIFY_CFG"],
          fields: { index: le16("The queue"), reserved: padding(6) },
        },
      }, { size: 8, otherwise: "raw" }),
      length: le32("Bytes of the value"),
    },
  },
  virtio_dev_part: {
    doc: "A part of a device's state; its value has the layout of its type",
    section: "2.14",
    fields: {
      hdr: struct("virtio_dev_part_hdr", "Which part"),
      value: bytes("The state", { field: ["hdr", "length"] }),
    },
  },
  virtio_dev_part_features: {
    doc: "Value of DEV_FEATURES and DRV_FEATURES",
    section: "2.14.1.1",
    fields: { feature_bits: array("le64", "64 features an entry, lowest bit first", "rest") },
  },
  virtio_dev_part_vq_cfg: {
    doc: "Value of VQ_CFG",
    section: "2.14.1.5",
    size: 32,
    fields: {
      queue_size: le16("Number of descriptors"),
      vector: le16("MSI-X vector"),
      enabled: le16("1 when the device may use the queue"),
      reserved: le16("Reserved", { reserved: true }),
      queue_desc: le64("Address of the descriptor area"),
      queue_driver: le64("Address of the driver area"),
      queue_device: le64("Address of the device area"),
    },
  },
  virtio_dev_part_vq_notify_data: {
    doc: "Value of VQ_NOTIFY_CFG",
    section: "2.14.1.6",
    size: 8,
    fields: {
      queue_notify_off: le16("Where to notify, in multiples"),
      queue_notif_config_data: le16("What names the queue in a notification"),
      reserved: padding(4),
    },
  },
} as const;

/**
 * Layouts of the group administration commands (VIRTIO 1.4, 2.12 and 2.14).
 *
 * @module
 */

import { array, bytes, le16, le32, le64, padding, struct, u8, union } from "../dsl.ts";

/** Structs of the group administration commands. */
export const structs = {
  // NOTES.md: admin-list-len, admin-comment
  virtio_admin_cmd_list: {
    doc: "Commands, a bit for each opcode",
    section: "2.12.1",
    fields: {
      device_admin_cmd_opcodes: array("le64", "64 opcodes an entry, lowest bit first", "rest"),
    },
  },

  virtio_admin_cmd_legacy_common_cfg_wr_data: {
    doc: "What to write into one legacy register",
    section: "2.12.1.1.1",
    fields: {
      offset: u8("First byte to write"),
      reserved: padding(7),
      data: bytes("The bytes, little-endian", "rest"),
    },
  },
  virtio_admin_cmd_legacy_common_cfg_rd_data: {
    doc: "Which legacy register to read",
    section: "2.12.1.1.2",
    size: 1,
    fields: { offset: u8("First byte to read") },
  },
  virtio_admin_cmd_legacy_common_cfg_rd_result: {
    doc: "What was read from a legacy register",
    section: "2.12.1.1.2",
    fields: { data: bytes("The bytes, little-endian", "rest") },
  },
  virtio_admin_cmd_legacy_dev_reg_wr_data: {
    doc: "What to write into one field of the legacy configuration space",
    section: "2.12.1.1.3",
    fields: {
      offset: u8("First byte to write"),
      reserved: padding(7),
      data: bytes("The bytes, little-endian", "rest"),
    },
  },
  virtio_admin_cmd_legacy_dev_cfg_rd_data: {
    doc: "Which field of the legacy configuration space to read",
    section: "2.12.1.1.4",
    size: 1,
    fields: { offset: u8("First byte to read") },
  },
  virtio_admin_cmd_legacy_dev_reg_rd_result: {
    doc: "What was read from the legacy configuration space",
    section: "2.12.1.1.4",
    fields: { data: bytes("The bytes, little-endian", "rest") },
  },
  virtio_pci_legacy_notify_info: {
    doc: "One address where a legacy member can be notified",
    section: "2.12.1.1.5",
    size: 16,
    fields: {
      flags: u8("Whose bar it is in", { enum: "VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS" }),
      bar: u8("The bar, 1 to 5"),
      padding: padding(6),
      offset: le64("Where in the bar, a multiple of 2"),
    },
  },
  virtio_admin_cmd_legacy_notify_info_result: {
    doc: "Addresses where a legacy member can be notified, the best first",
    section: "2.12.1.1.5",
    size: 64,
    fields: { entries: array({ struct: "virtio_pci_legacy_notify_info" }, "Addresses", 4) },
  },

  virtio_admin_cmd_query_cap_id_result: {
    doc: "Capabilities, a bit for each id",
    section: "2.12.1.2.1",
    fields: { supported_caps: array("le64", "64 ids an entry, lowest bit first", "rest") },
  },
  virtio_admin_cmd_cap_get_data: {
    doc: "Which capability of the device to read",
    section: "2.12.1.2.2",
    size: 8,
    fields: { id: le16("The capability", { enum: "VIRTIO_CAP" }), reserved: padding(6) },
  },
  virtio_admin_cmd_cap_get_result: {
    doc: "A capability of the device",
    section: "2.12.1.2.2",
    fields: {
      cap_specific_data: union("What the capability says", { state: "the request's id" }, {
        dev_parts: { tag: "VIRTIO_DEV_PARTS_CAP", struct: "virtio_dev_parts_cap" },
      }, { otherwise: "raw" }),
    },
  },
  virtio_admin_cmd_cap_set_data: {
    doc: "How much of a capability the driver uses",
    section: "2.12.1.2.3",
    fields: {
      id: le16("The capability", { enum: "VIRTIO_CAP" }),
      reserved: padding(6),
      cap_specific_data: union("What the driver uses", "id", {
        dev_parts: { tag: "VIRTIO_DEV_PARTS_CAP", struct: "virtio_dev_parts_cap" },
      }, { otherwise: "raw" }),
    },
  },
  // NOTES.md: admin-parts-cap
  virtio_dev_parts_cap: {
    doc: "How many objects for device parts there can be",
    section: "2.12.1.4.1",
    size: 2,
    fields: {
      get_parts_resource_objects_limit: u8("Most objects that read"),
      set_parts_resource_objects_limit: u8("Most objects that set"),
    },
  },

  virtio_admin_cmd_resource_obj_cmd_hdr: {
    doc: "Which resource object a command is about",
    section: "2.12.1.3",
    size: 8,
    fields: {
      type: le16("Type of the object", { enum: "VIRTIO_RESOURCE_OBJ" }),
      reserved: padding(2),
      id: le32("The object, below the limit of its type"),
    },
  },
  virtio_admin_cmd_resource_obj_create_data: {
    doc: "A resource object to create",
    section: "2.12.1.3.1",
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The object"),
      flags: le64("Flags of the type; none so far"),
      resource_obj_specific_data: union("What the object is", ["hdr", "type"], {
        dev_parts: {
          tag: "VIRTIO_RESOURCE_OBJ_DEV_PARTS",
          struct: "virtio_resource_obj_dev_parts",
        },
      }, { otherwise: "raw" }),
    },
  },
  virtio_admin_cmd_resource_modify_data: {
    doc: "A resource object to change",
    section: "2.12.1.3.2",
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The object"),
      flags: le64("Flags of the type; none so far"),
      resource_obj_specific_data: union("What the object becomes", ["hdr", "type"], {
        dev_parts: {
          tag: "VIRTIO_RESOURCE_OBJ_DEV_PARTS",
          struct: "virtio_resource_obj_dev_parts",
        },
      }, { otherwise: "raw" }),
    },
  },
  virtio_admin_cmd_resource_obj_query_data: {
    doc: "A resource object to read",
    section: "2.12.1.3.3",
    size: 16,
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The object"),
      flags: le64("Flags of the type; none so far"),
    },
  },
  virtio_admin_cmd_resource_obj_query_result: {
    doc: "A resource object as it was created or last changed",
    section: "2.12.1.3.3",
    fields: {
      resource_obj_specific_result: union("What the object is", {
        state: "the request's type of object",
      }, {
        dev_parts: {
          tag: "VIRTIO_RESOURCE_OBJ_DEV_PARTS",
          struct: "virtio_resource_obj_dev_parts",
        },
      }, { otherwise: "raw" }),
    },
  },
  virtio_resource_obj_dev_parts: {
    doc: "An object that reads or sets device parts",
    section: "2.12.1.4.2",
    size: 8,
    fields: {
      type: u8("What it is for", { enum: "VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE" }),
      reserved: padding(7),
    },
  },

  virtio_admin_cmd_dev_parts_metadata_data: {
    doc: "A question about device parts",
    section: "2.12.1.4.3.1",
    size: 16,
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The device parts object"),
      type: u8("What is asked", { enum: "VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE" }),
      reserved: padding(7),
    },
  },
  virtio_admin_cmd_dev_parts_metadata_result: {
    doc: "The answer about device parts",
    section: "2.12.1.4.3.1",
    fields: {
      metadata: union<"virtio_dev_part_hdr_list">("What was asked", {
        state: "the request's type",
      }, {
        parts_size: {
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_SIZE",
          fields: {
            size: le32("Most bytes of all parts"),
            reserved: le32("Reserved", { reserved: true }),
          },
        },
        hdr_list_count: {
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_COUNT",
          fields: {
            count: le32("Number of headers"),
            reserved: le32("Reserved", { reserved: true }),
          },
        },
        hdr_list: {
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE_LIST",
          struct: "virtio_dev_part_hdr_list",
        },
      }),
    },
  },
  // The standard writes this layout into the union, without a name.
  virtio_dev_part_hdr_list: {
    doc: "Headers of device parts",
    section: "2.12.1.4.3.1",
    fields: {
      count: le32("Number of headers"),
      reserved: le32("Reserved", { reserved: true }),
      hdrs: array({ struct: "virtio_dev_part_hdr" }, "The headers", { field: "count" }),
    },
  },
  virtio_admin_cmd_dev_parts_get_data: {
    doc: "Which device parts to read",
    section: "2.12.1.4.3.2",
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The device parts object"),
      type: u8("All, or those listed", { enum: "VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE" }),
      reserved: padding(7),
      hdr_list: array({ struct: "virtio_dev_part_hdr" }, "The wanted parts", "rest"),
    },
  },
  virtio_admin_cmd_dev_parts_get_result: {
    doc: "Device parts that were read",
    section: "2.12.1.4.3.2",
    fields: { parts: array({ struct: "virtio_dev_part" }, "The parts", "rest") },
  },
  virtio_admin_cmd_dev_parts_set_data: {
    doc: "Device parts to set",
    section: "2.12.1.4.3.3",
    fields: {
      hdr: struct("virtio_admin_cmd_resource_obj_cmd_hdr", "The device parts object"),
      parts: array({ struct: "virtio_dev_part" }, "The parts, in the order of 2.12.1.4.4", "rest"),
    },
  },
  virtio_admin_cmd_dev_mode_set_data: {
    doc: "Mode to put a member into",
    section: "2.12.1.4.3.4",
    size: 1,
    fields: { flags: u8("The mode", { enum: "VIRTIO_ADMIN_CMD_DEV_MODE_F" }) },
  },
} as const;

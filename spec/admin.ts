/**
 * Group administration commands and device parts (VIRTIO 1.4, 2.12 to 2.14).
 *
 * @module
 */

import { body, defineLayout, inline, type Layout, le16, le64, padding } from "./dsl.ts";
import { enums } from "./admin/enums.ts";
import { parts } from "./admin/parts.ts";
import { structs } from "./admin/structs.ts";

const selfGroup = {
  doc: "The command is for the self group",
  section: "2.12.1.2.4",
  of: { field: "group_type" },
  equals: 0,
  otherwise: "EINVAL",
} as const;

const virtualFunctions = {
  doc: "The command is for a group of virtual functions",
  section: "2.12.1.1",
  of: { field: "group_type" },
  equals: 1,
  otherwise: "EINVAL",
} as const;

/**
 * Group administration commands. Either part of a command may be shorter or longer than described:
 * what is missing reads as zero, what is too much is ignored or not written (2.13).
 */
export const admin: Layout = defineLayout({
  name: "admin",
  title: "Group Administration Commands",
  section: "2.12",
  doc: "Commands with which the owner of a group of devices controls its members",

  enums,
  structs: { ...structs, ...parts },

  messages: {
    virtio_admin_cmd: {
      doc: "A command for one member of a group, or for the whole group",
      section: "2.12.1",
      struct: "virtio_admin_cmd",
      readable: {
        opcode: le16("What to do", { enum: "VIRTIO_ADMIN_CMD", tag: true }),
        group_type: le16("Kind of the group", { enum: "VIRTIO_ADMIN_GROUP_TYPE" }),
        reserved1: padding(12),
        group_member_id: le64("The member; 0 where none is meant"),
        command_specific_data: body(),
      },
      writable: {
        status: le16("How it went", { enum: "VIRTIO_ADMIN_STATUS" }),
        // NOTES.md: admin-qualifier-as-status
        status_qualifier: le16("What was wrong", { enum: "VIRTIO_ADMIN_STATUS_Q" }),
        reserved2: padding(4),
        command_specific_result: body(),
      },
      status: {
        field: "status",
        ok: "OK",
        unknown: "EINVAL",
        malformed: "EINVAL",
        failed: "EAGAIN",
      },
      cases: {
        list_query: {
          doc: "Reads which commands the owner takes for this kind of group",
          tag: "VIRTIO_ADMIN_CMD_LIST_QUERY",
          writable: { list: inline("virtio_admin_cmd_list") },
        },
        list_use: {
          doc: "Says which of them the driver will use; all others are refused from then on",
          tag: "VIRTIO_ADMIN_CMD_LIST_USE",
          readable: { list: inline("virtio_admin_cmd_list") },
        },
        // NOTES.md: admin-8byte
        legacy_common_cfg_write: {
          doc: "Writes a register of a member's legacy interface",
          section: "2.12.1.1.1",
          tag: "VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WRITE",
          readable: { write: inline("virtio_admin_cmd_legacy_common_cfg_wr_data") },
          checks: [virtualFunctions],
        },
        legacy_common_cfg_read: {
          doc: "Reads a register of a member's legacy interface",
          section: "2.12.1.1.2",
          tag: "VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_READ",
          readable: { read: inline("virtio_admin_cmd_legacy_common_cfg_rd_data") },
          writable: { result: inline("virtio_admin_cmd_legacy_common_cfg_rd_result") },
          checks: [virtualFunctions],
        },
        legacy_dev_cfg_write: {
          doc: "Writes a field of a member's legacy configuration space",
          section: "2.12.1.1.3",
          tag: "VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_WRITE",
          readable: { write: inline("virtio_admin_cmd_legacy_dev_reg_wr_data") },
          checks: [virtualFunctions],
        },
        legacy_dev_cfg_read: {
          doc: "Reads a field of a member's legacy configuration space",
          section: "2.12.1.1.4",
          tag: "VIRTIO_ADMIN_CMD_LEGACY_DEV_CFG_READ",
          readable: { read: inline("virtio_admin_cmd_legacy_dev_cfg_rd_data") },
          writable: { result: inline("virtio_admin_cmd_legacy_dev_reg_rd_result") },
          checks: [virtualFunctions],
        },
        legacy_notify_info: {
          doc: "Reads where a member with a legacy driver can be notified",
          section: "2.12.1.1.5",
          tag: "VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO",
          writable: { result: inline("virtio_admin_cmd_legacy_notify_info_result") },
          checks: [virtualFunctions],
        },
        cap_id_list_query: {
          doc: "Reads which capabilities the device has",
          section: "2.12.1.2.1",
          tag: "VIRTIO_ADMIN_CMD_CAP_ID_LIST_QUERY",
          writable: { result: inline("virtio_admin_cmd_query_cap_id_result") },
          checks: [selfGroup],
        },
        // NOTES.md: admin-capget
        device_cap_get: {
          doc: "Reads a capability of the device",
          section: "2.12.1.2.2",
          tag: "VIRTIO_ADMIN_CMD_DEVICE_CAP_GET",
          readable: { get: inline("virtio_admin_cmd_cap_get_data") },
          writable: { result: inline("virtio_admin_cmd_cap_get_result") },
          checks: [selfGroup],
        },
        driver_cap_set: {
          doc: "Sets how much of a capability the driver uses, before it does",
          section: "2.12.1.2.3",
          tag: "VIRTIO_ADMIN_CMD_DRIVER_CAP_SET",
          readable: { set: inline("virtio_admin_cmd_cap_set_data") },
          checks: [selfGroup],
        },
        resource_obj_create: {
          doc: "Creates a resource object",
          section: "2.12.1.3.1",
          tag: "VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE",
          readable: { create: inline("virtio_admin_cmd_resource_obj_create_data") },
        },
        resource_obj_modify: {
          doc: "Changes a resource object",
          section: "2.12.1.3.2",
          tag: "VIRTIO_ADMIN_CMD_RESOURCE_OBJ_MODIFY",
          readable: { modify: inline("virtio_admin_cmd_resource_modify_data") },
        },
        resource_obj_query: {
          doc: "Reads a resource object",
          section: "2.12.1.3.3",
          tag: "VIRTIO_ADMIN_CMD_RESOURCE_OBJ_QUERY",
          readable: { query: inline("virtio_admin_cmd_resource_obj_query_data") },
          writable: { result: inline("virtio_admin_cmd_resource_obj_query_result") },
        },
        resource_obj_destroy: {
          doc: "Destroys a resource object that no other needs",
          section: "2.12.1.3.4",
          tag: "VIRTIO_ADMIN_CMD_RESOURCE_OBJ_DESTROY",
          readable: { destroy: inline("virtio_admin_cmd_resource_obj_cmd_hdr") },
        },
        dev_parts_metadata_get: {
          doc: "Reads which parts a member has, or how large they are",
          section: "2.12.1.4.3.1",
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_GET",
          readable: { get: inline("virtio_admin_cmd_dev_parts_metadata_data") },
          writable: { result: inline("virtio_admin_cmd_dev_parts_metadata_result") },
          checks: [virtualFunctions],
        },
        dev_parts_get: {
          doc: "Reads parts of a member",
          section: "2.12.1.4.3.2",
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_GET",
          readable: { get: inline("virtio_admin_cmd_dev_parts_get_data") },
          writable: { result: inline("virtio_admin_cmd_dev_parts_get_result") },
          checks: [virtualFunctions],
        },
        dev_parts_set: {
          doc: "Sets parts of a stopped member; they count once it goes on",
          section: "2.12.1.4.3.3",
          tag: "VIRTIO_ADMIN_CMD_DEV_PARTS_SET",
          readable: { set: inline("virtio_admin_cmd_dev_parts_set_data") },
          checks: [virtualFunctions],
        },
        dev_mode_set: {
          doc: "Stops a member, or lets it go on",
          section: "2.12.1.4.3.4",
          tag: "VIRTIO_ADMIN_CMD_DEV_MODE_SET",
          readable: { mode: inline("virtio_admin_cmd_dev_mode_set_data") },
        },
      },
    },
  },
});

/**
 * Named numbers of the group administration commands (VIRTIO 1.4, 2.12 to 2.14).
 *
 * @module
 */

/** Enumerations of the group administration commands. */
export const enums = {
  // The table and the text of the commands swap 0xb and 0xc; these are the table's (2.12.1).
  VIRTIO_ADMIN_CMD: {
    doc: "What a command does",
    section: "2.12.1",
    name: "Opcode",
    members: {
      LIST_QUERY: { value: 0x0, doc: "Read the supported commands" },
      LIST_USE: { value: 0x1, doc: "Say which commands the driver will use" },
      LEGACY_COMMON_CFG_WRITE: { value: 0x2, doc: "Write a legacy register of a member" },
      LEGACY_COMMON_CFG_READ: { value: 0x3, doc: "Read a legacy register of a member" },
      LEGACY_DEV_CFG_WRITE: { value: 0x4, doc: "Write a member's legacy configuration space" },
      LEGACY_DEV_CFG_READ: { value: 0x5, doc: "Read a member's legacy configuration space" },
      LEGACY_NOTIFY_INFO: { value: 0x6, doc: "Read where a legacy member is notified" },
      // NOTES.md: admin-capnames
      CAP_ID_LIST_QUERY: { value: 0x7, doc: "Read the supported capabilities" },
      DEVICE_CAP_GET: { value: 0x8, doc: "Read a capability of the device" },
      DRIVER_CAP_SET: { value: 0x9, doc: "Set how much of a capability the driver uses" },
      RESOURCE_OBJ_CREATE: { value: 0xa, doc: "Create a resource object" },
      // NOTES.md: admin-opcode-swap
      RESOURCE_OBJ_QUERY: { value: 0xb, doc: "Read a resource object" },
      RESOURCE_OBJ_MODIFY: { value: 0xc, doc: "Change a resource object" },
      RESOURCE_OBJ_DESTROY: { value: 0xd, doc: "Destroy a resource object" },
      DEV_PARTS_METADATA_GET: { value: 0xe, doc: "Read which parts a member has" },
      DEV_PARTS_GET: { value: 0xf, doc: "Read parts of a member" },
      DEV_PARTS_SET: { value: 0x10, doc: "Set parts of a member" },
      // NOTES.md: admin-opcode-hole
      DEV_MODE_SET: { value: 0x11, doc: "Stop a member, or let it go on" },
    },
  },
  // The standard gives these numbers without names; the names are those of Linux's header.
  VIRTIO_ADMIN_GROUP_TYPE: {
    doc: "Kinds of groups",
    section: "2.12",
    name: "GroupType",
    members: {
      SELF: { value: 0, doc: "The owner itself, member 0" },
      SRIOV: { value: 1, doc: "The virtual functions of a PCI function, members from 1 on" },
    },
  },
  VIRTIO_ADMIN_STATUS: {
    doc: "How a command went",
    section: "2.12.1",
    name: "Status",
    unknown: { as: "EINVAL" },
    members: {
      OK: { value: 0, doc: "Success" },
      ENXIO: { value: 6, doc: "No such capability or resource object" },
      EAGAIN: { value: 11, doc: "Nothing was done: try again" },
      ENOMEM: { value: 12, doc: "Nothing was done: not enough memory or room" },
      EBUSY: { value: 16, doc: "The object or device is in use" },
      // The text asks for it, the table does not list it; as all others it is Linux's number.
      // NOTES.md: admin-eexist
      EEXIST: { value: 17, doc: "There is such an object already" },
      // NOTES.md: admin-status-name
      EINVAL: { value: 22, doc: "Not a valid command" },
      ENOSPC: { value: 28, doc: "The device has no more resources" },
    },
  },
  VIRTIO_ADMIN_STATUS_Q: {
    doc: "What was wrong with a command",
    section: "2.12.1",
    name: "StatusQualifier",
    unknown: { as: "INVALID_COMMAND" },
    members: {
      OK: { value: 0x00, doc: "Nothing" },
      INVALID_COMMAND: { value: 0x01, doc: "No further information" },
      INVALID_OPCODE: { value: 0x02, doc: "The opcode" },
      INVALID_FIELD: { value: 0x03, doc: "A field of the command's data" },
      INVALID_GROUP: { value: 0x04, doc: "The group type" },
      INVALID_MEMBER: { value: 0x05, doc: "The member" },
      NORESOURCE: { value: 0x06, doc: "Nothing: the device lacks resources now" },
      TRYAGAIN: { value: 0x07, doc: "Nothing: it would take too long now" },
    },
  },
  // Linux's names; the standard explains the numbers in comments.
  VIRTIO_ADMIN_CMD_NOTIFY_INFO_FLAGS: {
    doc: "Whose bar an address for notifications is in",
    section: "2.12.1.1.5",
    name: "NotifyInfoFlags",
    members: {
      END: { value: 0, doc: "No further entries" },
      OWNER_DEV: { value: 1, doc: "The owner's" },
      OWNER_MEM: { value: 2, doc: "The member's" },
    },
  },
  VIRTIO_CAP: {
    doc: "Capabilities of all device types; those of one type start at 0x800",
    section: "2.12.1.2",
    name: "Capability",
    prefix: "VIRTIO",
    members: { DEV_PARTS_CAP: { value: 0x0000, doc: "Objects to read and set device parts" } },
  },
  VIRTIO_RESOURCE_OBJ: {
    doc: "Resource objects of all device types; those of one type start at 0x200",
    section: "2.12.1.3",
    name: "ResourceObject",
    members: { DEV_PARTS: { value: 0x000, doc: "Reads or sets device parts" } },
  },
  VIRTIO_RESOURCE_OBJ_DEV_PARTS_TYPE: {
    doc: "What a device parts object is for",
    section: "2.12.1.4.2",
    name: "DevPartsType",
    members: {
      GET: { value: 0, doc: "Reading" },
      SET: { value: 1, doc: "Setting" },
    },
  },
  VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_TYPE: {
    doc: "What is asked about device parts",
    section: "2.12.1.4.3.1",
    name: "DevPartsMetadataType",
    members: {
      SIZE: { value: 0, doc: "Most bytes of all parts" },
      COUNT: { value: 1, doc: "Number of headers that LIST gives" },
      LIST: { value: 2, doc: "Headers of the parts" },
    },
  },
  VIRTIO_ADMIN_CMD_DEV_PARTS_GET_TYPE: {
    doc: "Which device parts are asked for",
    section: "2.12.1.4.3.2",
    name: "DevPartsGetType",
    members: {
      SELECTED: { value: 0, doc: "Those listed" },
      ALL: { value: 1, doc: "All" },
    },
  },
  VIRTIO_ADMIN_CMD_DEV_MODE_F: {
    doc: "Mode of a member",
    section: "2.12.1.4.3.4",
    name: "DevModeFlag",
    as: "bits",
    members: { STOPPED: { value: 0, doc: "It touches neither queues nor notifications" } },
  },
  // NOTES.md: admin-parts-range
  VIRTIO_DEV_PART: {
    doc: "Parts of all devices; those of one type start at 0x200",
    section: "2.14.1",
    name: "DevPart",
    members: {
      DEV_FEATURES: { value: 0x100, doc: "Offered features" },
      DRV_FEATURES: { value: 0x101, doc: "Accepted features" },
      PCI_COMMON_CFG: { value: 0x102, doc: "One register of the common configuration" },
      DEVICE_STATUS: { value: 0x103, doc: "Device status" },
      VQ_CFG: { value: 0x104, doc: "Where a queue lies" },
      VQ_NOTIFY_CFG: { value: 0x105, doc: "How a queue is notified" },
    },
  },
  VIRTIO_DEV_PART_F: {
    doc: "Flags of a device part",
    section: "2.14",
    name: "DevPartFlag",
    as: "bits",
    members: { OPTIONAL: { value: 0, doc: "The device works without it" } },
  },
} as const;

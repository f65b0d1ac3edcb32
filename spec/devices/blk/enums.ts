/**
 * Named numbers of the block device (VIRTIO 1.4, 5.2).
 *
 * @module
 */

/** Enumerations of the block device. */
export const enums = {
  VIRTIO_BLK_T: {
    doc: "What a request asks for",
    section: "5.2.6",
    name: "RequestType",
    members: {
      IN: { value: 0, doc: "Read sectors" },
      OUT: { value: 1, doc: "Write sectors" },
      SCSI_CMD: { value: 2, doc: "A SCSI packet command", legacy: true },
      SCSI_CMD_OUT: { value: 3, doc: "A SCSI packet command, the same as SCSI_CMD", legacy: true },
      FLUSH: { value: 4, doc: "Make completed writes durable" },
      FLUSH_OUT: { value: 5, doc: "The same as FLUSH", legacy: true },
      GET_ID: { value: 8, doc: "Read the device's identification" },
      GET_LIFETIME: { value: 10, doc: "Read how worn the device is", when: "LIFETIME" },
      DISCARD: { value: 11, doc: "Give up ranges of sectors", when: "DISCARD" },
      WRITE_ZEROES: { value: 13, doc: "Fill ranges with zeroes", when: "WRITE_ZEROES" },
      SECURE_ERASE: { value: 14, doc: "Erase ranges for good", when: "SECURE_ERASE" },
      ZONE_APPEND: { value: 15, doc: "Write at a zone's write pointer", when: "ZONED" },
      ZONE_REPORT: { value: 16, doc: "Read the states of zones", when: "ZONED" },
      ZONE_OPEN: { value: 18, doc: "Open a zone", when: "ZONED" },
      ZONE_CLOSE: { value: 20, doc: "Close a zone", when: "ZONED" },
      ZONE_FINISH: { value: 22, doc: "Make a zone full", when: "ZONED" },
      ZONE_RESET: { value: 24, doc: "Make a zone empty", when: "ZONED" },
      ZONE_RESET_ALL: { value: 26, doc: "Make all zones empty", when: "ZONED" },
    },
  },
  VIRTIO_BLK_S: {
    doc: "How a request went",
    section: "5.2.6",
    name: "Status",
    members: {
      OK: { value: 0, doc: "Success" },
      IOERR: { value: 1, doc: "Error of the device or of the driver" },
      UNSUPP: { value: 2, doc: "The device does not serve this request" },
      ZONE_INVALID_CMD: { value: 3, doc: "Not valid for this zone or its state", when: "ZONED" },
      ZONE_UNALIGNED_WP: { value: 4, doc: "Not at the zone's write pointer", when: "ZONED" },
      ZONE_OPEN_RESOURCE: { value: 5, doc: "Too many zones are open", when: "ZONED" },
      ZONE_ACTIVE_RESOURCE: { value: 6, doc: "Too many zones are active", when: "ZONED" },
    },
  },
  VIRTIO_BLK_PRE_EOL_INFO: {
    doc: "How many of the reserved blocks are consumed",
    section: "5.2.6",
    name: "PreEolInfo",
    members: {
      UNDEFINED: { value: 0, doc: "Not known" },
      NORMAL: { value: 1, doc: "Less than 80 percent" },
      WARNING: { value: 2, doc: "80 percent" },
      URGENT: { value: 3, doc: "90 percent" },
    },
  },
  VIRTIO_BLK_Z: {
    doc: "Whose task the zones are",
    section: "5.2.4",
    name: "ZoneModel",
    members: {
      NONE: { value: 0, doc: "No zones, or the device hides them" },
      HM: { value: 1, doc: "Managed by the driver: sequential zones must be written in order" },
      HA: { value: 2, doc: "The driver may help: sequential zones should be written in order" },
    },
  },
  VIRTIO_BLK_ZT: {
    doc: "How a zone may be written",
    section: "5.2.6",
    name: "ZoneType",
    members: {
      CONV: { value: 1, doc: "Conventional: anywhere, in any order" },
      SWR: { value: 2, doc: "Sequential write required: at the write pointer only" },
      SWP: { value: 3, doc: "Sequential write preferred" },
    },
  },
  VIRTIO_BLK_ZS: {
    doc: "State of a zone",
    section: "5.2.6",
    name: "ZoneState",
    members: {
      NOT_WP: { value: 0, doc: "Conventional, without a write pointer" },
      EMPTY: { value: 1, doc: "Nothing written" },
      IOPEN: { value: 2, doc: "Opened by a write" },
      EOPEN: { value: 3, doc: "Opened by a request" },
      CLOSED: { value: 4, doc: "Partly written, not open" },
      RDONLY: { value: 13, doc: "Can only be read" },
      FULL: { value: 14, doc: "No room left" },
      OFFLINE: { value: 15, doc: "Can neither be read nor written" },
    },
  },
} as const;

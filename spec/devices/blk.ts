/**
 * Block device (VIRTIO 1.4, 5.2).
 *
 * @module
 */

import {
  array,
  defineDevice,
  type Device,
  inline,
  le16,
  le32,
  le64,
  padding,
  payload,
  struct,
  text,
  u8,
} from "../dsl.ts";
import {
  dataWithinDisk,
  firstOfZone,
  noFlags,
  noSector,
  notReadOnly,
  noUnknownFlags,
  segmentsWithinDisk,
  wholeSectors,
  zoneOnDisk,
} from "./blk/checks.ts";
import { enums } from "./blk/enums.ts";
import { structs } from "./blk/structs.ts";

/** The block device: a disk of 512-byte sectors. */
export const blk: Device = defineDevice({
  name: "blk",
  prefix: "Block",
  id: 2,
  title: "Block Device",
  section: "5.2",
  doc: "A disk: reads, writes and other requests on sectors of 512 bytes",

  features: {
    BARRIER: { bit: 0, doc: "Requests may carry a barrier bit", by: "legacy" },
    SIZE_MAX: { bit: 1, doc: "The largest segment is in size_max", by: "config" },
    SEG_MAX: { bit: 2, doc: "The largest number of segments is in seg_max", by: "config" },
    GEOMETRY: { bit: 4, doc: "The disk has a traditional geometry", by: "config" },
    // NOTES.md: blk-ro
    RO: { bit: 5, doc: "The disk is read-only", by: "option" },
    BLK_SIZE: { bit: 6, doc: "The optimal block size is in blk_size", by: "config" },
    SCSI: { bit: 7, doc: "Requests may carry SCSI packet commands", by: "legacy" },
    FLUSH: { bit: 9, doc: "Flush requests are served", by: "handler" },
    TOPOLOGY: { bit: 10, doc: "Hints on alignment are in topology", by: "config" },
    CONFIG_WCE: {
      bit: 11,
      doc: "The driver may switch the write cache",
      offeredWith: "FLUSH",
      by: "config",
    },
    MQ: { bit: 12, doc: "More than one request queue", since: "1.2", by: "config" },
    DISCARD: { bit: 13, doc: "Discard requests are served", by: ["config", "handler"] },
    WRITE_ZEROES: { bit: 14, doc: "Write zeroes requests are served", by: ["config", "handler"] },
    LIFETIME: { bit: 15, doc: "The device tells how worn it is", since: "1.2", by: "handler" },
    SECURE_ERASE: {
      bit: 16,
      doc: "Secure erase requests are served",
      since: "1.2",
      by: ["config", "handler"],
    },
    // A driver that takes it from a host-managed device does not take DISCARD (5.2.5.1).
    ZONED: {
      bit: 17,
      doc: "A device with zones, described in zoned",
      since: "1.3",
      modern: true, // without FEATURES_OK nobody could refuse (5.2.5.2)
      by: ["config", "handler"],
    },
  },

  enums,
  constants: {
    VIRTIO_BLK_T_BARRIER: {
      value: 0x80000000,
      doc:
        "Bit of a request's type: it waits for all before it and all after it wait (legacy only)",
    },
    SCSI_SENSE_BUFFERSIZE: { value: 96, doc: "Bytes of sense data of a SCSI packet command" },
  },
  structs,

  config: {
    struct: "virtio_blk_config",
    section: "5.2.4",
    size: 96,
    notifies: ["capacity", "write_zeroes_may_unmap"],
    checks: [{
      doc: "whole zones",
      section: "5.2.6.2",
      of: { config: "secure_erase_sector_alignment" },
      multipleOf: { config: ["zoned", "zone_sectors"] },
    }, {
      doc: "within what the segments of a request hold",
      section: "5.2.5.2",
      of: { config: ["zoned", "max_append_sectors"] },
      atMost: { quotient: [{ product: [{ config: "seg_max" }, { config: "size_max" }] }, 512] },
    }],
    fields: {
      capacity: le64("Size of the disk, in sectors of 512 bytes", { as: "number" }),
      size_max: le32("Largest segment, in bytes", { when: "SIZE_MAX" }),
      seg_max: le32("Largest number of segments in a request", { when: "SEG_MAX" }),
      geometry: struct("virtio_blk_geometry", "Traditional geometry", { when: "GEOMETRY" }),
      blk_size: le32("Optimal block size, in bytes", { when: "BLK_SIZE" }),
      topology: struct("virtio_blk_topology", "Hints on alignment", { when: "TOPOLOGY" }),
      // NOTES.md: blk-wce
      writeback: u8("Write cache: 0 write-through, 1 write-back", {
        when: "CONFIG_WCE",
        max: 1,
        driverWrites: true,
        zeroWithout: "FLUSH", // who can not flush has nothing cached (5.2.5.2)
      }),
      unused0: padding(1),
      num_queues: le16("Number of request queues", { when: "MQ", min: 1 }),
      max_discard_sectors: le32("Most sectors in a range to discard", { when: "DISCARD" }),
      max_discard_seg: le32("Most ranges in a discard", { when: "DISCARD" }),
      discard_sector_alignment: le32("Good alignment of such ranges, in sectors", {
        when: "DISCARD",
      }),
      max_write_zeroes_sectors: le32("Most sectors in a range of zeroes", { when: "WRITE_ZEROES" }),
      max_write_zeroes_seg: le32("Most ranges in a write zeroes", { when: "WRITE_ZEROES" }),
      write_zeroes_may_unmap: u8("Whether writing zeroes can deallocate sectors", {
        when: "WRITE_ZEROES",
        max: 1,
      }),
      unused1: padding(3),
      max_secure_erase_sectors: le32("Most sectors in a range to erase", { when: "SECURE_ERASE" }),
      max_secure_erase_seg: le32("Most ranges in a secure erase", { when: "SECURE_ERASE" }),
      secure_erase_sector_alignment: le32("Good alignment of such ranges, in sectors", {
        when: "SECURE_ERASE",
      }),
      zoned: struct("virtio_blk_zoned_characteristics", "The zones", { when: "ZONED" }),
    },
  },

  messages: {
    virtio_blk_req: {
      doc: "A request on the disk",
      section: "5.2.6",
      struct: "virtio_blk_req",
      // NOTES.md: blk-legacy-8
      readable: {
        type: le32("What is asked for", { enum: "VIRTIO_BLK_T", tag: true }),
        reserved: le32("A priority on the legacy interface", { reserved: true }),
        sector: le64("Where; 0 for requests without a place", { as: "number" }),
      },
      // NOTES.md: blk-status-last
      writable: { status: u8("How it went", { enum: "VIRTIO_BLK_S" }) },
      status: { field: "status", ok: "OK", unknown: "UNSUPP", malformed: "IOERR", failed: "IOERR" },
      cases: {
        in: {
          doc: "Reads sectors",
          tag: "VIRTIO_BLK_T_IN",
          writable: { data: payload("The sectors") },
          checks: [wholeSectors, dataWithinDisk],
        },
        out: {
          doc: "Writes sectors",
          tag: "VIRTIO_BLK_T_OUT",
          readable: { data: payload("The sectors") },
          checks: [notReadOnly, wholeSectors, dataWithinDisk],
        },
        flush: {
          doc: "Makes all completed writes durable",
          tag: "VIRTIO_BLK_T_FLUSH",
          legacyTags: ["VIRTIO_BLK_T_FLUSH_OUT"],
          feature: "FLUSH",
          checks: [noSector],
        },
        get_id: {
          doc: "Reads the device's identification",
          tag: "VIRTIO_BLK_T_GET_ID",
          writable: { id: text("padded", "Identification, at most 20 ASCII characters", 20) },
        },
        get_lifetime: {
          doc: "Reads how worn the device is",
          tag: "VIRTIO_BLK_T_GET_LIFETIME",
          feature: "LIFETIME",
          writable: { lifetime: inline("virtio_blk_lifetime") },
        },
        discard: {
          doc: "Gives up the content of ranges; each may or may not be deallocated",
          tag: "VIRTIO_BLK_T_DISCARD",
          feature: "DISCARD",
          readable: {
            segments: array({ struct: "virtio_blk_discard_write_zeroes" }, "Ranges", "rest", {
              max: { config: "max_discard_seg" },
            }),
          },
          checks: [
            noFlags,
            notReadOnly,
            {
              doc: "No more ranges than allowed",
              of: { length: "segments" },
              atMost: { config: "max_discard_seg" },
              driver: "5.2.6.1",
            },
            {
              doc: "No range is longer than allowed",
              section: "5.2.5",
              each: "segments",
              of: { field: "num_sectors" },
              atMost: { config: "max_discard_sectors" },
              otherwise: "IOERR",
            },
            segmentsWithinDisk,
          ],
        },
        write_zeroes: {
          doc: "Fills ranges with zeroes, deallocating those with unmap if it likes",
          tag: "VIRTIO_BLK_T_WRITE_ZEROES",
          feature: "WRITE_ZEROES",
          readable: {
            segments: array({ struct: "virtio_blk_discard_write_zeroes" }, "Ranges", "rest", {
              max: { config: "max_write_zeroes_seg" },
            }),
          },
          checks: [
            noUnknownFlags,
            notReadOnly,
            {
              doc: "No more ranges than allowed",
              of: { length: "segments" },
              atMost: { config: "max_write_zeroes_seg" },
              driver: "5.2.6.1",
            },
            {
              doc: "No range is longer than allowed",
              section: "5.2.5",
              each: "segments",
              of: { field: "num_sectors" },
              atMost: { config: "max_write_zeroes_sectors" },
              otherwise: "IOERR",
            },
            { ...segmentsWithinDisk, driver: "5.2.6.1" },
          ],
        },
        secure_erase: {
          doc: "Erases ranges so that nothing can bring them back",
          tag: "VIRTIO_BLK_T_SECURE_ERASE",
          feature: "SECURE_ERASE",
          readable: {
            segments: array({ struct: "virtio_blk_discard_write_zeroes" }, "Ranges", "rest", {
              max: { config: "max_secure_erase_seg" },
            }),
          },
          checks: [
            noUnknownFlags,
            notReadOnly,
            {
              doc: "No more ranges than allowed",
              of: { length: "segments" },
              atMost: { config: "max_secure_erase_seg" },
              driver: "5.2.6.1",
            },
            {
              doc: "No range is longer than allowed",
              section: "5.2.5",
              each: "segments",
              of: { field: "num_sectors" },
              atMost: { config: "max_secure_erase_sectors" },
              otherwise: "IOERR",
            },
            segmentsWithinDisk,
            {
              doc: "On a zoned disk, each range is made of whole zones",
              section: "5.2.6.2",
              when: "ZONED",
              each: "segments",
              of: { field: "num_sectors" },
              multipleOf: { config: ["zoned", "zone_sectors"] },
              otherwise: "ZONE_INVALID_CMD",
            },
          ],
        },
        // NOTES.md: blk-units
        zone_append: {
          doc: "Writes at the write pointer of the zone that starts at sector",
          tag: "VIRTIO_BLK_T_ZONE_APPEND",
          struct: "virtio_blk_req_za",
          feature: "ZONED",
          readable: { data: payload("The sectors") },
          writable: { append_sector: le64("Where the data went", { as: "number" }) },
          checks: [
            notReadOnly,
            {
              doc: "The device can append",
              section: "5.2.6.2",
              of: { config: ["zoned", "max_append_sectors"] },
              atLeast: 1,
              otherwise: "UNSUPP",
            },
            wholeSectors,
            zoneOnDisk,
            firstOfZone,
            {
              doc: "No more than the device can append at once",
              section: "5.2.6.2",
              of: { quotient: [{ length: "data" }, 512] },
              atMost: { config: ["zoned", "max_append_sectors"] },
              otherwise: "ZONE_INVALID_CMD",
              driver: "5.2.6.1",
            },
            {
              doc: "The data end on a multiple of the write granularity",
              section: "5.2.6",
              of: { length: "data" },
              multipleOf: { config: ["zoned", "write_granularity"] },
              otherwise: "ZONE_UNALIGNED_WP",
              driver: "5.2.6.1",
            },
          ],
        },
        zone_report: {
          doc: "Reads the states of zones, from the one that holds sector on",
          tag: "VIRTIO_BLK_T_ZONE_REPORT",
          feature: "ZONED",
          writable: { report: inline("virtio_blk_zone_report") },
          checks: [zoneOnDisk],
        },
        // NOTES.md: blk-eopen
        zone_open: {
          doc: "Opens the zone that starts at sector",
          tag: "VIRTIO_BLK_T_ZONE_OPEN",
          feature: "ZONED",
          checks: [zoneOnDisk, firstOfZone],
        },
        zone_close: {
          doc: "Closes the zone that starts at sector",
          tag: "VIRTIO_BLK_T_ZONE_CLOSE",
          feature: "ZONED",
          checks: [zoneOnDisk, firstOfZone],
        },
        zone_finish: {
          doc: "Makes the zone that starts at sector full",
          tag: "VIRTIO_BLK_T_ZONE_FINISH",
          feature: "ZONED",
          checks: [zoneOnDisk, firstOfZone],
        },
        zone_reset: {
          doc: "Makes the zone that starts at sector empty",
          tag: "VIRTIO_BLK_T_ZONE_RESET",
          feature: "ZONED",
          checks: [zoneOnDisk, firstOfZone],
        },
        zone_reset_all: {
          doc: "Makes all open, closed and full zones empty",
          tag: "VIRTIO_BLK_T_ZONE_RESET_ALL",
          feature: "ZONED",
          checks: [noSector],
        },
      },
    },
  },

  behaviours: {
    zones: {
      doc: "State and write pointer of each zone, and the answers to all that is asked of zones",
      section: "5.2.6",
      when: "ZONED",
      enums: ["VIRTIO_BLK_S", "VIRTIO_BLK_Z", "VIRTIO_BLK_ZT", "VIRTIO_BLK_ZS"],
      device: {
        class: "Zones",
        options: "optional",
        serves: [
          "virtio_blk_req.zone_append",
          "virtio_blk_req.zone_report",
          "virtio_blk_req.zone_open",
          "virtio_blk_req.zone_close",
          "virtio_blk_req.zone_finish",
          "virtio_blk_req.zone_reset",
          "virtio_blk_req.zone_reset_all",
        ],
      },
    },
  },

  queues: {
    requestq: {
      doc: "Requests, served in any order",
      section: "5.2.2",
      role: "request",
      carries: "virtio_blk_req",
      index: 0,
      count: { config: "num_queues", when: "MQ", otherwise: 1 },
      legacyUsed: "ignored",
    },
  },
});

/**
 * Layouts of the block device beside its requests (VIRTIO 1.4, 5.2).
 *
 * @module
 */

import { array, bits, bytes, le16, le32, le64, padding, u8 } from "../../dsl.ts";

/** Structs of the block device. */
export const structs = {
  virtio_blk_geometry: {
    doc: "Traditional geometry of the disk",
    section: "5.2.4",
    size: 4,
    fields: { cylinders: le16("Cylinders"), heads: u8("Heads"), sectors: u8("Sectors a track") },
  },
  virtio_blk_topology: {
    doc: "Hints on the best size and alignment of requests",
    section: "5.2.4",
    size: 8,
    fields: {
      physical_block_exp: u8("Logical blocks in a physical one, as a power of two"),
      alignment_offset: u8("First logical block that is aligned to a physical one"),
      min_io_size: le16("Least good size of a request, in logical blocks"),
      opt_io_size: le32("Best (and greatest good) size of a request, in logical blocks"),
    },
  },
  virtio_blk_zoned_characteristics: {
    doc: "Zones of the disk",
    section: "5.2.4",
    size: 24,
    fields: {
      zone_sectors: le32("Sectors in a zone; the last zone may be smaller"),
      max_open_zones: le32("Zones that can be open at a time; 0 is no limit"),
      max_active_zones: le32("Zones that can be open or closed at a time; 0 is no limit"),
      max_append_sectors: le32("Most sectors in one append; 0 means no appends"),
      write_granularity: le32("Writes to sequential zones are multiples of this, in bytes"),
      model: u8("Whose task the zones are", { enum: "VIRTIO_BLK_Z" }),
      unused2: padding(3),
    },
  },
  virtio_blk_discard_write_zeroes: {
    doc: "One range to discard, to erase or to fill with zeroes",
    section: "5.2.6",
    size: 16,
    fields: {
      sector: le64("First sector", { as: "number" }),
      num_sectors: le32("Number of sectors"),
      flags: bits("le32", {
        unmap: { width: 1, doc: "The range may be deallocated (write zeroes only)" },
        reserved: { width: 31, reserved: true },
      }),
    },
  },
  // NOTES.md: blk-percent
  virtio_blk_lifetime: {
    doc: "Wear of the device",
    section: "5.2.6",
    size: 6,
    fields: {
      pre_eol_info: le16("Reserved blocks consumed", {
        enum: "VIRTIO_BLK_PRE_EOL_INFO",
        max: 3,
      }),
      device_lifetime_est_typ_a: le16(
        "Wear of the SLC cells: 1 is up to 10 percent, 11 past the expected life, 0 unknown",
        { max: 11 },
      ),
      device_lifetime_est_typ_b: le16("Wear of the MLC cells, counted likewise", { max: 11 }),
    },
  },
  // NOTES.md: blk-zone-offsets
  virtio_blk_zone_report: {
    doc: "States of zones, from the one that holds the request's sector on",
    section: "5.2.6",
    fields: {
      nr_zones: le64("Number of zones that follow", { as: "number" }),
      reserved: padding(56),
      zones: array({ struct: "virtio_blk_zone_descriptor" }, "As many as there is room for", {
        field: "nr_zones",
      }),
    },
  },
  virtio_blk_zone_descriptor: {
    doc: "State of one zone",
    section: "5.2.6",
    size: 64,
    fields: {
      z_cap: le64("Sectors that can be written in the empty zone", { as: "number" }),
      z_start: le64("First sector", { as: "number" }),
      // Without a meaning, and often all ones, in zones that have no write pointer.
      z_wp: le64("Sector of the next write"),
      z_type: u8("How it may be written", { enum: "VIRTIO_BLK_ZT" }),
      z_state: u8("Its state", { enum: "VIRTIO_BLK_ZS" }),
      reserved: padding(38),
    },
  },
  virtio_scsi_pc_req: {
    doc: "A SCSI packet command, which only the legacy interface knows and no device here serves",
    section: "5.2.6.3",
    fields: {
      type: le32("SCSI_CMD or SCSI_CMD_OUT", { enum: "VIRTIO_BLK_T" }),
      ioprio: le32("Priority: the higher the more urgent"),
      sector: le64("Unused"),
      cmd: bytes("The command", { given: "its buffer's length" }, { external: "SCSI" }),
      data: bytes("Data in either direction", { given: "sectors * 512" }),
      sense: bytes("Sense data", 96, { external: "SCSI" }),
      errors: le32("Error of the command"),
      data_len: le32("Of no use any more"),
      sense_len: le32("Bytes of sense that were written"),
      residual: le32("Bytes of data that were not transferred"),
      status: u8("How it went", { enum: "VIRTIO_BLK_S" }),
    },
  },
} as const;

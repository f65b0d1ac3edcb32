/**
 * What the standard demands of requests on a disk (VIRTIO 1.4, 5.2.6).
 *
 * @module
 */

/** The disk is not read-only. */
export const notReadOnly = {
  doc: "The disk is not read-only",
  section: "5.2.6.2",
  offered: "RO",
  otherwise: "IOERR",
} as const;

/** The data are whole sectors. */
export const wholeSectors = {
  doc: "The data are whole sectors",
  section: "5.2.6.1",
  of: { length: "data" },
  multipleOf: 512,
  otherwise: "IOERR",
  driver: "5.2.6.1",
} as const;

/** The request has no place. */
export const noSector = {
  doc: "The request has no place",
  of: { field: "sector" },
  equals: 0,
  driver: "5.2.6.1",
} as const;

/** The last sector is on the disk. */
export const dataWithinDisk = {
  doc: "The last sector is on the disk",
  section: "5.2.6.1",
  of: { sum: [{ field: "sector" }, { quotient: [{ length: "data" }, 512] }] },
  atMost: { config: "capacity" },
  otherwise: "IOERR",
  driver: "5.2.6.1",
} as const;

/** No flag is set beside unmap. */
export const noUnknownFlags = {
  doc: "No flag is set beside unmap",
  section: "5.2.6.2",
  each: "segments",
  of: { field: "flags" },
  clear: 0xfffffffe,
  otherwise: "UNSUPP",
} as const;

/** No flag is set, not even unmap. */
export const noFlags = {
  doc: "No flag is set, not even unmap",
  section: "5.2.6.2",
  each: "segments",
  of: { field: "flags" },
  clear: 0xffffffff,
  otherwise: "UNSUPP",
  driver: "5.2.6.1",
} as const;

/** Each range ends on the disk. */
export const segmentsWithinDisk = {
  doc: "Each range ends on the disk",
  section: "5.2.6.1",
  each: "segments",
  of: { sum: [{ field: "sector" }, { field: "num_sectors" }] },
  atMost: { config: "capacity" },
  otherwise: "IOERR",
} as const;

/** The zone is on the disk. */
export const zoneOnDisk = {
  doc: "The zone is on the disk",
  section: "5.2.6",
  of: { sum: [{ field: "sector" }, 1] },
  atMost: { config: "capacity" },
  otherwise: "ZONE_INVALID_CMD",
  driver: "5.2.6.1",
} as const;

/** The sector is the first one of a zone. */
export const firstOfZone = {
  doc: "The sector is the first one of a zone",
  section: "5.2.6.2",
  of: { field: "sector" },
  multipleOf: { config: ["zoned", "zone_sectors"] },
  otherwise: "ZONE_INVALID_CMD",
  driver: "5.2.6.1",
} as const;

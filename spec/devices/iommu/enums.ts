/**
 * Named numbers of the IOMMU device (VIRTIO 1.4, 5.13).
 *
 * @module
 */

/** Enumerations of the IOMMU device. */
export const enums = {
  VIRTIO_IOMMU_T: {
    doc: "What a request asks for",
    section: "5.13.6",
    name: "RequestType",
    members: {
      ATTACH: { value: 1, doc: "Attach an endpoint to a domain" },
      DETACH: { value: 2, doc: "Detach an endpoint from its domain" },
      MAP: { value: 3, doc: "Map addresses", when: "MAP_UNMAP" },
      UNMAP: { value: 4, doc: "Remove mappings", when: "MAP_UNMAP" },
      PROBE: { value: 5, doc: "Tell the properties of an endpoint", when: "PROBE" },
    },
  },
  VIRTIO_IOMMU_S: {
    doc: "How a request went",
    section: "5.13.6",
    name: "Status",
    members: {
      OK: { value: 0, doc: "Success" },
      IOERR: { value: 1, doc: "The communication failed" },
      UNSUPP: { value: 2, doc: "The device does not serve it" },
      DEVERR: { value: 3, doc: "An error of the device" },
      INVAL: { value: 4, doc: "Not legal" },
      RANGE: { value: 5, doc: "Out of range, or not aligned" },
      NOENT: { value: 6, doc: "No such endpoint or domain" },
      FAULT: { value: 7, doc: "Not a good address" },
      NOMEM: { value: 8, doc: "No room left" },
    },
  },
  VIRTIO_IOMMU_ATTACH_F: {
    doc: "Flags of an attachment",
    section: "5.13.6.3",
    name: "AttachFlag",
    as: "masks",
    members: {
      BYPASS: { value: 1, doc: "The domain is not translated", when: "BYPASS_CONFIG" },
    },
  },
  VIRTIO_IOMMU_MAP_F: {
    doc: "Flags of a mapping",
    section: "5.13.6.5",
    name: "MapFlag",
    as: "masks",
    members: {
      READ: { value: 1, doc: "It can be read" },
      WRITE: { value: 2, doc: "It can be written" },
      MMIO: { value: 4, doc: "It is memory-mapped I/O", when: "MMIO" },
    },
  },
  VIRTIO_IOMMU_PROBE_T: {
    doc: "Kinds of properties",
    section: "5.13.6.8",
    name: "PropertyType",
    members: { RESV_MEM: { value: 1, doc: "Addresses that are not for mappings" } },
  },
  VIRTIO_IOMMU_RESV_MEM_T: {
    doc: "What reserved addresses are for",
    section: "5.13.6.8.1",
    name: "ReservedMemory",
    unknown: { as: "RESERVED" },
    members: {
      RESERVED: { value: 0, doc: "The device" },
      MSI: { value: 1, doc: "The doorbell of message signalled interrupts" },
    },
  },
  VIRTIO_IOMMU_FAULT_R: {
    doc: "Reason of a fault",
    section: "5.13.6.9",
    name: "FaultReason",
    unknown: { as: "UNKNOWN" },
    members: {
      UNKNOWN: { value: 0, doc: "Another one" },
      DOMAIN: { value: 1, doc: "The endpoint has no domain" },
      MAPPING: { value: 2, doc: "The address is not mapped, or not for such an access" },
    },
  },
  VIRTIO_IOMMU_FAULT_F: {
    doc: "Flags of a fault",
    section: "5.13.6.9",
    name: "FaultFlag",
    as: "masks",
    members: {
      READ: { value: 0x001, doc: "It was a read" },
      WRITE: { value: 0x002, doc: "It was a write" },
      ADDRESS: { value: 0x100, doc: "The address is known" },
    },
  },
} as const;

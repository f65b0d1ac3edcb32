/**
 * IOMMU device (VIRTIO 1.4, 5.13).
 *
 * @module
 */

import {
  bits,
  body,
  bytes,
  defineDevice,
  type Device,
  inline,
  le16,
  le32,
  le64,
  padding,
  sequence,
  struct,
  u8,
} from "../dsl.ts";
import { enums } from "./iommu/enums.ts";

// NOTES.md: iommu-usedlen
// A status for each case and none for the set: a request of an unknown type, or one whose feature
// was not negotiated, is given back with nothing written and the used length 0 (5.13.6.2).
const answered = {
  status: { field: "status", ok: "OK", unknown: "UNSUPP", malformed: "INVAL", failed: "DEVERR" },
} as const;

// Devices refuse what is out of range where something would come into being; elsewhere there is no
// such domain or mapping, which has answers of its own. Drivers send no such request (5.13.6.1).
const domainKnown = [
  {
    doc: "The domain is not below the supported ones",
    section: "5.13.6",
    offered: "DOMAIN_RANGE",
    of: { field: "domain" },
    atLeast: { config: ["domain_range", "start"] },
    driver: "5.13.6.1",
  },
  {
    doc: "The domain is not above the supported ones",
    section: "5.13.6",
    offered: "DOMAIN_RANGE",
    of: { field: "domain" },
    atMost: { config: ["domain_range", "end"] },
    driver: "5.13.6.1",
  },
] as const;

const domainInRange = [
  { ...domainKnown[0], otherwise: "RANGE" },
  { ...domainKnown[1], otherwise: "RANGE" },
] as const;

const addressesKnown = [
  {
    doc: "The first address is not below the translated ones",
    section: "5.13.6",
    offered: "INPUT_RANGE",
    of: { field: "virt_start" },
    atLeast: { config: ["input_range", "start"] },
    driver: "5.13.6.1",
  },
  {
    doc: "The last address is not above the translated ones",
    section: "5.13.6",
    offered: "INPUT_RANGE",
    of: { field: "virt_end" },
    atMost: { config: ["input_range", "end"] },
    driver: "5.13.6.1",
  },
] as const;

const addressesInRange = [
  { ...addressesKnown[0], otherwise: "RANGE" },
  { ...addressesKnown[1], otherwise: "RANGE" },
] as const;

const granularity = { lowestBit: { config: "page_size_mask" } } as const;

const addressesAligned = [
  {
    doc: "The first address is that of a page",
    section: "5.13.6.5.2",
    of: { field: "virt_start" },
    multipleOf: granularity,
    otherwise: "RANGE",
  },
  {
    doc: "The last address is the end of a page",
    section: "5.13.6.5.2",
    of: { sum: [{ field: "virt_end" }, 1] },
    multipleOf: granularity,
    otherwise: "RANGE",
  },
  {
    doc: "The guest address is that of a page",
    section: "5.13.6.5.2",
    of: { field: "phys_start" },
    multipleOf: granularity,
    otherwise: "RANGE",
  },
] as const;

const reservedMemory = {
  subtype: u8("What the addresses are for", { enum: "VIRTIO_IOMMU_RESV_MEM_T" }),
  reserved: padding(3),
  start: le64("First address"),
  end: le64("Last address"),
} as const;

/** The IOMMU: domains of mappings for the endpoints that it stands before. */
export const iommu: Device = defineDevice({
  name: "iommu",
  prefix: "Iommu",
  id: 23,
  title: "IOMMU Device",
  section: "5.13",
  doc: "Translates the addresses that other devices access, by domains of mappings",

  features: {
    INPUT_RANGE: {
      bit: 0,
      doc: "The virtual addresses that can be mapped are in input_range",
      since: "1.2",
      by: "config",
    },
    DOMAIN_RANGE: {
      bit: 1,
      doc: "The supported domains are in domain_range",
      since: "1.2",
      by: "config",
    },
    MAP_UNMAP: {
      bit: 2,
      doc: "Map and unmap requests are served",
      since: "1.2",
      by: "handler",
    },
    BYPASS: {
      bit: 3,
      doc: "Endpoints without a domain are not translated; superseded by BYPASS_CONFIG",
      since: "1.2",
      excludes: ["BYPASS_CONFIG"],
      by: "option",
    },
    PROBE: {
      bit: 4,
      doc: "Probe requests are served",
      since: "1.2",
      by: ["config", "handler"],
    },
    MMIO: {
      bit: 5,
      doc: "Mappings may be of memory-mapped I/O",
      since: "1.2",
      by: "option",
    },
    BYPASS_CONFIG: {
      bit: 6,
      doc:
        "Whether endpoints without a domain are translated is in bypass; domains may bypass, too",
      since: "1.2",
      by: "config",
    },
  },

  enums,

  structs: {
    virtio_iommu_range_64: {
      doc: "Range of addresses, the end included",
      section: "5.13.4",
      size: 16,
      fields: { start: le64("First"), end: le64("Last") },
    },
    virtio_iommu_range_32: {
      doc: "Range of numbers, the end included",
      section: "5.13.4",
      size: 8,
      fields: { start: le32("First"), end: le32("Last") },
    },
    virtio_iommu_req_head: {
      doc: "Head of a request",
      section: "5.13.6",
      size: 4,
      fields: {
        type: u8("What is asked for", { enum: "VIRTIO_IOMMU_T", tag: true }),
        reserved: padding(3),
      },
    },
    virtio_iommu_req_tail: {
      doc: "Tail of a request, for the device",
      section: "5.13.6",
      size: 4,
      fields: { status: u8("How it went", { enum: "VIRTIO_IOMMU_S" }), reserved: padding(3) },
    },
    virtio_iommu_probe_property: {
      doc: "Head of a property",
      section: "5.13.6.7",
      size: 4,
      fields: {
        property: bits("le16", {
          type: {
            width: 12,
            doc: "Kind of property; 0 ends the list",
            enum: "VIRTIO_IOMMU_PROBE_T",
          },
          reserved: { width: 4, doc: "Zero, or the property is passed over" },
        }),
        length: le16("Bytes that follow"),
      },
    },
    virtio_iommu_probe_resv_mem: {
      doc: "Property: addresses that are not for mappings",
      section: "5.13.6.8.1",
      size: 24,
      fields: { head: inline("virtio_iommu_probe_property"), ...reservedMemory },
    },
  },

  config: {
    struct: "virtio_iommu_config",
    section: "5.13.4",
    size: 40,
    fields: {
      page_size_mask: le64("Page sizes; the lowest bit is the granularity of mappings", { min: 1 }),
      input_range: struct("virtio_iommu_range_64", "Virtual addresses that can be mapped", {
        when: "INPUT_RANGE",
      }),
      domain_range: struct("virtio_iommu_range_32", "Supported domains", { when: "DOMAIN_RANGE" }),
      probe_size: le32("Bytes of properties in a probe request", { when: "PROBE" }),
      bypass: u8("Whether endpoints without a domain are not translated", {
        when: "BYPASS_CONFIG",
        max: 1,
        driverWrites: true,
        survivesReset: true,
      }),
      reserved: padding(3),
    },
  },

  messages: {
    virtio_iommu_req: {
      doc: "A request on domains and endpoints",
      section: "5.13.6",
      readable: { head: inline("virtio_iommu_req_head") },
      writable: { properties: body(), tail: inline("virtio_iommu_req_tail") },
      cases: {
        attach: {
          doc: "Attaches an endpoint to a domain, which comes into being with its first one",
          section: "5.13.6.3",
          tag: "VIRTIO_IOMMU_T_ATTACH",
          struct: "virtio_iommu_req_attach",
          readable: {
            domain: le32("The domain"),
            endpoint: le32("The endpoint, by an id of the platform"),
            flags: le32("Flags", { enum: "VIRTIO_IOMMU_ATTACH_F" }),
            reserved: bytes("Reserved", 4, { reserved: "zero" }),
          },
          ...answered,
          checks: [
            {
              doc: "Only known flags are set",
              section: "5.13.6.3.2",
              of: { field: "flags" },
              within: 1,
              otherwise: "INVAL",
            },
            {
              doc: "Domains may only bypass with BYPASS_CONFIG",
              section: "5.13.6.3.2",
              unless: "BYPASS_CONFIG",
              of: { field: "flags" },
              clear: 1,
              otherwise: "INVAL",
            },
            ...domainInRange,
          ],
        },
        detach: {
          doc: "Detaches an endpoint from its domain, which is gone with its last one",
          section: "5.13.6.4",
          tag: "VIRTIO_IOMMU_T_DETACH",
          struct: "virtio_iommu_req_detach",
          readable: {
            domain: le32("The domain"),
            endpoint: le32("The endpoint"),
            reserved: padding(8),
          },
          ...answered,
          checks: domainKnown,
        },
        map: {
          doc: "Maps a range of virtual addresses of a domain to guest addresses",
          section: "5.13.6.5",
          tag: "VIRTIO_IOMMU_T_MAP",
          feature: "MAP_UNMAP",
          struct: "virtio_iommu_req_map",
          readable: {
            domain: le32("The domain"),
            virt_start: le64("First virtual address"),
            virt_end: le64("Last virtual address"),
            phys_start: le64("First guest address"),
            flags: le32("Flags", { enum: "VIRTIO_IOMMU_MAP_F" }),
          },
          ...answered,
          checks: [
            {
              doc: "Only known flags are set",
              section: "5.13.6.5.2",
              of: { field: "flags" },
              within: 7,
              otherwise: "INVAL",
              driver: "5.13.6.5.1",
            },
            {
              doc: "Memory-mapped I/O only with MMIO",
              section: "5.13.6.5.2",
              unless: "MMIO",
              of: { field: "flags" },
              clear: 4,
              otherwise: "INVAL",
              driver: "5.13.6.5.1",
            },
            {
              doc: "The last address is behind the first one",
              section: "5.13.6.5.1",
              of: { field: "virt_end" },
              atLeast: { sum: [{ field: "virt_start" }, 1] },
              otherwise: "INVAL",
              driver: "5.13.6.5.1",
            },
            ...domainKnown,
            ...addressesInRange,
            ...addressesAligned,
          ],
        },
        unmap: {
          doc: "Removes the mappings in a range of virtual addresses of a domain, none by halves",
          section: "5.13.6.6",
          tag: "VIRTIO_IOMMU_T_UNMAP",
          feature: "MAP_UNMAP",
          struct: "virtio_iommu_req_unmap",
          readable: {
            domain: le32("The domain"),
            virt_start: le64("First virtual address"),
            virt_end: le64("Last virtual address"),
            reserved: padding(4),
          },
          ...answered,
          checks: [...domainKnown, ...addressesKnown],
        },
        // NOTES.md: iommu-probe
        probe: {
          doc: "Tells the properties of an endpoint",
          section: "5.13.6.7",
          tag: "VIRTIO_IOMMU_T_PROBE",
          feature: "PROBE",
          struct: "virtio_iommu_req_probe",
          readable: { endpoint: le32("The endpoint"), reserved: padding(64) },
          writable: {
            properties: sequence("Properties of the endpoint", {
              header: "virtio_iommu_probe_property",
              by: "type",
              size: { field: "length" },
              arms: {
                resv_mem: { tag: "VIRTIO_IOMMU_PROBE_T_RESV_MEM", fields: reservedMemory },
              },
              end: 0,
              zero: "reserved",
              length: { config: "probe_size" },
              otherwise: "raw",
            }),
          },
          ...answered,
        },
      },
    },

    fault: {
      doc: "An access that was not translated",
      section: "5.13.6.9",
      struct: "virtio_iommu_fault",
      writable: {
        reason: u8("Why", { enum: "VIRTIO_IOMMU_FAULT_R" }),
        // Another value makes the driver pass over the report (5.13.6.9.1).
        reserved: bytes("Reserved", 3, { reserved: "zero" }),
        flags: le32("What is known of the access", { enum: "VIRTIO_IOMMU_FAULT_F" }),
        endpoint: le32("The endpoint"),
        reserved1: le32("Reserved", { reserved: true }),
        address: le64("The address, with the flag ADDRESS"),
      },
      checks: [{
        doc: "No undefined flag",
        of: { field: "flags" },
        within: 0x103,
        device: "5.13.6.9.2",
      }],
    },
  },

  behaviours: {
    domains: {
      doc: "Domains with their endpoints and mappings, and accesses that go through them",
      section: "5.13.6",
      enums: [
        "VIRTIO_IOMMU_S",
        "VIRTIO_IOMMU_ATTACH_F",
        "VIRTIO_IOMMU_MAP_F",
        "VIRTIO_IOMMU_RESV_MEM_T",
        "VIRTIO_IOMMU_FAULT_R",
        "VIRTIO_IOMMU_FAULT_F",
      ],
      features: ["BYPASS"],
      device: {
        class: "Domains",
        options: "required",
        serves: [
          "virtio_iommu_req.attach",
          "virtio_iommu_req.detach",
          "virtio_iommu_req.map",
          "virtio_iommu_req.unmap",
          "virtio_iommu_req.probe",
        ],
      },
    },
  },

  queues: {
    requestq: {
      doc: "Requests on domains and endpoints; a used length of 0 is a failure",
      section: "5.13.2",
      role: "request",
      carries: "virtio_iommu_req",
      index: 0,
      used: "length",
    },
    eventq: {
      doc: "Faults",
      section: "5.13.2",
      role: "receive",
      carries: "fault",
      index: 1,
      parks: 24,
    },
  },
});

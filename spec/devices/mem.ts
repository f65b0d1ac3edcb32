/**
 * Memory device (VIRTIO 1.4, 5.15).
 *
 * @module
 */

import { body, defineDevice, type Device, inline, le16, le64, padding, struct } from "../dsl.ts";

const aligned = {
  doc: "The first block starts at a multiple of the block size",
  section: "5.15.6.3.2",
  of: { field: "addr" },
  multipleOf: { config: "block_size" },
  otherwise: "ERROR",
} as const;

const someBlocks = {
  doc: "There is at least one block",
  section: "5.15.6.3.2",
  of: { field: "nb_blocks" },
  atLeast: 1,
  otherwise: "ERROR",
} as const;

const notBeforeRegion = {
  doc: "The first block is not before the region",
  section: "5.15.6.3.2",
  of: { field: "addr" },
  atLeast: { config: "addr" },
  otherwise: "ERROR",
} as const;

const withinUsable = {
  doc: "The last block is in the usable part of the region",
  section: "5.15.6.3.2",
  of: { sum: [{ field: "addr" }, { product: [{ field: "nb_blocks" }, { config: "block_size" }] }] },
  atMost: { sum: [{ config: "addr" }, { config: "usable_region_size" }] },
  otherwise: "ERROR",
} as const;

const blocksExist = [aligned, someBlocks, notBeforeRegion, withinUsable] as const;

/** A field is a multiple of the size of a block. */
function multiple<const F extends string>(field: F) {
  return {
    doc: "a multiple of block_size",
    section: "5.15.4.2",
    of: { config: field },
    multipleOf: { config: "block_size" },
  } as const;
}

/** The memory device: a region whose blocks are plugged and unplugged while the guest runs. */
export const mem: Device = defineDevice({
  name: "mem",
  prefix: "Memory",
  id: 24,
  title: "Memory Device",
  section: "5.15",
  doc: "A region of guest memory, in blocks that can be plugged and unplugged",

  features: {
    ACPI_PXM: {
      bit: 0,
      doc: "The region's ACPI proximity domain is in node_id",
      since: "1.2",
      by: "option",
    },
    UNPLUGGED_INACCESSIBLE: {
      bit: 1,
      doc: "The driver must not touch unplugged memory",
      since: "1.2",
      by: "option",
    },
    // NOTES.md: mem-double-neg
    PERSISTENT_SUSPEND: {
      bit: 2,
      doc: "Blocks stay as they are while the guest is suspended",
      since: "1.4",
      by: "option",
    },
  },

  enums: {
    VIRTIO_MEM_REQ: {
      doc: "What a request asks for",
      section: "5.15.6",
      name: "RequestType",
      members: {
        PLUG: { value: 0, doc: "Plug blocks" },
        UNPLUG: { value: 1, doc: "Unplug blocks" },
        UNPLUG_ALL: { value: 2, doc: "Unplug every block" },
        STATE: { value: 3, doc: "Tell whether blocks are plugged" },
      },
    },
    VIRTIO_MEM_RESP: {
      doc: "How a request went",
      section: "5.15.6",
      name: "ResponseType",
      members: {
        ACK: { value: 0, doc: "Done" },
        NACK: { value: 1, doc: "Not done, the device does not want it" },
        BUSY: { value: 2, doc: "Not now" },
        ERROR: { value: 3, doc: "Not a legal request" },
      },
    },
    VIRTIO_MEM_STATE: {
      doc: "State of a range of blocks",
      section: "5.15.6.6",
      name: "State",
      members: {
        PLUGGED: { value: 0, doc: "All are plugged" },
        UNPLUGGED: { value: 1, doc: "None is plugged" },
        MIXED: { value: 2, doc: "Some are plugged" },
      },
    },
  },

  structs: {
    virtio_mem_req_plug: {
      doc: "Blocks to plug",
      section: "5.15.6.3",
      size: 16,
      fields: {
        addr: le64("Guest address of the first block"),
        nb_blocks: le16("Number of blocks"),
        padding: padding(6),
      },
    },
    virtio_mem_req_unplug: {
      doc: "Blocks to unplug",
      section: "5.15.6.4",
      size: 16,
      fields: {
        addr: le64("Guest address of the first block"),
        nb_blocks: le16("Number of blocks"),
        padding: padding(6),
      },
    },
    virtio_mem_req_state: {
      doc: "Blocks to tell the state of",
      section: "5.15.6.6",
      size: 16,
      fields: {
        addr: le64("Guest address of the first block"),
        nb_blocks: le16("Number of blocks"),
        padding: padding(6),
      },
    },
    virtio_mem_resp_state: {
      doc: "State of blocks",
      section: "5.15.6.6",
      size: 2,
      fields: { type: le16("The state", { enum: "VIRTIO_MEM_STATE" }) },
    },
  },

  config: {
    struct: "virtio_mem_config",
    section: "5.15.4",
    size: 56,
    notifies: ["usable_region_size", "requested_size"],
    silent: ["plugged_size"],
    fixed: ["block_size", "node_id", "addr", "region_size"],
    // Less is usable only behind an UNPLUG ALL or a reset of the system, when nothing is plugged.
    noLess: [{ field: "usable_region_size", while: "plugged_size" }],
    checks: [
      {
        doc: "at least requested_size",
        section: "5.15.4.2",
        of: { config: "usable_region_size" },
        atLeast: { config: "requested_size" },
      },
      multiple("addr"),
      multiple("region_size"),
      multiple("usable_region_size"),
      multiple("plugged_size"),
      multiple("requested_size"),
    ],
    fields: {
      block_size: le64("Bytes of a block, and its alignment", { powerOfTwo: true }),
      node_id: le16("ACPI proximity domain; means nothing without ACPI_PXM"),
      // NOTES.md: mem-le8
      padding: padding(6),
      addr: le64("Guest address of the region, a multiple of block_size"),
      region_size: le64("Bytes of the region, a multiple of block_size"),
      usable_region_size: le64("Bytes of its usable part, a multiple of block_size"),
      plugged_size: le64("Bytes that are plugged, a multiple of block_size"),
      requested_size: le64("Bytes that the driver should plug, a multiple of block_size"),
    },
  },

  messages: {
    // Every request has 24 bytes and every answer 10, whatever they need of them.
    guest_request: {
      doc: "A request on blocks",
      section: "5.15.6",
      struct: { readable: "virtio_mem_req", writable: "virtio_mem_resp" },
      readable: {
        type: le16("What is asked for", { enum: "VIRTIO_MEM_REQ", tag: true }),
        padding: padding(6),
        u: body(),
      },
      writable: {
        type: le16("How it went", { enum: "VIRTIO_MEM_RESP" }),
        padding: padding(6),
        u: body(),
      },
      status: {
        field: "type",
        ok: "ACK",
        unknown: "ERROR",
        malformed: "ERROR",
        failed: "ERROR",
        whole: true,
        discards: true, // the state of blocks is there with ACK only (5.15.6.6.1)
      },
      cases: {
        plug: {
          doc: "Plugs blocks that are all unplugged",
          section: "5.15.6.3",
          tag: "VIRTIO_MEM_REQ_PLUG",
          readable: { plug: inline("virtio_mem_req_plug") },
          writable: { unused: padding(2) },
          checks: blocksExist,
        },
        unplug: {
          doc: "Unplugs blocks that are all plugged",
          section: "5.15.6.4",
          tag: "VIRTIO_MEM_REQ_UNPLUG",
          readable: { unplug: inline("virtio_mem_req_unplug") },
          writable: { unused: padding(2) },
          checks: blocksExist,
        },
        unplug_all: {
          doc: "Unplugs every block; the usable part may shrink",
          section: "5.15.6.5",
          tag: "VIRTIO_MEM_REQ_UNPLUG_ALL",
          readable: { unused: padding(16) },
          writable: { unused: padding(2) },
        },
        state: {
          doc: "Tells whether blocks are plugged",
          section: "5.15.6.6",
          tag: "VIRTIO_MEM_REQ_STATE",
          readable: { state: inline("virtio_mem_req_state") },
          writable: { state: struct("virtio_mem_resp_state", "State of the blocks") },
          checks: blocksExist,
        },
      },
    },
  },

  behaviours: {
    blocks: {
      doc: "Which blocks are plugged; handlers see only what can be done",
      section: "5.15.6",
      enums: ["VIRTIO_MEM_RESP", "VIRTIO_MEM_STATE"],
      device: { class: "MemoryBlocks", serves: ["guest_request.state"] },
    },
  },

  queues: {
    guest_request: {
      doc: "Requests on blocks",
      section: "5.15.2",
      role: "request",
      carries: "guest_request",
      index: 0,
    },
  },
});

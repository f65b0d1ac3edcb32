/**
 * GPU device (VIRTIO 1.4, 5.7).
 *
 * @module
 */

import { body, defineDevice, type Device, inline, le32, struct } from "../dsl.ts";
import { commands2d, commands3d, responseHeader } from "./gpu/commands.ts";
import { enums } from "./gpu/enums.ts";
import { structs } from "./gpu/structs.ts";

const cursor = {
  pos: struct("virtio_gpu_cursor_pos", "Where it is"),
  resource_id: le32("Its image, 64 by 64; 0 for none"),
  hot_x: le32("From the image's left edge to the hot spot"),
  hot_y: le32("From the image's upper edge to the hot spot"),
  padding: le32("Reserved", { reserved: true }),
};

/** The GPU device: displays, images, and 3D through an opaque stream of commands. */
export const gpu: Device = defineDevice({
  name: "gpu",
  prefix: "Gpu",
  id: 16,
  title: "GPU Device",
  section: "5.7",
  doc: "Displays and the images that they show; 3D as a stream of commands of another protocol",

  features: {
    VIRGL: { bit: 0, doc: "3D commands are served", by: "handler" },
    EDID: { bit: 1, doc: "The EDID of a display can be read", by: "handler" },
    RESOURCE_UUID: {
      bit: 2,
      doc: "Resources can be exported to other devices",
      since: "1.2",
      by: "handler",
    },
    RESOURCE_BLOB: { bit: 3, doc: "Resources can be blobs", since: "1.2", by: "handler" },
    CONTEXT_INIT: {
      bit: 4,
      doc: "Contexts have a type, and fences several timelines",
      since: "1.2",
      requires: "VIRGL",
      by: "option",
    },
    BLOB_ALIGNMENT: {
      bit: 5,
      doc: "The alignment of blobs is in blob_alignment",
      since: "1.4",
      requires: "RESOURCE_BLOB",
      by: "config",
    },
  },

  enums,
  constants: {
    VIRTIO_GPU_MAX_SCANOUTS: { value: 16, doc: "Most displays" },
    // NOTES.md: gpu-mask
    VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK: {
      value: 0xff,
      doc: "Bits of context_init that name a capability set",
    },
    VIRTIO_GPU_MAP_CACHE_MASK: { value: 0x0f, doc: "Bits of map_info that say how it is cached" },
  },
  structs,

  config: {
    struct: "virtio_gpu_config",
    section: "5.7.4",
    size: 20,
    notifies: ["events_read"],
    fields: {
      events_read: le32("Pending events", { enum: "VIRTIO_GPU_EVENT" }),
      events_clear: le32("Events to clear", {
        enum: "VIRTIO_GPU_EVENT",
        driverWrites: { clears: "events_read" },
      }),
      num_scanouts: le32("Number of displays", { min: 1, max: 16 }),
      num_capsets: le32("Number of capability sets"),
      // NOTES.md: gpu-align-max
      // The text allows 4294967296, too, which does not fit (5.7.4.1).
      blob_alignment: le32("Alignment of sizes and places of blobs, in bytes", {
        when: "BLOB_ALIGNMENT",
        min: 1,
        powerOfTwo: true,
      }),
    },
  },

  messages: {
    control: {
      doc: "A command, which may be answered early unless it has a fence",
      section: "5.7.6.7",
      readable: { hdr: inline("virtio_gpu_ctrl_hdr") },
      writable: { ...responseHeader, result: body() },
      status: {
        field: "type",
        ok: "OK_NODATA",
        unknown: "ERR_UNSPEC",
        malformed: "ERR_INVALID_PARAMETER",
        failed: "ERR_UNSPEC",
      },
      checks: [{
        doc: "There is such a timeline",
        section: "5.7.6.7",
        when: "CONTEXT_INIT",
        of: { product: [{ field: "ring_idx" }, { bit: [{ field: "flags" }, 1] }] },
        atMost: 63,
        otherwise: "ERR_INVALID_PARAMETER",
      }],
      cases: { ...commands2d, ...commands3d },
    },
    // By the text a response follows (5.7.6.7); Linux leaves no room for one, and QEMU writes none.
    cursor: {
      doc: "A command for the pointer",
      section: "5.7.6.10",
      readable: { hdr: inline("virtio_gpu_ctrl_hdr") },
      cases: {
        update_cursor: {
          doc: "Changes the image of the pointer, and moves it",
          tag: "VIRTIO_GPU_CMD_UPDATE_CURSOR",
          struct: { readable: "virtio_gpu_update_cursor" },
          readable: cursor,
        },
        move_cursor: {
          doc: "Moves the pointer",
          tag: "VIRTIO_GPU_CMD_MOVE_CURSOR",
          struct: { readable: "virtio_gpu_update_cursor" },
          readable: cursor,
        },
      },
    },
  },

  behaviours: {
    resources: {
      doc: "Resources and who uses them; handlers see only commands on what there is",
      section: "5.7.6.8",
      enums: ["VIRTIO_GPU_RESP", "VIRTIO_GPU_BLOB_MEM"],
      device: {
        class: "DisplayResources",
        serves: ["control.resource_attach_backing", "control.resource_detach_backing"],
      },
    },
    fences: {
      doc: "Answers of commands with fences, in the order of their timelines",
      section: "5.7.6.7",
      enums: ["VIRTIO_GPU_FLAG"],
      features: ["CONTEXT_INIT"],
      device: {
        class: "Fences",
        lines: { of: "control", by: ["flags", "ctx_id", "ring_idx"] },
      },
    },
  },

  queues: {
    controlq: {
      doc: "Commands",
      section: "5.7.2",
      role: "request",
      carries: "control",
      index: 0,
    },
    cursorq: {
      doc: "Commands for the pointer, which need not wait for others",
      section: "5.7.2",
      role: "transmit",
      carries: "cursor",
      index: 1,
    },
  },

  sharedMemory: {
    // A device that has it serves the commands that map blobs (5.7.5), which RESOURCE_BLOB offers.
    host_visible: {
      id: 1,
      doc: "Where the driver maps blobs of the host",
      when: "RESOURCE_BLOB",
    },
  },
});

/**
 * Commands on the control queue of the GPU device (VIRTIO 1.4, 5.7.6.8 and 5.7.6.9).
 *
 * @module
 */

import { array, bytes, inline, le32, le64, padding, payload, struct, text, u8 } from "../../dsl.ts";

const reserved = le32("Reserved", { reserved: true });

const header = ["type", "flags", "fence_id", "ctx_id", "ring_idx", "padding"] as const;

const knownScanout = {
  doc: "There is such a display",
  section: "5.7.4.1",
  of: { sum: [{ field: "scanout_id" }, 1] },
  atMost: { config: "num_scanouts" },
  otherwise: "ERR_INVALID_SCANOUT_ID",
} as const;

/** Commands for images, blobs and displays. */
export const commands2d = {
  get_display_info: {
    doc: "Reads the configuration of the displays",
    tag: "VIRTIO_GPU_CMD_GET_DISPLAY_INFO",
    ok: "OK_DISPLAY_INFO",
    struct: { writable: "virtio_gpu_resp_display_info" },
    writable: { pmodes: array({ struct: "virtio_gpu_display_one" }, "The displays", 16) },
  },
  resource_create_2d: {
    doc: "Creates an image in the host",
    tag: "VIRTIO_GPU_CMD_RESOURCE_CREATE_2D",
    struct: { readable: "virtio_gpu_resource_create_2d" },
    readable: {
      resource_id: le32("Its id, of the driver's choice", { min: 1 }),
      format: le32("Its pixels", { enum: "VIRTIO_GPU_FORMAT" }),
      width: le32("Its width"),
      height: le32("Its height"),
    },
  },
  resource_unref: {
    doc: "Destroys a resource",
    tag: "VIRTIO_GPU_CMD_RESOURCE_UNREF",
    struct: { readable: "virtio_gpu_resource_unref" },
    readable: { resource_id: le32("The resource"), padding: reserved },
  },
  set_scanout: {
    doc: "Shows part of an image on a display",
    tag: "VIRTIO_GPU_CMD_SET_SCANOUT",
    struct: { readable: "virtio_gpu_set_scanout" },
    readable: {
      r: struct("virtio_gpu_rect", "The part, which the image covers"),
      scanout_id: le32("The display"),
      resource_id: le32("The image; 0 disables the display"),
    },
    checks: [knownScanout],
  },
  resource_flush: {
    doc: "Brings changes of an image to the displays that show it",
    tag: "VIRTIO_GPU_CMD_RESOURCE_FLUSH",
    struct: { readable: "virtio_gpu_resource_flush" },
    readable: {
      r: struct("virtio_gpu_rect", "The part that changed"),
      resource_id: le32("The image"),
      padding: reserved,
    },
  },
  transfer_to_host_2d: {
    doc: "Copies from an image's backing memory into the image",
    tag: "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D",
    struct: { readable: "virtio_gpu_transfer_to_host_2d" },
    readable: {
      r: struct("virtio_gpu_rect", "The part to copy to"),
      offset: le64("First byte in the backing memory", { as: "number" }),
      resource_id: le32("The image"),
      padding: reserved,
    },
  },
  resource_attach_backing: {
    doc: "Gives guest memory to a resource",
    tag: "VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING",
    structs: { virtio_gpu_resource_attach_backing: [...header, "resource_id", "nr_entries"] },
    readable: {
      resource_id: le32("The resource"),
      nr_entries: le32("Number of pieces"),
      entries: array({ struct: "virtio_gpu_mem_entry" }, "The pieces", { field: "nr_entries" }),
    },
  },
  resource_detach_backing: {
    doc: "Takes its guest memory from a resource",
    tag: "VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING",
    struct: { readable: "virtio_gpu_resource_detach_backing" },
    readable: { resource_id: le32("The resource"), padding: reserved },
  },
  get_capset_info: {
    doc: "Reads which capability set stands at an index",
    tag: "VIRTIO_GPU_CMD_GET_CAPSET_INFO",
    ok: "OK_CAPSET_INFO",
    struct: { readable: "virtio_gpu_get_capset_info", writable: "virtio_gpu_resp_capset_info" },
    readable: { capset_index: le32("The index"), padding: reserved },
    writable: {
      capset_id: le32("The set", { enum: "VIRTIO_GPU_CAPSET" }),
      capset_max_version: le32("Its latest version"),
      capset_max_size: le32("Most bytes of it"),
      padding: reserved,
    },
    checks: [{
      doc: "There is a set at this index",
      section: "5.7.6.8",
      of: { sum: [{ field: "capset_index" }, 1] },
      atMost: { config: "num_capsets" },
      otherwise: "ERR_INVALID_PARAMETER",
    }],
  },
  // NOTES.md: gpu-capset-len
  get_capset: {
    doc: "Reads a capability set",
    tag: "VIRTIO_GPU_CMD_GET_CAPSET",
    ok: "OK_CAPSET",
    struct: { readable: "virtio_gpu_get_capset", writable: "virtio_gpu_resp_capset" },
    readable: {
      capset_id: le32("The set", { enum: "VIRTIO_GPU_CAPSET" }),
      capset_version: le32("Its version"),
    },
    writable: {
      capset_data: payload("The set, at most the size in its information", "rest", {
        external: "3D",
      }),
    },
  },
  get_edid: {
    doc: "Reads the EDID of a display",
    tag: "VIRTIO_GPU_CMD_GET_EDID",
    ok: "OK_EDID",
    feature: "EDID",
    struct: { readable: "virtio_gpu_get_edid", writable: "virtio_gpu_resp_edid" },
    readable: { scanout: le32("The display"), padding: reserved },
    writable: {
      size: le32("Bytes that are meaningful", { max: 1024 }),
      padding: reserved,
      edid: bytes("The EDID, as VESA defines it", 1024),
    },
    checks: [{
      doc: "There is such a display",
      section: "5.7.4.1",
      of: { sum: [{ field: "scanout" }, 1] },
      atMost: { config: "num_scanouts" },
      otherwise: "ERR_INVALID_SCANOUT_ID",
    }],
  },
  resource_assign_uuid: {
    doc: "Exports a resource to other devices",
    tag: "VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID",
    ok: "OK_RESOURCE_UUID",
    feature: "RESOURCE_UUID",
    struct: {
      readable: "virtio_gpu_resource_assign_uuid",
      writable: "virtio_gpu_resp_resource_uuid",
    },
    readable: { resource_id: le32("The resource"), padding: reserved },
    writable: { uuid: bytes("What others know it by", 16) },
  },
  resource_create_blob: {
    doc: "Creates a blob",
    tag: "VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB",
    feature: "RESOURCE_BLOB",
    structs: {
      virtio_gpu_resource_create_blob: [
        ...header,
        "resource_id",
        "blob_mem",
        "blob_flags",
        "nr_entries",
        "blob_id",
        "size",
      ],
    },
    readable: {
      resource_id: le32("Its id, of the driver's choice", { min: 1 }),
      blob_mem: le32("Where its memory is", { enum: "VIRTIO_GPU_BLOB_MEM", min: 1 }),
      blob_flags: le32("What it is for", { enum: "VIRTIO_GPU_BLOB_FLAG" }),
      nr_entries: le32("Number of pieces of guest memory"),
      blob_id: le64("The context's object that it is made from"),
      size: le64("Bytes", { as: "number" }),
      entries: array({ struct: "virtio_gpu_mem_entry" }, "The pieces", { field: "nr_entries" }),
    },
    checks: [
      {
        doc: "Memory of the host needs 3D",
        section: "5.7.6.8",
        unless: "VIRGL",
        of: { field: "blob_mem" },
        atMost: 1,
        otherwise: "ERR_INVALID_PARAMETER",
      },
      {
        doc: "The size is aligned",
        section: "5.7.6.8.1",
        when: "BLOB_ALIGNMENT",
        of: { field: "size" },
        multipleOf: { config: "blob_alignment" },
        otherwise: "ERR_INVALID_PARAMETER",
        driver: "5.7.6.8.1",
      },
    ],
  },
  set_scanout_blob: {
    doc: "Shows part of a blob on a display",
    tag: "VIRTIO_GPU_CMD_SET_SCANOUT_BLOB",
    feature: "RESOURCE_BLOB",
    struct: { readable: "virtio_gpu_set_scanout_blob" },
    readable: {
      r: struct("virtio_gpu_rect", "The part"),
      scanout_id: le32("The display"),
      resource_id: le32("The blob; 0 disables the display"),
      width: le32("Width of the whole image"),
      height: le32("Height of the whole image"),
      format: le32("Its pixels", { enum: "VIRTIO_GPU_FORMAT" }),
      padding: reserved,
      strides: array("le32", "Bytes of a line, for each plane", 4),
      offsets: array("le32", "First byte in the blob, for each plane", 4),
    },
    checks: [knownScanout],
  },
} as const;

/** Commands for contexts and 3D resources. */
export const commands3d = {
  ctx_create: {
    doc: "Creates the context ctx_id",
    tag: "VIRTIO_GPU_CMD_CTX_CREATE",
    feature: "VIRGL",
    struct: { readable: "virtio_gpu_ctx_create" },
    readable: {
      nlen: le32("Bytes of the name", { max: 64 }),
      context_init: le32("Its capability set in the lowest 8 bits; 0 leaves it to the device"),
      debug_name: text("padded", "A name for people who look for errors", 64),
    },
  },
  ctx_destroy: {
    doc: "Destroys the context ctx_id",
    tag: "VIRTIO_GPU_CMD_CTX_DESTROY",
    feature: "VIRGL",
  },
  ctx_attach_resource: {
    doc: "Lets the context ctx_id use a resource",
    tag: "VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE",
    feature: "VIRGL",
    readable: { resource: inline("virtio_gpu_3d_ctx_resource") },
  },
  ctx_detach_resource: {
    doc: "Takes a resource from the context ctx_id",
    tag: "VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE",
    feature: "VIRGL",
    readable: { resource: inline("virtio_gpu_3d_ctx_resource") },
  },
  resource_create_3d: {
    doc: "Creates a 3D resource",
    tag: "VIRTIO_GPU_CMD_RESOURCE_CREATE_3D",
    feature: "VIRGL",
    readable: { resource: struct("virtio_gpu_3d_resource", "The resource") },
  },
  transfer_to_host_3d: {
    doc: "Copies from a 3D resource's backing memory into the resource",
    tag: "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D",
    feature: "VIRGL",
    readable: { transfer: inline("virtio_gpu_3d_transfer") },
  },
  transfer_from_host_3d: {
    doc: "Copies from a 3D resource into its backing memory",
    tag: "VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D",
    feature: "VIRGL",
    readable: { transfer: inline("virtio_gpu_3d_transfer") },
  },
  submit_3d: {
    doc: "Runs a stream of commands in the context ctx_id",
    tag: "VIRTIO_GPU_CMD_SUBMIT_3D",
    feature: "VIRGL",
    readable: {
      size: le32("Bytes of the stream"),
      padding: reserved,
      commands: payload("The stream", { field: "size" }, { external: "3D" }),
    },
  },
  resource_map_blob: {
    doc: "Maps a blob of the host into the host visible region",
    tag: "VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB",
    ok: "OK_MAP_INFO",
    feature: "RESOURCE_BLOB",
    // NOTES.md: gpu-u32
    struct: { readable: "virtio_gpu_resource_map_blob", writable: "virtio_gpu_resp_map_info" },
    readable: {
      resource_id: le32("The blob, not mapped yet"),
      padding: reserved,
      offset: le64("Where in the region", { as: "number" }),
    },
    // The text writes u32 here and says nothing of an order (5.7.6.9).
    writable: {
      map_info: le32("How it is cached", { enum: "VIRTIO_GPU_MAP_CACHE" }),
      padding: reserved,
    },
    checks: [{
      doc: "The offset is aligned",
      section: "5.7.6.9.1",
      when: "BLOB_ALIGNMENT",
      of: { field: "offset" },
      multipleOf: { config: "blob_alignment" },
      otherwise: "ERR_INVALID_PARAMETER",
      driver: "5.7.6.9.1",
    }],
  },
  resource_unmap_blob: {
    doc: "Unmaps a blob of the host",
    tag: "VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB",
    feature: "RESOURCE_BLOB",
    struct: { readable: "virtio_gpu_resource_unmap_blob" },
    readable: { resource_id: le32("The blob"), padding: reserved },
  },
} as const;

/** The header of a response, which repeats that of its command with another type. */
export const responseHeader = {
  type: le32("What comes back", { enum: "VIRTIO_GPU_RESP" }),
  flags: le32("Flags of the command", { enum: "VIRTIO_GPU_FLAG", echoes: "flags" }),
  fence_id: le64("The fence", { echoes: "fence_id" }),
  ctx_id: le32("The context", { echoes: "ctx_id" }),
  ring_idx: u8("The timeline", { echoes: "ring_idx" }),
  padding: padding(3),
} as const;

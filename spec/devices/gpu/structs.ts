/**
 * Layouts that commands of the GPU device share (VIRTIO 1.4, 5.7).
 *
 * @module
 */

import { le32, le64, padding, struct, u8 } from "../../dsl.ts";

/** Structs of the GPU device. */
export const structs = {
  virtio_gpu_ctrl_hdr: {
    doc: "What every command starts with",
    section: "5.7.6.7",
    size: 24,
    fields: {
      type: le32("The command", { enum: "VIRTIO_GPU_CMD", tag: true }),
      flags: le32("Flags", { enum: "VIRTIO_GPU_FLAG" }),
      fence_id: le64("The fence, which the response repeats"),
      ctx_id: le32("The context, for 3D commands"),
      ring_idx: u8("The timeline of the fence, 0 to 63"),
      padding: padding(3),
    },
  },
  virtio_gpu_rect: {
    doc: "A rectangle; 0, 0 is top left",
    section: "5.7.6.8",
    size: 16,
    fields: {
      x: le32("Left edge"),
      y: le32("Upper edge"),
      width: le32("Width"),
      height: le32("Height"),
    },
  },
  virtio_gpu_display_one: {
    doc: "A display",
    section: "5.7.6.8",
    size: 24,
    fields: {
      r: struct("virtio_gpu_rect", "Its preferred place and size"),
      enabled: le32("Whether the user enabled it", { max: 1 }),
      flags: le32("Flags, none so far"),
    },
  },
  virtio_gpu_mem_entry: {
    doc: "A piece of guest memory",
    section: "5.7.6.8",
    size: 16,
    fields: {
      addr: le64("Guest address", { as: "number" }),
      length: le32("Bytes"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_gpu_cursor_pos: {
    doc: "Where the pointer is",
    section: "5.7.6.10",
    size: 16,
    fields: {
      scanout_id: le32("The display"),
      x: le32("From its left edge"),
      y: le32("From its upper edge"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  // The standard names the 3D commands and leaves out their layouts (5.7.6.9); these, and those of
  // the commands themselves, are the ones of Linux's header.
  virtio_gpu_box: {
    doc: "A box in a 3D resource",
    external: "3D",
    size: 24,
    fields: {
      x: le32("Left edge"),
      y: le32("Upper edge"),
      z: le32("Front edge"),
      w: le32("Width"),
      h: le32("Height"),
      d: le32("Depth"),
    },
  },
  // Linux has names for the layouts of 3D commands with their header, which ours do not include.
  // NOTES.md: gpu-3d
  virtio_gpu_3d_transfer: {
    doc: "What to copy between guest memory and a 3D resource",
    external: "3D",
    size: 48,
    fields: {
      box: struct("virtio_gpu_box", "Part of the resource"),
      offset: le64("First byte in the backing memory", { as: "number" }),
      resource_id: le32("The resource"),
      level: le32("Mipmap level"),
      stride: le32("Bytes of a line"),
      layer_stride: le32("Bytes of a layer"),
    },
  },
  virtio_gpu_3d_ctx_resource: {
    doc: "A resource for a context",
    external: "3D",
    size: 8,
    fields: {
      resource_id: le32("The resource"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_gpu_3d_resource: {
    doc: "A 3D resource, in the terms of Gallium",
    external: "3D",
    size: 48,
    fields: {
      resource_id: le32("Its id, of the driver's choice"),
      target: le32("Kind of texture or buffer"),
      format: le32("Kind of pixels"),
      bind: le32("What it is bound to"),
      width: le32("Width"),
      height: le32("Height"),
      depth: le32("Depth"),
      array_size: le32("Number of layers"),
      last_level: le32("Last mipmap level"),
      nr_samples: le32("Samples a pixel"),
      flags: le32("Flags"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
} as const;

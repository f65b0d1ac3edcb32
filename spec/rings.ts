/**
 * Layouts of the split and the packed virtqueue, and of notifications (VIRTIO 1.4, 2.7 to 2.9).
 *
 * @module
 */

import { array, bits, bytes, defineLayout, type Layout, le16, le32, le64, struct } from "./dsl.ts";

/** Split and packed virtqueues. */
export const rings: Layout = defineLayout({
  name: "rings",
  title: "Virtqueues",
  section: "2.6",
  doc: "What lies in memory between a driver and a device: descriptors, rings, notifications",

  enums: {
    VIRTQ_DESC_F: {
      doc: "Flags of a descriptor, in both formats",
      section: "2.7.5",
      name: "DescriptorFlag",
      as: "masks",
      members: {
        NEXT: { value: 1, doc: "The buffer goes on in another descriptor" },
        WRITE: { value: 2, doc: "The device writes this element; otherwise it reads it" },
        INDIRECT: { value: 4, doc: "The element holds a table of descriptors" },
        // NOTES.md: packed-wrap
        AVAIL: {
          value: 0x80,
          doc: "Packed format: equals the driver's wrap counter once available",
        },
        USED: { value: 0x8000, doc: "Packed format: equals the device's wrap counter once used" },
      },
    },
    VIRTQ_AVAIL_F: {
      doc: "Flags of the available ring",
      section: "2.7.6",
      name: "AvailableFlag",
      as: "masks",
      members: { NO_INTERRUPT: { value: 1, doc: "The driver wants no used buffer notification" } },
    },
    VIRTQ_USED_F: {
      doc: "Flags of the used ring",
      section: "2.7.8",
      name: "UsedFlag",
      as: "masks",
      members: {
        NO_NOTIFY: { value: 1, doc: "The device wants no available buffer notification" },
      },
    },
    RING_EVENT_FLAGS: {
      doc: "Which events of a packed ring are to be notified",
      section: "2.8.10",
      name: "EventFlags",
      members: {
        ENABLE: { value: 0, doc: "All" },
        DISABLE: { value: 1, doc: "None" },
        DESC: { value: 2, doc: "The one at the given descriptor (EVENT_IDX only)" },
      },
    },
  },

  structs: {
    virtq_desc: {
      doc: "Descriptor of a split ring",
      section: "2.7.5",
      size: 16,
      fields: {
        addr: le64("Guest address of the element"),
        len: le32("Bytes of the element"),
        flags: le16("What kind of element", { enum: "VIRTQ_DESC_F" }),
        next: le16("Descriptor that goes on, when NEXT is set"),
      },
    },
    indirect_descriptor_table: {
      doc: "Table that an indirect descriptor refers to",
      section: "2.7.5.3",
      fields: { desc: array({ struct: "virtq_desc" }, "The descriptors", "rest") },
    },
    virtq_avail: {
      doc: "Available ring: what the driver gives",
      section: "2.7.6",
      fields: {
        flags: le16("Whether the driver wants notifications", { enum: "VIRTQ_AVAIL_F" }),
        idx: le16("Where the next entry goes, counted without end"),
        ring: array("le16", "First descriptors of buffers", { given: "queue size" }),
        used_event: le16("Used entry to notify (EVENT_IDX only)"),
      },
    },
    virtq_used_elem: {
      doc: "Entry of the used ring",
      section: "2.7.8",
      size: 8,
      fields: {
        id: le32("First descriptor of the buffer"),
        len: le32("Bytes that the device wrote into it"),
      },
    },
    virtq_used: {
      doc: "Used ring: what the device gives back",
      section: "2.7.8",
      fields: {
        flags: le16("Whether the device wants notifications", { enum: "VIRTQ_USED_F" }),
        idx: le16("Where the next entry goes, counted without end"),
        ring: array({ struct: "virtq_used_elem" }, "Used buffers", { given: "queue size" }),
        avail_event: le16("Available entry to notify (EVENT_IDX only)"),
      },
    },
    virtq: {
      doc: "A split virtqueue in one piece, as the legacy interface lays it out",
      section: "2.7.2",
      fields: {
        desc: array({ struct: "virtq_desc" }, "Descriptor table", { given: "queue size" }),
        avail: struct("virtq_avail", "Available ring"),
        // NOTES.md: split-legacy-align
        pad: bytes("Up to the queue's alignment", { given: "padding" }, { reserved: true }),
        used: struct("virtq_used", "Used ring"),
      },
    },
    pvirtq_desc: {
      doc: "Descriptor of a packed ring",
      section: "2.8.13",
      size: 16,
      fields: {
        addr: le64("Guest address of the element"),
        len: le32("Bytes of the element; in a used descriptor, bytes that were written"),
        id: le16("The buffer"),
        flags: le16("What kind of element, and whose", { enum: "VIRTQ_DESC_F" }),
      },
    },
    pvirtq_indirect_descriptor_table: {
      doc: "Table that an indirect descriptor of a packed ring refers to",
      section: "2.8.7",
      fields: { desc: array({ struct: "pvirtq_desc" }, "The descriptors", "rest") },
    },
    pvirtq_event_suppress: {
      doc: "Which events a side of a packed ring wants to be notified of",
      section: "2.8.14",
      size: 4,
      fields: {
        desc: bits("le16", {
          desc_event_off: { width: 15, doc: "Descriptor to notify, when the flags are DESC" },
          desc_event_wrap: { width: 1, doc: "Wrap counter at that descriptor" },
        }),
        flags: bits("le16", {
          desc_event_flags: { width: 2, doc: "Which events", enum: "RING_EVENT_FLAGS" },
          reserved: { width: 14, reserved: true },
        }),
      },
    },
    // The standard gives the layout of this word without a name.
    virtio_notification_data: {
      doc: "What an available buffer notification carries with NOTIFICATION_DATA",
      section: "2.9",
      size: 4,
      fields: {
        data: bits("le32", {
          vq_index: { width: 16, doc: "The queue, or with NOTIF_CONFIG_DATA the device's value" },
          next_off: { width: 15, doc: "Where the next available entry goes, lowest 15 bits" },
          // NOTES.md: notify-31
          next_wrap: {
            width: 1,
            doc: "Wrap counter of that descriptor; in a split ring bit 15 of the index",
          },
        }),
      },
    },
  },

  constants: {
    VIRTQUEUE_MAX_SIZE: { value: 32768, doc: "Most descriptors of a queue" },
    VIRTQ_DESC_ALIGN: { value: 16, doc: "Alignment of a descriptor table or ring" },
    VIRTQ_AVAIL_ALIGN: { value: 2, doc: "Alignment of an available ring" },
    VIRTQ_USED_ALIGN: { value: 4, doc: "Alignment of a used ring" },
    PVIRTQ_EVENT_SUPPRESS_ALIGN: { value: 4, doc: "Alignment of an event suppression area" },
  },
});

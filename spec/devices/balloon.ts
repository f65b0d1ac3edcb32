/**
 * Traditional memory balloon device (VIRTIO 1.4, 5.5).
 *
 * @module
 */

import { array, defineDevice, type Device, le16, le32, le64, payload } from "../dsl.ts";

/** The memory balloon device: takes memory from the guest, and gives it back. */
export const balloon: Device = defineDevice({
  name: "balloon",
  prefix: "Balloon",
  id: 5,
  title: "Traditional Memory Balloon Device",
  section: "5.5",
  doc: "Takes pages of memory from the guest and gives them back; learns which are free",

  features: {
    MUST_TELL_HOST: {
      bit: 0,
      doc: "The driver tells the device before it uses pages of the balloon again",
      by: "option",
    },
    STATS_VQ: { bit: 1, doc: "The driver reports statistics of the memory", by: "handler" },
    DEFLATE_ON_OOM: {
      bit: 2,
      doc: "The driver may take pages back when the guest runs out of memory",
      by: "option",
    },
    FREE_PAGE_HINT: {
      bit: 3,
      doc: "The driver hints at free pages in rounds that the device starts",
      since: "1.2",
      by: ["config", "handler"],
    },
    PAGE_POISON: {
      bit: 4,
      doc: "The driver fills free pages with poison_val",
      since: "1.2",
      by: "config",
    },
    // A driver that relies on what its free pages contain takes it with PAGE_POISON only (5.5.3.1).
    PAGE_REPORTING: { bit: 5, doc: "The driver reports free pages", since: "1.2", by: "handler" },
  },

  enums: {
    VIRTIO_BALLOON_S: {
      doc: "What a statistic is about",
      section: "5.5.6.4",
      name: "StatTag",
      members: {
        SWAP_IN: { value: 0, doc: "Bytes swapped in" },
        SWAP_OUT: { value: 1, doc: "Bytes swapped out" },
        MAJFLT: { value: 2, doc: "Major page faults" },
        MINFLT: { value: 3, doc: "Minor page faults" },
        MEMFREE: { value: 4, doc: "Bytes that nothing uses" },
        MEMTOT: { value: 5, doc: "Bytes in total" },
        AVAIL: { value: 6, doc: "Bytes that new programs could have without swapping" },
        CACHES: { value: 7, doc: "Bytes that can be had back at once, without I/O" },
        HTLB_PGALLOC: { value: 8, doc: "Allocated huge pages" },
        HTLB_PGFAIL: { value: 9, doc: "Huge pages that could not be allocated" },
      },
    },
    VIRTIO_BALLOON_CMD_ID: {
      doc: "Ids of free page hinting with a meaning of their own; all others name a round",
      section: "5.5.6.5",
      name: "HintCommand",
      members: {
        STOP: { value: 0, doc: "No more hints; hinted pages stay where they are" },
        DONE: { value: 1, doc: "No more hints; hinted pages are the guest's again" },
      },
    },
  },

  structs: {
    virtio_balloon_stat: {
      doc: "One statistic",
      section: "5.5.6.3",
      size: 10,
      fields: {
        tag: le16("What it is about", { enum: "VIRTIO_BALLOON_S" }),
        val: le64("Its value"),
      },
    },
  },

  config: {
    struct: "virtio_balloon_config",
    section: "5.5.4",
    size: 16,
    // NOTES.md: balloon-le
    legacy: "little-endian",
    notifies: ["num_pages", "free_page_hint_cmd_id"],
    fields: {
      num_pages: le32("Pages of 4096 bytes that the balloon should have"),
      actual: le32("Pages that it has, kept up to date by the driver", { driverWrites: true }),
      free_page_hint_cmd_id: le32("Round of free page hinting, or STOP or DONE", {
        when: "FREE_PAGE_HINT",
        enum: "VIRTIO_BALLOON_CMD_ID",
      }),
      poison_val: le32("What the driver fills free pages with", {
        when: "PAGE_POISON",
        driverWrites: { until: "DRIVER_OK" },
      }),
    },
  },

  messages: {
    inflate: {
      doc: "Gives pages to the balloon; the guest keeps off them from then on",
      section: "5.5.6",
      readable: { pfns: array("le32", "Addresses of the pages, divided by 4096", "rest") },
    },
    deflate: {
      doc: "Takes pages back from the balloon",
      section: "5.5.6",
      readable: { pfns: array("le32", "Addresses of the pages, divided by 4096", "rest") },
    },
    // NOTES.md: balloon-6
    // The text asks for buffers of a multiple of 6 bytes, which fits no statistic (5.5.6.3.1).
    stats: {
      doc: "Statistics of the memory, any of them in any order; those without a name are ignored",
      section: "5.5.6.3",
      readable: { stats: array({ struct: "virtio_balloon_stat" }, "The statistics", "rest") },
    },
    hint_command: {
      doc: "Starts a round of hints with its id, or ends it with STOP",
      section: "5.5.6.5",
      readable: { cmd_id: le32("The round, or STOP", { enum: "VIRTIO_BALLOON_CMD_ID" }) },
    },
    hint: {
      doc: "Hints at free pages: what they contain may be lost until the guest writes to them",
      section: "5.5.6.5",
      writable: { pages: payload("The pages themselves") },
    },
    report: {
      doc: "Reports free pages, which the guest leaves alone until the report comes back",
      section: "5.5.6.7",
      writable: { pages: payload("The pages themselves") },
    },
  },

  behaviours: {
    statistics: {
      doc: "Pulls statistics of the memory: the driver's buffer goes back, the next one has them",
      section: "5.5.6.3",
      when: "STATS_VQ",
      enums: ["VIRTIO_BALLOON_S"],
      device: { class: "Statistics", options: "required", serves: ["stats"] },
    },
    hints: {
      doc: "Rounds of hints at free pages: the device starts and ends them, the driver fills them",
      section: "5.5.6.5",
      when: "FREE_PAGE_HINT",
      enums: ["VIRTIO_BALLOON_CMD_ID"],
      device: {
        class: "DevicePageHints",
        options: "required",
        serves: ["hint_command", "hint"],
      },
      driver: { class: "DriverPageHints", options: "required" },
    },
    reported: {
      doc: "Lets go of reported pages, unless the guest counts on what they contain",
      section: "5.5.6.7",
      when: "PAGE_REPORTING",
      features: ["PAGE_POISON"],
      device: { class: "ReportedPages", options: "required", serves: ["report"] },
    },
  },

  // NOTES.md: balloon-index
  // By the text the queues stand at fixed places, whatever exists before them (5.5.2). Linux and
  // QEMU number those that exist.
  queues: {
    inflateq: {
      doc: "Pages for the balloon",
      section: "5.5.2",
      role: "transmit",
      carries: "inflate",
      index: 0,
      legacyUsed: "ignored",
    },
    deflateq: {
      doc: "Pages back from the balloon",
      section: "5.5.2",
      role: "transmit",
      carries: "deflate",
      index: 1,
      legacyUsed: "ignored",
    },
    // NOTES.md: balloon-statsq
    statsq: {
      doc: "Statistics: one buffer at a time, handed back when the device wants new ones",
      section: "5.5.2",
      role: "pull",
      carries: "stats",
      index: 2,
      when: "STATS_VQ",
      legacyUsed: "ignored",
    },
    free_page_vq: {
      doc: "Hints at free pages, in rounds",
      section: "5.5.2",
      role: "request",
      carries: ["hint_command", "hint"],
      index: "next",
      strictIndex: 3,
      when: "FREE_PAGE_HINT",
      used: "ignored",
    },
    reporting_vq: {
      doc: "Reports of free pages",
      section: "5.5.2",
      role: "request",
      carries: "report",
      index: "next",
      strictIndex: 4,
      when: "PAGE_REPORTING",
      used: "ignored",
    },
  },
});

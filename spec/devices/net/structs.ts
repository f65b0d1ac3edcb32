/**
 * Layouts of packets and commands of the network device (VIRTIO 1.4, 5.1.8 and 5.1.9).
 *
 * @module
 */

import { array, bits, bytes, inline, le16, le32, le64, padding, struct, u8 } from "../../dsl.ts";

/** One less than each power of two that a table's mask can stand for. */
const MASKS = Array.from({ length: 16 }, (_, bit) => 2 ** bit - 1);

/** The packet header, and what the commands carry. */
export const structs = {
  // 12 bytes; 20 with HASH_REPORT, 24 with a tunnel, 32 with OUT_NET_HEADER or IPSEC. The text on
  // sizes (5.1.9.3.1) names only the HOST tunnel for 24 bytes, the layout (5.1.9) either of both.
  // NOTES.md: net-hdr-size
  virtio_net_hdr: {
    doc: "What stands before every packet",
    section: "5.1.9",
    size: 32,
    grows: true,
    fields: {
      flags: u8("What is known about the packet", { enum: "VIRTIO_NET_HDR_F" }),
      gso_type: u8("How to cut it into segments: a GsoType, and bits of GsoFlags", {
        enum: "VIRTIO_NET_HDR_GSO",
      }),
      hdr_len: le16("Length of all its headers; a hint unless GUEST_HDRLEN is negotiated"),
      gso_size: le16("Largest payload of a segment, in bytes"),
      csum_start: le16("Where checksumming starts; with RSC_INFO the number of coalesced segments"),
      csum_offset: le16(
        "Where the checksum goes, from csum_start; with RSC_INFO the number of duplicated acknowledgements",
      ),
      num_buffers: le16("Number of buffers that the packet fills; 0 on transmit", {
        legacyWhen: "MRG_RXBUF",
      }),
      hash_value: le32("Hash of the packet", { when: "HASH_REPORT" }),
      hash_report: le16("What the hash was computed over", {
        enum: "VIRTIO_NET_HASH_REPORT",
        when: "HASH_REPORT",
      }),
      padding_reserved: le16("Reserved", { reserved: true, when: "HASH_REPORT" }),
      outer_th_offset: le16("Where the outer transport header starts", {
        when: ["HOST_UDP_TUNNEL_GSO", "GUEST_UDP_TUNNEL_GSO"],
      }),
      inner_nh_offset: le16("Where the inner network header starts", {
        when: ["HOST_UDP_TUNNEL_GSO", "GUEST_UDP_TUNNEL_GSO"],
      }),
      outer_nh_offset: le16("Where the outer network header starts; 0 when not known", {
        when: "OUT_NET_HEADER",
      }),
      // a union with padding_reserved_2[6]: with SECURITY clear in flags the bytes mean nothing
      ipsec_resource_hdr: inline("ipsec_resource_hdr", { when: ["OUT_NET_HEADER", "IPSEC"] }),
    },
  },
  ipsec_resource_hdr: {
    doc: "The security association of a packet",
    section: "5.1.9",
    size: 6,
    fields: {
      resource_id: le32("Id of the security association's resource object"),
      resource_type: le16("Type of that object", { enum: "VIRTIO_NET_RESOURCE_OBJ" }),
    },
  },
  virtnet_hash_tunnel: {
    doc: "Encapsulations whose inner header is hashed",
    section: "5.1.9.4.4",
    size: 4,
    fields: {
      enabled_tunnel_types: le32("Encapsulations; 0 for none", {
        enum: "VIRTIO_NET_HASH_TUNNEL_TYPE",
      }),
    },
  },
  virtio_net_ctrl_mac: {
    doc: "A table of MAC addresses",
    section: "5.1.9.5.2",
    fields: {
      entries: le32("Number of addresses"),
      macs: array({ bytes: 6 }, "Addresses", { field: "entries" }),
    },
  },
  virtio_net_ctrl_mq_pairs_set: {
    doc: "How many pairs of queues to use",
    section: "5.1.9.5.6",
    size: 2,
    fields: {
      virtqueue_pairs: le16("Number of pairs", { min: 1, max: { config: "max_virtqueue_pairs" } }),
    },
  },
  virtio_net_hash_config: {
    doc: "What to compute hashes over, and the key",
    section: "5.1.9.5.6.4",
    fields: {
      hash_types: le32("Enabled types", { enum: "VIRTIO_NET_HASH_TYPE" }),
      // must be zero, but Linux leaves max_tx_vq of virtio_net_rss_config in it: ignored
      reserved: padding(8),
      hash_key_length: u8("Length of the key, in bytes", { max: { config: "rss_max_key_size" } }),
      hash_key_data: bytes("Key of the hash", { field: "hash_key_length" }),
    },
  },
  rss_rq_id: {
    doc: "A receive queue, by half its index",
    section: "5.1.9.5.7.1",
    size: 2,
    fields: {
      rq_id: bits("le16", {
        vq_index_1_16: { width: 15, doc: "Bits 1 to 16 of the queue's index" },
        reserved: { width: 1, reserved: true },
      }),
    },
  },
  // NOTES.md: net-rss
  virtio_net_rss_config: {
    doc: "Receive-side scaling: what to hash, and which queue each hash leads to",
    section: "5.1.9.5.7.1",
    fields: {
      hash_types: le32("Enabled types", { enum: "VIRTIO_NET_HASH_TYPE" }),
      indirection_table_mask: le16("One less than the number of entries, a power of two", {
        oneOf: MASKS,
      }),
      unclassified_queue: struct("rss_rq_id", "Queue of packets without a hash"),
      indirection_table: array({ struct: "rss_rq_id" }, "Queue for each masked hash", {
        field: "indirection_table_mask",
        plus: 1,
      }, { max: { config: "rss_max_indirection_table_length" } }),
      max_tx_vq: le16("Number of transmit queues to be used", {
        min: 1,
        max: { config: "max_virtqueue_pairs" },
      }),
      hash_key_length: u8("Length of the key, in bytes", { max: { config: "rss_max_key_size" } }),
      hash_key_data: bytes("Key of the hash", { field: "hash_key_length" }),
    },
  },
  virtnet_rss_ctx_cap: {
    doc: "How many contexts of receive-side scaling there may be",
    section: "5.1.9.5.8.1",
    size: 2,
    fields: { max_rss_contexts: le16("Largest id of a context", { min: 1 }) },
  },
  virtnet_rss_ctx_add_modify: {
    doc: "One context of receive-side scaling",
    section: "5.1.9.5.8.2",
    fields: {
      rss_ctx_id: le16("Id of the context", { min: 1 }),
      reserved: padding(6),
      rss: inline("virtio_net_rss_config"),
    },
  },
  virtnet_rss_ctx_del: {
    doc: "A context to delete",
    section: "5.1.9.5.8.2",
    size: 2,
    fields: { rss_ctx_id: le16("Id of the context", { min: 1 }) },
  },
  virtio_net_ctrl_coal: {
    doc: "When a queue notifies",
    section: "5.1.9.5.10",
    size: 8,
    fields: {
      max_packets: le32("After so many packets; 0 for each"),
      max_usecs: le32("So many microseconds after the first packet; 0 for each"),
    },
  },
  virtio_net_ctrl_coal_vq: {
    doc: "When one queue notifies",
    section: "5.1.9.5.10",
    size: 12,
    fields: {
      vq_index: le16("Index of a receive or transmit queue"),
      reserved: le16("Reserved", { reserved: true }),
      coal: struct("virtio_net_ctrl_coal", "When it notifies"),
    },
  },
  virtio_net_stats_capabilities: {
    doc: "The statistics that a device keeps",
    section: "5.1.9.5.11.1",
    size: 8,
    fields: {
      supported_stats_types: array("le64", "Kinds of statistics", 1, {
        enum: "VIRTIO_NET_STATS_TYPE",
      }),
    },
  },
  virtio_net_ctrl_queue_stats: {
    doc: "The statistics asked for",
    section: "5.1.9.5.11.2",
    fields: {
      stats: array({ struct: "virtio_net_ctrl_queue_stats_entry" }, "Queues and kinds", "rest"),
    },
  },
  // nameless in the standard
  virtio_net_ctrl_queue_stats_entry: {
    doc: "The statistics asked for of one queue",
    section: "5.1.9.5.11.2",
    size: 16,
    fields: {
      vq_index: le16("Index of the queue"),
      reserved: padding(6),
      types_bitmap: array("le64", "Kinds of statistics", 1, { enum: "VIRTIO_NET_STATS_TYPE" }),
    },
  },
  virtio_net_dev_part_cvq_selector: {
    doc: "Selects a device part: the command that made a setting",
    section: "5.1.8.1",
    size: 8,
    fields: {
      class: u8("Class of the command", { enum: "VIRTIO_NET_CTRL" }),
      command: u8("The command"),
      reserved: padding(6),
    },
  },
} as const;

/** The bitmap of the offloads command; the standard gives it no struct. */
export const offloads = {
  offloads: le64("Offloads to enable; those left out are disabled", {
    bitsOf: "VIRTIO_NET_OFFLOAD",
  }),
} as const;

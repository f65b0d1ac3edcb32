/**
 * Statistics of the network device (VIRTIO 1.4, 5.1.9.5.11): counters that wrap around to zero.
 *
 * @module
 */

import { le16, le64, sequence, struct, u8 } from "../../dsl.ts";

const hdr = struct("virtio_net_stats_reply_hdr", "Kind, queue and size");

const cvq = {
  command_num: le64("Commands received, this one included"),
  ok_num: le64("Commands completed with success, this one included"),
} as const;

const rxBasic = {
  rx_notifications: le64("Notifications from the driver"),
  rx_packets: le64("Packets passed to the driver"),
  rx_bytes: le64("Bytes of those"),
  rx_interrupts: le64("Interrupts sent to the driver"),
  rx_drops: le64("Packets dropped, for any reason"),
  rx_drop_overruns: le64("Packets dropped for want of buffers"),
} as const;

const txBasic = {
  tx_notifications: le64("Notifications from the driver"),
  tx_packets: le64("Packets sent, not those taken from the driver"),
  tx_bytes: le64("Bytes of those"),
  tx_interrupts: le64("Interrupts sent to the driver"),
  tx_drops: le64("Packets dropped, for any reason"),
  tx_drop_malformed: le64("Packets dropped for their form"),
} as const;

const rxCsum = {
  rx_csum_valid: le64("Packets with DATA_VALID"),
  rx_needs_csum: le64("Packets with NEEDS_CSUM"),
  rx_csum_none: le64("Packets of a kind that the device cannot checksum"),
  rx_csum_bad: le64("Packets with a wrong checksum"),
} as const;

const txCsum = {
  tx_csum_none: le64("Packets without a checksum to compute"),
  tx_needs_csum: le64("Packets with a checksum to compute"),
} as const;

const rxGso = {
  rx_gso_packets: le64("Large packets received"),
  rx_gso_bytes: le64("Bytes of those, headers included"),
  rx_gso_packets_coalesced: le64("Large packets that the device coalesced"),
  rx_gso_bytes_coalesced: le64("Bytes of those, headers included"),
} as const;

const txGso = {
  tx_gso_packets: le64("Large packets sent"),
  tx_gso_bytes: le64("Bytes of those"),
  tx_gso_segments: le64("Segments cut from large packets"),
  tx_gso_segments_bytes: le64("Bytes of those"),
  tx_gso_packets_noseg: le64("Large packets sent whole"),
  tx_gso_bytes_noseg: le64("Bytes of those"),
} as const;

const rxSpeed = {
  rx_packets_allowance_exceeded: le64("Packets dropped beyond the speed of the link"),
  rx_bytes_allowance_exceeded: le64("Bytes of those"),
} as const;

const txSpeed = {
  tx_packets_allowance_exceeded: le64("Packets dropped beyond the speed of the link"),
  tx_bytes_allowance_exceeded: le64("Bytes of those"),
} as const;

/** Answers, each with its header. */
export const stats = {
  virtio_net_stats_reply_hdr: {
    doc: "What stands before each kind of statistics",
    section: "5.1.9.5.11.2",
    size: 8,
    fields: {
      type: u8("Kind of statistics", { enum: "VIRTIO_NET_STATS_TYPE_REPLY" }),
      reserved: u8("Reserved", { reserved: true }),
      vq_index: le16("Index of the queue"),
      reserved1: le16("Reserved", { reserved: true }),
      size: le16("Bytes of the statistics, this header included"),
    },
  },
  virtio_net_stats_cvq: {
    doc: "Commands of the control queue",
    section: "5.1.9.5.11.3",
    size: 24,
    fields: { hdr, ...cvq },
  },
  virtio_net_stats_rx_basic: {
    doc: "Packets, bytes and drops of a receive queue",
    section: "5.1.9.5.11.4",
    size: 56,
    fields: { hdr, ...rxBasic },
  },
  virtio_net_stats_tx_basic: {
    doc: "Packets, bytes and drops of a transmit queue",
    section: "5.1.9.5.11.5",
    size: 56,
    fields: { hdr, ...txBasic },
  },
  virtio_net_stats_rx_csum: {
    doc: "Checksums of a receive queue",
    section: "5.1.9.5.11.6",
    size: 40,
    fields: { hdr, ...rxCsum },
  },
  virtio_net_stats_tx_csum: {
    doc: "Checksums of a transmit queue",
    section: "5.1.9.5.11.7",
    size: 24,
    fields: { hdr, ...txCsum },
  },
  virtio_net_stats_rx_gso: {
    doc: "Large packets of a receive queue",
    section: "5.1.9.5.11.8",
    size: 40,
    fields: { hdr, ...rxGso },
  },
  virtio_net_stats_tx_gso: {
    doc: "Large packets of a transmit queue",
    section: "5.1.9.5.11.9",
    size: 56,
    fields: { hdr, ...txGso },
  },
  virtio_net_stats_rx_speed: {
    doc: "Drops of a receive queue beyond the speed of the link",
    section: "5.1.9.5.11.10",
    size: 24,
    fields: { hdr, ...rxSpeed },
  },
  virtio_net_stats_tx_speed: {
    doc: "Drops of a transmit queue beyond the speed of the link",
    section: "5.1.9.5.11.11",
    size: 24,
    fields: { hdr, ...txSpeed },
  },
} as const;

/** The answers one after the other; what has no room in the buffer is left out. */
export const replies = sequence("Statistics, one entry for each queue and kind", {
  header: "virtio_net_stats_reply_hdr",
  by: "type",
  size: { field: "size", includes: 8 },
  otherwise: "raw",
  arms: {
    rx_basic: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC", fields: rxBasic },
    rx_csum: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_RX_CSUM", fields: rxCsum },
    rx_gso: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_RX_GSO", fields: rxGso },
    rx_speed: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED", fields: rxSpeed },
    tx_basic: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC", fields: txBasic },
    tx_csum: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_TX_CSUM", fields: txCsum },
    tx_gso: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_TX_GSO", fields: txGso },
    tx_speed: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_TX_SPEED", fields: txSpeed },
    cvq: { tag: "VIRTIO_NET_STATS_TYPE_REPLY_CVQ", fields: cvq },
  },
});

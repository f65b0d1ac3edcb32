/**
 * Commands of the control queue (VIRTIO 1.4, 5.1.9.5).
 *
 * @module
 */

import { bytes, inline, le16, struct, u8 } from "../../dsl.ts";
import { replies } from "./stats.ts";
import { offloads } from "./structs.ts";

const on = { on: u8("1 on, 0 off", { max: 1 }) } as const;

/** Index of the control queue: twice the number of pairs. */
const CONTROLQ = { product: [2, { config: "max_virtqueue_pairs" }] } as const;

const onlySupportedHashes = {
  doc: "Only types that the device supports",
  section: "5.1.9.5.7.2",
  of: { field: "hash_types" },
  within: { config: "supported_hash_types" },
  otherwise: "ERR",
  driver: "5.1.9.5.7.2",
} as const;

/** Also the reserved bit above the index must be clear for these. */
const LAST_PAIR = { sum: [{ config: "max_virtqueue_pairs" }, -1] } as const;

/** Tables and keys are read no further than these; a driver sends no others. */
const table = { length: "indirection_table" } as const;
const keyFits = {
  doc: "A key that the device has room for",
  of: { length: "hash_key_data" },
  atMost: { config: "rss_max_key_size" },
  driver: "5.1.9.5.7.1",
} as const;

const rssChecks = [
  onlySupportedHashes,
  keyFits,
  {
    doc: "As many entries as a power of two",
    of: table,
    atLeast: 1,
    equals: { lowestBit: table },
    driver: "5.1.9.5.7.2",
  },
  {
    doc: "No more entries than the device has",
    of: table,
    atMost: { config: "rss_max_indirection_table_length" },
    driver: "5.1.9.5.7.2",
  },
  {
    doc: "Some transmit queues, and no more than there are",
    of: { field: "max_tx_vq" },
    atLeast: 1,
    atMost: { config: "max_virtqueue_pairs" },
    driver: "5.1.9.5.7.1",
  },
  {
    doc: "A receive queue of the device",
    section: "5.1.9.5.7.1",
    of: { field: ["unclassified_queue", "rq_id"] },
    atMost: LAST_PAIR,
    otherwise: "ERR",
    driver: "5.1.9.5.7.1",
  },
  {
    doc: "Receive queues of the device",
    section: "5.1.9.5.7.2",
    each: "indirection_table",
    of: { field: "rq_id" },
    atMost: LAST_PAIR,
    otherwise: "ERR",
    driver: "5.1.9.5.7.2",
  },
] as const;

/** A context that there can be: 0 is that of the whole device. */
const contextId = {
  doc: "A context that there can be",
  of: { field: "rss_ctx_id" },
  atLeast: 1,
  driver: "5.1.9.5.8.4",
} as const;

const dataQueueChecks = [
  {
    doc: "A receive or transmit queue",
    section: "5.1.9.5.10.6",
    of: { field: "vq_index" },
    atMost: { sum: [CONTROLQ, -1] },
    when: ["MQ", "RSS"],
    otherwise: "ERR",
    driver: "5.1.9.5.10.5",
  },
  {
    doc: "A receive or transmit queue",
    section: "5.1.9.5.10.6",
    of: { field: "vq_index" },
    atMost: 1,
    unless: ["MQ", "RSS"],
    otherwise: "ERR",
    driver: "5.1.9.5.10.5",
  },
] as const;

/** Commands on what is received: filters, announcing, several queues. */
const receiving = {
  rx_promisc: {
    doc: "Receives everything, or what the filters let through",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_PROMISC"],
    feature: "CTRL_RX",
    readable: on,
  },
  rx_allmulti: {
    doc: "Receives all multicast packets, or those of the table",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_ALLMULTI"],
    feature: "CTRL_RX",
    readable: on,
  },
  rx_alluni: {
    doc: "Receives all unicast packets, or those of the table",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_ALLUNI"],
    feature: "CTRL_RX_EXTRA",
    readable: on,
  },
  rx_nomulti: {
    doc: "Receives no multicast packets, even with ALLMULTI; broadcasts are not meant",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_NOMULTI"],
    feature: "CTRL_RX_EXTRA",
    readable: on,
  },
  rx_nouni: {
    doc: "Receives no unicast packets, even with ALLUNI",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_NOUNI"],
    feature: "CTRL_RX_EXTRA",
    readable: on,
  },
  rx_nobcast: {
    doc: "Receives no broadcast packets, even with ALLMULTI",
    section: "5.1.9.5.1",
    tag: ["VIRTIO_NET_CTRL_RX", "VIRTIO_NET_CTRL_RX_NOBCAST"],
    feature: "CTRL_RX_EXTRA",
    readable: on,
  },
  mac_table_set: {
    doc: "Sets the addresses to receive for",
    section: "5.1.9.5.2",
    tag: ["VIRTIO_NET_CTRL_MAC", "VIRTIO_NET_CTRL_MAC_TABLE_SET"],
    feature: "CTRL_RX",
    readable: {
      unicast: struct("virtio_net_ctrl_mac", "Unicast addresses"),
      multicast: struct("virtio_net_ctrl_mac", "Multicast addresses"),
    },
  },
  // the text opens the class MAC with CTRL_RX (5.1.9.5.2.2), deployed drivers look at CTRL_MAC_ADDR
  mac_addr_set: {
    doc: "Sets the device's own address; mac in the configuration follows",
    section: "5.1.9.5.2",
    tag: ["VIRTIO_NET_CTRL_MAC", "VIRTIO_NET_CTRL_MAC_ADDR_SET"],
    feature: ["CTRL_MAC_ADDR", "CTRL_RX"],
    readable: { mac: bytes("MAC address", 6) },
  },
  vlan_add: {
    doc: "Receives packets of a VLAN",
    section: "5.1.9.5.3",
    tag: ["VIRTIO_NET_CTRL_VLAN", "VIRTIO_NET_CTRL_VLAN_ADD"],
    feature: "CTRL_VLAN",
    readable: { vid: le16("Id of the VLAN") },
  },
  vlan_del: {
    doc: "Receives packets of a VLAN no more",
    section: "5.1.9.5.3",
    tag: ["VIRTIO_NET_CTRL_VLAN", "VIRTIO_NET_CTRL_VLAN_DEL"],
    feature: "CTRL_VLAN",
    readable: { vid: le16("Id of the VLAN") },
  },
  announce_ack: {
    doc: "The driver has seen ANNOUNCE in status; the device clears it",
    section: "5.1.9.5.4",
    tag: ["VIRTIO_NET_CTRL_ANNOUNCE", "VIRTIO_NET_CTRL_ANNOUNCE_ACK"],
    feature: "GUEST_ANNOUNCE",
  },
  mq_vq_pairs_set: {
    doc: "Uses so many pairs of queues and steers by flow",
    section: "5.1.9.5.6",
    tag: ["VIRTIO_NET_CTRL_MQ", "VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET"],
    feature: "MQ",
    readable: { pairs: inline("virtio_net_ctrl_mq_pairs_set") },
    checks: [{
      doc: "One pair, or as many as the device has",
      of: { field: "virtqueue_pairs" },
      atLeast: 1,
      atMost: { config: "max_virtqueue_pairs" },
      driver: "5.1.9.5.6.1",
    }],
  },
  mq_rss_config: {
    doc: "Steers received packets by their hash",
    section: "5.1.9.5.7.1",
    tag: ["VIRTIO_NET_CTRL_MQ", "VIRTIO_NET_CTRL_MQ_RSS_CONFIG"],
    feature: "RSS",
    readable: { rss: inline("virtio_net_rss_config") },
    checks: rssChecks,
  },
  mq_hash_config: {
    doc: "Computes hashes to report",
    section: "5.1.9.5.6.4",
    tag: ["VIRTIO_NET_CTRL_MQ", "VIRTIO_NET_CTRL_MQ_HASH_CONFIG"],
    feature: "HASH_REPORT",
    readable: { hash: inline("virtio_net_hash_config") },
    checks: [onlySupportedHashes, keyFits],
  },
  rss_ctx_cap_get: {
    doc: "How many contexts of receive-side scaling there may be",
    section: "5.1.9.5.8.1",
    tag: ["VIRTNET_RSS_CTX_CTRL", "VIRTNET_RSS_CTX_CTRL_CAP_GET"],
    feature: "RSS_CONTEXT",
    writable: { cap: inline("virtnet_rss_ctx_cap") },
  },
  rss_ctx_add: {
    doc: "Adds a context of receive-side scaling",
    section: "5.1.9.5.8.2",
    tag: ["VIRTNET_RSS_CTX_CTRL", "VIRTNET_RSS_CTX_CTRL_ADD"],
    feature: "RSS_CONTEXT",
    readable: { context: inline("virtnet_rss_ctx_add_modify") },
    checks: [contextId, ...rssChecks],
  },
  rss_ctx_mod: {
    doc: "Changes a context of receive-side scaling",
    section: "5.1.9.5.8.2",
    tag: ["VIRTNET_RSS_CTX_CTRL", "VIRTNET_RSS_CTX_CTRL_MOD"],
    feature: "RSS_CONTEXT",
    readable: { context: inline("virtnet_rss_ctx_add_modify") },
    checks: [contextId, ...rssChecks],
  },
  rss_ctx_del: {
    doc: "Deletes a context of receive-side scaling",
    section: "5.1.9.5.8.2",
    tag: ["VIRTNET_RSS_CTX_CTRL", "VIRTNET_RSS_CTX_CTRL_DEL"],
    feature: "RSS_CONTEXT",
    readable: { context: inline("virtnet_rss_ctx_del") },
    checks: [contextId],
  },
  hash_tunnel_set: {
    doc: "Hashes the inner header of these encapsulations",
    section: "5.1.9.4.4",
    tag: ["VIRTIO_NET_CTRL_HASH_TUNNEL", "VIRTIO_NET_CTRL_HASH_TUNNEL_SET"],
    feature: "HASH_TUNNEL",
    readable: { tunnels: inline("virtnet_hash_tunnel") },
    checks: [{
      doc: "Only encapsulations that the device supports",
      section: "5.1.9.4.4.4",
      of: { field: "enabled_tunnel_types" },
      within: { config: "supported_tunnel_types" },
      otherwise: "ERR",
      driver: "5.1.9.4.4.5",
    }],
  },
} as const;

/** Offloads by the bits of the command. */
const OFFLOADS = [
  ["GUEST_CSUM", 1],
  ["GUEST_TSO4", 7],
  ["GUEST_TSO6", 8],
  ["GUEST_ECN", 9],
  ["GUEST_UFO", 10],
  ["GUEST_UDP_TUNNEL_GSO", 46],
  ["GUEST_UDP_TUNNEL_GSO_CSUM", 47],
  ["GUEST_USO4", 54],
  ["GUEST_USO6", 55],
] as const;

const offloadChecks = OFFLOADS.map(([feature, bit]) => ({
  doc: `No ${feature} that was not negotiated`,
  section: "5.1.9.5.9.2",
  unless: feature,
  of: { bit: [{ field: "offloads" }, bit] },
  equals: 0,
  otherwise: "ERR",
  driver: "5.1.9.5.9.2",
} as const));

/** Commands on the queues: offloads, notifications, statistics. */
const queueing = {
  guest_offloads_set: {
    doc: "Enables these receive offloads and disables all others",
    section: "5.1.9.5.9.1",
    tag: ["VIRTIO_NET_CTRL_GUEST_OFFLOADS", "VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET"],
    feature: "CTRL_GUEST_OFFLOADS",
    readable: offloads,
    checks: offloadChecks,
  },
  notf_coal_tx_set: {
    doc: "Sets when all transmit queues notify",
    section: "5.1.9.5.10",
    tag: ["VIRTIO_NET_CTRL_NOTF_COAL", "VIRTIO_NET_CTRL_NOTF_COAL_TX_SET"],
    feature: "NOTF_COAL",
    readable: { coal: inline("virtio_net_ctrl_coal") },
  },
  notf_coal_rx_set: {
    doc: "Sets when all receive queues notify",
    section: "5.1.9.5.10",
    tag: ["VIRTIO_NET_CTRL_NOTF_COAL", "VIRTIO_NET_CTRL_NOTF_COAL_RX_SET"],
    feature: "NOTF_COAL",
    readable: { coal: inline("virtio_net_ctrl_coal") },
  },
  notf_coal_vq_set: {
    doc: "Sets when one queue notifies",
    section: "5.1.9.5.10",
    tag: ["VIRTIO_NET_CTRL_NOTF_COAL", "VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET"],
    feature: "VQ_NOTF_COAL",
    readable: { vq: inline("virtio_net_ctrl_coal_vq") },
    checks: dataQueueChecks,
  },
  // virtio_net_ctrl_coal_vq, cut in two: the device reads vq_index and writes coal
  notf_coal_vq_get: {
    doc: "Reads when one queue notifies",
    section: "5.1.9.5.10",
    tag: ["VIRTIO_NET_CTRL_NOTF_COAL", "VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET"],
    feature: "VQ_NOTF_COAL",
    readable: {
      vq_index: le16("Index of a receive or transmit queue"),
      reserved: le16("Reserved", { reserved: true }),
    },
    writable: { coal: inline("virtio_net_ctrl_coal") },
    checks: dataQueueChecks,
  },
  stats_query: {
    doc: "Which statistics the device keeps",
    section: "5.1.9.5.11.1",
    tag: ["VIRTIO_NET_CTRL_STATS", "VIRTIO_NET_CTRL_STATS_QUERY"],
    feature: "DEVICE_STATS",
    writable: { capabilities: inline("virtio_net_stats_capabilities") },
  },
  stats_get: {
    doc: "Reads statistics of queues, all that is asked for or none",
    section: "5.1.9.5.11.2",
    tag: ["VIRTIO_NET_CTRL_STATS", "VIRTIO_NET_CTRL_STATS_GET"],
    feature: "DEVICE_STATS",
    readable: { queues: inline("virtio_net_ctrl_queue_stats") },
    writable: { replies },
    checks: [
      {
        doc: "Queues of the device",
        section: "5.1.9.5.11.12",
        each: "stats",
        of: { field: "vq_index" },
        atMost: CONTROLQ,
        when: ["MQ", "RSS"],
        otherwise: "ERR",
      },
      {
        doc: "Queues of the device",
        section: "5.1.9.5.11.12",
        each: "stats",
        of: { field: "vq_index" },
        atMost: 2,
        unless: ["MQ", "RSS"],
        otherwise: "ERR",
      },
    ],
  },
} as const;

/** One case for each class and command. */
export const cases = { ...receiving, ...queueing } as const;

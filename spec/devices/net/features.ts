/**
 * Feature bits of the network device (VIRTIO 1.4, 5.1.3).
 *
 * @module
 */

import type { Feature } from "../../types.ts";

/**
 * Offloads are options: whether packets carry a partial checksum or wait for segmentation is the
 * affair of whoever makes and takes the packets, never of the queues.
 */
export const features = {
  CSUM: { bit: 0, doc: "The device takes packets with a partial checksum", by: "option" },
  GUEST_CSUM: { bit: 1, doc: "The driver takes packets with a partial checksum", by: "option" },
  CTRL_GUEST_OFFLOADS: {
    bit: 2,
    doc: "The driver may switch its receive offloads at run time",
    by: "handler",
  },
  MTU: { bit: 3, doc: "The largest MTU is in mtu", by: "config" },
  MAC: { bit: 5, doc: "The MAC address is in mac", by: "config" },
  GSO: { bit: 6, doc: "The device takes packets of every segmentation type", by: "legacy" },
  GUEST_TSO4: {
    bit: 7,
    doc: "The driver takes TCP packets over IPv4 that are larger than a segment",
    requires: "GUEST_CSUM",
    by: "option",
  },
  GUEST_TSO6: {
    bit: 8,
    doc: "The driver takes TCP packets over IPv6 that are larger than a segment",
    requires: "GUEST_CSUM",
    by: "option",
  },
  GUEST_ECN: {
    bit: 9,
    doc: "The driver takes large TCP packets with congestion notification",
    requires: ["GUEST_TSO4", "GUEST_TSO6"],
    by: "option",
  },
  // NOTES.md: net-guest-udp
  GUEST_UFO: {
    bit: 10,
    doc: "The driver takes UDP packets that wait for fragmentation",
    requires: "GUEST_CSUM",
    by: "option",
  },
  HOST_TSO4: {
    bit: 11,
    doc: "The device segments TCP packets over IPv4",
    requires: "CSUM",
    by: "option",
  },
  HOST_TSO6: {
    bit: 12,
    doc: "The device segments TCP packets over IPv6",
    requires: "CSUM",
    by: "option",
  },
  HOST_ECN: {
    bit: 13,
    doc: "The device segments TCP packets with congestion notification",
    requires: ["HOST_TSO4", "HOST_TSO6"],
    by: "option",
  },
  HOST_UFO: { bit: 14, doc: "The device fragments UDP packets", requires: "CSUM", by: "option" },
  MRG_RXBUF: { bit: 15, doc: "One packet may fill several receive buffers", by: "runtime" },
  STATUS: { bit: 16, doc: "The state of the link is in status", by: "config" },
  CTRL_VQ: { bit: 17, doc: "There is a control queue", by: "runtime" },
  CTRL_RX: {
    bit: 18,
    doc: "The driver may filter what it receives",
    requires: "CTRL_VQ",
    by: "handler",
  },
  CTRL_VLAN: {
    bit: 19,
    doc: "The driver may filter VLANs",
    requires: "CTRL_VQ",
    by: "handler",
  },
  CTRL_RX_EXTRA: {
    bit: 20,
    doc: "The driver may filter unicast, multicast and broadcast packets one by one",
    since: "1.3",
    wants: "CTRL_VQ",
    by: "handler",
  },
  GUEST_ANNOUNCE: {
    bit: 21,
    doc: "The device may ask the driver to announce itself with gratuitous packets",
    requires: "CTRL_VQ",
    by: "handler",
  },
  MQ: {
    bit: 22,
    doc: "Several pairs of queues; the device steers received packets by flow",
    requires: "CTRL_VQ",
    by: ["config", "handler"],
  },
  CTRL_MAC_ADDR: {
    bit: 23,
    doc: "The driver may set the MAC address",
    requires: "CTRL_VQ",
    by: "handler",
  },
  // NOTES.md: core-feature-41
  GUEST_RSC4: { bit: 41, doc: "The device coalesces TCP packets over IPv4", by: "legacy" },
  GUEST_RSC6: { bit: 42, doc: "The device coalesces TCP packets over IPv6", by: "legacy" },
  DEVICE_STATS: {
    bit: 50,
    doc: "The driver may ask for counters of each queue",
    since: "1.4",
    by: "handler",
  },
  HASH_TUNNEL: {
    bit: 51,
    doc: "Hashes may be computed over the inner header of an encapsulated packet",
    since: "1.3",
    requires: [["CTRL_VQ", "RSS"], ["CTRL_VQ", "HASH_REPORT"]],
    by: ["config", "handler"],
  },
  VQ_NOTF_COAL: {
    bit: 52,
    doc: "The driver may have notifications of single queues coalesced",
    since: "1.3",
    requires: "CTRL_VQ",
    by: "handler",
  },
  NOTF_COAL: {
    bit: 53,
    doc: "The driver may have notifications of all receive or all transmit queues coalesced",
    since: "1.3",
    requires: "CTRL_VQ",
    by: "handler",
  },
  GUEST_USO4: {
    bit: 54,
    doc: "The driver takes UDP packets over IPv4 that are larger than a segment",
    since: "1.3",
    requires: "GUEST_CSUM",
    by: "option",
  },
  GUEST_USO6: {
    bit: 55,
    doc: "The driver takes UDP packets over IPv6 that are larger than a segment",
    since: "1.3",
    requires: "GUEST_CSUM",
    by: "option",
  },
  HOST_USO: {
    bit: 56,
    doc: "The device segments UDP packets, each segment with a UDP header of its own",
    since: "1.2",
    requires: "CSUM",
    by: "option",
  },
  HASH_REPORT: {
    bit: 57,
    doc: "The device reports the hash of each received packet",
    since: "1.2",
    wants: "CTRL_VQ",
    by: ["config", "handler"],
  },
  GUEST_HDRLEN: {
    bit: 59,
    doc: "The driver gives the exact length of headers in hdr_len",
    since: "1.2",
    by: "option",
  },
  RSS: {
    bit: 60,
    doc:
      "Several pairs of queues; the driver steers received packets by hash (receive-side scaling)",
    since: "1.2",
    requires: "CTRL_VQ",
    by: ["config", "handler"],
  },
  // 5.1.3.1 requires the transmit offloads; the text on receiving (5.1.9.4) takes the GUEST ones for granted
  // NOTES.md: net-rsc
  RSC_EXT: {
    bit: 61,
    doc: "The device counts coalesced segments and duplicated acknowledgements",
    requires: ["HOST_TSO4", "HOST_TSO6"],
    by: "option",
  },
  STANDBY: {
    bit: 62,
    doc: "The device may stand by for another one with the same MAC address",
    by: "option",
  },
  SPEED_DUPLEX: {
    bit: 63,
    doc: "Speed and duplex of the link are in speed and duplex",
    since: "1.2",
    by: "config",
  },
  RSS_CONTEXT: {
    bit: 64,
    doc: "Several configurations of receive-side scaling",
    since: "1.4",
    requires: [["CTRL_VQ", "RSS"]],
    by: "handler",
  },
  GUEST_UDP_TUNNEL_GSO: {
    bit: 65,
    doc: "The driver takes packets larger than a segment inside a UDP tunnel",
    since: "1.4",
    requires: [["GUEST_TSO4", "GUEST_TSO6", "GUEST_USO4", "GUEST_USO6"]],
    by: "option",
  },
  GUEST_UDP_TUNNEL_GSO_CSUM: {
    bit: 66,
    doc: "The driver takes such packets with a partial checksum in the outer UDP header",
    since: "1.4",
    requires: "GUEST_UDP_TUNNEL_GSO",
    by: "option",
  },
  HOST_UDP_TUNNEL_GSO: {
    bit: 67,
    doc: "The device segments packets inside a UDP tunnel",
    since: "1.4",
    requires: [["HOST_TSO4", "HOST_TSO6", "HOST_USO"]],
    by: "option",
  },
  HOST_UDP_TUNNEL_GSO_CSUM: {
    bit: 68,
    doc: "The device takes such packets with a partial checksum in the outer UDP header",
    since: "1.4",
    requires: "HOST_UDP_TUNNEL_GSO",
    by: "option",
  },
  OUT_NET_HEADER: {
    bit: 69,
    doc: "The driver says where the outer network header starts",
    since: "1.4",
    by: "option",
  },
  IPSEC: {
    bit: 70,
    doc: "The device does IPsec on packets; OUT_NET_HEADER should be offered with it",
    since: "1.4",
    by: "option",
  },
} as const satisfies Readonly<Record<string, Feature>>;

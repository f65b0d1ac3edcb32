/**
 * Network device (VIRTIO 1.4, 5.1).
 *
 * @module
 */

import { body, bytes, defineDevice, type Device, le16, le32, payload, struct, u8 } from "../dsl.ts";
import { ipsecEnums, ipsecStructs } from "./crypto/ipsec.ts";
import { commands } from "./net/commands.ts";
import { cases } from "./net/control.ts";
import { enums } from "./net/enums.ts";
import { features } from "./net/features.ts";
import { receiveDemands, transmitDemands } from "./net/headers.ts";
import { adminQueue, resourceEnums, resourceStructs } from "./net/resources.ts";
import { stats } from "./net/stats.ts";
import { structs } from "./net/structs.ts";

/** The network device: an Ethernet card with one or more pairs of queues. */
export const net: Device = defineDevice({
  name: "net",
  prefix: "Network",
  id: 1,
  title: "Network Device",
  section: "5.1",
  doc: "An Ethernet card: packets in both directions over one or more pairs of queues",

  features,
  enums: { ...enums, ...commands, ...resourceEnums, ...ipsecEnums },
  constants: {
    VIRTNET_RSS_CTX_CTRL: { value: 9, doc: "Class of commands: contexts of receive-side scaling" },
    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN: { value: 1, doc: "Fewest pairs of queues" },
    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX: { value: 0x8000, doc: "Most pairs of queues" },
  },
  structs: { ...structs, ...stats, ...resourceStructs, ...ipsecStructs },

  config: {
    struct: "virtio_net_config",
    section: "5.1.4",
    size: 28,
    notifies: ["status", "speed", "duplex"],
    fixed: ["mtu"],
    fields: {
      // always there, but it says something only when MAC is offered
      mac: bytes("MAC address", 6, { when: "MAC", driverWrites: { legacy: true } }),
      status: le16("State of the link", { enum: "VIRTIO_NET_S", when: "STATUS" }),
      // NOTES.md: net-n
      max_virtqueue_pairs: le16("Number of pairs of queues", {
        when: ["MQ", "RSS"],
        min: 1,
        max: 0x8000,
      }),
      mtu: le16("Largest packet without its Ethernet header, in bytes; 1280 or more is advised", {
        when: "MTU",
        min: 68,
      }),
      // 5.1.4.1 writes 0x7ffffffff and 0xfffffffff, one digit too many for 32 bits
      // NOTES.md: net-speed-hex
      speed: le32("Speed in megabits a second up to 0x7fffffff, or 0xffffffff: unknown", {
        when: "SPEED_DUPLEX",
      }),
      // as in 5.1.4 and in Linux; 5.1.4.1 has 0 and 1 the other way round
      // NOTES.md: net-duplex
      duplex: u8("0 half duplex, 1 full duplex, 0xff: unknown", {
        when: "SPEED_DUPLEX",
        oneOf: [0, 1, 0xff],
      }),
      rss_max_key_size: u8("Longest key of a hash, in bytes", {
        when: ["RSS", "HASH_REPORT"],
        min: 40,
      }),
      // Linux takes it whole, and tables have powers of two
      rss_max_indirection_table_length: le16("Most entries of an indirection table", {
        when: "RSS",
        min: 128,
      }),
      supported_hash_types: le32("What the device can hash", {
        enum: "VIRTIO_NET_HASH_TYPE",
        when: ["RSS", "HASH_REPORT"],
      }),
      supported_tunnel_types: le32("Encapsulations whose inner header the device can hash", {
        enum: "VIRTIO_NET_HASH_TUNNEL_TYPE",
        when: "HASH_TUNNEL",
      }),
    },
  },

  messages: {
    receive: {
      doc: "A packet from the network",
      section: "5.1.9.4",
      writable: {
        hdr: struct("virtio_net_hdr", "What is known of the packet"),
        data: payload("The packet"),
      },
      checks: receiveDemands,
    },
    transmit: {
      doc: "A packet to the network",
      section: "5.1.9.2",
      readable: {
        hdr: struct("virtio_net_hdr", "What is known of the packet"),
        data: payload("The packet"),
      },
      checks: transmitDemands,
    },
    virtio_net_ctrl: {
      doc: "A command",
      section: "5.1.9.5",
      struct: "virtio_net_ctrl",
      readable: {
        class: u8("What it is about", { enum: "VIRTIO_NET_CTRL", tag: true }),
        command: u8("What to do", { tag: true }),
        command_specific_data: body(),
      },
      writable: {
        ack: u8("How it went", { enum: "VIRTIO_NET" }),
        command_specific_result: body(),
      },
      status: { field: "ack", ok: "OK", unknown: "ERR", malformed: "ERR", failed: "ERR" },
      cases,
    },
  },

  adminQueue,

  behaviours: {
    announcer: {
      doc: "Asks for gratuitous packets and knows when the driver has seen it",
      section: "5.1.9.5.4",
      when: "GUEST_ANNOUNCE",
      enums: ["VIRTIO_NET", "VIRTIO_NET_S"],
      device: {
        class: "DeviceAnnouncer",
        options: "required",
        serves: ["virtio_net_ctrl.announce_ack"],
      },
      driver: { class: "DriverAnnouncer", options: "required" },
    },
    filter: {
      doc: "Which packets pass: by mode, by address and by VLAN; tables are empty after a reset",
      section: "5.1.9.5",
      when: ["CTRL_RX", "CTRL_RX_EXTRA", "CTRL_VLAN", "CTRL_MAC_ADDR"],
      enums: ["VIRTIO_NET"],
      features: ["MAC", "CTRL_RX", "CTRL_VLAN"],
      device: {
        class: "ReceiveFilter",
        options: "required",
        serves: [
          "virtio_net_ctrl.rx_promisc",
          "virtio_net_ctrl.rx_allmulti",
          "virtio_net_ctrl.rx_alluni",
          "virtio_net_ctrl.rx_nomulti",
          "virtio_net_ctrl.rx_nouni",
          "virtio_net_ctrl.rx_nobcast",
          "virtio_net_ctrl.mac_table_set",
          "virtio_net_ctrl.mac_addr_set",
          "virtio_net_ctrl.vlan_add",
          "virtio_net_ctrl.vlan_del",
        ],
      },
    },
    coalescing: {
      doc: "When each queue notifies; all parameters are 0 after a reset",
      section: "5.1.9.5.10",
      when: ["NOTF_COAL", "VQ_NOTF_COAL"],
      enums: ["VIRTIO_NET"],
      features: ["MQ", "RSS"],
      device: {
        class: "Coalescing",
        options: "required",
        serves: [
          "virtio_net_ctrl.notf_coal_tx_set",
          "virtio_net_ctrl.notf_coal_rx_set",
          "virtio_net_ctrl.notf_coal_vq_set",
          "virtio_net_ctrl.notf_coal_vq_get",
        ],
      },
    },
  },

  // N pairs, as many as the device has rather than as many as a command enables. 5.1.5 derives N
  // from MQ alone; 5.1.2 from MQ or RSS, and so do drivers.
  queues: {
    receiveq: {
      doc: "Packets from the network; a packet fills one buffer, or several with MRG_RXBUF",
      section: "5.1.2",
      role: "receive",
      carries: "receive",
      index: { first: 0, step: 2 },
      count: { config: "max_virtqueue_pairs", when: ["MQ", "RSS"], otherwise: 1 },
      // header and a frame of 1514 bytes; without MRG_RXBUF also a packet that waits to be cut, or one
      // as long as the MTU allows, with a tag of a VLAN, behind the largest header (5.1.9.3.1)
      parks: [
        { length: 1526 },
        { when: "HASH_REPORT", length: 1534 },
        { when: ["HOST_UDP_TUNNEL_GSO", "GUEST_UDP_TUNNEL_GSO"], length: 1538 },
        { when: ["OUT_NET_HEADER", "IPSEC"], length: 1546 },
        {
          when: ["GUEST_TSO4", "GUEST_TSO6", "GUEST_UFO", "GUEST_USO4", "GUEST_USO6"],
          unless: "MRG_RXBUF",
          length: 65621,
        },
        { when: "MTU", unless: "MRG_RXBUF", length: { config: "mtu", plus: 50 } },
        // of few buffers, those of a whole queue may have to hold one packet
        {
          when: ["GUEST_TSO4", "GUEST_TSO6", "GUEST_UFO", "GUEST_USO4", "GUEST_USO6"],
          length: 65621,
          together: true,
        },
        { when: "MTU", length: { config: "mtu", plus: 50 }, together: true },
      ],
      merges: { field: ["hdr", "num_buffers"], when: "MRG_RXBUF" },
    },
    transmitq: {
      doc: "Packets to the network",
      section: "5.1.2",
      role: "transmit",
      carries: "transmit",
      index: { first: 1, step: 2 },
      count: { config: "max_virtqueue_pairs", when: ["MQ", "RSS"], otherwise: 1 },
      legacyUsed: "ignored",
    },
    controlq: {
      doc: "Commands",
      section: "5.1.2",
      role: "request",
      carries: "virtio_net_ctrl",
      index: { config: "max_virtqueue_pairs", when: ["MQ", "RSS"], otherwise: 1, times: 2 },
      when: "CTRL_VQ",
      legacyUsed: "ignored",
    },
  },
});

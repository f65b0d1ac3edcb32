/**
 * Classes and commands of the control queue (VIRTIO 1.4, 5.1.9.5).
 *
 * @module
 */

import type { Enumeration } from "../../types.ts";

/** One enumeration for the classes, one for the commands of each class. */
export const commands = {
  VIRTIO_NET: {
    doc: "How a command went",
    section: "5.1.9.5",
    name: "Ack",
    members: { OK: { value: 0, doc: "Done" }, ERR: { value: 1, doc: "Refused or failed" } },
  },
  // class 9 is VIRTNET_RSS_CTX_CTRL, a loose constant: its name does not start like the others
  VIRTIO_NET_CTRL: {
    doc: "What a command is about",
    section: "5.1.9.5",
    name: "ControlClass",
    members: {
      RX: { value: 0, doc: "Receive filters" },
      MAC: { value: 1, doc: "MAC addresses" },
      VLAN: { value: 2, doc: "VLAN filters" },
      ANNOUNCE: { value: 3, doc: "Gratuitous packets" },
      MQ: { value: 4, doc: "Several queues and hashes" },
      GUEST_OFFLOADS: { value: 5, doc: "Receive offloads" },
      NOTF_COAL: { value: 6, doc: "Coalescing of notifications" },
      HASH_TUNNEL: { value: 7, doc: "Hashes over inner headers" },
      STATS: { value: 8, doc: "Statistics" },
    },
  },
  VIRTIO_NET_CTRL_RX: {
    doc: "Commands on receive filters, each with one byte: 1 on, 0 off",
    section: "5.1.9.5.1",
    name: "RxCommand",
    members: {
      PROMISC: { value: 0, doc: "Receive everything" },
      ALLMULTI: { value: 1, doc: "Receive all multicast packets" },
      ALLUNI: { value: 2, doc: "Receive all unicast packets" },
      NOMULTI: { value: 3, doc: "Receive no multicast packets" },
      NOUNI: { value: 4, doc: "Receive no unicast packets" },
      NOBCAST: { value: 5, doc: "Receive no broadcast packets" },
    },
  },
  VIRTIO_NET_CTRL_MAC: {
    doc: "Commands on MAC addresses",
    section: "5.1.9.5.2",
    name: "MacCommand",
    members: {
      TABLE_SET: { value: 0, doc: "Set the addresses to receive for" },
      ADDR_SET: { value: 1, doc: "Set the device's own address" },
    },
  },
  VIRTIO_NET_CTRL_VLAN: {
    doc: "Commands on VLAN filters",
    section: "5.1.9.5.3",
    name: "VlanCommand",
    members: {
      ADD: { value: 0, doc: "Receive packets of a VLAN" },
      DEL: { value: 1, doc: "Receive them no more" },
    },
  },
  VIRTIO_NET_CTRL_ANNOUNCE: {
    doc: "Commands on gratuitous packets",
    section: "5.1.9.5.4",
    name: "AnnounceCommand",
    members: { ACK: { value: 0, doc: "The driver has seen that it should send some" } },
  },
  VIRTIO_NET_CTRL_MQ: {
    doc: "Commands on several queues and on hashes",
    section: "5.1.9.5.5",
    name: "MqCommand",
    members: {
      VQ_PAIRS_SET: { value: 0, doc: "Use so many pairs of queues, steer by flow" },
      RSS_CONFIG: { value: 1, doc: "Steer by hash" },
      HASH_CONFIG: { value: 2, doc: "Compute hashes to report" },
    },
  },
  VIRTIO_NET_CTRL_GUEST_OFFLOADS: {
    doc: "Commands on receive offloads",
    section: "5.1.9.5.9.1",
    name: "GuestOffloadsCommand",
    members: { SET: { value: 0, doc: "Enable these and no others" } },
  },
  VIRTIO_NET_CTRL_NOTF_COAL: {
    doc: "Commands on the coalescing of notifications",
    section: "5.1.9.5.10",
    name: "NotfCoalCommand",
    members: {
      TX_SET: { value: 0, doc: "Set it for all transmit queues" },
      RX_SET: { value: 1, doc: "Set it for all receive queues" },
      VQ_SET: { value: 2, doc: "Set it for one queue" },
      VQ_GET: { value: 3, doc: "Read it from one queue" },
    },
  },
  VIRTIO_NET_CTRL_HASH_TUNNEL: {
    doc: "Commands on hashes over inner headers",
    section: "5.1.9.4.4",
    name: "HashTunnelCommand",
    members: { SET: { value: 0, doc: "Hash the inner header of these encapsulations" } },
  },
  VIRTIO_NET_CTRL_STATS: {
    doc: "Commands on statistics",
    section: "5.1.9.5.11.1",
    name: "StatsCommand",
    members: {
      QUERY: { value: 0, doc: "Which kinds there are" },
      GET: { value: 1, doc: "The counters" },
    },
  },
  VIRTNET_RSS_CTX_CTRL: {
    doc: "Commands on contexts of receive-side scaling",
    section: "5.1.9.5.8.1",
    name: "RssCtxCommand",
    members: {
      CAP_GET: { value: 0, doc: "How many there may be" },
      ADD: { value: 1, doc: "Add one" },
      MOD: { value: 2, doc: "Change one" },
      DEL: { value: 3, doc: "Delete one" },
    },
  },
} as const satisfies Readonly<Record<string, Enumeration>>;

/**
 * Named numbers of the network device (VIRTIO 1.4, 5.1).
 *
 * @module
 */

import type { Enumeration } from "../../types.ts";

/** Status, packet header, hashes and statistics. */
export const enums = {
  VIRTIO_NET_S: {
    doc: "State of the link",
    section: "5.1.4",
    name: "LinkStatus",
    as: "masks",
    members: {
      LINK_UP: { value: 1, doc: "The link is up" },
      ANNOUNCE: { value: 2, doc: "The driver should send gratuitous packets" },
    },
  },
  VIRTIO_NET_HDR_F: {
    doc: "What a packet's header says about it",
    section: "5.1.9",
    name: "HeaderFlags",
    as: "masks",
    members: {
      NEEDS_CSUM: {
        value: 1,
        doc: "The checksum is partial, csum_start and csum_offset are valid",
      },
      DATA_VALID: { value: 2, doc: "The checksum has been validated (receive only)" },
      RSC_INFO: {
        value: 4,
        doc: "csum_start and csum_offset count segments and acknowledgements (receive only)",
      },
      UDP_TUNNEL_CSUM: { value: 8, doc: "The checksum of the outer UDP header is partial, too" },
      SECURITY: { value: 16, doc: "IPsec: to be done, resource_id is valid; or done, on receive" },
      SECURITY_ERR: { value: 32, doc: "IPsec failed (receive only)" },
      SECURITY_SA_SOFT_EXPIRY_WARN: {
        value: 64,
        doc: "The security association has reached a soft limit (receive only)",
      },
    },
  },
  VIRTIO_NET_HDR_GSO: {
    doc: "How a packet is to be cut into segments; the bits of GsoFlags may be added",
    section: "5.1.9",
    name: "GsoType",
    members: {
      NONE: { value: 0, doc: "Not at all" },
      TCPV4: { value: 1, doc: "TCP over IPv4" },
      UDP: { value: 3, doc: "IP fragments of a UDP packet" },
      TCPV6: { value: 4, doc: "TCP over IPv6" },
      UDP_L4: { value: 5, doc: "UDP, each segment with a header of its own" },
    },
  },
  VIRTIO_NET_HDR_GSO_FLAGS: {
    doc: "Bits that may be added to a GsoType",
    section: "5.1.9",
    name: "GsoFlags",
    prefix: "VIRTIO_NET_HDR_GSO",
    as: "masks",
    members: {
      UDP_TUNNEL_IPV4: { value: 0x20, doc: "Inside a UDP tunnel, the inner packet is IPv4" },
      UDP_TUNNEL_IPV6: { value: 0x40, doc: "Inside a UDP tunnel, the inner packet is IPv6" },
      ECN: { value: 0x80, doc: "TCP with congestion notification" },
    },
  },
  VIRTIO_NET_HASH_TYPE: {
    doc: "What a hash is computed over",
    section: "5.1.9.4.3.1",
    name: "HashTypes",
    as: "masks",
    members: {
      IPv4: { value: 1 << 0, doc: "Addresses of IPv4" },
      TCPv4: { value: 1 << 1, doc: "Addresses and ports of TCP over IPv4" },
      UDPv4: { value: 1 << 2, doc: "Addresses and ports of UDP over IPv4" },
      IPv6: { value: 1 << 3, doc: "Addresses of IPv6" },
      TCPv6: { value: 1 << 4, doc: "Addresses and ports of TCP over IPv6" },
      UDPv6: { value: 1 << 5, doc: "Addresses and ports of UDP over IPv6" },
      IP_EX: { value: 1 << 6, doc: "Addresses of IPv6, those in extension headers first" },
      TCP_EX: { value: 1 << 7, doc: "The same and the ports of TCP" },
      UDP_EX: { value: 1 << 8, doc: "The same and the ports of UDP" },
    },
  },
  VIRTIO_NET_HASH_TUNNEL_TYPE: {
    doc: "Encapsulations whose inner header may be hashed",
    section: "5.1.9.4.4.2",
    name: "HashTunnelTypes",
    as: "masks",
    members: {
      GRE_2784: { value: 1 << 0, doc: "GRE as in RFC 2784" },
      GRE_2890: { value: 1 << 1, doc: "GRE with key and sequence number, RFC 2890" },
      GRE_7676: { value: 1 << 2, doc: "GRE over IPv6, RFC 7676" },
      GRE_UDP: { value: 1 << 3, doc: "GRE in UDP, RFC 8086" },
      VXLAN: 1 << 4,
      VXLAN_GPE: { value: 1 << 5, doc: "VXLAN with a protocol field" },
      GENEVE: 1 << 6,
      IPIP: { value: 1 << 7, doc: "IP in IP" },
      NVGRE: 1 << 8,
    },
  },
  VIRTIO_NET_HASH_REPORT: {
    doc: "What a packet's hash was computed over",
    section: "5.1.9.4.5",
    name: "HashReport",
    members: {
      NONE: { value: 0, doc: "There is no hash" },
      IPv4: { value: 1, doc: "Addresses of IPv4" },
      TCPv4: { value: 2, doc: "Addresses and ports of TCP over IPv4" },
      UDPv4: { value: 3, doc: "Addresses and ports of UDP over IPv4" },
      IPv6: { value: 4, doc: "Addresses of IPv6" },
      TCPv6: { value: 5, doc: "Addresses and ports of TCP over IPv6" },
      UDPv6: { value: 6, doc: "Addresses and ports of UDP over IPv6" },
      IPv6_EX: { value: 7, doc: "Addresses of IPv6, those in extension headers first" },
      TCPv6_EX: { value: 8, doc: "The same and the ports of TCP" },
      UDPv6_EX: { value: 9, doc: "The same and the ports of UDP" },
    },
  },
  // The standard gives these bits the names of feature bits (5.1.9.5.9.1), yet the two tunnel
  // offloads are bits 46 and 47 here and features 65 and 66: they need names of their own.
  // NOTES.md: net-offload-bits
  VIRTIO_NET_OFFLOAD: {
    doc: "Receive offloads, as bits of the offloads command",
    section: "5.1.9.5.9.1",
    name: "GuestOffload",
    as: "bits",
    members: {
      GUEST_CSUM: { value: 1, doc: "Partial checksums", when: "GUEST_CSUM" },
      GUEST_TSO4: { value: 7, doc: "Large TCP packets over IPv4", when: "GUEST_TSO4" },
      GUEST_TSO6: { value: 8, doc: "Large TCP packets over IPv6", when: "GUEST_TSO6" },
      GUEST_ECN: { value: 9, doc: "Congestion notification in those", when: "GUEST_ECN" },
      GUEST_UFO: { value: 10, doc: "UDP packets to be fragmented", when: "GUEST_UFO" },
      GUEST_UDP_TUNNEL_GSO: {
        value: 46,
        doc: "Large packets inside a UDP tunnel",
        when: "GUEST_UDP_TUNNEL_GSO",
      },
      GUEST_UDP_TUNNEL_GSO_CSUM: {
        value: 47,
        doc: "Those with a partial outer checksum",
        when: "GUEST_UDP_TUNNEL_GSO_CSUM",
      },
      GUEST_USO4: { value: 54, doc: "Large UDP packets over IPv4", when: "GUEST_USO4" },
      GUEST_USO6: { value: 55, doc: "Large UDP packets over IPv6", when: "GUEST_USO6" },
    },
  },
  VIRTIO_NET_STATS_TYPE: {
    doc: "Kinds of statistics, as asked for",
    section: "5.1.9.5.11.1",
    name: "StatsTypes",
    as: "masks",
    members: {
      RX_BASIC: { value: 1 << 0, doc: "Packets, bytes and drops of a receive queue" },
      RX_CSUM: { value: 1 << 1, doc: "Checksums of a receive queue", when: "GUEST_CSUM" },
      RX_GSO: {
        value: 1 << 2,
        doc: "Large packets of a receive queue",
        when: ["GUEST_TSO4", "GUEST_TSO6"],
      },
      RX_SPEED: { value: 1 << 3, doc: "Drops of a receive queue beyond the speed of the link" },
      TX_BASIC: { value: 1 << 16, doc: "Packets, bytes and drops of a transmit queue" },
      TX_CSUM: { value: 1 << 17, doc: "Checksums of a transmit queue", when: "CSUM" },
      TX_GSO: {
        value: 1 << 18,
        doc: "Large packets of a transmit queue",
        when: ["HOST_TSO4", "HOST_TSO6", "HOST_USO"],
      },
      TX_SPEED: { value: 1 << 19, doc: "Drops of a transmit queue beyond the speed of the link" },
      CVQ: { value: 2 ** 32, doc: "Commands of the control queue" },
    },
  },
  VIRTIO_NET_STATS_TYPE_REPLY: {
    doc: "Kinds of statistics, as answered: the number of the bit that asks for them",
    section: "5.1.9.5.11.2",
    name: "StatsReplyType",
    members: {
      RX_BASIC: { value: 0, doc: "Packets, bytes and drops of a receive queue" },
      RX_CSUM: { value: 1, doc: "Checksums of a receive queue" },
      RX_GSO: { value: 2, doc: "Large packets of a receive queue" },
      RX_SPEED: { value: 3, doc: "Drops of a receive queue beyond the speed of the link" },
      TX_BASIC: { value: 16, doc: "Packets, bytes and drops of a transmit queue" },
      TX_CSUM: { value: 17, doc: "Checksums of a transmit queue" },
      TX_GSO: { value: 18, doc: "Large packets of a transmit queue" },
      TX_SPEED: { value: 19, doc: "Drops of a transmit queue beyond the speed of the link" },
      CVQ: { value: 32, doc: "Commands of the control queue" },
    },
  },
} as const satisfies Readonly<Record<string, Enumeration>>;

/**
 * What the standard demands of the headers of packets (VIRTIO 1.4, 5.1.9.2 and 5.1.9.4).
 *
 * @module
 */

const flags = { field: ["hdr", "flags"] } as const;
const needsCsum = { bit: [flags, 0] } as const;
const dataValid = { bit: [flags, 1] } as const;
const rscInfo = { bit: [flags, 2] } as const;
/** SECURITY alone, and with what devices say of it. */
const [SECURITY, SECURITIES] = [0x10, 0x70] as const;

const gsoType = { field: ["hdr", "gso_type"] } as const;
/** Without the bits that may be added. */
const protocol = { masked: [gsoType, 0x1f] } as const;
/** Without ECN. */
const kind = { masked: [gsoType, 0x7f] } as const;
const tunnel = { masked: [gsoType, 0x60] } as const;
/** 1 for a packet that is to be cut, else 0. */
const isCut = { quotient: [{ sum: [protocol, 31] }, 32] } as const;
/** 1 for a packet in a tunnel, else 0. */
const isTunnel = { quotient: [{ sum: [tunnel, 0x60] }, 0x80] } as const;

const length = { length: "data" } as const;
const outer = { field: ["hdr", "outer_th_offset"] } as const;
const inner = { field: ["hdr", "inner_nh_offset"] } as const;
const csumStart = { field: ["hdr", "csum_start"] } as const;
const size = { field: ["hdr", "gso_size"] } as const;
/** Behind the checksum. */
const csumEnd = { sum: [csumStart, { field: ["hdr", "csum_offset"] }, 2] } as const;
/** Behind the checksum has to be the packet's end at the latest, unless these fields count segments. */
const csumMost = { sum: [length, { product: [0x2_0000, rscInfo] }] } as const;
/** mtu with an Ethernet header and a tag of a VLAN; anything where the packet is to be cut. */
const longest = { sum: [{ config: "mtu" }, 18, { product: [0x10_0000, isCut] }] } as const;

const driver = "5.1.9.2.1";
const device = "5.1.9.4.1";

/** Demands on the header of a packet to the network. */
export const transmitDemands = [
  { doc: "num_buffers is 0", of: { field: ["hdr", "num_buffers"] }, equals: 0, driver },
  { doc: "No flag without CSUM", unless: "CSUM", of: flags, within: SECURITY, driver },
  { doc: "No SECURITY without IPSEC", unless: "IPSEC", of: flags, clear: SECURITY, driver },
  { doc: "No TCPV4 without HOST_TSO4", unless: "HOST_TSO4", of: protocol, differs: 1, driver },
  { doc: "No TCPV6 without HOST_TSO6", unless: "HOST_TSO6", of: protocol, differs: 4, driver },
  { doc: "No UDP without HOST_UFO", unless: "HOST_UFO", of: protocol, differs: 3, driver },
  { doc: "No UDP_L4 without HOST_USO", unless: "HOST_USO", of: protocol, differs: 5, driver },
  {
    doc: "Nothing is cut without a HOST feature for it",
    unless: ["HOST_TSO4", "HOST_TSO6", "HOST_UFO", "HOST_USO"],
    of: gsoType,
    equals: 0,
    driver,
  },
  {
    doc: "No tunnel without HOST_UDP_TUNNEL_GSO",
    unless: "HOST_UDP_TUNNEL_GSO",
    of: tunnel,
    equals: 0,
    driver,
  },
  {
    doc: "No UDP_TUNNEL_CSUM without HOST_UDP_TUNNEL_GSO_CSUM",
    unless: "HOST_UDP_TUNNEL_GSO_CSUM",
    of: flags,
    clear: 8,
    driver,
  },
  {
    doc: "A tunnel is over IPv4 or over IPv6",
    of: tunnel,
    differs: 0x60,
    driver,
    dropped: "5.1.9.2.2",
  },
  { doc: "No UDP in a tunnel over IPv4", of: kind, differs: 0x23, driver },
  { doc: "No UDP in a tunnel over IPv6", of: kind, differs: 0x43, driver },
  { doc: "TCPV4 is in no tunnel for IPv6", of: kind, differs: 0x41, driver },
  { doc: "TCPV6 is in no tunnel for IPv4", of: kind, differs: 0x24, driver },
  {
    doc: "UDP_TUNNEL_CSUM is of a tunnel",
    of: { bit: [flags, 3] },
    atMost: tunnel,
    driver,
    dropped: "5.1.9.2.2",
  },
  { doc: "What is in a tunnel is cut", of: isCut, atLeast: isTunnel, dropped: "5.1.9.2.2" },
  {
    doc: "What is in a tunnel has NEEDS_CSUM",
    of: needsCsum,
    atLeast: isTunnel,
    dropped: "5.1.9.2.2",
  },
  {
    doc: "What is in a tunnel has no DATA_VALID",
    of: { sum: [dataValid, isTunnel] },
    atMost: 1,
    dropped: "5.1.9.2.2",
  },
  { doc: "The outer UDP header of a tunnel has a place", of: outer, atLeast: isTunnel, driver },
  {
    doc: "The inner network header is behind the outer UDP header",
    of: inner,
    atLeast: { product: [isTunnel, { sum: [outer, 8] }] },
    driver,
  },
  { doc: "What is cut has NEEDS_CSUM", of: needsCsum, atLeast: isCut, driver },
  { doc: "What is cut has a size", of: size, atLeast: isCut, driver },
  {
    doc: "The checksum is in the packet",
    of: { product: [needsCsum, csumEnd] },
    atMost: length,
    driver,
  },
  {
    doc: "hdr_len reaches behind the start of the transport header",
    when: "GUEST_HDRLEN",
    of: { field: ["hdr", "hdr_len"] },
    atLeast: { product: [isCut, { sum: [csumStart, 8] }] },
    driver,
  },
  {
    doc: "hdr_len reaches no further than the packet",
    when: "GUEST_HDRLEN",
    of: { product: [isCut, { field: ["hdr", "hdr_len"] }] },
    atMost: length,
    driver,
  },
  {
    doc: "Not longer than mtu unless it is cut",
    section: "5.1.4.2",
    when: "MTU",
    of: length,
    atMost: longest,
    driver: "5.1.4.2",
  },
  { doc: "DATA_VALID and RSC_INFO are for devices", of: flags, clear: 6, driver },
] as const;

/** Demands on the header of a packet from the network. */
export const receiveDemands = [
  {
    doc: "No flag without GUEST_CSUM",
    unless: "GUEST_CSUM",
    of: flags,
    within: SECURITIES,
    device,
  },
  { doc: "No SECURITY without IPSEC", unless: "IPSEC", of: flags, clear: SECURITIES, device },
  { doc: "No TCPV4 without GUEST_TSO4", unless: "GUEST_TSO4", of: protocol, differs: 1, device },
  { doc: "No UDP without GUEST_UFO", unless: "GUEST_UFO", of: protocol, differs: 3, device },
  { doc: "No TCPV6 without GUEST_TSO6", unless: "GUEST_TSO6", of: protocol, differs: 4, device },
  {
    doc: "No UDP_L4 without GUEST_USO4 or GUEST_USO6",
    unless: ["GUEST_USO4", "GUEST_USO6"],
    of: protocol,
    differs: 5,
    device,
  },
  {
    doc: "Nothing is cut without a GUEST feature for it",
    unless: ["GUEST_TSO4", "GUEST_TSO6", "GUEST_UFO", "GUEST_USO4", "GUEST_USO6"],
    of: gsoType,
    equals: 0,
    device,
  },
  {
    doc: "No tunnel without GUEST_UDP_TUNNEL_GSO",
    unless: "GUEST_UDP_TUNNEL_GSO",
    of: tunnel,
    equals: 0,
    device,
  },
  {
    doc: "No UDP_TUNNEL_CSUM without GUEST_UDP_TUNNEL_GSO_CSUM",
    unless: "GUEST_UDP_TUNNEL_GSO_CSUM",
    of: flags,
    clear: 8,
    device,
  },
  {
    doc: "A tunnel is over IPv4 or over IPv6",
    of: tunnel,
    differs: 0x60,
    device,
    dropped: "5.1.9.4.2",
  },
  { doc: "TCPV4 is in no tunnel for IPv6", of: kind, differs: 0x41, device },
  { doc: "TCPV6 is in no tunnel for IPv4", of: kind, differs: 0x24, device },
  {
    doc: "What is in a tunnel is cut",
    of: isCut,
    atLeast: isTunnel,
    device: "5.1.9.4.2",
    dropped: "5.1.9.4.2",
  },
  {
    doc: "What is in a tunnel has NEEDS_CSUM",
    of: needsCsum,
    atLeast: isTunnel,
    dropped: "5.1.9.4.2",
  },
  {
    doc: "What is in a tunnel has no DATA_VALID",
    of: { sum: [dataValid, isTunnel] },
    atMost: 1,
    device,
    dropped: "5.1.9.4.2",
  },
  { doc: "The outer UDP header of a tunnel has a place", of: outer, atLeast: isTunnel, device },
  {
    doc: "The inner network header is behind the outer UDP header",
    of: inner,
    atLeast: { product: [isTunnel, { sum: [outer, 8] }] },
    device,
  },
  { doc: "What is cut has NEEDS_CSUM", of: needsCsum, atLeast: isCut, device },
  { doc: "What is cut has a size", of: size, atLeast: isCut, device },
  {
    doc: "What is cut has RSC_INFO with RSC_EXT",
    when: "RSC_EXT",
    of: rscInfo,
    atLeast: isCut,
    device,
  },
  { doc: "No RSC_INFO without RSC_EXT", unless: "RSC_EXT", of: flags, clear: 4, device },
  {
    doc: "The checksum is in the packet",
    of: { product: [needsCsum, csumEnd] },
    atMost: csumMost,
    device,
  },
  {
    doc: "Not longer than mtu unless it is cut",
    section: "5.1.4.1",
    when: "MTU",
    of: length,
    atMost: longest,
    device: "5.1.4.1",
  },
] as const;

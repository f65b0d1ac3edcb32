/**
 * What the standard demands of the headers of packets that a driver sends (VIRTIO 1.4, 5.1.9.2.1).
 *
 * @module
 */

const flags = { field: ["hdr", "flags"] } as const;
const gsoType = { field: ["hdr", "gso_type"] } as const;
/** Without the bits that may be added. */
const protocol = { masked: [gsoType, 0x1f] } as const;
const tunnel = { masked: [gsoType, 0x60] } as const;
/** 1 for a packet that is to be cut, else 0. */
const isCut = { quotient: [{ sum: [protocol, 31] }, 32] } as const;

const driver = "5.1.9.2.1";

/** Demands on a packet's header. */
export const headerDemands = [
  { doc: "num_buffers is 0", of: { field: ["hdr", "num_buffers"] }, equals: 0, driver },
  {
    doc: "No flag without CSUM",
    unless: ["CSUM", "IPSEC"],
    of: flags,
    equals: 0,
    driver,
  },
  { doc: "No TCPV4 without HOST_TSO4", unless: "HOST_TSO4", of: protocol, differs: 1, driver },
  { doc: "No TCPV6 without HOST_TSO6", unless: "HOST_TSO6", of: protocol, differs: 4, driver },
  { doc: "No UDP without HOST_UFO", unless: "HOST_UFO", of: protocol, differs: 3, driver },
  { doc: "No UDP_L4 without HOST_USO", unless: "HOST_USO", of: protocol, differs: 5, driver },
  {
    doc: "Nothing is cut without any of those",
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
  { doc: "A tunnel is over IPv4 or over IPv6", of: tunnel, differs: 0x60, driver },
  {
    doc: "No UDP in a tunnel over IPv4",
    of: { masked: [gsoType, 0x7f] },
    differs: 0x23,
    driver,
  },
  {
    doc: "No UDP in a tunnel over IPv6",
    of: { masked: [gsoType, 0x7f] },
    differs: 0x43,
    driver,
  },
  {
    doc: "UDP_TUNNEL_CSUM is of a tunnel",
    of: { bit: [flags, 3] },
    atMost: tunnel,
    driver,
  },
  { doc: "What is cut has NEEDS_CSUM", of: { bit: [flags, 0] }, atLeast: isCut, driver },
  { doc: "What is cut has a size", of: { field: ["hdr", "gso_size"] }, atLeast: isCut, driver },
  { doc: "DATA_VALID and RSC_INFO are for devices", of: flags, clear: 6, driver },
] as const;

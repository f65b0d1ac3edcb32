/**
 * IPsec objects of the crypto device, managed by administration commands (VIRTIO 1.4, 5.9.9.9). A
 * structure without a name in the standard is called after its parent and its field.
 *
 * @module
 */

import { array, bytes, le16, le32, le64, padding, struct, u8, union } from "../../dsl.ts";
import { enums } from "./enums.ts";

/** Named numbers of IPsec, those that its structs have of other services among them. */
export const ipsecEnums = {
  VIRTIO_CRYPTO_CIPHER: enums.VIRTIO_CRYPTO_CIPHER,
  VIRTIO_CRYPTO_MAC: enums.VIRTIO_CRYPTO_MAC,
  VIRTIO_CRYPTO_AEAD: enums.VIRTIO_CRYPTO_AEAD,
  VIRTIO_CRYPTO_IPSEC_MODE: {
    doc: "Protocols and modes of IPsec",
    section: "5.9.9.9.1.2",
    name: "IpsecMode",
    members: { ESP_TUNNEL: 1, ESP_TRANSPORT: 2, AH_TUNNEL: 3, AH_TRANSPORT: 4 },
  },
  VIRTIO_CRYPTO_IPSEC_OPTION: {
    doc: "Options of IPsec",
    section: "5.9.9.9.1.2",
    name: "IpsecOption",
    prefix: "VIRTIO_CRYPTO_IPSEC",
    as: "bits",
    members: {
      ESN: { value: 0, doc: "Extended sequence numbers" },
      UDP_ENCAP: { value: 1, doc: "UDP encapsulation, for ESP" },
      COPY_DSCP: { value: 2, doc: "Copy the differentiated services code point" },
      DEC_TTL: { value: 3, doc: "Decrement the time to live" },
      COPY_DF: { value: 4, doc: "Copy the don't fragment bit" },
      ECN: { value: 5, doc: "Copy the explicit congestion notification" },
      SA_LIFETIME: { value: 6, doc: "Security associations have a lifetime" },
    },
  },
  VIRTIO_CRYPTO_IPSEC_DIR: {
    doc: "Direction of a security association",
    section: "5.9.9.9.2.1",
    name: "IpsecDirection",
    members: { OUTBOUND: 1, INBOUND: 2 },
  },
} as const;

/** Structs of IPsec capabilities and resource objects. */
export const ipsecStructs = {
  virtio_crypto_ipsec_resource_cap: {
    doc: "Capability: how many security associations there can be",
    section: "5.9.9.9.1.1",
    size: 8,
    fields: {
      inb_sa_limit: le32("Most associations for packets that arrive"),
      outb_sa_limit: le32("Most associations for packets that leave"),
    },
  },
  virtio_crypto_ipsec_mode_cap: {
    doc: "What is possible in one mode",
    section: "5.9.9.9.1.2",
    size: 44,
    fields: {
      mode: u8("Protocol and mode", { enum: "VIRTIO_CRYPTO_IPSEC_MODE" }),
      reserved: padding(3),
      max_replay_win_sz: le32("Largest anti-replay window, for packets that arrive"),
      options: le32("Options", { enum: "VIRTIO_CRYPTO_IPSEC_OPTION" }),
      reserved1: le32("Reserved", { reserved: true }),
      cipher_algo: le64("Cipher algorithms", { bitsOf: "VIRTIO_CRYPTO_CIPHER" }),
      hmac_algo: le64("MAC algorithms", { bitsOf: "VIRTIO_CRYPTO_MAC" }),
      aead_algo: le32("AEAD algorithms", { bitsOf: "VIRTIO_CRYPTO_AEAD" }),
      max_cipher_key_len: le32("Most bytes of a cipher key"),
      max_auth_key_len: le32("Most bytes of an authentication key"),
    },
  },
  virtio_crypto_ipsec_sa_cap_data: {
    doc: "Capability: modes and what is possible in them",
    section: "5.9.9.9.1.2",
    fields: {
      count: u8("Number of modes"),
      reserved: padding(7),
      cap_mode: array({ struct: "virtio_crypto_ipsec_mode_cap" }, "Modes", { field: "count" }),
    },
  },
  in_addr: {
    doc: "IPv4 address",
    section: "5.9.9.9.2.1",
    size: 4,
    fields: { s_addr: le32("The address") },
  },
  in6_addr: {
    doc: "IPv6 address",
    section: "5.9.9.9.2.1",
    size: 16,
    fields: { s6_u8: bytes("The address", 16) },
  },
  // NOTES.md: crypto-tunnel-type
  virtio_crypto_ipsec_tunnel_param: {
    doc: "Outer header of a tunnel",
    section: "5.9.9.9.2.1",
    size: 44,
    fields: {
      type: u8("IPv4 or IPv6; the standard gives no values"),
      reserved: padding(3),
      // Unnamed in the standard. As `type` has no values there, nothing here can choose an arm.
      header: union("The header", { state: "kind of tunnel" }, {
        ipv4: { tag: 4, struct: "virtio_crypto_ipsec_tunnel_param_ipv4" },
        ipv6: { tag: 6, struct: "virtio_crypto_ipsec_tunnel_param_ipv6" },
      }, { size: 40 }),
    },
  },
  virtio_crypto_ipsec_tunnel_param_ipv4: {
    doc: "Outer IPv4 header of a tunnel",
    section: "5.9.9.9.2.1",
    size: 12,
    fields: {
      src_ip: struct("in_addr", "Source"),
      dst_ip: struct("in_addr", "Destination"),
      dscp: u8("Differentiated services code point"),
      df: u8("Don't fragment"),
      ttl: u8("Time to live"),
      reserved1: u8("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_ipsec_tunnel_param_ipv6: {
    doc: "Outer IPv6 header of a tunnel",
    section: "5.9.9.9.2.1",
    size: 40,
    fields: {
      src_addr: struct("in6_addr", "Source"),
      dst_addr: struct("in6_addr", "Destination"),
      flabel: le32("Flow label"),
      hlimit: u8("Hop limit"),
      dscp: u8("Differentiated services code point"),
      reserved2: padding(2),
    },
  },
  virtio_crypto_ipsec_lifetime: {
    doc:
      "How much a security association may process: a warning at soft limits, the end at hard ones",
    section: "5.9.9.9.2.1",
    size: 32,
    fields: {
      packets_soft_limit: le64("Packets before a warning"),
      bytes_soft_limit: le64("Bytes before a warning"),
      packets_hard_limit: le64("Packets before the end"),
      bytes_hard_limit: le64("Bytes before the end"),
    },
  },
  // NOTES.md: crypto-ipsec-names
  virtio_crypto_resource_obj_ipsec_sa_256b_key_cipher_key: {
    doc: "Cipher key of a security association",
    section: "5.9.9.9.2.1",
    size: 36,
    fields: {
      length: le16("Bytes that count", { max: 32 }),
      reserved1: le16("Reserved", { reserved: true }),
      data: bytes("The key", 32),
    },
  },
  virtio_crypto_resource_obj_ipsec_sa_256b_key_auth_key: {
    doc: "Authentication key of a security association",
    section: "5.9.9.9.2.1",
    size: 36,
    fields: {
      length: le16("Bytes that count", { max: 32 }),
      reserved2: le16("Reserved", { reserved: true }),
      data: bytes("The key", 32),
    },
  },
  // 5.9.9.9.2.2 calls it virtio_crypto_resource_obj_ipsec_sa for packets that arrive.
  virtio_crypto_resource_obj_ipsec_sa_256b_key: {
    doc: "A security association, of either direction, with keys of up to 256 bits",
    section: "5.9.9.9.2.1",
    size: 196,
    fields: {
      mode: u8("Protocol and mode", { enum: "VIRTIO_CRYPTO_IPSEC_MODE" }),
      direction: u8("Direction", { enum: "VIRTIO_CRYPTO_IPSEC_DIR" }),
      reserved: padding(2),
      obj_id: le32("Id of the object"),
      spi: le32("Security parameter index"),
      salt: le32("Salt"),
      options: le64("Options", { enum: "VIRTIO_CRYPTO_IPSEC_OPTION" }),
      param: struct("virtio_crypto_ipsec_tunnel_param", "Outer header, in tunnel mode"),
      udp_sport: le16("Source port of the UDP encapsulation"),
      udp_dport: le16("Destination port of the UDP encapsulation"),
      replay_win_sz: le32("Anti-replay window; 0 switches the check off"),
      cipher_algo: le64("Cipher algorithm", { as: "number", enum: "VIRTIO_CRYPTO_CIPHER" }),
      cipher_key: struct("virtio_crypto_resource_obj_ipsec_sa_256b_key_cipher_key", "Cipher key"),
      auth_algo: le64("Authentication algorithm", { as: "number", enum: "VIRTIO_CRYPTO_MAC" }),
      auth_key: struct(
        "virtio_crypto_resource_obj_ipsec_sa_256b_key_auth_key",
        "Authentication key",
      ),
      life: struct("virtio_crypto_ipsec_lifetime", "Lifetime"),
    },
  },
} as const;

/** What a mode must have of a security association; the standard has no field for an AEAD algorithm. */
const parameters = [
  ["mode", "mode"],
  ["options", "options"],
  ["cipher_algo", "cipher_algo"],
  [["cipher_key", "length"], "max_cipher_key_len"],
  ["auth_algo", "hmac_algo"],
  [["auth_key", "length"], "max_auth_key_len"],
] as const;

/** What must be possible for an association of packets that leave. */
export const outbound = { of: "ipsec_sa", in: "cap_mode", fields: parameters } as const;

/** What must be possible for an association of packets that arrive, which alone have a window. */
export const inbound = {
  ...outbound,
  fields: [...parameters, ["replay_win_sz", "max_replay_win_sz"]],
} as const;

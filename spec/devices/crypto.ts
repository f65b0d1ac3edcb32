/**
 * Crypto device (VIRTIO 1.4, 5.9).
 *
 * @module
 */

import { defineDevice, type Device, le32, le64 } from "../dsl.ts";
import { controlRequests, controlStructs } from "./crypto/control.ts";
import { dataRequests } from "./crypto/data.ts";
import { dataStructs } from "./crypto/data_structs.ts";
import { constants, enums } from "./crypto/enums.ts";
import { inbound, ipsecEnums, ipsecStructs, outbound } from "./crypto/ipsec.ts";

/** The crypto device: ciphers, hashes, signatures and IPsec, with sessions or without. */
export const crypto: Device = defineDevice({
  name: "crypto",
  prefix: "Crypto",
  id: 20,
  title: "Crypto Device",
  section: "5.9",
  doc: "An accelerator of ciphers, hashes, authentication codes, signatures and IPsec",

  // Linux and QEMU know none of these: what is deployed pads its requests, as without REVISION_1.
  features: {
    REVISION_1: {
      bit: 0,
      doc: "Requests are not padded to fixed sizes and may be stateless",
      by: "runtime",
    },
    // NOTES.md: crypto-guard
    CIPHER_STATELESS_MODE: {
      bit: 1,
      doc: "Cipher requests may carry what a session would say",
      requires: "REVISION_1",
      by: "handler",
    },
    HASH_STATELESS_MODE: {
      bit: 2,
      doc: "Hash requests may carry what a session would say",
      requires: "REVISION_1",
      by: "handler",
    },
    MAC_STATELESS_MODE: {
      bit: 3,
      doc: "MAC requests may carry what a session would say",
      requires: "REVISION_1",
      by: "handler",
    },
    AEAD_STATELESS_MODE: {
      bit: 4,
      doc: "AEAD requests may carry what a session would say",
      requires: "REVISION_1",
      by: "handler",
    },
    AKCIPHER_STATELESS_MODE: {
      bit: 5,
      doc: "Asymmetric requests may carry what a session would say",
      since: "1.3",
      requires: "REVISION_1",
      by: "handler",
    },
  },

  enums: { ...enums, ...ipsecEnums },
  constants,
  structs: { ...controlStructs, ...dataStructs, ...ipsecStructs },

  config: {
    struct: "virtio_crypto_config",
    section: "5.9.5",
    size: 56,
    notifies: ["status"],
    fields: {
      status: le32("Whether the device takes requests", { enum: "VIRTIO_CRYPTO_S", max: 1 }),
      max_dataqueues: le32("Number of data queues", { min: 1, max: 65535 }),
      crypto_services: le32("Services", { bitsOf: "VIRTIO_CRYPTO_SERVICE" }),
      cipher_algo_l: le32("Cipher algorithms 0 to 31", { bitsOf: "VIRTIO_CRYPTO_CIPHER" }),
      cipher_algo_h: le32("Cipher algorithms 32 to 63", {
        bitsOf: { enum: "VIRTIO_CRYPTO_CIPHER", from: 32 },
      }),
      hash_algo: le32("Hash algorithms", { bitsOf: "VIRTIO_CRYPTO_HASH" }),
      mac_algo_l: le32("MAC algorithms 0 to 31", { bitsOf: "VIRTIO_CRYPTO_MAC" }),
      mac_algo_h: le32("MAC algorithms 32 to 63", {
        bitsOf: { enum: "VIRTIO_CRYPTO_MAC", from: 32 },
      }),
      aead_algo: le32("AEAD algorithms", { bitsOf: "VIRTIO_CRYPTO_AEAD" }),
      max_cipher_key_len: le32("Most bytes of a cipher key"),
      max_auth_key_len: le32("Most bytes of an authentication key"),
      akcipher_algo: le32("Asymmetric algorithms", { bitsOf: "VIRTIO_CRYPTO_AKCIPHER" }),
      max_size: le64("Most bytes in the variable parts of a data request"),
    },
  },

  messages: { ...controlRequests, ...dataRequests },

  adminQueue: {
    doc: "IPsec",
    section: "5.9.9.9",
    capabilities: {
      ipsec_resource: {
        tag: "VIRTIO_CRYPTO_IPSEC_RESOURCE_CAP",
        struct: "virtio_crypto_ipsec_resource_cap",
      },
      ipsec_sa: {
        tag: "VIRTIO_CRYPTO_IPSEC_SA_CAP",
        struct: "virtio_crypto_ipsec_sa_cap_data",
      },
    },
    objects: {
      ipsec_outbound_sa: {
        tag: "VIRTIO_CRYPTO_RESOURCE_OBJ_IPSEC_OUTBOUND_SA",
        struct: "virtio_crypto_resource_obj_ipsec_sa_256b_key",
        limit: { of: "ipsec_resource", by: ["outb_sa_limit"], otherwise: "EINVAL" },
        requires: ["ipsec_resource", "ipsec_sa"],
        within: outbound,
      },
      ipsec_inbound_sa: {
        tag: "VIRTIO_CRYPTO_RESOURCE_OBJ_IPSEC_INBOUND_SA",
        struct: "virtio_crypto_resource_obj_ipsec_sa_256b_key",
        limit: { of: "ipsec_resource", by: ["inb_sa_limit"], otherwise: "EINVAL" },
        requires: ["ipsec_resource", "ipsec_sa"],
        within: inbound,
      },
    },
  },

  behaviours: {
    sessions: {
      doc: "Sessions of all services but IPsec, and the operations in them and without them",
      section: "5.9.9",
      enums: [
        "VIRTIO_CRYPTO_STATUS",
        "VIRTIO_CRYPTO_CIPHER",
        "VIRTIO_CRYPTO_HASH",
        "VIRTIO_CRYPTO_MAC",
        "VIRTIO_CRYPTO_AEAD",
        "VIRTIO_CRYPTO_OP",
        "VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER",
        "VIRTIO_CRYPTO_SYM_HASH_MODE",
        "VIRTIO_CRYPTO_RSA_PADDING",
        "VIRTIO_CRYPTO_RSA",
        "VIRTIO_CRYPTO_CURVE",
        "VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE",
        "VIRTIO_CRYPTO_FLAG",
      ],
      device: {
        class: "CryptoSessions",
        options: "required",
        serves: [
          "virtio_crypto_op_ctrl_req.cipher_create_session",
          "virtio_crypto_op_ctrl_req.cipher_destroy_session",
          "virtio_crypto_op_ctrl_req.hash_create_session",
          "virtio_crypto_op_ctrl_req.hash_destroy_session",
          "virtio_crypto_op_ctrl_req.mac_create_session",
          "virtio_crypto_op_ctrl_req.mac_destroy_session",
          "virtio_crypto_op_ctrl_req.aead_create_session",
          "virtio_crypto_op_ctrl_req.aead_destroy_session",
          "virtio_crypto_op_ctrl_req.akcipher_create_session",
          "virtio_crypto_op_ctrl_req.akcipher_destroy_session",
          "virtio_crypto_op_data_req.cipher_encrypt",
          "virtio_crypto_op_data_req.cipher_encrypt_stateless",
          "virtio_crypto_op_data_req.cipher_decrypt",
          "virtio_crypto_op_data_req.cipher_decrypt_stateless",
          "virtio_crypto_op_data_req.hash",
          "virtio_crypto_op_data_req.hash_stateless",
          "virtio_crypto_op_data_req.mac",
          "virtio_crypto_op_data_req.mac_stateless",
          "virtio_crypto_op_data_req.aead_encrypt",
          "virtio_crypto_op_data_req.aead_encrypt_stateless",
          "virtio_crypto_op_data_req.aead_decrypt",
          "virtio_crypto_op_data_req.aead_decrypt_stateless",
          "virtio_crypto_op_data_req.akcipher_encrypt",
          "virtio_crypto_op_data_req.akcipher_encrypt_stateless",
          "virtio_crypto_op_data_req.akcipher_decrypt",
          "virtio_crypto_op_data_req.akcipher_decrypt_stateless",
          "virtio_crypto_op_data_req.akcipher_sign",
          "virtio_crypto_op_data_req.akcipher_sign_stateless",
          "virtio_crypto_op_data_req.akcipher_verify",
          "virtio_crypto_op_data_req.akcipher_verify_stateless",
        ],
      },
    },
  },

  queues: {
    dataq: {
      doc: "Operations on data, served in any order",
      section: "5.9.2",
      role: "request",
      carries: "virtio_crypto_op_data_req",
      index: 0,
      count: { config: "max_dataqueues" },
    },
    controlq: {
      doc: "Sessions",
      section: "5.9.2",
      role: "request",
      carries: "virtio_crypto_op_ctrl_req",
      index: { config: "max_dataqueues" },
    },
  },
});

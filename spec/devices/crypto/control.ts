/**
 * Control requests of the crypto device: sessions (VIRTIO 1.4, 5.9.9.2).
 *
 * @module
 */

import { body, bytes, inline, le32, le64, padding, struct, u8, union } from "../../dsl.ts";
import { authKeyFits, cipherKeyFits, deviceReady } from "./checks.ts";

/** Structs of control requests. */
export const controlStructs = {
  virtio_crypto_ctrl_header: {
    doc: "Head of a control request",
    section: "5.9.9.2",
    size: 16,
    fields: {
      opcode: le32("What is asked for", { enum: "VIRTIO_CRYPTO_OPCODE", tag: true }),
      algo: le32("The algorithm, a value of the service", { property: "serviceAlgo" }),
      flag: le32("Flags"),
      reserved: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_create_session_input: {
    doc: "Result of creating a session",
    section: "5.9.9.2.1",
    size: 16,
    fields: {
      session_id: le64("The session, when the status is OK"),
      status: le32("How it went", { enum: "VIRTIO_CRYPTO_STATUS" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_destroy_session_flf: {
    doc: "Session to destroy",
    section: "5.9.9.2.1",
    size: 8,
    fields: { session_id: le64("The session") },
  },
  virtio_crypto_destroy_session_input: {
    doc: "Result of destroying a session",
    section: "5.9.9.2.1",
    size: 1,
    fields: { status: u8("How it went", { enum: "VIRTIO_CRYPTO_STATUS" }) },
  },
  virtio_crypto_hash_create_session_flf: {
    doc: "Parameters of a hash session",
    section: "5.9.9.2.1.1",
    size: 8,
    fields: {
      algo: le32("Hash algorithm", { enum: "VIRTIO_CRYPTO_HASH" }),
      hash_result_len: le32("Bytes of a hash"),
    },
  },
  virtio_crypto_mac_create_session_flf: {
    doc: "Parameters of a MAC session",
    section: "5.9.9.2.1.2",
    size: 16,
    fields: {
      algo: le32("MAC algorithm", { enum: "VIRTIO_CRYPTO_MAC" }),
      hash_result_len: le32("Bytes of a code"),
      auth_key_len: le32("Bytes of the key"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_cipher_session_flf: {
    doc: "Parameters of a cipher session",
    section: "5.9.9.2.1.3",
    size: 16,
    fields: {
      algo: le32("Cipher algorithm", { enum: "VIRTIO_CRYPTO_CIPHER" }),
      key_len: le32("Bytes of the key"),
      op: le32("Direction", { enum: "VIRTIO_CRYPTO_OP" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_alg_chain_session_flf: {
    doc: "Parameters of a session that chains a cipher with a hash or a MAC",
    section: "5.9.9.2.1.3",
    size: 48,
    fields: {
      alg_chain_order: le32("Which comes first", { enum: "VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER" }),
      hash_mode: le32("Kind of hash", { enum: "VIRTIO_CRYPTO_SYM_HASH_MODE" }),
      // Inlined: the key of both kinds of session then has its length at the same path.
      cipher_hdr: inline("virtio_crypto_cipher_session_flf"),
      // What a nested hash carries here is not said (5.9.9.2.1.3); QEMU refuses it as well.
      algo_flf: union("The hash or MAC", "hash_mode", {
        hash: {
          tag: "VIRTIO_CRYPTO_SYM_HASH_MODE_PLAIN",
          struct: "virtio_crypto_hash_create_session_flf",
        },
        mac: {
          tag: "VIRTIO_CRYPTO_SYM_HASH_MODE_AUTH",
          struct: "virtio_crypto_mac_create_session_flf",
        },
      }, { size: 16 }),
      aad_len: le32("Bytes of additional authenticated data"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_sym_create_session_flf: {
    doc: "Parameters of a symmetric session",
    section: "5.9.9.2.1.3",
    size: 56,
    fields: {
      op_flf: union("The cipher or chain", "op_type", {
        cipher: {
          tag: "VIRTIO_CRYPTO_SYM_OP_CIPHER",
          struct: "virtio_crypto_cipher_session_flf",
        },
        chain: {
          tag: "VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING",
          struct: "virtio_crypto_alg_chain_session_flf",
        },
      }, { size: 48 }),
      op_type: le32("Kind of operation", { enum: "VIRTIO_CRYPTO_SYM_OP" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_aead_create_session_flf: {
    doc: "Parameters of an AEAD session",
    section: "5.9.9.2.1.4",
    size: 24,
    fields: {
      algo: le32("AEAD algorithm", { enum: "VIRTIO_CRYPTO_AEAD" }),
      key_len: le32("Bytes of the key"),
      tag_len: le32("Bytes of the authentication tag"),
      aad_len: le32("Bytes of additional authenticated data"),
      op: le32("Direction", { enum: "VIRTIO_CRYPTO_OP" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_rsa_session_para: {
    doc: "Parameters of RSA",
    section: "5.9.9.2.1.5",
    size: 8,
    fields: {
      padding_algo: le32("Padding", { enum: "VIRTIO_CRYPTO_RSA_PADDING" }),
      hash_algo: le32("Hash in the padding", { enum: "VIRTIO_CRYPTO_RSA" }),
    },
  },
  virtio_crypto_ecdsa_session_para: {
    doc: "Parameters of ECDSA",
    section: "5.9.9.2.1.5",
    size: 4,
    fields: { curve_id: le32("Curve", { enum: "VIRTIO_CRYPTO_CURVE" }) },
  },
  virtio_crypto_akcipher_create_session_flf: {
    doc: "Parameters of an asymmetric session",
    section: "5.9.9.2.1.5",
    size: 56,
    fields: {
      algo: le32("Asymmetric algorithm", { enum: "VIRTIO_CRYPTO_AKCIPHER" }),
      key_type: le32("Kind of key", { enum: "VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE" }),
      key_len: le32("Bytes of the key"),
      algo_flf: union("Parameters of the algorithm", "algo", {
        rsa: { tag: "VIRTIO_CRYPTO_AKCIPHER_RSA", struct: "virtio_crypto_rsa_session_para" },
        ecdsa: {
          tag: "VIRTIO_CRYPTO_AKCIPHER_ECDSA",
          strictTag: 2,
          struct: "virtio_crypto_ecdsa_session_para",
        },
      }, { size: 44 }),
    },
  },
} as const;

const created = {
  writable: { op_outcome: inline("virtio_crypto_create_session_input") },
  status: { field: "status", ok: "OK", unknown: "NOTSUPP", malformed: "ERR", failed: "ERR" },
} as const;

const destroy = {
  readable: {
    op_flf: inline("virtio_crypto_destroy_session_flf"),
    op_flf_padding: padding(48, { unless: "REVISION_1" }),
  },
  writable: { op_outcome: inline("virtio_crypto_destroy_session_input") },
  status: { field: "status", ok: "OK", unknown: "NOTSUPP", malformed: "ERR", failed: "ERR" },
} as const;

/**
 * Control requests. Without REVISION_1 the fixed part fills 56 bytes. The lengths of keys are derived
 * from the keys; all lengths are in bytes.
 */
export const controlRequests = {
  // NOTES.md: crypto-status-width
  virtio_crypto_op_ctrl_req: {
    doc: "A control request: a session to create or to destroy",
    section: "5.9.9.2",
    struct: "virtio_crypto_op_ctrl_req",
    readable: { header: struct("virtio_crypto_ctrl_header") },
    writable: { op_outcome: body() },
    checks: [deviceReady],
    cases: {
      cipher_create_session: {
        doc: "Creates a session for ciphers, also chained with hashes or MACs",
        section: "5.9.9.2.1.3",
        tag: "VIRTIO_CRYPTO_CIPHER_CREATE_SESSION",
        structs: {
          virtio_crypto_cipher_session_vlf: ["cipher_key"],
          virtio_crypto_alg_chain_session_vlf: ["cipher_key", "auth_key"],
          virtio_crypto_sym_create_session_vlf: ["cipher_key", "auth_key"],
        },
        readable: {
          sym_flf: inline("virtio_crypto_sym_create_session_flf"),
          cipher_key: bytes("Cipher key", { field: ["op_flf", "key_len"] }),
          auth_key: bytes("Authentication key, of a chain with a MAC", {
            field: ["op_flf", "algo_flf", "auth_key_len"],
          }),
        },
        checks: [cipherKeyFits, authKeyFits],
        ...created,
      },
      cipher_destroy_session: {
        doc: "Destroys a cipher session",
        section: "5.9.9.2.1",
        tag: "VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION",
        ...destroy,
      },
      hash_create_session: {
        doc: "Creates a session for hashes",
        section: "5.9.9.2.1.1",
        tag: "VIRTIO_CRYPTO_HASH_CREATE_SESSION",
        readable: {
          op_flf: inline("virtio_crypto_hash_create_session_flf"),
          op_flf_padding: padding(48, { unless: "REVISION_1" }),
        },
        ...created,
      },
      hash_destroy_session: {
        doc: "Destroys a hash session",
        section: "5.9.9.2.1",
        tag: "VIRTIO_CRYPTO_HASH_DESTROY_SESSION",
        ...destroy,
      },
      mac_create_session: {
        doc: "Creates a session for message authentication codes",
        section: "5.9.9.2.1.2",
        tag: "VIRTIO_CRYPTO_MAC_CREATE_SESSION",
        structs: { virtio_crypto_mac_create_session_vlf: ["auth_key"] },
        readable: {
          op_flf: inline("virtio_crypto_mac_create_session_flf"),
          op_flf_padding: padding(40, { unless: "REVISION_1" }),
          auth_key: bytes("Authentication key", { field: "auth_key_len" }),
        },
        checks: [authKeyFits],
        ...created,
      },
      mac_destroy_session: {
        doc: "Destroys a MAC session",
        section: "5.9.9.2.1",
        tag: "VIRTIO_CRYPTO_MAC_DESTROY_SESSION",
        ...destroy,
      },
      aead_create_session: {
        doc: "Creates a session for authenticated encryption",
        section: "5.9.9.2.1.4",
        tag: "VIRTIO_CRYPTO_AEAD_CREATE_SESSION",
        structs: { virtio_crypto_aead_create_session_vlf: ["key"] },
        readable: {
          op_flf: inline("virtio_crypto_aead_create_session_flf"),
          op_flf_padding: padding(32, { unless: "REVISION_1" }),
          key: bytes("Cipher key", { field: "key_len" }),
        },
        checks: [{ ...cipherKeyFits, of: { length: "key" } }],
        ...created,
      },
      aead_destroy_session: {
        doc: "Destroys an AEAD session",
        section: "5.9.9.2.1",
        tag: "VIRTIO_CRYPTO_AEAD_DESTROY_SESSION",
        ...destroy,
      },
      akcipher_create_session: {
        doc: "Creates a session for asymmetric ciphers and signatures",
        section: "5.9.9.2.1.5",
        tag: "VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION",
        structs: { virtio_crypto_akcipher_create_session_vlf: ["key"] },
        readable: {
          op_flf: inline("virtio_crypto_akcipher_create_session_flf"),
          key: bytes(
            "The key in DER: RSAPrivateKey, RSAPublicKey or ECPrivateKey; of an ECPoint only the value",
            { field: "key_len" },
            { external: "DER" },
          ),
        },
        ...created,
      },
      // NOTES.md: crypto-destroy
      akcipher_destroy_session: {
        doc: "Destroys an asymmetric session",
        section: "5.9.9.2.1",
        tag: "VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION",
        ...destroy,
      },
    },
  },
} as const;

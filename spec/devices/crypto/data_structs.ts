/**
 * Fixed parts of the data requests of the crypto device (VIRTIO 1.4, 5.9.9.3 to 5.9.9.9). A structure
 * without a name in the standard is called after its parent and its field.
 *
 * @module
 */

import { inline, le32, le64, struct, u8, union } from "../../dsl.ts";

/** Structs of data requests. */
export const dataStructs = {
  virtio_crypto_op_header: {
    doc: "Head of a data request",
    section: "5.9.9.3",
    size: 24,
    fields: {
      opcode: le32("What is asked for", { enum: "VIRTIO_CRYPTO_OPCODE", tag: true }),
      algo: le32("The algorithm, a value of the service; ignored for IPsec"),
      session_id: le64("The session; for IPsec, the id of the security association"),
      flag: le32("Flags; ignored without REVISION_1", { enum: "VIRTIO_CRYPTO_FLAG" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_inhdr: {
    doc: "Result of a data request",
    section: "5.9.9.3",
    size: 1,
    fields: { status: u8("How it went", { enum: "VIRTIO_CRYPTO_STATUS" }) },
  },

  virtio_crypto_hash_data_flf: {
    doc: "Lengths of a hash request",
    section: "5.9.9.4",
    size: 8,
    fields: {
      src_data_len: le32("Bytes of source data"),
      hash_result_len: le32("Bytes of the hash"),
    },
  },
  virtio_crypto_hash_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.4",
    size: 4,
    fields: { algo: le32("Hash algorithm", { enum: "VIRTIO_CRYPTO_HASH" }) },
  },
  virtio_crypto_hash_data_flf_stateless: {
    doc: "Parameters and lengths of a hash request, in stateless mode",
    section: "5.9.9.4",
    size: 16,
    fields: {
      sess_para: struct(
        "virtio_crypto_hash_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      src_data_len: le32("Bytes of source data"),
      hash_result_len: le32("Bytes of the hash"),
      reserved: le32("Reserved", { reserved: true }),
    },
  },

  virtio_crypto_mac_data_flf: {
    doc: "Lengths of a MAC request",
    section: "5.9.9.5",
    size: 8,
    fields: { hdr: inline("virtio_crypto_hash_data_flf") },
  },
  virtio_crypto_mac_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.5",
    size: 8,
    fields: {
      algo: le32("MAC algorithm", { enum: "VIRTIO_CRYPTO_MAC" }),
      auth_key_len: le32("Bytes of the key"),
    },
  },
  virtio_crypto_mac_data_flf_stateless: {
    doc: "Parameters and lengths of a MAC request, in stateless mode",
    section: "5.9.9.5",
    size: 16,
    fields: {
      sess_para: struct(
        "virtio_crypto_mac_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      src_data_len: le32("Bytes of source data"),
      hash_result_len: le32("Bytes of the code"),
    },
  },

  virtio_crypto_cipher_data_flf: {
    doc: "Lengths of a cipher request",
    section: "5.9.9.6",
    size: 16,
    fields: {
      iv_len: le32("Bytes of the initialization vector or counter"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_alg_chain_data_flf: {
    doc: "Lengths and offsets of a chained request",
    section: "5.9.9.6",
    size: 40,
    fields: {
      iv_len: le32("Bytes of the initialization vector or counter"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
      cipher_start_src_offset: le32("First byte of the source data for the cipher"),
      len_to_cipher: le32("Bytes for the cipher"),
      hash_start_src_offset: le32("First byte of the source data for the hash"),
      len_to_hash: le32("Bytes for the hash"),
      aad_len: le32("Bytes of additional authenticated data"),
      hash_result_len: le32("Bytes of the hash"),
      reserved: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_sym_data_flf: {
    doc: "Lengths of a symmetric request",
    section: "5.9.9.6",
    size: 48,
    fields: {
      // NOTES.md: crypto-opcode-comment
      op_type_flf: union("The cipher or chain", "op_type", {
        cipher: {
          tag: "VIRTIO_CRYPTO_SYM_OP_CIPHER",
          struct: "virtio_crypto_cipher_data_flf",
        },
        chain: {
          tag: "VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING",
          struct: "virtio_crypto_alg_chain_data_flf",
        },
      }, { size: 40 }),
      op_type: le32("Kind of operation", { enum: "VIRTIO_CRYPTO_SYM_OP" }),
      padding: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_cipher_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.6",
    size: 12,
    fields: {
      algo: le32("Cipher algorithm", { enum: "VIRTIO_CRYPTO_CIPHER" }),
      key_len: le32("Bytes of the key"),
      op: le32("Direction", { enum: "VIRTIO_CRYPTO_OP" }),
    },
  },
  virtio_crypto_cipher_data_flf_stateless: {
    doc: "Parameters and lengths of a cipher request, in stateless mode",
    section: "5.9.9.6",
    size: 24,
    fields: {
      sess_para: struct(
        "virtio_crypto_cipher_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      iv_len: le32("Bytes of the initialization vector or counter"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
    },
  },
  virtio_crypto_alg_chain_data_flf_stateless_sess_para_cipher: {
    doc: "What a session would say of the cipher",
    section: "5.9.9.6",
    size: 12,
    fields: {
      algo: le32("Cipher algorithm", { enum: "VIRTIO_CRYPTO_CIPHER" }),
      key_len: le32("Bytes of the key"),
      op: le32("Direction", { enum: "VIRTIO_CRYPTO_OP" }),
    },
  },
  virtio_crypto_alg_chain_data_flf_stateless_sess_para_hash: {
    doc: "What a session would say of the hash or MAC",
    section: "5.9.9.6",
    size: 12,
    fields: {
      algo: le32("Hash or MAC algorithm, as hash_mode says"),
      auth_key_len: le32("Bytes of the key"),
      hash_mode: le32("Kind of hash", { enum: "VIRTIO_CRYPTO_SYM_HASH_MODE" }),
    },
  },
  virtio_crypto_alg_chain_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.6",
    size: 32,
    fields: {
      alg_chain_order: le32("Which comes first", { enum: "VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER" }),
      aad_len: le32("Bytes of additional authenticated data"),
      // Inlined, as in a session: the key of a cipher and of a chain have their lengths at one path.
      cipher: inline("virtio_crypto_alg_chain_data_flf_stateless_sess_para_cipher"),
      hash: struct(
        "virtio_crypto_alg_chain_data_flf_stateless_sess_para_hash",
        "The hash or MAC",
      ),
    },
  },
  virtio_crypto_alg_chain_data_flf_stateless: {
    doc: "Parameters, lengths and offsets of a chained request, in stateless mode",
    section: "5.9.9.6",
    size: 72,
    fields: {
      sess_para: struct(
        "virtio_crypto_alg_chain_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      iv_len: le32("Bytes of the initialization vector or counter"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
      cipher_start_src_offset: le32("First byte of the source data for the cipher"),
      len_to_cipher: le32("Bytes for the cipher"),
      hash_start_src_offset: le32("First byte of the source data for the hash"),
      len_to_hash: le32("Bytes for the hash"),
      aad_len: le32("Bytes of additional authenticated data"),
      hash_result_len: le32("Bytes of the hash"),
      reserved: le32("Reserved", { reserved: true }),
    },
  },
  // The listing of 5.9.9.6 puts op_type under a device-writable part; the device has to read it.
  virtio_crypto_sym_data_flf_stateless: {
    doc: "Parameters and lengths of a symmetric request, in stateless mode",
    section: "5.9.9.6",
    size: 76,
    fields: {
      op_type_flf: union("The cipher or chain", "op_type", {
        cipher: {
          tag: "VIRTIO_CRYPTO_SYM_OP_CIPHER",
          struct: "virtio_crypto_cipher_data_flf_stateless",
        },
        chain: {
          tag: "VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING",
          struct: "virtio_crypto_alg_chain_data_flf_stateless",
        },
      }, { size: 72 }),
      op_type: le32("Kind of operation", { enum: "VIRTIO_CRYPTO_SYM_OP" }),
    },
  },

  virtio_crypto_aead_data_flf: {
    doc: "Lengths of an AEAD request",
    section: "5.9.9.7",
    size: 24,
    fields: {
      iv_len: le32("Bytes of the initialization vector or nonce"),
      aad_len: le32("Bytes of additional authenticated data"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data, with the tag when encrypting"),
      tag_len: le32("Bytes of the authentication tag"),
      reserved: le32("Reserved", { reserved: true }),
    },
  },
  virtio_crypto_aead_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.7",
    size: 12,
    fields: {
      algo: le32("AEAD algorithm", { enum: "VIRTIO_CRYPTO_AEAD" }),
      key_len: le32("Bytes of the key"),
      op: le32("Direction", { enum: "VIRTIO_CRYPTO_OP" }),
    },
  },
  virtio_crypto_aead_data_flf_stateless: {
    doc: "Parameters and lengths of an AEAD request, in stateless mode",
    section: "5.9.9.7",
    size: 32,
    fields: {
      sess_para: struct(
        "virtio_crypto_aead_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      iv_len: le32("Bytes of the initialization vector or nonce"),
      tag_len: le32("Bytes of the authentication tag"),
      aad_len: le32("Bytes of additional authenticated data"),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data, with the tag when encrypting"),
    },
  },

  virtio_crypto_akcipher_data_flf: {
    doc: "Lengths of an asymmetric request",
    section: "5.9.9.8",
    size: 8,
    fields: {
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
    },
  },
  virtio_crypto_akcipher_data_flf_stateless_sess_para: {
    doc: "What a session would say",
    section: "5.9.9.8",
    size: 20,
    fields: {
      algo: le32("Asymmetric algorithm", { enum: "VIRTIO_CRYPTO_AKCIPHER" }),
      key_type: le32("Kind of key", { enum: "VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE" }),
      key_len: le32("Bytes of the key"),
      u: union("Parameters of the algorithm", "algo", {
        rsa: { tag: "VIRTIO_CRYPTO_AKCIPHER_RSA", struct: "virtio_crypto_rsa_session_para" },
        ecdsa: {
          tag: "VIRTIO_CRYPTO_AKCIPHER_ECDSA",
          strictTag: 2,
          struct: "virtio_crypto_ecdsa_session_para",
        },
      }, { size: 8 }),
    },
  },
  virtio_crypto_akcipher_data_flf_stateless: {
    doc: "Parameters and lengths of an asymmetric request, in stateless mode",
    section: "5.9.9.8",
    size: 28,
    fields: {
      sess_para: struct(
        "virtio_crypto_akcipher_data_flf_stateless_sess_para",
        "What a session would say",
      ),
      src_data_len: le32("Bytes of source data"),
      dst_data_len: le32("Bytes of destination data"),
    },
  },

  virtio_crypto_ipsec_data_flf: {
    doc: "Lengths of an IPsec request",
    section: "5.9.9.9.3",
    size: 8,
    fields: {
      src_data_len: le32("Bytes of the packet"),
      dst_data_len: le32("Bytes for the resulting packet"),
    },
  },
} as const;

/**
 * Data requests of the crypto device (VIRTIO 1.4, 5.9.9.3 to 5.9.9.9).
 *
 * A request of a service has one of two layouts, which the negotiated features choose and nothing in
 * the request: the session one, or the stateless one once the service's stateless mode is negotiated.
 * The stateless layout serves both modes; the flag then says whether the session or the parameters in
 * the request count. Each layout is a case of its own. In both, all lengths are in the request's
 * own fixed part: a session is never needed to decode.
 *
 * @module
 */

import { body, bytes, inline, padding, payload } from "../../dsl.ts";
import {
  authKeyFits,
  cipherKeyFits,
  contentFits,
  deviceReady,
  knownFlag,
  sessionOnly,
} from "./checks.ts";

const iv = "Initialization vector or counter";
// NOTES.md: crypto-order
const aad = "Additional authenticated data";

const hash = {
  section: "5.9.9.4",
  unless: "HASH_STATELESS_MODE",
  structs: { virtio_crypto_hash_data_vlf: ["src_data", "hash_result"] },
  readable: {
    op_flf: inline("virtio_crypto_hash_data_flf"),
    op_flf_padding: padding(40, { unless: "REVISION_1" }),
    src_data: payload("Source data", { field: "src_data_len" }),
  },
  writable: { hash_result: payload("The hash", { field: "hash_result_len" }) },
  checks: [sessionOnly, contentFits([{ length: "src_data" }, { length: "hash_result" }])],
} as const;

const hashStateless = {
  section: "5.9.9.4",
  feature: "HASH_STATELESS_MODE",
  structs: { virtio_crypto_hash_data_vlf_stateless: ["src_data", "hash_result"] },
  readable: {
    op_flf: inline("virtio_crypto_hash_data_flf_stateless"),
    src_data: payload("Source data", { field: "src_data_len" }),
  },
  writable: { hash_result: payload("The hash", { field: "hash_result_len" }) },
  checks: [
    knownFlag("5.9.9.4.1"),
    contentFits([{ length: "src_data" }, { length: "hash_result" }]),
  ],
} as const;

const mac = {
  section: "5.9.9.5",
  unless: "MAC_STATELESS_MODE",
  structs: { virtio_crypto_mac_data_vlf: ["src_data", "hash_result"] },
  readable: {
    op_flf: inline("virtio_crypto_mac_data_flf"),
    op_flf_padding: padding(40, { unless: "REVISION_1" }),
    src_data: payload("Source data", { field: "src_data_len" }),
  },
  writable: { hash_result: payload("The code", { field: "hash_result_len" }) },
  checks: [sessionOnly, contentFits([{ length: "src_data" }, { length: "hash_result" }])],
} as const;

const macStateless = {
  section: "5.9.9.5",
  feature: "MAC_STATELESS_MODE",
  structs: { virtio_crypto_mac_data_vlf_stateless: ["auth_key", "src_data", "hash_result"] },
  readable: {
    op_flf: inline("virtio_crypto_mac_data_flf_stateless"),
    auth_key: bytes("Authentication key", { field: ["sess_para", "auth_key_len"] }),
    src_data: payload("Source data", { field: "src_data_len" }),
  },
  writable: { hash_result: payload("The code", { field: "hash_result_len" }) },
  checks: [
    knownFlag("5.9.9.5.1"),
    authKeyFits,
    contentFits([{ length: "auth_key" }, { length: "src_data" }, { length: "hash_result" }]),
  ],
} as const;

const symmetric = {
  section: "5.9.9.6",
  unless: "CIPHER_STATELESS_MODE",
  structs: {
    virtio_crypto_cipher_data_vlf: ["iv", "src_data", "dst_data"],
    virtio_crypto_alg_chain_data_vlf: ["iv", "src_data", "aad", "dst_data", "hash_result"],
    virtio_crypto_sym_data_vlf: ["iv", "src_data", "aad", "dst_data", "hash_result"],
  },
  readable: {
    op_flf: inline("virtio_crypto_sym_data_flf"),
    iv: bytes(iv, { field: ["op_type_flf", "iv_len"] }),
    src_data: payload("Source data", { field: ["op_type_flf", "src_data_len"] }),
    // 5.9.9.6 puts it behind the source data here and before it in stateless mode. QEMU reads it
    // before the source data in either; no driver is known that sends any.
    aad: payload(`${aad}, of a chain`, { field: ["op_type_flf", "aad_len"] }),
  },
  writable: {
    dst_data: payload("Destination data", { field: ["op_type_flf", "dst_data_len"] }),
    hash_result: payload("The hash or code, of a chain", {
      field: ["op_type_flf", "hash_result_len"],
    }),
  },
  checks: [
    sessionOnly,
    contentFits([
      { length: "iv" },
      { length: "src_data" },
      { length: "aad" },
      { length: "dst_data" },
      { length: "hash_result" },
    ]),
  ],
} as const;

const symmetricStateless = {
  section: "5.9.9.6",
  feature: "CIPHER_STATELESS_MODE",
  structs: {
    virtio_crypto_cipher_data_vlf_stateless: ["cipher_key", "iv", "src_data", "dst_data"],
    virtio_crypto_alg_chain_data_vlf_stateless: [
      "cipher_key",
      "auth_key",
      "iv",
      "aad",
      "src_data",
      "dst_data",
      "hash_result",
    ],
    virtio_crypto_sym_data_vlf_stateless: [
      "cipher_key",
      "auth_key",
      "iv",
      "aad",
      "src_data",
      "dst_data",
      "hash_result",
    ],
  },
  readable: {
    op_flf: inline("virtio_crypto_sym_data_flf_stateless"),
    cipher_key: bytes("Cipher key", { field: ["op_type_flf", "sess_para", "key_len"] }),
    auth_key: bytes("Authentication key, of a chain", {
      field: ["op_type_flf", "sess_para", "hash", "auth_key_len"],
    }),
    iv: bytes(iv, { field: ["op_type_flf", "iv_len"] }),
    aad: payload(`${aad}, of a chain`, { field: ["op_type_flf", "aad_len"] }),
    src_data: payload("Source data", { field: ["op_type_flf", "src_data_len"] }),
  },
  writable: {
    dst_data: payload("Destination data", { field: ["op_type_flf", "dst_data_len"] }),
    hash_result: payload("The hash or code, of a chain", {
      field: ["op_type_flf", "hash_result_len"],
    }),
  },
  checks: [
    knownFlag("5.9.9.6.1"),
    cipherKeyFits,
    authKeyFits,
    contentFits([
      { length: "cipher_key" },
      { length: "auth_key" },
      { length: "iv" },
      { length: "aad" },
      { length: "src_data" },
      { length: "dst_data" },
      { length: "hash_result" },
    ]),
  ],
} as const;

const aead = {
  section: "5.9.9.7",
  unless: "AEAD_STATELESS_MODE",
  structs: { virtio_crypto_aead_data_vlf: ["iv", "src_data", "aad", "dst_data"] },
  readable: {
    op_flf: inline("virtio_crypto_aead_data_flf"),
    op_flf_padding: padding(24, { unless: "REVISION_1" }),
    iv: bytes(iv, { field: "iv_len" }),
    src_data: payload("Source data", { field: "src_data_len" }),
    aad: payload(aad, { field: "aad_len" }),
  },
  writable: { dst_data: payload("Destination data, then the tag", { field: "dst_data_len" }) },
  checks: [
    sessionOnly,
    contentFits([
      { length: "iv" },
      { length: "src_data" },
      { length: "aad" },
      { length: "dst_data" },
    ]),
  ],
} as const;

const aeadStateless = {
  section: "5.9.9.7",
  feature: "AEAD_STATELESS_MODE",
  structs: { virtio_crypto_aead_data_vlf_stateless: ["key", "iv", "src_data", "aad", "dst_data"] },
  readable: {
    op_flf: inline("virtio_crypto_aead_data_flf_stateless"),
    key: bytes("Cipher key", { field: ["sess_para", "key_len"] }),
    iv: bytes(iv, { field: "iv_len" }),
    src_data: payload("Source data", { field: "src_data_len" }),
    aad: payload(aad, { field: "aad_len" }),
  },
  writable: { dst_data: payload("Destination data, then the tag", { field: "dst_data_len" }) },
  checks: [
    knownFlag("5.9.9.7.1"),
    { ...cipherKeyFits, of: { length: "key" } },
    contentFits([
      { length: "key" },
      { length: "iv" },
      { length: "src_data" },
      { length: "aad" },
      { length: "dst_data" },
    ]),
  ],
} as const;

const akcipher = {
  section: "5.9.9.8",
  unless: "AKCIPHER_STATELESS_MODE",
  structs: { virtio_crypto_akcipher_data_vlf: ["src_data", "dst_data"] },
  used: "filled",
  readable: {
    op_flf: inline("virtio_crypto_akcipher_data_flf"),
    op_flf_padding: padding(40, { unless: "REVISION_1" }),
    src_data: payload("Source data; for a signature, usually a digest", { field: "src_data_len" }),
  },
  writable: { dst_data: payload("The result, perhaps shorter", { field: "dst_data_len" }) },
  checks: [sessionOnly, contentFits([{ length: "src_data" }, { length: "dst_data" }])],
} as const;

const akcipherStateless = {
  section: "5.9.9.8",
  feature: "AKCIPHER_STATELESS_MODE",
  structs: {
    virtio_crypto_akcipher_data_vlf_stateless: ["akcipher_key", "src_data", "dst_data"],
  },
  used: "filled",
  readable: {
    op_flf: inline("virtio_crypto_akcipher_data_flf_stateless"),
    akcipher_key: bytes("The key in DER, as in a session", { field: ["sess_para", "key_len"] }, {
      external: "DER",
    }),
    src_data: payload("Source data; for a signature, usually a digest", { field: "src_data_len" }),
  },
  writable: { dst_data: payload("The result, perhaps shorter", { field: "dst_data_len" }) },
  checks: [
    knownFlag("5.9.9.8.1"),
    contentFits([{ length: "akcipher_key" }, { length: "src_data" }, { length: "dst_data" }]),
  ],
} as const;

/** To verify, the driver sends both: src_data is the signature, and dst_data is what was signed. */
const verify = {
  section: "5.9.9.8",
  unless: "AKCIPHER_STATELESS_MODE",
  readable: {
    ...akcipher.readable,
    src_data: payload("The signature", { field: "src_data_len" }),
    dst_data: payload("What was signed, usually a digest", { field: "dst_data_len" }),
  },
  checks: akcipher.checks,
} as const;

const verifyStateless = {
  section: "5.9.9.8",
  feature: "AKCIPHER_STATELESS_MODE",
  readable: {
    ...akcipherStateless.readable,
    src_data: payload("The signature", { field: "src_data_len" }),
    dst_data: payload("What was signed, usually a digest", { field: "dst_data_len" }),
  },
  checks: akcipherStateless.checks,
} as const;

/** IPsec is never padded: 5.9.9.3 does not say so, and no deployed device serves it. */
const ipsec = {
  section: "5.9.9.9.3",
  structs: { virtio_crypto_ipsec_data_vlf: ["src_data", "dst_data"] },
  readable: {
    op_flf: inline("virtio_crypto_ipsec_data_flf"),
    src_data: payload("The packet", { field: "src_data_len" }),
  },
  writable: { dst_data: payload("The resulting packet", { field: "dst_data_len" }) },
  checks: [sessionOnly, contentFits([{ length: "src_data" }, { length: "dst_data" }])],
} as const;

/** Data requests. Without REVISION_1 the fixed part fills 48 bytes. */
export const dataRequests = {
  virtio_crypto_op_data_req: {
    doc: "A data request: an operation on data",
    section: "5.9.9.3",
    struct: "virtio_crypto_op_data_req",
    readable: { header: inline("virtio_crypto_op_header") },
    writable: {
      op_vlf: body(),
      // Linux hands over whole scatter lists, which may be longer than dst_data_len; what is too
      // much belongs to someone else. The status is the last byte for that reason, and only counted
      // in the used length where nothing of that kind lies before it.
      surplus: padding("rest"),
      inhdr: inline("virtio_crypto_inhdr"),
    },
    status: { field: "status", ok: "OK", unknown: "NOTSUPP", malformed: "ERR", failed: "ERR" },
    checks: [deviceReady],
    cases: {
      cipher_encrypt: {
        doc: "Encrypts in a session, perhaps chained with a hash or MAC",
        tag: "VIRTIO_CRYPTO_CIPHER_ENCRYPT",
        ...symmetric,
      },
      cipher_encrypt_stateless: {
        doc: "Encrypts in a session or without one, perhaps chained with a hash or MAC",
        tag: "VIRTIO_CRYPTO_CIPHER_ENCRYPT",
        ...symmetricStateless,
      },
      cipher_decrypt: {
        doc: "Decrypts in a session, perhaps chained with a hash or MAC",
        tag: "VIRTIO_CRYPTO_CIPHER_DECRYPT",
        ...symmetric,
      },
      cipher_decrypt_stateless: {
        doc: "Decrypts in a session or without one, perhaps chained with a hash or MAC",
        tag: "VIRTIO_CRYPTO_CIPHER_DECRYPT",
        ...symmetricStateless,
      },
      hash: { doc: "Hashes in a session", tag: "VIRTIO_CRYPTO_HASH", ...hash },
      hash_stateless: {
        doc: "Hashes in a session or without one",
        tag: "VIRTIO_CRYPTO_HASH",
        ...hashStateless,
      },
      mac: { doc: "Computes a MAC in a session", tag: "VIRTIO_CRYPTO_MAC", ...mac },
      mac_stateless: {
        doc: "Computes a MAC in a session or without one",
        tag: "VIRTIO_CRYPTO_MAC",
        ...macStateless,
      },
      aead_encrypt: {
        doc: "Encrypts and authenticates in a session",
        tag: "VIRTIO_CRYPTO_AEAD_ENCRYPT",
        ...aead,
      },
      aead_encrypt_stateless: {
        doc: "Encrypts and authenticates in a session or without one",
        tag: "VIRTIO_CRYPTO_AEAD_ENCRYPT",
        ...aeadStateless,
      },
      aead_decrypt: {
        doc: "Decrypts and verifies in a session; BADMSG when the tag is wrong",
        tag: "VIRTIO_CRYPTO_AEAD_DECRYPT",
        ...aead,
      },
      aead_decrypt_stateless: {
        doc: "Decrypts and verifies in a session or without one; BADMSG when the tag is wrong",
        tag: "VIRTIO_CRYPTO_AEAD_DECRYPT",
        ...aeadStateless,
      },
      akcipher_encrypt: {
        doc: "Encrypts asymmetrically in a session",
        tag: "VIRTIO_CRYPTO_AKCIPHER_ENCRYPT",
        ...akcipher,
      },
      akcipher_encrypt_stateless: {
        doc: "Encrypts asymmetrically in a session or without one",
        tag: "VIRTIO_CRYPTO_AKCIPHER_ENCRYPT",
        ...akcipherStateless,
      },
      akcipher_decrypt: {
        doc: "Decrypts asymmetrically in a session",
        tag: "VIRTIO_CRYPTO_AKCIPHER_DECRYPT",
        ...akcipher,
      },
      akcipher_decrypt_stateless: {
        doc: "Decrypts asymmetrically in a session or without one",
        tag: "VIRTIO_CRYPTO_AKCIPHER_DECRYPT",
        ...akcipherStateless,
      },
      akcipher_sign: {
        doc: "Signs in a session",
        tag: "VIRTIO_CRYPTO_AKCIPHER_SIGN",
        ...akcipher,
      },
      akcipher_sign_stateless: {
        doc: "Signs in a session or without one",
        tag: "VIRTIO_CRYPTO_AKCIPHER_SIGN",
        ...akcipherStateless,
      },
      akcipher_verify: {
        doc: "Verifies a signature in a session; KEY_REJECTED when it is wrong",
        tag: "VIRTIO_CRYPTO_AKCIPHER_VERIFY",
        ...verify,
      },
      akcipher_verify_stateless: {
        doc: "Verifies a signature in a session or without one; KEY_REJECTED when it is wrong",
        tag: "VIRTIO_CRYPTO_AKCIPHER_VERIFY",
        ...verifyStateless,
      },
      ipsec_outbound: {
        doc: "Makes an IPsec packet",
        tag: "VIRTIO_CRYPTO_IPSEC_OUTBOUND",
        ...ipsec,
      },
      ipsec_inbound: {
        doc: "Opens an IPsec packet; BADMSG when its integrity check fails",
        tag: "VIRTIO_CRYPTO_IPSEC_INBOUND",
        ...ipsec,
      },
    },
  },
} as const;

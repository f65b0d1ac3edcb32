/**
 * Algorithms of a crypto device over `node:crypto`: ciphers without padding, hashes, HMACs,
 * authenticated encryption and RSA, as far as the OpenSSL underneath has them; and ECDSA.
 *
 * ```ts
 * import { CryptoDevice } from "@virtio-ts/virtio/crypto";
 * import { nodeCrypto } from "@virtio-ts/virtio/providers/node_crypto";
 *
 * const config = { status: 1, maxDataqueues: 1, cryptoServices: 0x1f, cipherAlgoL: 0, cipherAlgoH: 0,
 *   hashAlgo: 0, macAlgoL: 0, macAlgoH: 0, aeadAlgo: 0, maxCipherKeyLen: 64, maxAuthKeyLen: 64,
 *   akcipherAlgo: 0b1010, maxSize: 1n << 20n };
 * new CryptoDevice({ config, sessions: { provider: nodeCrypto } });
 * ```
 *
 * @module
 */

import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  getCiphers,
  getHashes,
} from "node:crypto";
import type { AeadParameters, CryptoProvider } from "../runtime/behaviours/crypto_provider.ts";
import { nodeAkcipher } from "./node_akcipher.ts";

/** Names of hashes, here and there. */
const HASHES: Readonly<Record<string, string>> = {
  MD5: "md5",
  SHA1: "sha1",
  SHA_224: "sha224",
  SHA_256: "sha256",
  SHA_384: "sha384",
  SHA_512: "sha512",
  SHA3_224: "sha3-224",
  SHA3_256: "sha3-256",
  SHA3_384: "sha3-384",
  SHA3_512: "sha3-512",
};

const KEY_BITS = (length: number) => 8 * length;

/** Names of ciphers there, for keys of so many bytes. */
const CIPHERS: Readonly<Record<string, (length: number) => string>> = {
  AES_ECB: (length) => `aes-${KEY_BITS(length)}-ecb`,
  AES_CBC: (length) => `aes-${KEY_BITS(length)}-cbc`,
  AES_CTR: (length) => `aes-${KEY_BITS(length)}-ctr`,
  AES_XTS: (length) => `aes-${KEY_BITS(length) / 2}-xts`,
  "3DES_ECB": () => "des-ede3",
  "3DES_CBC": () => "des-ede3-cbc",
};

const AEADS: Readonly<Record<string, (length: number) => string>> = {
  GCM: (length) => `aes-${KEY_BITS(length)}-gcm`,
  CCM: (length) => `aes-${KEY_BITS(length)}-ccm`,
  CHACHA20_POLY1305: () => "chacha20-poly1305",
};

/** Bytes of a key where an algorithm has one length only. */
const KEYS: Readonly<Record<string, number>> = {
  "3DES_ECB": 24,
  "3DES_CBC": 24,
  CHACHA20_POLY1305: 32,
};

const ciphers: ReadonlySet<string> = new Set(getCiphers());
const hashes: ReadonlySet<string> = new Set(getHashes().map((name) => name.toLowerCase()));

function cipherName(
  names: typeof CIPHERS,
  algorithm: string,
  length: number,
): string | undefined {
  if ((KEYS[algorithm] ?? length) !== length) return undefined;
  const name = Object.hasOwn(names, algorithm) ? names[algorithm]!(length) : undefined;
  return name !== undefined && ciphers.has(name) ? name : undefined;
}

function hashName(algorithm: string): string | undefined {
  const name = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  return name !== undefined && hashes.has(name) ? name : undefined;
}

function known(name: string | undefined, algorithm: string): string {
  if (name === undefined) throw new TypeError(`Cannot use ${algorithm}: node:crypto lacks it`);
  return name;
}

/** `HMAC_SHA_256` → `SHA_256`. */
function hashOfMac(algorithm: string): string {
  return algorithm.startsWith("HMAC_") ? algorithm.slice("HMAC_".length) : "";
}

function aeadName(algorithm: string, { key }: AeadParameters): CipherGCMTypes {
  return known(cipherName(AEADS, algorithm, key.length), algorithm) as CipherGCMTypes;
}

function whole(...pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The algorithms of `node:crypto`. */
export const nodeCrypto: CryptoProvider = {
  akcipher: nodeAkcipher,

  supports(service, algorithm, keyLength) {
    switch (service) {
      case "hash":
        return hashName(algorithm) !== undefined;
      case "mac":
        return hashName(hashOfMac(algorithm)) !== undefined;
      case "cipher":
        return cipherName(CIPHERS, algorithm, keyLength) !== undefined;
      case "aead":
        return cipherName(AEADS, algorithm, keyLength) !== undefined;
    }
  },

  hash(algorithm, data) {
    return createHash(known(hashName(algorithm), algorithm)).update(data).digest();
  },

  mac(algorithm, key, data) {
    const hash = known(hashName(hashOfMac(algorithm)), algorithm);
    return createHmac(hash, key).update(data).digest();
  },

  cipher(algorithm, key, iv, data, encrypt) {
    const name = known(cipherName(CIPHERS, algorithm, key.length), algorithm);
    const vector = name.endsWith("-ecb") || name === "des-ede3" ? null : iv;
    const cipher = encrypt
      ? createCipheriv(name, key, vector)
      : createDecipheriv(name, key, vector);
    cipher.setAutoPadding(false);
    return whole(cipher.update(data), cipher.final());
  },

  seal(algorithm, about, data) {
    const { key, iv, aad, tagLength: authTagLength } = about;
    const cipher = createCipheriv(aeadName(algorithm, about), key, iv, { authTagLength });
    cipher.setAAD(aad, { plaintextLength: data.length });
    return whole(cipher.update(data), cipher.final(), cipher.getAuthTag());
  },

  open(algorithm, about, data) {
    const { key, iv, aad, tagLength: authTagLength } = about;
    const cipher = createDecipheriv(aeadName(algorithm, about), key, iv, { authTagLength });
    const length = data.length - authTagLength;
    cipher.setAuthTag(data.subarray(length));
    cipher.setAAD(aad, { plaintextLength: length });
    try {
      return whole(cipher.update(data.subarray(0, length)), cipher.final());
    } catch {
      return undefined;
    }
  },
};

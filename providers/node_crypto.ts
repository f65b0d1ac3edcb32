/**
 * Algorithms of a crypto device over `node:crypto`: ciphers without padding, hashes, authentication
 * codes, authenticated encryption, RSA and ECDSA. What goes by blocks is there wherever AES and triple
 * DES are, DES and XTS among it; the rest as far as the library underneath has it (Deno's own has
 * neither CCM nor GCM with keys of 192 bits).
 *
 * `supports` is false for what is not there, and a device then answers VIRTIO_CRYPTO_NOTSUPP; an
 * operation all the same is a TypeError. Not there, ever: ARC4, the algorithms of KASUMI, SNOW 3G, ZUC
 * and Twofish, and AES in mode F8, which `node:crypto` lacks; GMAC, since a request has no place for
 * its nonce (VIRTIO 1.4, 5.9.9.5); IPsec (5.9.9.9), which is whole packets and associations made by
 * administration commands: the handlers `ipsecOutbound` and `ipsecInbound` are the user's.
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
import { aes, type BlockCipher, cbc, cbcMac, cmac, ctr, des, xcbc, xts } from "./block_modes.ts";
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

/** Names of functions whose result may have any length. */
const EXTENDABLE: Readonly<Record<string, string>> = {
  SHA3_SHAKE128: "shake128",
  SHA3_SHAKE256: "shake256",
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

type Mode = (key: Uint8Array, iv: Uint8Array, data: Uint8Array, encrypt: boolean) => Uint8Array;

function ecb(make: (key: Uint8Array) => BlockCipher): Mode {
  return (key, _, data, encrypt) => encrypt ? make(key).encrypt(data) : make(key).decrypt(data);
}

/** Ciphers that are there without a name there; those of DES are triple DES with one key thrice. */
const MODES: Readonly<Record<string, { readonly keys: readonly number[]; readonly run: Mode }>> = {
  AES_CBC: { keys: [16, 24, 32], run: (key, ...rest) => cbc(aes(key), ...rest) },
  AES_CTR: { keys: [16, 24, 32], run: (key, iv, data) => ctr(aes(key), iv, data) },
  AES_XTS: { keys: [32, 64], run: xts },
  DES_ECB: { keys: [8], run: ecb(des) },
  DES_CBC: { keys: [8], run: (key, ...rest) => cbc(des(key), ...rest) },
  "3DES_ECB": { keys: [24], run: ecb(des) },
  "3DES_CTR": { keys: [24], run: (key, iv, data) => ctr(des(key), iv, data) },
};

type Code = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/** Authentication codes that go by blocks. */
const CODES: Readonly<Record<string, { readonly keys: readonly number[]; readonly run: Code }>> = {
  CMAC_3DES: { keys: [24], run: (key, data) => cmac(des(key), data) },
  CMAC_AES: { keys: [16, 24, 32], run: (key, data) => cmac(aes(key), data) },
  CBCMAC_AES: { keys: [16, 24, 32], run: (key, data) => cbcMac(aes(key), data) },
  XCBC_AES: { keys: [16], run: xcbc },
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

/** What a table has for an algorithm and keys of so many bytes. */
function made<T>(
  table: Readonly<Record<string, { readonly keys: readonly number[]; readonly run: T }>>,
  algorithm: string,
  length: number,
): T | undefined {
  const entry = Object.hasOwn(table, algorithm) ? table[algorithm] : undefined;
  return entry?.keys.includes(length) === true ? entry.run : undefined;
}

function hashName(algorithm: string): string | undefined {
  const table = [HASHES, EXTENDABLE].find((names) => Object.hasOwn(names, algorithm));
  const name = table?.[algorithm];
  return name !== undefined && hashes.has(name) ? name : undefined;
}

function known<T>(name: T | undefined, algorithm: string): T {
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
        return (made(CODES, algorithm, keyLength) ?? hashName(hashOfMac(algorithm))) !== undefined;
      case "cipher":
        return (cipherName(CIPHERS, algorithm, keyLength) ??
          made(MODES, algorithm, keyLength)) !== undefined;
      case "aead":
        return cipherName(AEADS, algorithm, keyLength) !== undefined;
    }
  },

  hash(algorithm, data, outputLength) {
    const name = known(hashName(algorithm), algorithm);
    const free = outputLength !== undefined && Object.hasOwn(EXTENDABLE, algorithm);
    return createHash(name, free ? { outputLength } : {}).update(data).digest();
  },

  mac(algorithm, key, data) {
    const code = made(CODES, algorithm, key.length);
    if (code !== undefined) return code(key, data);
    const hash = known(hashName(hashOfMac(algorithm)), algorithm);
    return createHmac(hash, key).update(data).digest();
  },

  cipher(algorithm, key, iv, data, encrypt) {
    const name = cipherName(CIPHERS, algorithm, key.length);
    if (name === undefined) {
      return known(made(MODES, algorithm, key.length), algorithm)(key, iv, data, encrypt);
    }
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

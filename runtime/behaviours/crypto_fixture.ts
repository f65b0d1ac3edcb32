/** A crypto device for tests, and what they know of AES. @module */

import { CryptoDevice, type CryptoDeviceOptions } from "../../generated/crypto/mod.ts";
import { nodeCrypto } from "../../providers/node_crypto.ts";

/** Bytes from hex. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** A device whose sessions are over `node:crypto`. */
export function made(options: Partial<CryptoDeviceOptions> = {}): CryptoDevice {
  return new CryptoDevice({
    config: {
      status: 1,
      maxDataqueues: 1,
      cryptoServices: 0x1f,
      cipherAlgoL: 0,
      cipherAlgoH: 0,
      hashAlgo: 0,
      macAlgoL: 0,
      macAlgoH: 0,
      aeadAlgo: 0,
      maxCipherKeyLen: 64,
      maxAuthKeyLen: 64,
      akcipherAlgo: 0b1010,
      maxSize: 1n << 20n,
    },
    sessions: { provider: nodeCrypto },
    ...options,
  });
}

/** SP 800-38A, appendix F: the key of its examples with 128 bits. */
export const KEY: Uint8Array = hex("2b7e151628aed2a6abf7158809cf4f3c");
/** Their initialization vector. */
export const IV: Uint8Array = hex("000102030405060708090a0b0c0d0e0f");
/** Their first block. */
export const PLAIN: Uint8Array = hex("6bc1bee22e409f96e93d7e117393172a");

/**
 * RSA as a crypto device has it: raw, or padded by PKCS #1 v1.5 (RFC 8017, 7.2 and 8.2) around digests
 * that the driver made. The powers are OpenSSL's.
 *
 * @module
 */

import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { Buffer } from "node:buffer";
import type { RsaKey } from "../runtime/behaviours/crypto_provider.ts";

const NO_PADDING = { padding: constants.RSA_NO_PADDING };

/** Least bytes of padding between the head and the data. */
const LEAST = 8;

/** DER of a DigestInfo up to its digest, in hex, and the bytes of that. */
const DIGESTS: Readonly<Record<string, readonly [prefix: string, length: number]>> = {
  MD2: ["3020300c06082a864886f70d020205000410", 16],
  MD4: ["3020300c06082a864886f70d020405000410", 16],
  MD5: ["3020300c06082a864886f70d020505000410", 16],
  SHA1: ["3021300906052b0e03021a05000414", 20],
  SHA224: ["302d300d06096086480165030402040500041c", 28],
  SHA256: ["3031300d060960864801650304020105000420", 32],
  SHA384: ["3041300d060960864801650304020205000430", 48],
  SHA512: ["3051300d060960864801650304020305000440", 64],
};

/** Whether a padding is known, and the hash in it. */
export function knows({ padding, hash }: RsaKey): boolean {
  if (padding === "RAW_PADDING") return true;
  return padding === "PKCS1_PADDING" && (hash === "NO_HASH" || Object.hasOwn(DIGESTS, hash));
}

/** Throws unless the key is an RSAPrivateKey or RSAPublicKey in DER. */
export function checkKey(key: RsaKey): void {
  if (key.isPrivate) privateKey(key);
  else publicKey(key);
}

/** Encrypts by the public key. */
export function encrypt(key: RsaKey, data: Uint8Array): Uint8Array {
  const open = publicKey(key);
  const size = sizeOf(open);
  const block = key.padding === "RAW_PADDING" ? extended(data, size) : padded(2, data, size);
  return publicEncrypt({ key: open, ...NO_PADDING }, block);
}

/** Decrypts by the private key; throws when there is no such padding. */
export function decrypt(key: RsaKey, data: Uint8Array): Uint8Array {
  const secret = privateKey(key);
  const block = privateDecrypt({ key: secret, ...NO_PADDING }, extended(data, sizeOf(secret)));
  if (key.padding === "RAW_PADDING") return block;
  const end = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || end < 2 + LEAST) {
    throw new RangeError("Cannot decrypt: the padding is wrong");
  }
  return block.subarray(end + 1);
}

/** Signs a digest, which is of the hash that the key names. */
export function sign(key: RsaKey, digest: Uint8Array): Uint8Array {
  const secret = privateKey(key);
  return privateDecrypt({ key: secret, ...NO_PADDING }, signed(key, digest, sizeOf(secret)));
}

/** Whether a signature is that of a digest. */
export function verify(key: RsaKey, signature: Uint8Array, digest: Uint8Array): boolean {
  const open = publicKey(key);
  const size = sizeOf(open);
  const expected = signed(key, digest, size);
  if (signature.length !== size) return false;
  try {
    const found = publicEncrypt({ key: open, ...NO_PADDING }, signature);
    return found.every((byte, at) => byte === expected[at]);
  } catch {
    return false; // as a number, not below the modulus
  }
}

function privateKey({ key }: RsaKey): KeyObject {
  return createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs1" });
}

function publicKey(key: RsaKey): KeyObject {
  if (key.isPrivate) return createPublicKey(privateKey(key));
  return createPublicKey({ key: Buffer.from(key.key), format: "der", type: "pkcs1" });
}

/** Bytes of the modulus. */
function sizeOf(key: KeyObject): number {
  return Math.ceil(key.asymmetricKeyDetails!.modulusLength! / 8);
}

/** Zeroes in front. */
function extended(data: Uint8Array, size: number): Uint8Array {
  if (data.length > size) {
    throw new RangeError(`Cannot use ${data.length} bytes: more than ${size}`);
  }
  const block = new Uint8Array(size);
  block.set(data, size - data.length);
  return block;
}

/** What is signed: EMSA-PKCS1-v1_5 of a digest. */
function signed({ hash }: RsaKey, digest: Uint8Array, size: number): Uint8Array {
  const [prefix, length] = hash === "NO_HASH" ? ["", digest.length] : DIGESTS[hash]!;
  if (digest.length !== length) {
    throw new RangeError(`Cannot sign ${digest.length} bytes: a digest has ${length}`);
  }
  return padded(1, Buffer.concat([Buffer.from(prefix, "hex"), digest]), size);
}

/** A block of type 1, filled with ones, or 2, filled with random bytes other than 0. */
function padded(type: 1 | 2, data: Uint8Array, size: number): Uint8Array {
  const fill = size - 3 - data.length;
  if (fill < LEAST) throw new RangeError(`Cannot pad ${data.length} bytes to ${size}`);
  const block = extended(data, size);
  block[1] = type;
  block.fill(0xff, 2, 2 + fill);
  for (let at = 2; type === 2 && at < 2 + fill; at++) {
    do block[at] = randomBytes(1)[0]!; while (block[at] === 0);
  }
  return block;
}

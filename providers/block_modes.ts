/**
 * Modes of block ciphers over those blocks that `node:crypto` can encrypt one by one: what the library
 * underneath may lack (OpenSSL without its legacy algorithms, Deno's own), and the authentication codes
 * that go by blocks. All of them take whole blocks but for counters, XTS, CMAC and XCBC.
 *
 * @module
 */

import { createCipheriv, createDecipheriv } from "node:crypto";

/** A block cipher with its key: each block of the data by itself. */
export interface BlockCipher {
  /** Bytes of a block. */
  readonly size: number;
  /** Encrypts whole blocks; RangeError for others. */
  encrypt(data: Uint8Array): Uint8Array;
  /** Decrypts whole blocks; RangeError for others. */
  decrypt(data: Uint8Array): Uint8Array;
}

/** AES with a key of 16, 24 or 32 bytes. */
export function aes(key: Uint8Array): BlockCipher {
  const name = `aes-${8 * key.length}-ecb`;
  const run = (make: typeof createCipheriv | typeof createDecipheriv) => (data: Uint8Array) => {
    const cipher = make(name, key, null).setAutoPadding(false);
    return new Uint8Array(cipher.update(inBlocks(data, 16)));
  };
  return { size: 16, encrypt: run(createCipheriv), decrypt: run(createDecipheriv) };
}

/** DES with a key of 8 bytes, or triple DES with one of 24. Only its chained mode is everywhere. */
export function des(key: Uint8Array): BlockCipher {
  const size = 8;
  const name = "des-ede3-cbc";
  const triple = key.length === size ? Uint8Array.of(...key, ...key, ...key) : key;
  const zero = new Uint8Array(size);
  return {
    size,
    encrypt: (data) =>
      mapBlocks(data, size, (block) => {
        const cipher = createCipheriv(name, triple, zero).setAutoPadding(false);
        return new Uint8Array(cipher.update(block));
      }),
    decrypt: (data) => {
      const cipher = createDecipheriv(name, triple, zero).setAutoPadding(false);
      const chained = new Uint8Array(cipher.update(inBlocks(data, size)));
      return mixed(chained, Uint8Array.of(...zero, ...data));
    },
  };
}

/** Cipher block chaining. */
export function cbc(
  cipher: BlockCipher,
  iv: Uint8Array,
  data: Uint8Array,
  encrypt: boolean,
): Uint8Array {
  if (iv.length !== cipher.size) throw wrong("an initialization vector", iv.length, cipher.size);
  if (!encrypt) return mixed(cipher.decrypt(data), Uint8Array.of(...iv, ...data));
  let last = iv;
  return mapBlocks(data, cipher.size, (block) => last = cipher.encrypt(mixed(block, last)));
}

/** Counter mode; `iv` is the first counter. */
export function ctr(cipher: BlockCipher, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const { size } = cipher;
  if (iv.length !== size) throw wrong("a counter", iv.length, size);
  const counters = new Uint8Array(Math.ceil(data.length / size) * size);
  const counter = iv.slice();
  for (let at = 0; at < counters.length; at += size) {
    counters.set(counter, at);
    for (let byte = size - 1; byte >= 0; byte--) {
      counter[byte]!++; // wraps at 256
      if (counter[byte] !== 0) break;
    }
  }
  return mixed(data, cipher.encrypt(counters));
}

/** XTS of AES (IEEE 1619) with both keys in one; the last block may be cut off, when it is not the only one. */
export function xts(
  keys: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
  encrypt: boolean,
): Uint8Array {
  const half = keys.length / 2;
  const cipher = aes(keys.subarray(0, half));
  const run = (block: Uint8Array, tweak: Uint8Array) => {
    const inner = mixed(block, tweak);
    return mixed(encrypt ? cipher.encrypt(inner) : cipher.decrypt(inner), tweak);
  };
  const cut = data.length % 16;
  const whole = data.length - cut;
  if (whole === 0) throw wrong("data", data.length, 16);
  let tweak = aes(keys.subarray(half)).encrypt(iv);
  const following = () => {
    const now = tweak;
    tweak = doubled(tweak, 0x87, true);
    return now;
  };
  const result = data.slice();
  const normal = cut === 0 ? whole : whole - 16;
  for (let at = 0; at < normal; at += 16) {
    result.set(run(data.subarray(at, at + 16), following()), at);
  }
  if (cut === 0) return result;
  const tweaks = [following(), following()] as const;
  const [first, second] = encrypt ? tweaks : [tweaks[1], tweaks[0]];
  const stolen = run(data.subarray(normal, whole), first);
  result.set(stolen.subarray(0, cut), whole);
  const last = Uint8Array.of(...data.subarray(whole), ...stolen.subarray(cut));
  result.set(run(last, second), normal);
  return result;
}

/** The authentication code CMAC (NIST SP 800-38B). */
export function cmac(cipher: BlockCipher, data: Uint8Array): Uint8Array {
  const { size } = cipher;
  const polynomial = size === 16 ? 0x87 : 0x1b;
  const first = doubled(cipher.encrypt(new Uint8Array(size)), polynomial, false);
  return keyedLast(cipher, data, first, doubled(first, polynomial, false));
}

/** The authentication code XCBC (RFC 3566), of AES with a key of 16 bytes. */
export function xcbc(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (key.length !== 16) throw wrong("a key", key.length, 16);
  const [own, whole, padded] = [1, 2, 3].map((byte) =>
    aes(key).encrypt(new Uint8Array(16).fill(byte))
  );
  return keyedLast(aes(own!), data, whole!, padded!);
}

/** The last block of a chain that begins with zeroes: only of data that are whole blocks. */
export function cbcMac(cipher: BlockCipher, data: Uint8Array): Uint8Array {
  if (data.length === 0) throw wrong("data", 0, cipher.size);
  return cbc(cipher, new Uint8Array(cipher.size), data, true).slice(-cipher.size);
}

/** A chain whose last block is mixed with a key: one for a whole block, one for a padded one. */
function keyedLast(
  cipher: BlockCipher,
  data: Uint8Array,
  whole: Uint8Array,
  padded: Uint8Array,
): Uint8Array {
  const { size } = cipher;
  const count = Math.max(1, Math.ceil(data.length / size));
  const blocks = new Uint8Array(count * size);
  blocks.set(data);
  const isWhole = data.length === blocks.length;
  if (!isWhole) blocks[data.length] = 0x80;
  const from = blocks.length - size;
  blocks.set(mixed(blocks.subarray(from), isWhole ? whole : padded), from);
  return cbcMac(cipher, blocks);
}

/** Twice the number in a field of that many bits, most significant byte first or last. */
function doubled(value: Uint8Array, polynomial: number, little: boolean): Uint8Array {
  const bytes = little ? value.toReversed() : value;
  const result = bytes.map((byte, at) => byte << 1 | (bytes[at + 1] ?? 0) >>> 7);
  if (bytes[0]! >= 0x80) result[result.length - 1]! ^= polynomial;
  return little ? result.reverse() : result;
}

/** Each byte with the one that stands there in `other`, exclusively. */
function mixed(data: Uint8Array, other: Uint8Array): Uint8Array {
  return data.map((byte, at) => byte ^ other[at]!);
}

function mapBlocks(
  data: Uint8Array,
  size: number,
  map: (block: Uint8Array) => Uint8Array,
): Uint8Array {
  const result = inBlocks(data, size).slice();
  for (let at = 0; at < data.length; at += size) {
    result.set(map(data.subarray(at, at + size)), at);
  }
  return result;
}

function inBlocks(data: Uint8Array, size: number): Uint8Array {
  if (data.length % size !== 0) throw wrong("data", data.length, size);
  return data;
}

function wrong(what: string, length: number, size: number): RangeError {
  return new RangeError(`Cannot use ${what} of ${length} bytes: blocks have ${size}`);
}

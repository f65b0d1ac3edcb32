/**
 * SHA-256 and HMAC with it (FIPS 180-4, RFC 2104). The runtime imports nothing, and what WebCrypto
 * has of this is asynchronous and only there in secure contexts: a device that answers in order is
 * simpler with a hash that answers at once.
 *
 * @module
 */

const BLOCK = 64;
const WORDS = Uint32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const START = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0)) found.push(n);
  }
  return found;
}

/** The first 32 bits behind the point. */
function fraction(value: number): number {
  return (value % 1) * 2 ** 32;
}

/** A hash under way. */
export class Sha256 {
  readonly #state = START.slice();
  readonly #block = new Uint8Array(BLOCK);
  readonly #view = new DataView(this.#block.buffer);
  readonly #words = new Uint32Array(BLOCK);
  #length = 0; // bytes so far

  /** Adds bytes. */
  update(bytes: Uint8Array): this {
    for (let from = 0; from < bytes.length;) {
      const at = this.#length % BLOCK;
      const part = bytes.subarray(from, from + BLOCK - at);
      this.#block.set(part, at);
      this.#length += part.length;
      from += part.length;
      if (this.#length % BLOCK === 0) this.#mix();
    }
    return this;
  }

  /** The hash, of 32 bytes; nothing can be added any more. */
  digest(): Uint8Array {
    const bits = BigInt(this.#length) * 8n;
    this.update(Uint8Array.of(0x80));
    while (this.#length % BLOCK !== BLOCK - 8) this.update(Uint8Array.of(0));
    this.#view.setBigUint64(BLOCK - 8, bits);
    this.#mix();
    const hash = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, at) => hash.setUint32(at * 4, word));
    return new Uint8Array(hash.buffer);
  }

  #mix(): void {
    const words = this.#words;
    for (let i = 0; i < 16; i++) words[i] = this.#view.getUint32(i * 4);
    for (let i = 16; i < BLOCK; i++) {
      const [near, far] = [words[i - 2]!, words[i - 15]!];
      const sum = (turn(near, 17) ^ turn(near, 19) ^ near >>> 10) +
        (turn(far, 7) ^ turn(far, 18) ^ far >>> 3);
      words[i] = sum + words[i - 7]! + words[i - 16]!;
    }
    const state = this.#state;
    let [a, b, c, d, e, f, g, h] = state as unknown as Eight;
    for (let i = 0; i < BLOCK; i++) {
      const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + WORDS[i]! +
        words[i]!;
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c);
      [h, g, f, e, d, c, b, a] = [g, f, e, d + one | 0, c, b, a, one + two | 0];
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i]! += word;
  }
}

type Eight = [number, number, number, number, number, number, number, number];

function turn(word: number, bits: number): number {
  return word >>> bits | word << 32 - bits;
}

/** HMAC-SHA-256 of the parts, one behind the other. */
export function hmacSha256(key: Uint8Array, parts: Iterable<Uint8Array>): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? new Sha256().update(key).digest() : key);
  const inner = new Sha256().update(block.map((byte) => byte ^ 0x36));
  for (const part of parts) inner.update(part);
  return new Sha256().update(block.map((byte) => byte ^ 0x5c)).update(inner.digest()).digest();
}

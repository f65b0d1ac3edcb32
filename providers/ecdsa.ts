/**
 * ECDSA over digests (FIPS 186-5; nonces after RFC 6979), which `node:crypto` offers for whole messages
 * only. A bigint's arithmetic does not take constant time: who can measure signing may learn of the key.
 *
 * @module
 */

import { createHmac } from "node:crypto";

/** A curve y² = x³ − 3x + b over the prime p, with a point of prime order n. */
interface Curve {
  readonly bits: number;
  readonly p: bigint;
  readonly n: bigint;
  readonly b: bigint;
  readonly g: Point;
}

/** In Jacobian coordinates: (x / z², y / z³); infinity has a z of 0. */
type Point = readonly [x: bigint, y: bigint, z: bigint];

const CURVES: Readonly<Record<string, Curve>> = {
  NIST_P192: {
    bits: 192,
    p: (1n << 192n) - (1n << 64n) - 1n,
    n: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
    b: 0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1n,
    g: [
      0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012n,
      0x7192b95ffc8da78631011ed6b24cdd573f977a11e794811n,
      1n,
    ],
  },
  NIST_P224: {
    bits: 224,
    p: (1n << 224n) - (1n << 96n) + 1n,
    n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
    b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
    g: [
      0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
      0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
      1n,
    ],
  },
  NIST_P256: {
    bits: 256,
    p: (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    g: [
      0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
      1n,
    ],
  },
  NIST_P384: {
    bits: 384,
    p: (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    g: [
      0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
      1n,
    ],
  },
  NIST_P521: {
    bits: 521,
    p: (1n << 521n) - 1n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    g: [
      0xc6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66n,
      0x11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650n,
      1n,
    ],
  },
};

const INFINITY: Point = [1n, 1n, 0n];

/** Hashes by the bytes of a digest, for nonces. */
const HASHES: Readonly<Record<number, string>> = {
  20: "sha1",
  28: "sha224",
  48: "sha384",
  64: "sha512",
};

/** Whether there is a curve of this name, such as `"NIST_P256"`. */
export function hasCurve(name: string): boolean {
  return Object.hasOwn(CURVES, name);
}

/** Signs a digest by a key in DER (ECPrivateKey, RFC 5915); the signature in DER (RFC 3279). */
export function sign(curveName: string, key: Uint8Array, digest: Uint8Array): Uint8Array {
  const curve = CURVES[curveName]!;
  const { n, g } = curve;
  const d = privateScalar(curve, key);
  const e = truncated(curve, digest);
  for (const k of nonces(curve, d, digest)) {
    const r = mod(affine(curve, multiple(curve, k, g))[0], n);
    const s = mod(inverse(k, n) * (e + r * d), n);
    if (r !== 0n && s !== 0n) return der(0x30, [...integer(r), ...integer(s)]);
  }
  throw new RangeError("Cannot sign: no nonce fits");
}

/**
 * Whether a signature in DER is that of a digest. The key is a point without compression, or a private
 * key in DER.
 */
export function verify(
  curveName: string,
  key: Uint8Array,
  isPrivate: boolean,
  signature: Uint8Array,
  digest: Uint8Array,
): boolean {
  const curve = CURVES[curveName]!;
  const { n, g } = curve;
  const q = isPrivate ? multiple(curve, privateScalar(curve, key), g) : point(curve, key);
  const pair = signatureParts(signature);
  if (pair === undefined || pair.some((part) => part <= 0n || part >= n)) return false;
  const [r, s] = pair;
  const w = inverse(s, n);
  const sum = add(
    curve,
    multiple(curve, mod(truncated(curve, digest) * w, n), g),
    multiple(curve, mod(r * w, n), q),
  );
  return sum[2] !== 0n && mod(affine(curve, sum)[0], n) === r;
}

/** Throws a TypeError unless a key can be used. */
export function checkKey(curveName: string, key: Uint8Array, isPrivate: boolean): void {
  const curve = CURVES[curveName]!;
  if (isPrivate) privateScalar(curve, key);
  else point(curve, key);
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** By Euclid's algorithm; the value is not a multiple of the modulus, a prime. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [mod(value, modulus), modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return mod(x, modulus);
}

function double({ p }: Curve, [x, y, z]: Point): Point {
  if (z === 0n) return INFINITY;
  const zz = z * z % p;
  const yy = y * y % p;
  const beta = x * yy % p;
  const alpha = 3n * (x - zz) * (x + zz) % p;
  const x3 = mod(alpha * alpha - 8n * beta, p);
  return [x3, mod(alpha * (4n * beta - x3) - 8n * yy * yy, p), mod(2n * y * z, p)];
}

function add(curve: Curve, one: Point, other: Point): Point {
  const { p } = curve;
  const [x1, y1, z1] = one;
  const [x2, y2, z2] = other;
  if (z1 === 0n) return other;
  if (z2 === 0n) return one;
  const [zz1, zz2] = [z1 * z1 % p, z2 * z2 % p];
  const [u1, u2] = [x1 * zz2 % p, x2 * zz1 % p];
  const [s1, s2] = [y1 * zz2 * z2 % p, y2 * zz1 * z1 % p];
  const h = mod(u2 - u1, p);
  const r = mod(s2 - s1, p);
  if (h === 0n) return r === 0n ? double(curve, one) : INFINITY;
  const hh = h * h % p;
  const hhh = h * hh % p;
  const v = u1 * hh % p;
  const x3 = mod(r * r - hhh - 2n * v, p);
  return [x3, mod(r * (v - x3) - s1 * hhh, p), mod(h * z1 * z2, p)];
}

/** The same steps for each bit. */
function multiple(curve: Curve, factor: bigint, base: Point): Point {
  let [low, high] = [INFINITY, base];
  for (let bit = BigInt(curve.bits - 1); bit >= 0n; bit--) {
    const sum = add(curve, low, high);
    if ((factor >> bit & 1n) === 0n) [low, high] = [double(curve, low), sum];
    else [low, high] = [sum, double(curve, high)];
  }
  return low;
}

function affine({ p }: Curve, [x, y, z]: Point): readonly [x: bigint, y: bigint] {
  const inverted = inverse(z, p);
  const square = inverted * inverted % p;
  return [x * square % p, y * square * inverted % p];
}

/** The leftmost bits of a digest, as many as the order has. */
function truncated({ bits }: Curve, digest: Uint8Array): bigint {
  return number(digest) >> BigInt(Math.max(0, 8 * digest.length - bits));
}

/** Nonces after RFC 6979, 3.2. */
function* nonces(curve: Curve, d: bigint, digest: Uint8Array): Generator<bigint> {
  const { bits, n } = curve;
  const hash = HASHES[digest.length] ?? "sha256";
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]) => {
    const mac = createHmac(hash, key);
    for (const part of parts) mac.update(part);
    return new Uint8Array(mac.digest());
  };
  const size = Math.ceil(bits / 8);
  const seed = [octets(d, size), octets(mod(truncated(curve, digest), n), size)];
  const length = createHmac(hash, "").digest().length;
  let v = new Uint8Array(length).fill(1);
  let k = new Uint8Array(length);
  for (const step of [0, 1]) {
    k = hmac(k, v, Uint8Array.of(step), ...seed);
    v = hmac(k, v);
  }
  for (let tries = 0; tries < 100; tries++) {
    let bytes: number[] = [];
    while (bytes.length < size) {
      v = hmac(k, v);
      bytes = [...bytes, ...v];
    }
    const nonce = truncated(curve, Uint8Array.from(bytes.slice(0, size)));
    if (nonce > 0n && nonce < n) yield nonce;
    k = hmac(k, v, Uint8Array.of(0));
    v = hmac(k, v);
  }
}

function number(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => value << 8n | BigInt(byte), 0n);
}

function octets(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => {
    return Number(value >> BigInt(8 * (size - 1 - at)) & 0xffn);
  });
}

/** SEC 1, 2.3.4, without compression; on the curve, so that it has its order: the cofactor is 1. */
function point({ bits, p, b }: Curve, key: Uint8Array): Point {
  const size = Math.ceil(bits / 8);
  if (key.length !== 1 + 2 * size || key[0] !== 4) {
    throw new TypeError(`Cannot use the key: ${key.length} bytes are no point without compression`);
  }
  const [x, y] = [number(key.subarray(1, 1 + size)), number(key.subarray(1 + size))];
  if (x >= p || y >= p || mod(y * y - x * x * x + 3n * x - b, p) !== 0n) {
    throw new TypeError("Cannot use the key: the point is not on the curve");
  }
  return [x, y, 1n];
}

/** The number in an ECPrivateKey; what follows it is not looked at. */
function privateScalar({ n }: Curve, key: Uint8Array): bigint {
  const fields = read(key, 0x30)?.value;
  const version = fields === undefined ? undefined : read(fields, 0x02);
  const scalar = version === undefined ? undefined : read(version.rest, 0x04);
  if (scalar === undefined) throw new TypeError("Cannot use the key: it is no ECPrivateKey in DER");
  const d = number(scalar.value);
  if (d === 0n || d >= n) {
    throw new TypeError("Cannot use the key: it does not belong to the curve");
  }
  return d;
}

function signatureParts(signature: Uint8Array): readonly [r: bigint, s: bigint] | undefined {
  const pair = read(signature, 0x30);
  if (pair === undefined || pair.rest.length > 0) return undefined;
  const r = read(pair.value, 0x02);
  const s = r === undefined ? undefined : read(r.rest, 0x02);
  if (r === undefined || s === undefined || s.rest.length > 0) return undefined;
  const negative = [r, s].some(({ value }) => value.length === 0 || value[0]! > 0x7f);
  return negative ? undefined : [number(r.value), number(s.value)];
}

/** The first element of DER, if it has this tag and is all there; lengths below 65536. */
function read(
  bytes: Uint8Array,
  tag: number,
): { readonly value: Uint8Array; readonly rest: Uint8Array } | undefined {
  const [found, first = 0x80] = bytes;
  const more = first < 0x80 ? 0 : first - 0x80;
  if (found !== tag || first === 0x80 || more > 2) return undefined;
  const start = 2 + more;
  const length = more === 0 ? first : Number(number(bytes.subarray(2, start)));
  if (bytes.length < start + length) return undefined;
  return { value: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

function der(tag: number, value: readonly number[]): Uint8Array {
  const { length } = value;
  return Uint8Array.from([tag, ...(length < 0x80 ? [] : [0x81]), length, ...value]);
}

function integer(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return der(0x02, [...octets(value, (hex.length >> 1) + 1)].slice(needless(hex)));
}

/** 1 where the octet of zeroes in front is not needed. */
function needless(hex: string): number {
  return hex.length % 2 === 0 && parseInt(hex[0]!, 16) < 8 ? 1 : 0;
}

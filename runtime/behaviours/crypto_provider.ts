/**
 * What a crypto device needs of whoever has the algorithms.
 *
 * @module
 */

/** Bytes, perhaps later. */
export type CryptoBytes = Uint8Array | Promise<Uint8Array>;

/** The services whose algorithms go by a name and a key. */
export type CryptoService = "cipher" | "hash" | "mac" | "aead";

/**
 * Algorithms, by the standard's names without their prefix, such as `"AES_CBC"` or `"HMAC_SHA_256"`.
 * An operation that throws fails its request.
 */
export interface CryptoProvider {
  /** Whether there is an algorithm for keys of so many bytes; 0 where there is no key. */
  supports(service: CryptoService, algorithm: string, keyLength: number): boolean;
  /** The hash of data; of `length` bytes, where it may have any number of them. */
  hash(algorithm: string, data: Uint8Array, length?: number): CryptoBytes;
  /** The authentication code of data. */
  mac(algorithm: string, key: Uint8Array, data: Uint8Array): CryptoBytes;
  /** Data, encrypted or decrypted without any padding. */
  cipher(
    algorithm: string,
    key: Uint8Array,
    iv: Uint8Array,
    data: Uint8Array,
    encrypt: boolean,
  ): CryptoBytes;
  /** Data, encrypted and followed by a tag of so many bytes. */
  seal(algorithm: string, about: AeadParameters, data: Uint8Array): CryptoBytes;
  /** Data that are followed by their tag, decrypted; undefined when the tag is wrong. */
  open(
    algorithm: string,
    about: AeadParameters,
    data: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Asymmetric algorithms; not served when there are none. */
  readonly akcipher?: AkcipherProvider;
}

/** What authenticated encryption needs beside the data. */
export interface AeadParameters {
  /** The key. */
  readonly key: Uint8Array;
  /** Initialization vector. */
  readonly iv: Uint8Array;
  /** What is authenticated and not encrypted. */
  readonly aad: Uint8Array;
  /** Bytes of the tag. */
  readonly tagLength: number;
}

/** A key of RSA, and its use (5.9.9.2.1.5). */
export interface RsaKey {
  /** The algorithm. */
  readonly algorithm: "RSA";
  /** Whether it is an RSAPrivateKey; an RSAPublicKey otherwise. */
  readonly isPrivate: boolean;
  /** The key, in DER. */
  readonly key: Uint8Array;
  /** Name of the padding: `"RAW_PADDING"` or `"PKCS1_PADDING"`. */
  readonly padding: string;
  /** Name of the hash in the padding of a signature, such as `"SHA256"`, or `"NO_HASH"`. */
  readonly hash: string;
}

/** A key of ECDSA (5.9.9.2.1.5). */
export interface EcdsaKey {
  /** The algorithm. */
  readonly algorithm: "ECDSA";
  /** Whether it is an ECPrivateKey; the value of an ECPoint otherwise. */
  readonly isPrivate: boolean;
  /** The key, in DER. */
  readonly key: Uint8Array;
  /** Name of the curve, such as `"NIST_P256"`. */
  readonly curve: string;
}

/** A key of an asymmetric algorithm. */
export type AkcipherKey = RsaKey | EcdsaKey;

/** Asymmetric algorithms (5.9.9.8). An operation that throws fails its request. */
export interface AkcipherProvider {
  /** Whether the algorithm is there, with this padding, hash or curve. */
  supports(key: AkcipherKey): boolean;
  /** Throws when the key can't be read. */
  check(key: AkcipherKey): void;
  /** Data, encrypted by a public key. */
  encrypt(key: RsaKey, data: Uint8Array): CryptoBytes;
  /** Data, decrypted by a private key. */
  decrypt(key: RsaKey, data: Uint8Array): CryptoBytes;
  /** The signature of what is usually a digest. */
  sign(key: AkcipherKey, data: Uint8Array): CryptoBytes;
  /** Whether a signature is that of the data. */
  verify(key: AkcipherKey, signature: Uint8Array, data: Uint8Array): boolean | Promise<boolean>;
}

/**
 * What a crypto device needs of whoever has the algorithms.
 *
 * @module
 */

/** CryptoBytes, perhaps later. */
export type CryptoBytes = Uint8Array | Promise<Uint8Array>;

/** The services whose sessions are kept here. */
export type CryptoService = "cipher" | "hash" | "mac" | "aead";

/**
 * Algorithms, by the standard's names without their prefix, such as `"AES_CBC"` or `"HMAC_SHA_256"`.
 * An operation that throws fails its request.
 */
export interface CryptoProvider {
  /** Whether there is an algorithm for keys of so many bytes; 0 where there is no key. */
  supports(service: CryptoService, algorithm: string, keyLength: number): boolean;
  /** The hash of data. */
  hash(algorithm: string, data: Uint8Array): CryptoBytes;
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
}

/** What authenticated encryption needs beside the data. */
export interface AeadParameters {
  /** The key. */
  readonly key: Uint8Array;
  /** Initialization vector. */
  readonly iv: Uint8Array;
  /** What is authenticated and not encrypted. */
  readonly aad: Uint8Array;
  /** CryptoBytes of the tag. */
  readonly tagLength: number;
}

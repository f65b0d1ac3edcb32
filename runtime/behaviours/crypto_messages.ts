/**
 * What a crypto device's sessions see of its messages (VIRTIO 1.4, 5.9.9).
 *
 * @module
 */

import type { Handler } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";

/** What the creation of a session answers. */
export type CryptoCreated = number | { readonly sessionId: bigint };
/** A status, later. */
export type CryptoAnswer = Promise<number>;
/** A request in a session. */
export interface CryptoInSession {
  /** The session. */
  readonly sessionId: bigint;
}

/** A request in a session or, as its flag says, without one. */
export interface CryptoMaybeInSession extends CryptoInSession {
  /** Flags. */
  readonly flag: number;
}

/** The hash or MAC of a chain. */
export interface CryptoChainFlf {
  /** Which comes first. */
  readonly algChainOrder: number;
  /** The algorithm. */
  readonly algoFlf: { readonly kind: "hash" | "mac"; readonly algo: number };
}

/** Where the parts of a chain lie in the source data. */
export interface CryptoChainRanges {
  /** First byte for the cipher. */
  readonly cipherStartSrcOffset: number;
  /** Bytes for the cipher. */
  readonly lenToCipher: number;
  /** First byte for the hash. */
  readonly hashStartSrcOffset: number;
  /** Bytes for the hash. */
  readonly lenToHash: number;
}

/** A cipher and its direction. */
export type CryptoCipherFlf = { readonly algo: number; readonly op: number };
/** A session of a cipher, or of a chain. */
export type CryptoCreateCipher = {
  readonly opFlf:
    | ({ readonly kind: "cipher" } & CryptoCipherFlf)
    | (
      & {
        readonly kind: "chain";
      }
      & CryptoCipherFlf
      & CryptoChainFlf
    );
  readonly cipherKey: Uint8Array;
  readonly authKey: Uint8Array;
};

/** A cipher's request: the cipher alone, or a chain. */
export type CryptoCipherRequest = {
  readonly iv: Uint8Array;
  readonly opTypeFlf:
    | { readonly kind: "cipher" }
    | ({ readonly kind: "chain" } & CryptoChainRanges);
};

/** The hash or MAC of a chain without a session. */
export interface CryptoChainPara extends CryptoCipherFlf {
  /** Which comes first. */
  readonly algChainOrder: number;
  /** The algorithm. */
  readonly hash: { readonly algo: number; readonly hashMode: number };
}

/** What a cipher's request without a session says beside what one in a session does. */
export type CryptoCipherPara = {
  readonly opTypeFlf:
    | { readonly kind: "cipher"; readonly sessPara: CryptoCipherFlf }
    | ({ readonly kind: "chain"; readonly sessPara: CryptoChainPara } & CryptoChainRanges);
  readonly cipherKey: Uint8Array;
  readonly authKey: Uint8Array;
};

/** A handler of ciphers. */
export type CryptoCipher = Handler<
  [
    request: CryptoInSession & CryptoCipherRequest,
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
    hashResult: WritableBytes,
  ],
  CryptoAnswer
>;
/** A handler of ciphers, in a session or without one. */
export type CryptoCipherStateless = Handler<
  [
    request: CryptoMaybeInSession & CryptoCipherRequest & CryptoCipherPara,
    aad: ReadableBytes,
    srcData: ReadableBytes,
    dstData: WritableBytes,
    hashResult: WritableBytes,
  ],
  CryptoAnswer
>;
/** A handler of hashes and MACs. */
export type CryptoDigest<R = CryptoInSession> = Handler<
  [request: R, srcData: ReadableBytes, hashResult: WritableBytes],
  CryptoAnswer
>;
/** A hash in a session or without one. */
export type CryptoHashStateless = CryptoMaybeInSession & {
  readonly sessPara: { readonly algo: number };
};
/** A MAC in a session or without one. */
export type CryptoMacStateless = CryptoHashStateless & { readonly authKey: Uint8Array };

/** A request of authenticated encryption. */
export type CryptoAeadRequest = { readonly iv: Uint8Array; readonly tagLen: number };
/** A handler of authenticated encryption. */
export type CryptoAead<R = CryptoInSession> = Handler<
  [
    request: R & CryptoAeadRequest,
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
  ],
  CryptoAnswer
>;
/** Authenticated encryption in a session or without one. */
export type CryptoAeadStateless = CryptoMaybeInSession & {
  readonly sessPara: CryptoCipherFlf;
  readonly key: Uint8Array;
};

/** How an asymmetric key is used. */
export type CryptoAkcipherUse =
  | { readonly kind: "rsa"; readonly paddingAlgo: number; readonly hashAlgo: number }
  | { readonly kind: "ecdsa"; readonly curveId: number };
/** A session of an asymmetric algorithm. */
export interface CryptoCreateAkcipher {
  /** Whether the key is private. */
  readonly keyType: number;
  /** How it is used. */
  readonly algoFlf: CryptoAkcipherUse;
  /** The key, in DER. */
  readonly key: Uint8Array;
}
/** An asymmetric operation in a session or without one. */
export type CryptoAkcipherStateless = CryptoMaybeInSession & {
  readonly sessPara: { readonly keyType: number; readonly u: CryptoAkcipherUse };
  readonly akcipherKey: Uint8Array;
};
/** A handler that encrypts, decrypts or signs. */
export type CryptoAkcipher<R = CryptoInSession> = Handler<
  [request: R, srcData: ReadableBytes, dstData: WritableBytes],
  CryptoAnswer
>;
/** A handler that verifies: the signature, and what was signed. */
export type CryptoVerify<R = CryptoInSession> = Handler<
  [request: R, srcData: ReadableBytes, dstData: ReadableBytes],
  CryptoAnswer
>;
/** A handler that ends sessions. */
export type CryptoDestroy = Handler<[request: CryptoInSession], number>;

/** The handlers that take the place of the user's. */
export interface CryptoSessionsHandlers {
  /** Creates a session of a cipher, or of a chain. */
  readonly cipherCreateSession: Handler<[request: CryptoCreateCipher], CryptoCreated>;
  /** Creates a session of a hash. */
  readonly hashCreateSession: Handler<[request: { readonly algo: number }], CryptoCreated>;
  /** Creates a session of a MAC. */
  readonly macCreateSession: Handler<
    [request: { readonly algo: number; readonly authKey: Uint8Array }],
    CryptoCreated
  >;
  /** Creates a session of authenticated encryption. */
  readonly aeadCreateSession: Handler<
    [request: CryptoCipherFlf & { readonly key: Uint8Array }],
    CryptoCreated
  >;
  /** Creates a session of an asymmetric algorithm. */
  readonly akcipherCreateSession: Handler<[request: CryptoCreateAkcipher], CryptoCreated>;
  /** Ends a session of a cipher. */
  readonly cipherDestroySession: CryptoDestroy;
  /** Ends a session of a hash. */
  readonly hashDestroySession: CryptoDestroy;
  /** Ends a session of a MAC. */
  readonly macDestroySession: CryptoDestroy;
  /** Ends a session of authenticated encryption. */
  readonly aeadDestroySession: CryptoDestroy;
  /** Ends a session of an asymmetric algorithm. */
  readonly akcipherDestroySession: CryptoDestroy;
  /** Encrypts. */
  readonly cipherEncrypt: CryptoCipher;
  /** Encrypts, in a session or without one. */
  readonly cipherEncryptStateless: CryptoCipherStateless;
  /** Decrypts. */
  readonly cipherDecrypt: CryptoCipher;
  /** Decrypts, in a session or without one. */
  readonly cipherDecryptStateless: CryptoCipherStateless;
  /** Hashes. */
  readonly hash: CryptoDigest;
  /** Hashes, in a session or without one. */
  readonly hashStateless: CryptoDigest<CryptoHashStateless>;
  /** Authenticates. */
  readonly mac: CryptoDigest;
  /** Authenticates, in a session or without one. */
  readonly macStateless: CryptoDigest<CryptoMacStateless>;
  /** Encrypts and authenticates. */
  readonly aeadEncrypt: CryptoAead;
  /** Encrypts and authenticates, in a session or without one. */
  readonly aeadEncryptStateless: CryptoAead<CryptoAeadStateless>;
  /** Decrypts and verifies. */
  readonly aeadDecrypt: CryptoAead;
  /** Decrypts and verifies, in a session or without one. */
  readonly aeadDecryptStateless: CryptoAead<CryptoAeadStateless>;
  /** Encrypts by a public key. */
  readonly akcipherEncrypt: CryptoAkcipher;
  /** Encrypts by a public key, in a session or without one. */
  readonly akcipherEncryptStateless: CryptoAkcipher<CryptoAkcipherStateless>;
  /** Decrypts by a private key. */
  readonly akcipherDecrypt: CryptoAkcipher;
  /** Decrypts by a private key, in a session or without one. */
  readonly akcipherDecryptStateless: CryptoAkcipher<CryptoAkcipherStateless>;
  /** Signs. */
  readonly akcipherSign: CryptoAkcipher;
  /** Signs, in a session or without one. */
  readonly akcipherSignStateless: CryptoAkcipher<CryptoAkcipherStateless>;
  /** Verifies a signature. */
  readonly akcipherVerify: CryptoVerify;
  /** Verifies a signature, in a session or without one. */
  readonly akcipherVerifyStateless: CryptoVerify<CryptoAkcipherStateless>;
}

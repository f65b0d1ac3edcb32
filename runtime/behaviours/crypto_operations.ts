/**
 * What is done to the data of a crypto device's requests (VIRTIO 1.4, 5.9.9.4 to 5.9.9.8). Where the
 * parameters come from is not known here: from a session, or from the request.
 *
 * @module
 */

import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import type { CryptoAeadRequest, CryptoAnswer, CryptoCipherRequest } from "./crypto_messages.ts";
import type { AkcipherKey, AkcipherProvider, CryptoProvider } from "./crypto_provider.ts";
import type { NamedSession } from "./crypto_session.ts";
import type { CryptoSessionsCodes } from "./crypto_sessions.ts";

/** Thrown inside, to answer a request with this status. */
export class Refusal extends Error {
  constructor(readonly status: number) {
    super();
  }
}

/** The operations over a provider's algorithms. */
export class CryptoOperations {
  readonly #provider: CryptoProvider | undefined;
  readonly #status: CryptoSessionsCodes["status"];

  /** Without a provider no operation is served. */
  constructor(provider: CryptoProvider | undefined, status: CryptoSessionsCodes["status"]) {
    this.#provider = provider;
    this.#status = status;
  }

  /** A cipher, or a chain. */
  cipher(
    find: () => NamedSession,
    { iv, opTypeFlf }: CryptoCipherRequest,
    encrypt: boolean,
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
    hashResult: WritableBytes,
  ): CryptoAnswer {
    return this.#answer(async (provider) => {
      const { algorithm, key, chain } = this.#directed(find(), encrypt);
      const source = srcData.bytes();
      const run = (data: Uint8Array) => provider.cipher(algorithm, key, iv, data, encrypt);
      if (opTypeFlf.kind === "cipher" && chain === undefined) {
        return this.#put(dstData, await run(source));
      }
      if (opTypeFlf.kind !== "chain" || chain === undefined) return this.#status.ERR;
      const { cipherStartSrcOffset: from, lenToCipher } = opTypeFlf;
      const target = source.slice();
      target.set(await run(this.#range(source, from, lenToCipher)), from);
      const hashed = chain.hashFirst ? source : target;
      const { hashStartSrcOffset, lenToHash } = opTypeFlf;
      const covered = this.#range(hashed, hashStartSrcOffset, lenToHash);
      const digest = await digestOf(
        provider,
        chain,
        joined(aad.bytes(), covered),
        hashResult.length,
      );
      const status = this.#put(dstData, target);
      return status === this.#status.OK ? this.#putDigest(hashResult, digest) : status;
    });
  }

  /** A hash or a MAC. */
  digest(
    find: () => NamedSession,
    srcData: ReadableBytes,
    hashResult: WritableBytes,
  ): CryptoAnswer {
    return this.#answer(async (provider) =>
      this.#putDigest(
        hashResult,
        await digestOf(provider, find(), srcData.bytes(), hashResult.length),
      )
    );
  }

  /** Authenticated encryption. */
  aead(
    find: () => NamedSession,
    { iv, tagLen: tagLength }: CryptoAeadRequest,
    encrypt: boolean,
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
  ): CryptoAnswer {
    return this.#answer(async (provider) => {
      const { algorithm, key } = this.#directed(find(), encrypt);
      const about = { key, iv, aad: aad.bytes(), tagLength };
      const data = srcData.bytes();
      if (encrypt) return this.#put(dstData, await provider.seal(algorithm, about, data));
      if (data.length < tagLength) return this.#status.BADMSG;
      const opened = await provider.open(algorithm, about, data);
      return opened === undefined ? this.#status.BADMSG : this.#put(dstData, opened);
    });
  }

  /** Encryption, decryption or a signature by an asymmetric key. */
  akcipher(
    find: () => AkcipherKey,
    operation: "encrypt" | "decrypt" | "sign",
    srcData: ReadableBytes,
    dstData: WritableBytes,
  ): CryptoAnswer {
    return this.#asymmetric(async (provider) => {
      const use = find();
      if (operation !== "encrypt" && !use.isPrivate) return this.#status.ERR;
      const data = srcData.bytes();
      if (operation === "sign") {
        return this.#put(dstData, await provider.sign(this.#signer(use), data));
      }
      if (use.algorithm !== "RSA") return this.#status.NOTSUPP;
      return this.#put(dstData, await provider[operation](use, data));
    });
  }

  /** Whether a signature is right. */
  verify(
    find: () => AkcipherKey,
    signature: ReadableBytes,
    signed: ReadableBytes,
  ): CryptoAnswer {
    return this.#asymmetric(async (provider) => {
      const use = this.#signer(find());
      const right = await provider.verify(use, signature.bytes(), signed.bytes());
      return right ? this.#status.OK : this.#status.KEY_REJECTED;
    });
  }

  /** What an operation answers; what the provider throws is an error of the request. */
  async #answer(run: (provider: CryptoProvider) => CryptoAnswer): CryptoAnswer {
    if (this.#provider === undefined) return this.#status.NOTSUPP;
    try {
      return await run(this.#provider);
    } catch (error) {
      return error instanceof Refusal ? error.status : this.#status.ERR;
    }
  }

  #asymmetric(run: (provider: AkcipherProvider) => CryptoAnswer): CryptoAnswer {
    return this.#answer(({ akcipher }) =>
      akcipher === undefined ? Promise.resolve(this.#status.NOTSUPP) : run(akcipher)
    );
  }

  /** Nothing is signed without a padding (5.9.9.2.1.5). */
  #signer(use: AkcipherKey): AkcipherKey {
    if (use.algorithm === "RSA" && use.padding === "RAW_PADDING") {
      throw new Refusal(this.#status.NOTSUPP);
    }
    return use;
  }

  /** Parameters are for one direction. */
  #directed(session: NamedSession, encrypt: boolean): NamedSession {
    if (session.encrypt !== encrypt) throw new Refusal(this.#status.ERR);
    return session;
  }

  /** Writes a result; there must be room for all of it. */
  #put(target: WritableBytes, bytes: Uint8Array): number {
    if (bytes.length > target.length) return this.#status.ERR;
    target.write(bytes);
    return this.#status.OK;
  }

  /** Writes the first bytes of a digest, as many as are asked for. */
  #putDigest(target: WritableBytes, digest: Uint8Array): number {
    if (digest.length < target.length) return this.#status.ERR;
    return this.#put(target, digest.subarray(0, target.length));
  }

  #range(data: Uint8Array, from: number, length: number): Uint8Array {
    if (from + length > data.length) throw new Refusal(this.#status.ERR);
    return data.subarray(from, from + length);
  }
}

async function digestOf(
  provider: CryptoProvider,
  { service, algorithm, key }: Pick<NamedSession, "service" | "algorithm" | "key">,
  data: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  if (service === "hash") return await provider.hash(algorithm, data, length);
  return await provider.mac(algorithm, key, data);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

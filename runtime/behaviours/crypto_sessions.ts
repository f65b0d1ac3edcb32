/**
 * Sessions of a crypto device, and what is done to data in them (VIRTIO 1.4, 5.9.9). The algorithms
 * are the affair of a provider that the user passes in.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import type { CryptoProvider, CryptoService } from "./crypto_provider.ts";
import { flag, integer, integer64, list, record, refuseField } from "../snapshot.ts";

/** What the user says of sessions. */
export interface CryptoSessionsOptions {
  /** The algorithms. */
  readonly provider: CryptoProvider;
  /** Most sessions at a time; 1024 when not given. */
  readonly sessions?: number;
}

/** The device's enumerations. */
export interface CryptoSessionsCodes {
  /** How requests went. */
  readonly status: Names<"OK" | "ERR" | "BADMSG" | "NOTSUPP" | "INVSESS" | "NOSPC">;
  /** CryptoCipher algorithms. */
  readonly cipherAlgorithm: Names<string>;
  /** Hash algorithms. */
  readonly hashAlgorithm: Names<string>;
  /** MAC algorithms. */
  readonly macAlgorithm: Names<string>;
  /** AEAD algorithms. */
  readonly aeadAlgorithm: Names<string>;
  /** Directions. */
  readonly operation: Names<"ENCRYPT">;
  /** Orders of a chain. */
  readonly chainOrder: Names<"HASH_THEN_CIPHER">;
}

/** The hash or MAC of a chain. */
interface Chain {
  readonly service: "hash" | "mac";
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly hashFirst: boolean;
}

interface Session {
  readonly service: CryptoService;
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly encrypt: boolean;
  readonly chain?: Chain;
}

/** What the creation of a session answers. */
export type CryptoCreated = number | { readonly sessionId: bigint };
/** A status, later. */
export type CryptoAnswer = Promise<number>;
/** A request in a session. */
export interface CryptoInSession {
  /** The session. */
  readonly sessionId: bigint;
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
/** A handler of ciphers. */
export type CryptoCipher = Handler<
  [
    request: CryptoInSession & {
      readonly iv: Uint8Array;
      readonly opTypeFlf:
        | { readonly kind: "cipher" }
        | ({ readonly kind: "chain" } & CryptoChainRanges);
    },
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
    hashResult: WritableBytes,
  ],
  CryptoAnswer
>;
/** A handler of hashes and MACs. */
export type CryptoDigest = Handler<
  [request: CryptoInSession, srcData: ReadableBytes, hashResult: WritableBytes],
  CryptoAnswer
>;
/** A handler of authenticated encryption. */
export type CryptoAead = Handler<
  [
    request: CryptoInSession & { readonly iv: Uint8Array; readonly tagLen: number },
    srcData: ReadableBytes,
    aad: ReadableBytes,
    dstData: WritableBytes,
  ],
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
  /** Ends a session of a cipher. */
  readonly cipherDestroySession: CryptoDestroy;
  /** Ends a session of a hash. */
  readonly hashDestroySession: CryptoDestroy;
  /** Ends a session of a MAC. */
  readonly macDestroySession: CryptoDestroy;
  /** Ends a session of authenticated encryption. */
  readonly aeadDestroySession: CryptoDestroy;
  /** Encrypts. */
  readonly cipherEncrypt: CryptoCipher;
  /** Decrypts. */
  readonly cipherDecrypt: CryptoCipher;
  /** Hashes. */
  readonly hash: CryptoDigest;
  /** Authenticates. */
  readonly mac: CryptoDigest;
  /** Encrypts and authenticates. */
  readonly aeadEncrypt: CryptoAead;
  /** Decrypts and verifies. */
  readonly aeadDecrypt: CryptoAead;
}

const NO_KEY = new Uint8Array(0);
const SERVICES: readonly CryptoService[] = ["cipher", "hash", "mac", "aead"];

/** Thrown inside, to answer a request with this status. */
class Refusal extends Error {
  constructor(readonly status: number) {
    super();
  }
}

/** The sessions of a device. They end with its reset. */
export class CryptoSessions extends DeviceBehaviour {
  readonly #codes: CryptoSessionsCodes;
  readonly #provider: CryptoProvider | undefined;
  readonly #most: number;
  readonly #sessions = new Map<bigint, Session>();
  #next = 1n;

  /** For a device. */
  constructor(
    _host: object,
    codes: CryptoSessionsCodes,
    options: CryptoSessionsOptions | undefined,
  ) {
    super();
    this.#codes = codes;
    this.#provider = options?.provider;
    this.#most = options?.sessions ?? 1024;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): CryptoSessionsHandlers {
    const destroy = (service: CryptoService): CryptoDestroy => ({ sessionId }) => {
      const there = this.#sessions.get(sessionId)?.service === service;
      if (there) this.#sessions.delete(sessionId);
      return there ? this.#codes.status.OK : this.#codes.status.ERR;
    };
    return {
      cipherCreateSession: (request) => this.#createCipher(request),
      hashCreateSession: ({ algo }) => this.#create("hash", algo, NO_KEY),
      macCreateSession: ({ algo, authKey }) => this.#create("mac", algo, authKey),
      aeadCreateSession: ({ algo, op, key }) =>
        this.#create("aead", algo, key, { encrypt: op === this.#codes.operation.ENCRYPT }),
      cipherDestroySession: destroy("cipher"),
      hashDestroySession: destroy("hash"),
      macDestroySession: destroy("mac"),
      aeadDestroySession: destroy("aead"),
      cipherEncrypt: this.#cipher(true),
      cipherDecrypt: this.#cipher(false),
      hash: this.#digest("hash"),
      mac: this.#digest("mac"),
      aeadEncrypt: this.#aead(true),
      aeadDecrypt: this.#aead(false),
    };
  }

  /** All sessions end. */
  override reset(): void {
    this.#sessions.clear();
  }

  /** The sessions with their keys. */
  override save(): unknown {
    const sessions = [...this.#sessions].map(([id, { key, chain, ...session }]) => ({
      ...session,
      id: String(id),
      key: [...key],
      chain: chain === undefined ? null : { ...chain, key: [...chain.key] },
    }));
    return { next: String(this.#next), sessions };
  }

  /** Takes back what {@linkcode CryptoSessions.save} gave; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const next = integer64(saved.next, `${path}.next`);
    const sessions = list(saved.sessions, `${path}.sessions`).map((one, at) => {
      const place = `${path}.sessions[${at}]`;
      return [integer64(record(one, place).id, `${place}.id`), readSession(one, place)] as const;
    });
    this.#next = next;
    this.#sessions.clear();
    for (const [id, session] of sessions) this.#sessions.set(id, session);
  }

  #createCipher({ opFlf, cipherKey, authKey }: CryptoCreateCipher): CryptoCreated {
    const encrypt = opFlf.op === this.#codes.operation.ENCRYPT;
    if (opFlf.kind === "cipher") return this.#create("cipher", opFlf.algo, cipherKey, { encrypt });
    const { kind: service, algo } = opFlf.algoFlf;
    const algorithm = this.#nameOf(service, algo);
    const key = service === "mac" ? authKey.slice() : NO_KEY;
    if (algorithm === undefined || !this.#supports(service, algorithm, key)) {
      return this.#codes.status.NOTSUPP;
    }
    const hashFirst = opFlf.algChainOrder === this.#codes.chainOrder.HASH_THEN_CIPHER;
    const chain = { service, algorithm, key, hashFirst };
    return this.#create("cipher", opFlf.algo, cipherKey, { encrypt, chain });
  }

  #create(
    service: CryptoService,
    algo: number,
    key: Uint8Array,
    more: { readonly encrypt: boolean; readonly chain?: Chain } = { encrypt: true },
  ): CryptoCreated {
    const algorithm = this.#nameOf(service, algo);
    if (algorithm === undefined || !this.#supports(service, algorithm, key)) {
      return this.#codes.status.NOTSUPP;
    }
    if (this.size >= this.#most) return this.#codes.status.NOSPC;
    const sessionId = this.#next++;
    this.#sessions.set(sessionId, { service, algorithm, key: key.slice(), ...more });
    return { sessionId };
  }

  #supports(service: CryptoService, algorithm: string, { length }: Uint8Array): boolean {
    return this.#provider?.supports(service, algorithm, length) ?? false;
  }

  #nameOf(service: CryptoService, algo: number): string | undefined {
    const codes = this.#codes[`${service}Algorithm`];
    return Object.keys(codes).find((name) => codes[name] === algo);
  }

  /** The session that a request names, for this service and direction. */
  #session(service: CryptoService, { sessionId }: CryptoInSession, encrypt = true): Session {
    const { INVSESS, ERR } = this.#codes.status;
    const session = this.#sessions.get(sessionId);
    if (session?.service !== service) throw new Refusal(INVSESS);
    if (session.encrypt !== encrypt) throw new Refusal(ERR);
    return session;
  }

  #cipher(encrypt: boolean): CryptoCipher {
    return (request, srcData, aad, dstData, hashResult) =>
      this.#answer(async (provider) => {
        const { algorithm, key, chain } = this.#session("cipher", request, encrypt);
        const { iv, opTypeFlf } = request;
        const source = srcData.bytes();
        const run = (data: Uint8Array) => provider.cipher(algorithm, key, iv, data, encrypt);
        if (opTypeFlf.kind === "cipher" && chain === undefined) {
          return this.#put(dstData, await run(source));
        }
        if (opTypeFlf.kind !== "chain" || chain === undefined) return this.#codes.status.ERR;
        const { cipherStartSrcOffset: from, lenToCipher } = opTypeFlf;
        const target = source.slice();
        target.set(await run(this.#range(source, from, lenToCipher)), from);
        const hashed = chain.hashFirst ? source : target;
        const { hashStartSrcOffset, lenToHash } = opTypeFlf;
        const covered = this.#range(hashed, hashStartSrcOffset, lenToHash);
        const input = joined(aad.bytes(), covered);
        const digest = await digestOf(provider, chain, input);
        const status = this.#put(dstData, target);
        return status === this.#codes.status.OK ? this.#putDigest(hashResult, digest) : status;
      });
  }

  #digest(service: "hash" | "mac"): CryptoDigest {
    return (request, srcData, hashResult) =>
      this.#answer(async (provider) => {
        const session = this.#session(service, request);
        return this.#putDigest(hashResult, await digestOf(provider, session, srcData.bytes()));
      });
  }

  #aead(encrypt: boolean): CryptoAead {
    return (request, srcData, aad, dstData) =>
      this.#answer(async (provider) => {
        const { algorithm, key } = this.#session("aead", request, encrypt);
        const { iv, tagLen: tagLength } = request;
        const about = { key, iv, aad: aad.bytes(), tagLength };
        const data = srcData.bytes();
        if (encrypt) return this.#put(dstData, await provider.seal(algorithm, about, data));
        if (data.length < tagLength) return this.#codes.status.BADMSG;
        const opened = await provider.open(algorithm, about, data);
        return opened === undefined ? this.#codes.status.BADMSG : this.#put(dstData, opened);
      });
  }

  /** What an operation answers; what the provider throws is an error of the request. */
  async #answer(run: (provider: CryptoProvider) => CryptoAnswer): CryptoAnswer {
    const { status } = this.#codes;
    if (this.#provider === undefined) return status.NOTSUPP;
    try {
      return await run(this.#provider);
    } catch (error) {
      return error instanceof Refusal ? error.status : status.ERR;
    }
  }

  /** Writes a result; there must be room for all of it. */
  #put(target: WritableBytes, bytes: Uint8Array): number {
    if (bytes.length > target.length) return this.#codes.status.ERR;
    target.write(bytes);
    return this.#codes.status.OK;
  }

  /** Writes the first bytes of a digest, as many as are asked for. */
  #putDigest(target: WritableBytes, digest: Uint8Array): number {
    if (digest.length < target.length) return this.#codes.status.ERR;
    return this.#put(target, digest.subarray(0, target.length));
  }

  #range(data: Uint8Array, from: number, length: number): Uint8Array {
    if (from + length > data.length) throw new Refusal(this.#codes.status.ERR);
    return data.subarray(from, from + length);
  }
}

async function digestOf(
  provider: CryptoProvider,
  { service, algorithm, key }: Pick<Session, "service" | "algorithm" | "key">,
  data: Uint8Array,
): Promise<Uint8Array> {
  if (service === "hash") return await provider.hash(algorithm, data);
  return await provider.mac(algorithm, key, data);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function readBytes(value: unknown, path: string): Uint8Array {
  return Uint8Array.from(
    list(value, path).map((byte, at) => integer(byte, `${path}[${at}]`, 0xff)),
  );
}

function readName(value: unknown, path: string): string {
  return typeof value === "string" ? value : refuseField(path, "an algorithm's name", value);
}

function readService<S extends CryptoService>(
  value: unknown,
  path: string,
  services: readonly S[],
): S {
  return services.find((one) => one === value) ??
    refuseField(path, `one of ${services.join(", ")}`, value);
}

function readSession(value: unknown, path: string): Session {
  const saved = record(value, path);
  const session = {
    service: readService(saved.service, `${path}.service`, SERVICES),
    algorithm: readName(saved.algorithm, `${path}.algorithm`),
    key: readBytes(saved.key, `${path}.key`),
    encrypt: flag(saved.encrypt, `${path}.encrypt`),
  };
  if (saved.chain === null) return session;
  const chain = record(saved.chain, `${path}.chain`);
  return {
    ...session,
    chain: {
      service: readService(chain.service, `${path}.chain.service`, ["hash", "mac"]),
      algorithm: readName(chain.algorithm, `${path}.chain.algorithm`),
      key: readBytes(chain.key, `${path}.chain.key`),
      hashFirst: flag(chain.hashFirst, `${path}.chain.hashFirst`),
    },
  };
}

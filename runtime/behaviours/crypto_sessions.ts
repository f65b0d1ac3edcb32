/**
 * Sessions of a crypto device, and what is done to data in them or, in stateless mode, without them
 * (VIRTIO 1.4, 5.9.9). The algorithms are the affair of a provider that the user passes in.
 *
 * @module
 */

import { DeviceBehaviour, type Names } from "../behaviour.ts";
import { integer64, list, record } from "../snapshot.ts";
import type {
  CryptoAead,
  CryptoAeadStateless,
  CryptoAkcipher,
  CryptoAkcipherStateless,
  CryptoAkcipherUse,
  CryptoCipher,
  CryptoCipherFlf,
  CryptoCipherPara,
  CryptoCipherStateless,
  CryptoCreateCipher,
  CryptoCreated,
  CryptoDestroy,
  CryptoDigest,
  CryptoHashStateless,
  CryptoInSession,
  CryptoMacStateless,
  CryptoMaybeInSession,
  CryptoSessionsHandlers,
  CryptoVerify,
} from "./crypto_messages.ts";
import { CryptoOperations, Refusal } from "./crypto_operations.ts";
import type { AkcipherKey, CryptoProvider, CryptoService } from "./crypto_provider.ts";
import { type NamedSession, readSession, saveSession, type Session } from "./crypto_session.ts";

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
  readonly status: Names<
    "OK" | "ERR" | "BADMSG" | "NOTSUPP" | "INVSESS" | "NOSPC" | "KEY_REJECTED"
  >;
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
  /** Kinds of hashes in a chain. */
  readonly hashMode: Names<"PLAIN" | "AUTH">;
  /** Paddings of RSA. */
  readonly rsaPadding: Names<string>;
  /** Hashes in the padding of RSA. */
  readonly rsaHash: Names<string>;
  /** Curves of ECDSA. */
  readonly curve: Names<string>;
  /** Kinds of asymmetric keys. */
  readonly keyType: Names<"PUBLIC" | "PRIVATE">;
  /** Flags of data requests. */
  readonly flag: Names<"SESSION_MODE">;
}

/** The hash or MAC of a chain, as numbers. */
interface ChainPara {
  readonly service: "hash" | "mac";
  readonly algo: number;
  readonly order: number;
}

const NO_KEY = new Uint8Array(0);

/** The sessions of a device. They end with its reset. */
export class CryptoSessions extends DeviceBehaviour {
  readonly #codes: CryptoSessionsCodes;
  readonly #provider: CryptoProvider | undefined;
  readonly #operations: CryptoOperations;
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
    this.#operations = new CryptoOperations(this.#provider, codes.status);
    this.#most = options?.sessions ?? 1024;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): CryptoSessionsHandlers {
    return { ...this.#control(), ...this.#symmetric(), ...this.#asymmetric() };
  }

  /** All sessions end. */
  override reset(): void {
    this.#sessions.clear();
  }

  /** The sessions with their keys. */
  override save(): unknown {
    const sessions = [...this.#sessions].map(([id, session]) => ({
      ...saveSession(session),
      id: String(id),
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

  #control() {
    const destroy = (service: Session["service"]): CryptoDestroy => ({ sessionId }) => {
      const there = this.#sessions.get(sessionId)?.service === service;
      if (there) this.#sessions.delete(sessionId);
      return there ? this.#codes.status.OK : this.#codes.status.ERR;
    };
    type Handlers = Pick<
      CryptoSessionsHandlers,
      & keyof CryptoSessionsHandlers
      & (`${string}CreateSession` | `${string}DestroySession`)
    >;
    const handlers: Handlers = {
      cipherCreateSession: ({ opFlf, cipherKey, authKey }) =>
        this.#create(() => this.#cipherSession(opFlf, chainInSession(opFlf), cipherKey, authKey)),
      hashCreateSession: ({ algo }) => this.#create(() => this.#named("hash", algo, NO_KEY)),
      macCreateSession: ({ algo, authKey }) =>
        this.#create(() => this.#named("mac", algo, authKey)),
      aeadCreateSession: ({ algo, op, key }) =>
        this.#create(() => this.#named("aead", algo, key, op)),
      akcipherCreateSession: ({ keyType, algoFlf, key }) =>
        this.#create(() => ({ service: "akcipher", use: this.#use(keyType, algoFlf, key) })),
      cipherDestroySession: destroy("cipher"),
      hashDestroySession: destroy("hash"),
      macDestroySession: destroy("mac"),
      aeadDestroySession: destroy("aead"),
      akcipherDestroySession: destroy("akcipher"),
    };
    return handlers;
  }

  #symmetric() {
    const operations = this.#operations;
    const cipher = this.#inSession("cipher");
    const hash = this.#inSession("hash");
    const mac = this.#inSession("mac");
    const aead = this.#inSession("aead");
    const cipherAlone = this.#orAlone(cipher, (request: CryptoCipherPara) => {
      const { sessPara } = request.opTypeFlf;
      const chain = this.#chainAlone(request.opTypeFlf);
      return this.#cipherSession(sessPara, chain, request.cipherKey, request.authKey);
    });
    const hashAlone = this.#orAlone(hash, ({ sessPara: { algo } }: CryptoHashStateless) => {
      return this.#named("hash", algo, NO_KEY);
    });
    const macAlone = this.#orAlone(mac, ({ sessPara, authKey }: CryptoMacStateless) => {
      return this.#named("mac", sessPara.algo, authKey);
    });
    const aeadAlone = this.#orAlone(aead, ({ sessPara, key }: CryptoAeadStateless) => {
      return this.#named("aead", sessPara.algo, key, sessPara.op);
    });
    const inSession = (encrypt: boolean): CryptoCipher => (request, ...parts) =>
      operations.cipher(() => cipher(request), request, encrypt, ...parts);
    const alone = (encrypt: boolean): CryptoCipherStateless => (request, aad, source, ...parts) =>
      operations.cipher(() => cipherAlone(request), request, encrypt, source, aad, ...parts);
    const digest =
      <R>(find: (request: R) => NamedSession): CryptoDigest<R> => (request, ...parts) =>
        operations.digest(() => find(request), ...parts);
    const sealed = <R>(find: (request: R) => NamedSession, encrypt: boolean): CryptoAead<R> => {
      return (request, ...parts) =>
        operations.aead(() => find(request), request, encrypt, ...parts);
    };
    return {
      cipherEncrypt: inSession(true),
      cipherEncryptStateless: alone(true),
      cipherDecrypt: inSession(false),
      cipherDecryptStateless: alone(false),
      hash: digest(hash),
      hashStateless: digest(hashAlone),
      mac: digest(mac),
      macStateless: digest(macAlone),
      aeadEncrypt: sealed(aead, true),
      aeadEncryptStateless: sealed(aeadAlone, true),
      aeadDecrypt: sealed(aead, false),
      aeadDecryptStateless: sealed(aeadAlone, false),
    };
  }

  #asymmetric() {
    const inSession = ({ sessionId }: CryptoInSession): AkcipherKey => {
      const session = this.#sessions.get(sessionId);
      if (session?.service !== "akcipher") throw new Refusal(this.#codes.status.INVSESS);
      return session.use;
    };
    const alone = this.#orAlone(inSession, ({ sessPara, akcipherKey }: CryptoAkcipherStateless) => {
      return this.#use(sessPara.keyType, sessPara.u, akcipherKey);
    });
    const run = <R>(
      operation: "encrypt" | "decrypt" | "sign",
      find: (request: R) => AkcipherKey,
    ): CryptoAkcipher<R> =>
    (request, ...parts) => this.#operations.akcipher(() => find(request), operation, ...parts);
    const verify = <R>(find: (request: R) => AkcipherKey): CryptoVerify<R> => {
      return (request, ...parts) => this.#operations.verify(() => find(request), ...parts);
    };
    return {
      akcipherEncrypt: run("encrypt", inSession),
      akcipherEncryptStateless: run("encrypt", alone),
      akcipherDecrypt: run("decrypt", inSession),
      akcipherDecryptStateless: run("decrypt", alone),
      akcipherSign: run("sign", inSession),
      akcipherSignStateless: run("sign", alone),
      akcipherVerify: verify(inSession),
      akcipherVerifyStateless: verify(alone),
    };
  }

  #create(make: () => Session): CryptoCreated {
    const { NOSPC, ERR } = this.#codes.status;
    try {
      const session = make();
      if (this.size >= this.#most) return NOSPC;
      const sessionId = this.#next++;
      this.#sessions.set(sessionId, session);
      return { sessionId };
    } catch (error) {
      return error instanceof Refusal ? error.status : ERR;
    }
  }

  /** Finds the session that a request names, for a service. */
  #inSession(service: CryptoService): (request: CryptoInSession) => NamedSession {
    return ({ sessionId }) => {
      const session = this.#sessions.get(sessionId);
      if (session?.service !== service) throw new Refusal(this.#codes.status.INVSESS);
      return session;
    };
  }

  /** Finds what a request names or says itself, as its flag has it (5.9.9.3). */
  #orAlone<S, R>(
    inSession: (request: CryptoInSession) => S,
    alone: (request: R) => S,
  ): (request: R & CryptoMaybeInSession) => S {
    const { SESSION_MODE } = this.#codes.flag;
    return (request) => (request.flag & SESSION_MODE) !== 0 ? inSession(request) : alone(request);
  }

  /** The parameters of a service; refused unless the provider serves them. */
  #named(service: CryptoService, algo: number, key: Uint8Array, op?: number): NamedSession {
    const algorithm = nameOf(this.#codes[`${service}Algorithm`], algo);
    if (algorithm === undefined || !this.#provider?.supports(service, algorithm, key.length)) {
      throw new Refusal(this.#codes.status.NOTSUPP);
    }
    const encrypt = op === undefined || op === this.#codes.operation.ENCRYPT;
    return { service, algorithm, key: key.slice(), encrypt };
  }

  #cipherSession(
    { algo, op }: CryptoCipherFlf,
    chain: ChainPara | undefined,
    cipherKey: Uint8Array,
    authKey: Uint8Array,
  ): NamedSession {
    const cipher = this.#named("cipher", algo, cipherKey, op);
    if (chain === undefined) return cipher;
    const { service } = chain;
    const hash = this.#named(service, chain.algo, service === "mac" ? authKey : NO_KEY);
    const hashFirst = chain.order === this.#codes.chainOrder.HASH_THEN_CIPHER;
    const { algorithm, key } = hash;
    return { ...cipher, chain: { service, algorithm, key, hashFirst } };
  }

  #chainAlone(flf: CryptoCipherPara["opTypeFlf"]): ChainPara | undefined {
    if (flf.kind === "cipher") return undefined;
    const { algChainOrder: order, hash } = flf.sessPara;
    const { PLAIN, AUTH } = this.#codes.hashMode;
    if (hash.hashMode === PLAIN) return { service: "hash", algo: hash.algo, order };
    if (hash.hashMode === AUTH) return { service: "mac", algo: hash.algo, order };
    throw new Refusal(this.#codes.status.NOTSUPP);
  }

  /** An asymmetric key and its use; refused unless the provider serves it, and reads the key. */
  #use(keyType: number, use: CryptoAkcipherUse, bytes: Uint8Array): AkcipherKey {
    const { rsaPadding, rsaHash, curve: curves, status } = this.#codes;
    const { PUBLIC, PRIVATE } = this.#codes.keyType;
    if (keyType !== PUBLIC && keyType !== PRIVATE) throw new Refusal(status.ERR);
    const about = { isPrivate: keyType === PRIVATE, key: bytes.slice() };
    const padding = use.kind === "rsa" ? nameOf(rsaPadding, use.paddingAlgo) : undefined;
    const hash = use.kind === "rsa" ? nameOf(rsaHash, use.hashAlgo) : undefined;
    const curve = use.kind === "ecdsa" ? nameOf(curves, use.curveId) : undefined;
    const key = padding !== undefined && hash !== undefined
      ? { algorithm: "RSA", ...about, padding, hash } as const
      : curve !== undefined
      ? { algorithm: "ECDSA", ...about, curve } as const
      : undefined;
    const provider = this.#provider?.akcipher;
    if (key === undefined || !provider?.supports(key)) throw new Refusal(status.NOTSUPP);
    provider.check(key);
    return key;
  }
}

function nameOf(codes: Names<string>, value: number): string | undefined {
  return Object.keys(codes).find((name) => codes[name] === value);
}

function chainInSession(flf: CryptoCreateCipher["opFlf"]): ChainPara | undefined {
  if (flf.kind === "cipher") return undefined;
  const { algChainOrder: order, algoFlf } = flf;
  return { service: algoFlf.kind, algo: algoFlf.algo, order };
}

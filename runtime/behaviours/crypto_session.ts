/**
 * A session of a crypto device (VIRTIO 1.4, 5.9.9.2.1): what it says of its requests, and how it goes
 * into a snapshot and back.
 *
 * @module
 */

import { bytes, flag, record, refuseField } from "../snapshot.ts";
import type { AkcipherKey, CryptoService } from "./crypto_provider.ts";

/** The hash or MAC of a chain. */
export interface Chain {
  readonly service: "hash" | "mac";
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly hashFirst: boolean;
}

/** An algorithm with its key. */
export interface NamedSession {
  readonly service: CryptoService;
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly encrypt: boolean;
  readonly chain?: Chain;
}

/** An asymmetric key and its use. */
export interface AkcipherSession {
  readonly service: "akcipher";
  readonly use: AkcipherKey;
}

/** What the parameters of requests are taken from, in a session and without one. */
export type Session = NamedSession | AkcipherSession;

const SERVICES: readonly CryptoService[] = ["cipher", "hash", "mac", "aead"];

/** A session as plain data. */
export function saveSession(session: Session): Record<string, unknown> {
  if (session.service === "akcipher") {
    return { service: "akcipher", use: { ...session.use, key: [...session.use.key] } };
  }
  const { key, chain, ...rest } = session;
  return {
    ...rest,
    key: [...key],
    chain: chain === undefined ? null : { ...chain, key: [...chain.key] },
  };
}

/** A session from untrusted data; TypeError or RangeError naming the field. */
export function readSession(value: unknown, path: string): Session {
  const saved = record(value, path);
  if (saved.service === "akcipher") {
    return { service: "akcipher", use: readUse(saved.use, `${path}.use`) };
  }
  const session = {
    service: readService(saved.service, `${path}.service`, SERVICES),
    algorithm: readName(saved.algorithm, `${path}.algorithm`),
    key: bytes(saved.key, `${path}.key`),
    encrypt: flag(saved.encrypt, `${path}.encrypt`),
  };
  if (saved.chain === null) return session;
  const chain = record(saved.chain, `${path}.chain`);
  return {
    ...session,
    chain: {
      service: readService(chain.service, `${path}.chain.service`, ["hash", "mac"]),
      algorithm: readName(chain.algorithm, `${path}.chain.algorithm`),
      key: bytes(chain.key, `${path}.chain.key`),
      hashFirst: flag(chain.hashFirst, `${path}.chain.hashFirst`),
    },
  };
}

function readUse(value: unknown, path: string): AkcipherKey {
  const saved = record(value, path);
  const key = {
    isPrivate: flag(saved.isPrivate, `${path}.isPrivate`),
    key: bytes(saved.key, `${path}.key`),
  };
  switch (saved.algorithm) {
    case "RSA":
      return {
        algorithm: "RSA",
        ...key,
        padding: readName(saved.padding, `${path}.padding`),
        hash: readName(saved.hash, `${path}.hash`),
      };
    case "ECDSA":
      return { algorithm: "ECDSA", ...key, curve: readName(saved.curve, `${path}.curve`) };
    default:
      return refuseField(`${path}.algorithm`, "RSA or ECDSA", saved.algorithm);
  }
}

function readName(value: unknown, path: string): string {
  return typeof value === "string" ? value : refuseField(path, "a name of the standard", value);
}

function readService<S extends CryptoService>(
  value: unknown,
  path: string,
  services: readonly S[],
): S {
  return services.find((one) => one === value) ??
    refuseField(path, `one of ${services.join(", ")}`, value);
}

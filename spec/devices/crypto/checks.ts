/**
 * What the crypto device checks before it serves a request (VIRTIO 1.4, 5.9.5.2 and 5.9.9.3).
 *
 * @module
 */

/** A driver sends nothing before the device takes requests. */
export const deviceReady = {
  doc: "The device is ready",
  of: { bit: [{ config: "status" }, 0] },
  equals: 1,
  driver: "5.9.5.2",
} as const;

/** Fails what names no session where only sessions are possible. */
export const sessionOnly = {
  doc: "The request uses a session",
  section: "5.9.9.3",
  when: "REVISION_1",
  of: { bit: [{ field: "flag" }, 0] },
  equals: 1,
  otherwise: "NOTSUPP",
} as const;

/** A request is in a session, or has the parameters in itself; devices take other flags for either. */
export function knownFlag(section: string) {
  return {
    doc: "No flag is set beside that of sessions",
    of: { field: "flag" },
    within: 1,
    driver: section,
  } as const;
}

/** Fails what has more bytes in the parts `lengths` than the device takes. */
export function contentFits<const N extends string>(lengths: readonly { readonly length: N }[]): {
  readonly doc: string;
  readonly section: string;
  readonly of: { readonly sum: readonly { readonly length: N }[] };
  readonly atMost: { readonly config: "max_size" };
  readonly otherwise: "ERR";
  readonly driver: "5.9.5.2";
} {
  return {
    doc: "The variable parts are within max_size",
    section: "5.9.5.2",
    of: { sum: lengths },
    atMost: { config: "max_size" },
    otherwise: "ERR",
    driver: "5.9.5.2",
  };
}

/** Fails a cipher key that is longer than the device takes. */
export const cipherKeyFits = {
  doc: "The cipher key is not too long",
  section: "5.9.5.2",
  of: { length: "cipher_key" },
  atMost: { config: "max_cipher_key_len" },
  otherwise: "ERR",
  driver: "5.9.5.2",
} as const;

/** Fails an authentication key that is longer than the device takes. */
export const authKeyFits = {
  doc: "The authentication key is not too long",
  section: "5.9.5.2",
  of: { length: "auth_key" },
  atMost: { config: "max_auth_key_len" },
  otherwise: "ERR",
  driver: "5.9.5.2",
} as const;

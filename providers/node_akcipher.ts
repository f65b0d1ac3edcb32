/**
 * Asymmetric algorithms of a crypto device: RSA over `node:crypto`, and ECDSA.
 *
 * @module
 */

import type { AkcipherProvider } from "../runtime/behaviours/crypto_provider.ts";
import * as ecdsa from "./ecdsa.ts";
import * as rsa from "./rsa.ts";

/** RSA, and ECDSA on the curves P-192 to P-521. */
export const nodeAkcipher: AkcipherProvider = {
  supports(key) {
    return key.algorithm === "RSA" ? rsa.knows(key) : ecdsa.hasCurve(key.curve);
  },

  check(key) {
    if (key.algorithm === "RSA") rsa.checkKey(key);
    else ecdsa.checkKey(key.curve, key.key, key.isPrivate);
  },

  encrypt: (key, data) => rsa.encrypt(key, data),
  decrypt: (key, data) => rsa.decrypt(key, data),

  sign(key, digest) {
    return key.algorithm === "RSA" ? rsa.sign(key, digest) : ecdsa.sign(key.curve, key.key, digest);
  },

  verify(key, signature, digest) {
    return key.algorithm === "RSA"
      ? rsa.verify(key, signature, digest)
      : ecdsa.verify(key.curve, key.key, key.isPrivate, signature, digest);
  },
};

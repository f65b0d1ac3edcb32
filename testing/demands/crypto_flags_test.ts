// How drivers of crypto devices say whether a request is in a session (VIRTIO 1.4, 5.9.9.3).

import assert from "node:assert/strict";
import {
  CryptoAeadAlgorithm,
  CryptoCipherAlgorithm,
  CryptoDevice,
  CryptoDriver,
  CryptoFlag,
  CryptoHashAlgorithm,
  CryptoMacAlgorithm,
  CryptoOperation,
  CryptoStatus,
} from "../../generated/crypto/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const OPERATION = "drivernormative:Device Types / Crypto Device / Device Operation";

const { SESSION_MODE } = CryptoFlag;
const KEY = new Uint8Array(16).fill(7);
const IV = new Uint8Array(12);
const NONE = new Uint8Array(0);
const DATA = new Uint8Array(16).fill(1);

/** A device of all services, a driver, and the flags and parameters that reach the device. */
async function opened() {
  const seen: unknown[] = [];
  const note = ({ flag, ...request }: { flag: number; sessPara?: object; opTypeFlf?: object }) => {
    seen.push([flag, request.sessPara ?? request.opTypeFlf]);
    return CryptoStatus.OK;
  };
  const device = new CryptoDevice({
    config: {
      status: 1,
      maxDataqueues: 1,
      cryptoServices: 0x1f,
      cipherAlgoL: 8,
      cipherAlgoH: 0,
      hashAlgo: 8,
      macAlgoL: 16,
      macAlgoH: 0,
      aeadAlgo: 2,
      maxCipherKeyLen: 64,
      maxAuthKeyLen: 64,
      akcipherAlgo: 2,
      maxSize: 1024n,
    },
    hashStateless: note,
    macStateless: note,
    cipherEncryptStateless: note,
    cipherDecryptStateless: note,
    aeadEncryptStateless: note,
    aeadDecryptStateless: note,
    akcipherEncryptStateless: note,
    akcipherDecryptStateless: note,
    akcipherSignStateless: note,
    akcipherVerifyStateless: note,
  });
  const driver = await CryptoDriver.open(loopback(device));
  return { driver, seen, [Symbol.asyncDispose]: () => driver.close() };
}

/** The request goes out with the flag of its mode alone, and with its parameters. */
async function trySend(
  seen: unknown[],
  parameters: object,
  send: (about: { algo: number; sessionId: bigint; flag: number }) => Promise<unknown>,
): Promise<void> {
  for (const flag of [2, SESSION_MODE | 2, 0x8000_0000]) {
    await assert.rejects(async () => await send({ algo: 0, sessionId: 1n, flag }), {
      name: "RangeError",
      message: /No flag is set beside that of sessions/,
    });
  }
  for (const flag of [0, SESSION_MODE]) await send({ algo: 0, sessionId: 1n, flag });
  assert.deepEqual(seen, [[0, parameters], [1, parameters]]);
}

Deno.test("crypto: hashes go out in a session, or with their parameters (5.9.9.4.1)", async () => {
  covers(
    `${OPERATION} / HASH Service Operation#2`,
    `${OPERATION} / HASH Service Operation#3`,
    `${OPERATION} / HASH Service Operation#4`,
  );
  await using guest = await opened();
  const sessPara = { algo: CryptoHashAlgorithm.SHA1 };
  await trySend(guest.seen, sessPara, (about) =>
    guest.driver.hashStateless(
      { ...about, sessPara, hashResultLen: 20 },
      DATA,
      new Uint8Array(20),
    ));
});

Deno.test("crypto: MACs go out in a session, or with their parameters (5.9.9.5.1)", async () => {
  covers(
    `${OPERATION} / MAC Service Operation#2`,
    `${OPERATION} / MAC Service Operation#3`,
    `${OPERATION} / MAC Service Operation#4`,
  );
  await using guest = await opened();
  const sessPara = { algo: CryptoMacAlgorithm.HMAC_SHA1, authKeyLen: KEY.length };
  await trySend(guest.seen, sessPara, (about) =>
    guest.driver.macStateless(
      { ...about, sessPara, hashResultLen: 20, authKey: KEY },
      DATA,
      new Uint8Array(20),
    ));
});

Deno.test("crypto: ciphers go out in a session, or with their parameters (5.9.9.6.1)", async () => {
  covers(
    `${OPERATION} / Symmetric algorithms Operation#2`,
    `${OPERATION} / Symmetric algorithms Operation#3`,
    `${OPERATION} / Symmetric algorithms Operation#4`,
  );
  await using guest = await opened();
  const opTypeFlf = {
    kind: "cipher",
    sessPara: {
      algo: CryptoCipherAlgorithm.AES_CBC,
      keyLen: KEY.length,
      op: CryptoOperation.ENCRYPT,
    },
    ivLen: IV.length,
    srcDataLen: DATA.length,
    dstDataLen: DATA.length,
  } as const;
  await trySend(guest.seen, opTypeFlf, (about) =>
    guest.driver.cipherEncryptStateless(
      { ...about, opTypeFlf, cipherKey: KEY, authKey: NONE, iv: IV },
      NONE,
      DATA,
      new Uint8Array(16),
      NONE,
    ));
});

Deno.test("crypto: authenticated ciphers go out in a session, or with their parameters (5.9.9.7.1)", async () => {
  covers(
    `${OPERATION} / AEAD Service Operation#2`,
    `${OPERATION} / AEAD Service Operation#3`,
    `${OPERATION} / AEAD Service Operation#4`,
  );
  await using guest = await opened();
  const sessPara = {
    algo: CryptoAeadAlgorithm.GCM,
    keyLen: KEY.length,
    op: CryptoOperation.ENCRYPT,
  };
  await trySend(guest.seen, sessPara, (about) =>
    guest.driver.aeadEncryptStateless(
      { ...about, sessPara, tagLen: 16, dstDataLen: 32, key: KEY, iv: IV },
      DATA,
      NONE,
      new Uint8Array(32),
    ));
});

Deno.test("crypto: asymmetric requests go out in a session, or with their parameters (5.9.9.8.1)", async () => {
  covers(
    `${OPERATION} / AKCIPHER Service Operation#2`,
    `${OPERATION} / AKCIPHER Service Operation#3`,
    `${OPERATION} / AKCIPHER Service Operation#4`,
  );
  await using guest = await opened();
  const u = { kind: "rsa", paddingAlgo: 0, hashAlgo: 0 } as const; // it tells the algorithm
  const sessPara = { keyType: 0, keyLen: KEY.length, u };
  await trySend(guest.seen, sessPara, (about) =>
    guest.driver.akcipherEncryptStateless(
      { ...about, sessPara, dstDataLen: 16, akcipherKey: KEY },
      DATA,
      new Uint8Array(16),
    ));
});

/** A crypto device: QEMU's virtio-crypto on its builtin back end. */

import assert from "node:assert/strict";
import {
  CryptoCipherAlgorithm,
  CryptoDeviceStatus,
  CryptoDriver,
  CryptoOperation,
  CryptoStatus,
} from "../../../generated/crypto/mod.ts";
import type { Trial } from "../trial.ts";
import { modernOnly } from "../ways.ts";

const ALGORITHM = CryptoCipherAlgorithm.AES_CBC;
const BLOCK = 16;
const NONE = new Uint8Array(0);
const { ENCRYPT, DECRYPT } = CryptoOperation;

const bytes = (hex: string) => Uint8Array.fromHex(hex);

/** What the vectors have in common (NIST SP 800-38A, F.2). */
const IV = bytes("000102030405060708090a0b0c0d0e0f");
const PLAIN = bytes(
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
);
/** Keys, and what they make of it: AES-128, AES-192, AES-256. */
const VECTORS = [{
  key: bytes("2b7e151628aed2a6abf7158809cf4f3c"),
  secret: bytes(
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2" +
      "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
  ),
}, {
  key: bytes("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
  secret: bytes(
    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a" +
      "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
  ),
}, {
  key: bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
  secret: bytes(
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" +
      "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
  ),
}] as const;

/** Creates a session; its number. */
async function create(driver: CryptoDriver, op: number, key: Uint8Array): Promise<bigint> {
  const { status, sessionId } = await driver.cipherCreateSession({
    serviceAlgo: ALGORITHM,
    flag: 0,
    opFlf: { kind: "cipher", algo: ALGORITHM, keyLen: key.length, op },
    cipherKey: key,
    authKey: NONE,
  });
  assert.equal(status, CryptoStatus.OK);
  return sessionId;
}

/** How destroying a session went. */
async function destroy(driver: CryptoDriver, sessionId: bigint): Promise<number> {
  return (await driver.cipherDestroySession({ serviceAlgo: ALGORITHM, flag: 0, sessionId })).status;
}

/** Runs an operation in a session: how it went, and what came of it. */
async function operate(driver: CryptoDriver, op: number, sessionId: bigint, source: Uint8Array) {
  const [ivLen, srcDataLen] = [IV.length, source.length];
  const opTypeFlf = { kind: "cipher", ivLen, srcDataLen, dstDataLen: srcDataLen } as const;
  const request = { algo: ALGORITHM, sessionId, flag: 0, opTypeFlf, iv: IV };
  const result = new Uint8Array(source.length);
  const { status } = op === ENCRYPT
    ? await driver.cipherEncrypt(request, source, NONE, result, NONE)
    : await driver.cipherDecrypt(request, source, NONE, result, NONE);
  return { status, result };
}

/** The trial. */
export const cryptos: Trial = {
  device: "crypto",
  name: "virtio-crypto",
  properties: ["cryptodev=c0"],
  options: () => ["-object", "cryptodev-backend-builtin,id=c0"],
  refused: modernOnly("virtio-crypto"),
  proves: "sessions of AES-CBC with keys of 128, 192 and 256 bits, six at once, against the " +
    "vectors of NIST SP 800-38A both ways; sessions that are gone, and sources that are no blocks",
  run: async (transport) => {
    await using driver = await CryptoDriver.open(transport);
    assert.equal(driver.config.status, CryptoDeviceStatus.HW_READY);
    assert.ok((driver.config.cipherAlgoL >> ALGORITHM & 1) === 1);
    const jobs = VECTORS.flatMap(({ key, secret }) => [
      { key, op: ENCRYPT, source: PLAIN, expected: secret },
      { key, op: DECRYPT, source: secret, expected: PLAIN },
    ]);
    const sessions = await Promise.all(
      jobs.map(async (job) => ({ ...job, id: await create(driver, job.op, job.key) })),
    );
    assert.equal(new Set(sessions.map(({ id }) => id)).size, sessions.length);
    await Promise.all(sessions.map(async ({ op, source, expected, id }) => {
      const { status, result } = await operate(driver, op, id, source);
      assert.equal(status, CryptoStatus.OK);
      assert.deepEqual(result, expected);
    }));
    const { id } = sessions[0]!;
    const part = await operate(driver, ENCRYPT, id, PLAIN.subarray(0, BLOCK - 1));
    assert.notEqual(part.status, CryptoStatus.OK);
    for (const session of sessions) {
      assert.equal(await destroy(driver, session.id), CryptoStatus.OK);
    }
    assert.equal((await operate(driver, ENCRYPT, id, PLAIN)).status, CryptoStatus.INVSESS);
    assert.notEqual(await destroy(driver, id), CryptoStatus.OK);
  },
};

// What is demanded of drivers of crypto devices (VIRTIO 1.4, 5.9.5).

import assert from "node:assert/strict";
import {
  CryptoAeadAlgorithm,
  CryptoCipherAlgorithm,
  CryptoDevice,
  CryptoDriver,
  CryptoMacAlgorithm,
  CryptoOperation,
  type CryptoSettings,
  CryptoStatus,
} from "../../generated/crypto/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const LAYOUT = "drivernormative:Device Types / Crypto Device / Device configuration layout";

const config: CryptoSettings = {
  status: 1,
  maxDataqueues: 2,
  cryptoServices: 0x1f,
  cipherAlgoL: 8,
  cipherAlgoH: 0,
  hashAlgo: 8,
  macAlgoL: 16,
  macAlgoH: 0,
  aeadAlgo: 2,
  maxCipherKeyLen: 16,
  maxAuthKeyLen: 20,
  akcipherAlgo: 0,
  maxSize: 64n,
};

/** A device that counts what reaches it. */
function made(changes: Partial<CryptoSettings> = {}) {
  const seen: string[] = [];
  const session = (name: string) => () => {
    seen.push(name);
    return { sessionId: 1n };
  };
  const device = new CryptoDevice({
    config: { ...config, ...changes },
    cipherCreateSession: session("cipher"),
    macCreateSession: session("mac"),
    aeadCreateSession: session("aead"),
    hash: () => (seen.push("hash"), CryptoStatus.OK),
  });
  return { device, seen };
}

const refused = (rule: RegExp) => ({ name: "RangeError", message: rule });
const about = { serviceAlgo: 0, flag: 0 };
const hash = { algo: 0, sessionId: 1n, flag: 1, hashResultLen: 20 };

Deno.test("crypto: a driver looks whether the device is ready, after each reset, and sends nothing before (5.9.5.2)", async () => {
  covers(`${LAYOUT}#1`, `${LAYOUT}#2`, `${LAYOUT}#3`);
  const { device, seen } = made({ status: 0 });
  const ask = (driver: CryptoDriver) =>
    Promise.try(() => driver.hash(hash, new Uint8Array(8), new Uint8Array(20)));
  {
    await using driver = await CryptoDriver.open(loopback(device));
    await assert.rejects(ask(driver), refused(/hash: .*ready/));
    const key = { ...about, algo: CryptoMacAlgorithm.HMAC_SHA1, hashResultLen: 20 };
    const create = () => driver.macCreateSession({ ...key, authKey: new Uint8Array(4) });
    await assert.rejects(async () => await create(), refused(/mac_create_session: .*ready/));
  }
  device.configure({ status: 1 });
  await using driver = await CryptoDriver.open(loopback(device));
  assert.equal((await ask(driver)).status, CryptoStatus.OK);
  assert.deepEqual(seen, ["hash"]);
});

Deno.test("crypto: a driver uses as many data queues as there are (5.9.5.2)", async () => {
  covers(`${LAYOUT}#4`);
  for (const maxDataqueues of [1, 3]) {
    await using driver = await CryptoDriver.open(loopback(made({ maxDataqueues }).device));
    assert.equal(driver.dataq.length, maxDataqueues);
  }
});

Deno.test("crypto: a driver sends no content beyond max_size (5.9.5.2)", async () => {
  covers(`${LAYOUT}#8`, `${LAYOUT}#9`);
  const { device, seen } = made();
  await using driver = await CryptoDriver.open(loopback(device));
  const ask = async (bytes: number) =>
    await driver.hash(hash, new Uint8Array(bytes), new Uint8Array(20));
  await ask(44);
  await assert.rejects(ask(45), refused(/within max_size/));
  assert.deepEqual(seen, ["hash"]);
});

Deno.test("crypto: a driver sends no cipher key beyond max_cipher_key_len (5.9.5.2)", async () => {
  covers(`${LAYOUT}#11`, `${LAYOUT}#12`);
  const { device, seen } = made();
  await using driver = await CryptoDriver.open(loopback(device));
  const cipher = async (keyLen: number) =>
    await driver.cipherCreateSession({
      ...about,
      opFlf: {
        kind: "cipher",
        algo: CryptoCipherAlgorithm.AES_CBC,
        keyLen,
        op: CryptoOperation.ENCRYPT,
      },
      cipherKey: new Uint8Array(keyLen),
      authKey: new Uint8Array(0),
    });
  const aead = async (keyLen: number) =>
    await driver.aeadCreateSession({
      ...about,
      algo: CryptoAeadAlgorithm.GCM,
      tagLen: 16,
      aadLen: 0,
      op: CryptoOperation.ENCRYPT,
      key: new Uint8Array(keyLen),
    });
  for (const create of [cipher, aead]) {
    await create(16);
    await assert.rejects(create(17), refused(/cipher key is not too long/));
  }
  assert.deepEqual(seen, ["cipher", "aead"]);
});

Deno.test("crypto: a driver sends no authentication key beyond max_auth_key_len (5.9.5.2)", async () => {
  covers(`${LAYOUT}#13`, `${LAYOUT}#14`);
  const { device, seen } = made();
  await using driver = await CryptoDriver.open(loopback(device));
  const mac = async (length: number) =>
    await driver.macCreateSession({
      ...about,
      algo: CryptoMacAlgorithm.HMAC_SHA1,
      hashResultLen: 20,
      authKey: new Uint8Array(length),
    });
  await mac(20);
  await assert.rejects(mac(21), refused(/authentication key is not too long/));
  assert.deepEqual(seen, ["mac"]);
});

Deno.test("crypto: a device is ready or not, and nothing else (5.9.5.1)", () => {
  const DEVICE = "devicenormative:Device Types / Crypto Device / Device configuration layout";
  covers(`${DEVICE}#2`, `${DEVICE}#3`);
  const device = new CryptoDevice({ config });
  for (const status of [0, 1]) device.configure({ status });
  for (const status of [2, 3, 0x8000_0000]) {
    assert.throws(() => new CryptoDevice({ config: { ...config, status } }), RangeError);
    assert.throws(() => device.configure({ status }), RangeError);
  }
  assert.equal(device.settings.status, 1);
});

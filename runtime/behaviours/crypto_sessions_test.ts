// Sessions of a crypto device over node:crypto (VIRTIO 1.4, 5.9.9).

import assert from "node:assert/strict";
import {
  CryptoAeadAlgorithm,
  CryptoChainOrder,
  CryptoCipherAlgorithm,
  type CryptoDevice,
  CryptoDriver,
  CryptoHashAlgorithm,
  CryptoMacAlgorithm,
  CryptoOperation,
  CryptoStatus,
} from "../../generated/crypto/mod.ts";
import { nodeCrypto } from "../../providers/node_crypto.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { hex, IV, KEY, made, PLAIN } from "./crypto_fixture.ts";

const { OK, ERR, BADMSG, NOTSUPP, INVSESS, NOSPC } = CryptoStatus;
const { ENCRYPT, DECRYPT } = CryptoOperation;
const NONE = new Uint8Array(0);

/** A driver with what a test asks of it, over requests of either form. */
async function opened(device: CryptoDevice, padded = false) {
  const driver = await CryptoDriver.open(loopback(device), {
    features: padded ? [] : ["REVISION_1"],
  });
  const about = { serviceAlgo: 0, flag: 0 };
  const cipherSession = async (algo: number, op: number, cipherKey: Uint8Array) =>
    await driver.cipherCreateSession({
      ...about,
      opFlf: { kind: "cipher", algo, keyLen: cipherKey.length, op },
      cipherKey,
      authKey: NONE,
    });
  const cipher = async (
    encrypt: boolean,
    sessionId: bigint,
    iv: Uint8Array,
    data: Uint8Array,
    room = data.length,
  ) => {
    const out = new Uint8Array(room);
    const request = {
      algo: 0,
      sessionId,
      flag: 1,
      opTypeFlf: {
        kind: "cipher",
        ivLen: iv.length,
        srcDataLen: data.length,
        dstDataLen: room,
      } as const,
      iv,
    };
    const { status } =
      await (encrypt
        ? driver.cipherEncrypt(request, data, NONE, out, NONE)
        : driver.cipherDecrypt(request, data, NONE, out, NONE));
    return { status, out };
  };
  const digest = async (
    service: "hash" | "mac",
    sessionId: bigint,
    data: Uint8Array,
    length: number,
  ) => {
    const out = new Uint8Array(length);
    const request = { algo: 0, sessionId, flag: 1, hashResultLen: length };
    const { status } = await driver[service](request, data, out);
    return { status, out };
  };
  return {
    driver,
    about,
    cipherSession,
    cipher,
    digest,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

// FIPS 180-2 B.1, RFC 4231 4.2, the GCM paper's test case 4.
for (const padded of [false, true]) {
  Deno.test(`ciphers run in a session, ${padded ? "padded" : "not padded"} (5.9.9.6)`, async () => {
    covers(
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#5",
    );
    await using guest = await opened(made(), padded);
    const known: readonly [number, string][] = [
      [CryptoCipherAlgorithm.AES_CBC, "7649abac8119b246cee98e9b12e9197d"],
      [CryptoCipherAlgorithm.AES_ECB, "3ad77bb40d7a3660a89ecaf32466ef97"],
    ];
    for (const [algo, expected] of known) {
      const { status, sessionId } = await guest.cipherSession(algo, ENCRYPT, KEY);
      assert.equal(status, OK);
      const { out } = await guest.cipher(true, sessionId, IV, PLAIN);
      assert.deepEqual(out, hex(expected));
      const back = await guest.cipherSession(algo, DECRYPT, KEY);
      assert.deepEqual((await guest.cipher(false, back.sessionId, IV, out)).out, PLAIN);
      assert.equal((await guest.cipher(false, sessionId, IV, out)).status, ERR, "a direction");
      assert.equal((await guest.cipher(true, sessionId, IV, PLAIN, 8)).status, ERR, "no room");
      assert.equal((await guest.cipher(true, sessionId, IV, PLAIN.slice(3))).status, ERR);
    }
  });
}

Deno.test("hashes and MACs run in a session, as many bytes as are asked for (5.9.9.4, 5.9.9.5)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#3",
    "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#4",
    "devicenormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#2",
  );
  await using guest = await opened(made());
  const hash = await guest.driver.hashCreateSession({
    ...guest.about,
    algo: CryptoHashAlgorithm.SHA_256,
    hashResultLen: 32,
  });
  const abc = new TextEncoder().encode("abc");
  const sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.deepEqual((await guest.digest("hash", hash.sessionId, abc, 32)).out, hex(sha));
  assert.deepEqual((await guest.digest("hash", hash.sessionId, abc, 9)).out, hex(sha).slice(0, 9));
  assert.equal((await guest.digest("hash", hash.sessionId, abc, 33)).status, ERR);
  const shake = await guest.driver.hashCreateSession({
    ...guest.about,
    algo: CryptoHashAlgorithm.SHA3_SHAKE128,
    hashResultLen: 20,
  });
  const extended = "5881092dd818bf5cf8a3ddb793fbcba74097d5c5";
  const { out } = await guest.digest("hash", shake.sessionId, abc, 20);
  assert.deepEqual(out, hex(extended), "a function without a length of its own");
  const mac = await guest.driver.macCreateSession({
    ...guest.about,
    algo: CryptoMacAlgorithm.HMAC_SHA_256,
    hashResultLen: 32,
    authKey: new Uint8Array(20).fill(0x0b),
  });
  assert.deepEqual(
    (await guest.digest("mac", mac.sessionId, new TextEncoder().encode("Hi There"), 32)).out,
    hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
  );
  assert.equal((await guest.digest("mac", hash.sessionId, abc, 32)).status, INVSESS, "another's");
  assert.equal((await guest.digest("hash", 99n, abc, 32)).status, INVSESS);
});

Deno.test("authenticated encryption adds a tag, and tells of a wrong one (5.9.9.7)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#3",
    "devicenormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#5",
  );
  await using guest = await opened(made());
  const session = async (op: number) =>
    (await guest.driver.aeadCreateSession({
      ...guest.about,
      algo: CryptoAeadAlgorithm.GCM,
      tagLen: 16,
      aadLen: 20,
      op,
      key: hex("feffe9928665731c6d6a8f9467308308"),
    })).sessionId;
  const aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const plain = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24" +
      "49a6b525b16aedf5aa0de657ba637b39",
  );
  const sealed = hex(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5a" +
      "ac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
  );
  const run = async (sessionId: bigint, data: Uint8Array, room: number) => {
    const out = new Uint8Array(room);
    const iv = hex("cafebabefacedbaddecaf888");
    const request = { algo: 0, sessionId, flag: 1, dstDataLen: room, tagLen: 16, iv };
    const { status } =
      await (room > data.length
        ? guest.driver.aeadEncrypt(request, data, aad, out)
        : guest.driver.aeadDecrypt(request, data, aad, out));
    return { status, out };
  };
  assert.deepEqual(await run(await session(ENCRYPT), plain, sealed.length), {
    status: OK,
    out: sealed,
  });
  const opener = await session(DECRYPT);
  assert.deepEqual((await run(opener, sealed, plain.length)).out, plain);
  sealed[70]! ^= 1;
  const refused = await run(opener, sealed, plain.length);
  assert.equal(refused.status, BADMSG);
  assert.ok(refused.out.every((byte) => byte === 0), "nothing of the plaintext before shows");
  assert.equal((await run(opener, sealed.slice(0, 8), 0)).status, BADMSG);
});

Deno.test("a chain hashes before or behind the cipher, each over its own range (5.9.9.6)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#7",
  );
  await using guest = await opened(made());
  const { driver, about } = guest;
  const data = Uint8Array.from({ length: 40 }, (_, at) => at);
  const aad = hex("c0ffee");
  for (const order of [CryptoChainOrder.HASH_THEN_CIPHER, CryptoChainOrder.CIPHER_THEN_HASH]) {
    const { sessionId } = await driver.cipherCreateSession({
      ...about,
      opFlf: {
        kind: "chain",
        algChainOrder: order,
        algo: CryptoCipherAlgorithm.AES_CBC,
        keyLen: 16,
        op: ENCRYPT,
        algoFlf: {
          kind: "mac",
          algo: CryptoMacAlgorithm.HMAC_SHA1,
          hashResultLen: 20,
          authKeyLen: 3,
        },
        aadLen: 3,
      },
      cipherKey: KEY,
      authKey: hex("010203"),
    });
    const run = async (lenToHash: number) => {
      const [out, code] = [new Uint8Array(40), new Uint8Array(20)];
      const opTypeFlf = {
        kind: "chain",
        ivLen: 16,
        srcDataLen: 40,
        dstDataLen: 40,
        cipherStartSrcOffset: 4,
        lenToCipher: 32,
        hashStartSrcOffset: 2,
        lenToHash,
        aadLen: 3,
        hashResultLen: 20,
      } as const;
      const request = { algo: 0, sessionId, flag: 1, opTypeFlf, iv: IV };
      return { ...await driver.cipherEncrypt(request, data, aad, out, code), out, code };
    };
    const { status, out, code } = await run(30);
    assert.equal(status, OK);
    const expected = data.slice();
    expected.set(await nodeCrypto.cipher("AES_CBC", KEY, IV, data.slice(4, 36), true), 4);
    assert.deepEqual(out, expected);
    const over = order === CryptoChainOrder.HASH_THEN_CIPHER ? data : expected;
    const input = Uint8Array.of(...aad, ...over.slice(2, 32));
    const mac = await nodeCrypto.mac("HMAC_SHA1", hex("010203"), input);
    assert.deepEqual([...code], [...mac]);
    assert.equal((await run(39)).status, ERR, "a range beyond the data");
  }
});

Deno.test("a session is refused that can not be, and gone once it is destroyed (5.9.9.2.1)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#3",
    "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#4",
    "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: destroy session#1",
  );
  const device = made({ sessions: { provider: nodeCrypto, sessions: 2 } });
  await using guest = await opened(device);
  const { AES_CBC, KASUMI_F8 } = CryptoCipherAlgorithm;
  const create = async (algo: number, length = 16) =>
    await guest.cipherSession(algo, ENCRYPT, new Uint8Array(length));
  assert.equal((await create(KASUMI_F8)).status, NOTSUPP);
  assert.equal((await create(77)).status, NOTSUPP);
  assert.equal((await create(AES_CBC, 15)).status, NOTSUPP);
  const [one, two] = [await create(AES_CBC), await create(AES_CBC)];
  assert.notEqual(one.sessionId, two.sessionId);
  assert.equal((await create(AES_CBC)).status, NOSPC);
  const { driver, about } = guest;
  const destroy = { ...about, sessionId: one.sessionId };
  assert.equal((await driver.hashDestroySession(destroy)).status, ERR, "a session of a cipher");
  assert.equal((await driver.cipherDestroySession(destroy)).status, OK);
  assert.equal((await driver.cipherDestroySession(destroy)).status, ERR);
  assert.equal((await guest.cipher(true, one.sessionId, IV, PLAIN)).status, INVSESS);
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.sessions;
  const other = made();
  other.sessions!.restore(saved, "sessions");
  assert.deepEqual(JSON.parse(JSON.stringify(other.sessions!.save())), saved);
  const spoiled: readonly [string, Record<string, unknown>][] = [
    ["sessions.next", { next: -1 }],
    ["sessions.sessions[0].id", { sessions: [{ ...saved.sessions[0], id: 1 }] }],
    ["sessions.sessions[0].service", { sessions: [{ ...saved.sessions[0], service: "rot13" }] }],
    ["sessions.sessions[0].key[0]", { sessions: [{ ...saved.sessions[0], key: [256] }] }],
  ];
  for (const [field, change] of spoiled) {
    const named = (error: Error) => error.message.includes(`${field} must be`);
    assert.throws(() => other.sessions!.restore({ ...saved, ...change }, "sessions"), named, field);
  }
  assert.equal(other.sessions!.size, 1);
  await driver.close();
  assert.equal(device.sessions!.size, 0, "sessions end with a reset");
});

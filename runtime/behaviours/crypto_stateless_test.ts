// Requests of a crypto device without a session, over node:crypto (VIRTIO 1.4, 5.9.9.3).

import assert from "node:assert/strict";
import {
  CryptoAeadAlgorithm,
  CryptoChainOrder,
  CryptoCipherAlgorithm,
  CryptoDriver,
  CryptoFlag,
  CryptoHashAlgorithm,
  CryptoHashMode,
  CryptoMacAlgorithm,
  CryptoOperation,
  CryptoStatus,
} from "../../generated/crypto/mod.ts";
import { nodeCrypto } from "../../providers/node_crypto.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { hex, IV, KEY, made, PLAIN } from "./crypto_fixture.ts";

const { OK, ERR, BADMSG, NOTSUPP, INVSESS } = CryptoStatus;
const { ENCRYPT, DECRYPT } = CryptoOperation;
const NONE = new Uint8Array(0);
const ALONE = { algo: 0, sessionId: 0n, flag: 0 };
const ABC = new TextEncoder().encode("abc");
const SHA_ABC = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

Deno.test("hashes and MACs run without a session, and in one as the flag says (5.9.9.4, 5.9.9.5)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#2",
    "devicenormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#1",
  );
  const device = made();
  await using driver = await CryptoDriver.open(loopback(device));
  const { SHA_256 } = CryptoHashAlgorithm;
  const hash = async (about: typeof ALONE, algo: number) => {
    const out = new Uint8Array(32);
    const request = { ...about, sessPara: { algo }, hashResultLen: 32 };
    return { ...await driver.hashStateless(request, ABC, out), out };
  };
  assert.deepEqual(await hash(ALONE, SHA_256), { status: OK, out: SHA_ABC });
  assert.equal((await hash(ALONE, 99)).status, NOTSUPP);
  const inSession = { ...ALONE, flag: CryptoFlag.SESSION_MODE, sessionId: 1n };
  assert.equal((await hash(inSession, SHA_256)).status, INVSESS);
  const about = { serviceAlgo: 0, flag: 0, algo: SHA_256, hashResultLen: 32 };
  const { sessionId } = await driver.hashCreateSession(about);
  assert.deepEqual(await hash({ ...inSession, sessionId }, 0), { status: OK, out: SHA_ABC });
  const mac = async (algo: number) => {
    const out = new Uint8Array(32);
    const authKey = new Uint8Array(20).fill(0x0b);
    const sessPara = { algo, authKeyLen: authKey.length };
    const request = { ...ALONE, sessPara, hashResultLen: 32, authKey };
    const data = new TextEncoder().encode("Hi There");
    return { ...await driver.macStateless(request, data, out), out };
  };
  assert.deepEqual(await mac(CryptoMacAlgorithm.HMAC_SHA_256), {
    status: OK,
    out: hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
  });
  assert.equal((await mac(CryptoMacAlgorithm.KASUMI_F9)).status, NOTSUPP);
  assert.equal(device.sessions!.size, 1, "nothing is kept of what has no session");
});

/** Lengths of a request's parts. */
function lengths(data: Uint8Array): { ivLen: number; srcDataLen: number; dstDataLen: number } {
  return { ivLen: IV.length, srcDataLen: data.length, dstDataLen: data.length };
}

Deno.test("ciphers run without a session, in the direction that they name (5.9.9.6)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#1",
    "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#3",
  );
  await using driver = await CryptoDriver.open(loopback(made()));
  const run = async (
    send: "cipherEncryptStateless" | "cipherDecryptStateless",
    op: number,
    data: Uint8Array,
    algo: number = CryptoCipherAlgorithm.AES_CBC,
  ) => {
    const out = new Uint8Array(data.length);
    const sessPara = { algo, keyLen: KEY.length, op };
    const opTypeFlf = { kind: "cipher", sessPara, ...lengths(data) } as const;
    const request = { ...ALONE, opTypeFlf, cipherKey: KEY, authKey: NONE, iv: IV };
    return { ...await driver[send](request, NONE, data, out, NONE), out };
  };
  const sealed = hex("7649abac8119b246cee98e9b12e9197d"); // SP 800-38A F.2.1
  assert.deepEqual(await run("cipherEncryptStateless", ENCRYPT, PLAIN), {
    status: OK,
    out: sealed,
  });
  assert.deepEqual((await run("cipherDecryptStateless", DECRYPT, sealed)).out, PLAIN);
  assert.equal((await run("cipherDecryptStateless", ENCRYPT, sealed)).status, ERR);
  const { status } = await run(
    "cipherEncryptStateless",
    ENCRYPT,
    PLAIN,
    CryptoCipherAlgorithm.ZUC_EEA3,
  );
  assert.equal(status, NOTSUPP);
});

Deno.test("a chain runs without a session, with a hash or with a MAC (5.9.9.6)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#4",
  );
  await using driver = await CryptoDriver.open(loopback(made()));
  const data = Uint8Array.from({ length: 32 }, (_, at) => at);
  const [aad, authKey] = [hex("c0ffee"), hex("010203")];
  const run = async (algo: number, hashMode: number) => {
    const [out, code] = [new Uint8Array(32), new Uint8Array(20)];
    const sessPara = {
      algChainOrder: CryptoChainOrder.CIPHER_THEN_HASH,
      aadLen: 3,
      algo: CryptoCipherAlgorithm.AES_CBC,
      keyLen: KEY.length,
      op: ENCRYPT,
      hash: { algo, authKeyLen: authKey.length, hashMode },
    };
    const opTypeFlf = {
      kind: "chain",
      sessPara,
      ...lengths(data),
      cipherStartSrcOffset: 0,
      lenToCipher: 32,
      hashStartSrcOffset: 8,
      lenToHash: 24,
      aadLen: 3,
      hashResultLen: 20,
    } as const;
    const request = { ...ALONE, opTypeFlf, cipherKey: KEY, authKey, iv: IV };
    return { ...await driver.cipherEncryptStateless(request, aad, data, out, code), out, code };
  };
  const out = new Uint8Array(await nodeCrypto.cipher("AES_CBC", KEY, IV, data, true));
  const input = Uint8Array.of(...aad, ...out.slice(8));
  const mac = new Uint8Array(await nodeCrypto.mac("HMAC_SHA1", authKey, input));
  const hash = new Uint8Array(await nodeCrypto.hash("SHA1", input));
  const { HMAC_SHA1 } = CryptoMacAlgorithm;
  assert.deepEqual(await run(HMAC_SHA1, CryptoHashMode.AUTH), { status: OK, out, code: mac });
  const { SHA1 } = CryptoHashAlgorithm;
  assert.deepEqual(await run(SHA1, CryptoHashMode.PLAIN), { status: OK, out, code: hash });
  assert.equal((await run(SHA1, CryptoHashMode.NESTED)).status, NOTSUPP);
});

Deno.test("authenticated encryption runs without a session (5.9.9.7)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#1",
  );
  await using driver = await CryptoDriver.open(loopback(made()));
  // RFC 8439, 2.8.2.
  const key = Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at);
  const iv = hex("070000004041424344454647");
  const aad = hex("50515253c0c1c2c3c4c5c6c7");
  const plain = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
      "sunscreen would be it.",
  );
  const run = async (op: number, data: Uint8Array) => {
    const length = data.length + (op === ENCRYPT ? 16 : -16);
    const out = new Uint8Array(length);
    const algo = CryptoAeadAlgorithm.CHACHA20_POLY1305;
    const sessPara = { algo, keyLen: key.length, op };
    const request = { ...ALONE, sessPara, tagLen: 16, dstDataLen: length, key, iv };
    const send = op === ENCRYPT ? "aeadEncryptStateless" : "aeadDecryptStateless";
    return { ...await driver[send](request, data, aad, out), out };
  };
  const { status, out: sealed } = await run(ENCRYPT, plain);
  assert.equal(status, OK);
  assert.deepEqual(sealed.slice(0, 16), hex("d31a8d34648e60db7b86afbc53ef7ec2"));
  assert.deepEqual(sealed.slice(-16), hex("1ae10b594f09e26a7e902ecbd0600691"));
  assert.deepEqual(await run(DECRYPT, sealed), { status: OK, out: plain });
  sealed[3]! ^= 1;
  assert.equal((await run(DECRYPT, sealed)).status, BADMSG);
});

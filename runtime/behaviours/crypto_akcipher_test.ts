// Asymmetric sessions and requests of a crypto device, over the provider for Node (VIRTIO 1.4, 5.9.9.8).

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
} from "node:crypto";
import {
  CryptoCurve,
  type CryptoDevice,
  CryptoDriver,
  CryptoKeyType,
  CryptoRsaHash,
  CryptoRsaPadding,
  CryptoStatus,
} from "../../generated/crypto/mod.ts";
import { nodeCrypto } from "../../providers/node_crypto.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { hex, made } from "./crypto_fixture.ts";

const { OK, ERR, NOTSUPP, INVSESS, KEY_REJECTED } = CryptoStatus;
const { PUBLIC, PRIVATE } = CryptoKeyType;
const { RAW_PADDING, PKCS1_PADDING } = CryptoRsaPadding;
const { NO_HASH, MD3, SHA1, SHA256 } = CryptoRsaHash;

// RFC 7515, appendix A.2: an RSAPrivateKey, what is signed with SHA-256, and the signature.
const RSA_PRIVATE = Buffer.from(
  "MIIEowIBAAKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qP" +
    "CJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0" +
    "LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qC" +
    "o5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW" +
    "yuXpoQIDAQABAoIBABKucaRpzQorw35SbEUAVx8dYXUdZOlJcHtiWQ+dC6V8ljxAHj/PLyzTveyI5QO/xkObCyjI" +
    "L303l2cfUhPu2MFaJdjVzqACXuOrLot/eSFvxjvqVidTtAZExqFRJ9mylUVAoLvhowVWmC1On95fZCXxTUtxNEG1" +
    "Xcc7m0rtzJKs45J+N/V9DP1edYH6USyPSWGp6wuA+KgHRnKKVf9GRx80JQY7nVNkL17eHoTWEwga+lwi0FEoW9Y7" +
    "lDtWXYmKBWhUE+U8PGxlJf8f40493HDw1WRQ/aSLoS4QTp3rn7gYgeHEvfJdkkf0UMhlknlo53M09EFPdadQ4TlU" +
    "bjqKc50CgYEA4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH/5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3Khoo" +
    "KeQTa9AB0Hw/Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn+nXqhJTBgIPgtldC+KDV5z+y" +
    "2XDwGUcCgYEAuQPEfgmVtjL0Uyyx88GZFF1fOunH3+7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zF" +
    "YHj7C6ul7TjeLQeZD/YwD66t62wDmpe/HlB+TnBA+njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJID" +
    "Ez9RWdcCgYAHAp9XcCSrn8wVkMVkKdb7DOX4IKjzdahm+ctDAJN4O/y7OW5FKebvUjdAIt2GuoTZ71iTG+7F0F+l" +
    "P88jtjP4U4qe7VHoewl4MKOfXZKTe+YCS1XbNvfgwJ3Ltyl1OH9hWvu2yza7q+d5PCsDzqtm27kxuvULVeya+TEd" +
    "AB1ijQKBgQCH/3r6YrVH/uCWGy6bzV1nGNOdjKc9tmkfOJmN54dxdixdpozCQ6U4OxZrsj3FcOhHBsqAHvX2uuYj" +
    "agqvo3cOj1TRqNocX40omfCCMx3bD1yPPf/6TI2XECva/ggqEY2mYzmIiA5LVVmc5nrybr+lssFKneeyxN2Wq93S" +
    "0iJMdQKBgCGHewxzoa1r8ZMD0LETNrToK423K377UCYqXfg5XMclbrjPbEC3YI1ZNqMtuhdBJqUnBi6tjKMF+34X" +
    "f0CUN8ncuXGO2CAYvO8PdyCixHX52ybaDjy1FtCE6yUXjoKNXKvUm7MWGsAYH6f4IegOetN5NvmUMFStCSkh7ixZ" +
    "LkN1",
  "base64",
);
const SIGNED = sha(
  "sha256",
  "eyJhbGciOiJSUzI1NiJ9" +
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
);
const SIGNATURE = new Uint8Array(Buffer.from(
  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5" +
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb" +
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO" +
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
  "base64url",
));
const RSA_OPEN = createPublicKey(
  createPrivateKey({ key: RSA_PRIVATE, format: "der", type: "pkcs1" }),
);
const RSA_PUBLIC = new Uint8Array(RSA_OPEN.export({ format: "der", type: "pkcs1" }));

function sha(hash: string, text: string): Uint8Array {
  return new Uint8Array(createHash(hash).update(text).digest());
}

type Use =
  | { readonly kind: "rsa"; readonly paddingAlgo: number; readonly hashAlgo: number }
  | { readonly kind: "ecdsa"; readonly curveId: number };

function rsa(paddingAlgo: number, hashAlgo: number = NO_HASH): Use {
  return { kind: "rsa", paddingAlgo, hashAlgo };
}

/** A driver that uses sessions, with what a test asks of it. */
async function opened(device: CryptoDevice, padded = false) {
  const driver = await CryptoDriver.open(loopback(device), {
    features: padded ? [] : ["REVISION_1"],
  });
  const create = async (keyType: number, algoFlf: Use, key: Uint8Array) =>
    await driver.akcipherCreateSession({ serviceAlgo: 0, flag: 0, keyType, algoFlf, key });
  const about = (sessionId: bigint) => ({ algo: 0, sessionId, flag: 1 });
  const run = async (
    send: "akcipherEncrypt" | "akcipherDecrypt" | "akcipherSign",
    sessionId: bigint,
    data: Uint8Array,
    room = 512,
  ) => {
    const request = { ...about(sessionId), dstDataLen: room };
    const { status, dstData } = await driver[send](request, data, new Uint8Array(room));
    return { status, data: dstData.slice() };
  };
  const verify = async (sessionId: bigint, signature: Uint8Array, data: Uint8Array) =>
    (await driver.akcipherVerify(about(sessionId), signature, data)).status;
  return { driver, create, run, verify, [Symbol.asyncDispose]: () => driver.close() };
}

for (const padded of [false, true]) {
  Deno.test(`RSA signs digests by PKCS #1, and verifies, ${padded ? "padded" : "not padded"} (5.9.9.8)`, async () => {
    covers(
      "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#2",
      "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#3",
    );
    await using guest = await opened(made(), padded);
    const use = rsa(PKCS1_PADDING, SHA256);
    const secret = await guest.create(PRIVATE, use, RSA_PRIVATE);
    assert.equal(secret.status, OK);
    const signed = await guest.run("akcipherSign", secret.sessionId, SIGNED);
    assert.deepEqual(signed, { status: OK, data: SIGNATURE });
    assert.equal((await guest.run("akcipherSign", secret.sessionId, SIGNED, 255)).status, ERR);
    assert.equal((await guest.run("akcipherSign", secret.sessionId, SIGNED.slice(1))).status, ERR);
    const { sessionId } = await guest.create(PUBLIC, use, RSA_PUBLIC);
    assert.equal(await guest.verify(sessionId, SIGNATURE, SIGNED), OK);
    assert.equal(await guest.verify(secret.sessionId, SIGNATURE, SIGNED), OK);
    const other = SIGNED.with(0, SIGNED[0]! ^ 1);
    assert.equal(await guest.verify(sessionId, SIGNATURE, other), KEY_REJECTED);
    assert.equal(await guest.verify(sessionId, SIGNATURE.slice(1), SIGNED), KEY_REJECTED);
    assert.equal(
      await guest.verify(sessionId, new Uint8Array(256).fill(0xff), SIGNED),
      KEY_REJECTED,
    );
    assert.equal((await guest.run("akcipherSign", sessionId, SIGNED)).status, ERR, "a public key");
  });
}

Deno.test("raw RSA is the power alone, with zeroes in front, and signs nothing (5.9.9.2.1.5)", async () => {
  await using guest = await opened(made());
  const open = (await guest.create(PUBLIC, rsa(RAW_PADDING), RSA_PUBLIC)).sessionId;
  const secret = (await guest.create(PRIVATE, rsa(RAW_PADDING), RSA_PRIVATE)).sessionId;
  // The published signature, opened: 00 01 ff … 00, the DigestInfo of SHA-256, the digest.
  const { data: block } = await guest.run("akcipherEncrypt", open, SIGNATURE);
  const info = hex("003031300d060960864801650304020105000420");
  const fill = new Uint8Array(256 - 2 - info.length - 32).fill(0xff);
  assert.deepEqual(block, Uint8Array.of(0, 1, ...fill, ...info, ...SIGNED));
  assert.deepEqual((await guest.run("akcipherDecrypt", secret, block.slice(1))).data, SIGNATURE);
  assert.equal((await guest.run("akcipherSign", secret, block)).status, NOTSUPP);
  assert.equal(await guest.verify(open, SIGNATURE, block), NOTSUPP);
  assert.equal((await guest.run("akcipherEncrypt", open, new Uint8Array(257))).status, ERR);
});

Deno.test("RSA encrypts and decrypts with the padding of PKCS #1, whatever the hash (5.9.9.8)", async () => {
  await using guest = await opened(made());
  const open = (await guest.create(PUBLIC, rsa(PKCS1_PADDING, SHA1), RSA_PUBLIC)).sessionId;
  const secret = (await guest.create(PRIVATE, rsa(PKCS1_PADDING), RSA_PRIVATE)).sessionId;
  const text = new TextEncoder().encode("a secret");
  const decrypt = async (data: Uint8Array) => await guest.run("akcipherDecrypt", secret, data);
  const [one, two] = [
    await guest.run("akcipherEncrypt", open, text),
    await guest.run("akcipherEncrypt", open, text),
  ];
  assert.deepEqual(await decrypt(one.data), { status: OK, data: text });
  assert.notDeepEqual(one.data, two.data, "the padding is random");
  const theirs = publicEncrypt({ key: RSA_OPEN, padding: constants.RSA_PKCS1_PADDING }, text);
  assert.deepEqual(await decrypt(theirs), { status: OK, data: text });
  assert.equal((await decrypt(SIGNATURE)).status, ERR, "a padding of another type");
  assert.equal((await guest.run("akcipherEncrypt", open, new Uint8Array(246))).status, ERR);
});

/** An ECPrivateKey in DER, without what is optional. */
function ecPrivate(scalar: Uint8Array): Uint8Array {
  return Uint8Array.of(0x30, scalar.length + 5, 2, 1, 1, 4, scalar.length, ...scalar);
}

// RFC 6979, appendix A.2, message "sample": curve, hash, private key, public key (x, y), r, s.
const ECDSA = [
  {
    curveId: CryptoCurve.NIST_P192,
    hash: "sha256",
    key: "6FAB034934E4C0FC9AE67F5B5659A9D7D1FEFD187EE09FD4",
    x: "AC2C77F529F91689FEA0EA5EFEC7F210D8EEA0B9E047ED56",
    y: "3BC723E57670BD4887EBC732C523063D0A7C957BC97C1C43",
    r: "4B0B8CE98A92866A2820E20AA6B75B56382E0F9BFD5ECB55",
    s: "00CCDB006926EA9565CBADC840829D8C384E06DE1F1E381B85",
  },
  {
    curveId: CryptoCurve.NIST_P224,
    hash: "sha224",
    key: "F220266E1105BFE3083E03EC7A3A654651F45E37167E88600BF257C1",
    x: "00CF08DA5AD719E42707FA431292DEA11244D64FC51610D94B130D6C",
    y: "EEAB6F3DEBE455E3DBF85416F7030CBD94F34F2D6F232C69F3C1385A",
    r: "1CDFE6662DDE1E4A1EC4CDEDF6A1F5A2FB7FBD9145C12113E6ABFD3E",
    s: "00A6694FD7718A21053F225D3F46197CA699D45006C06F871808F43EBC",
  },
  {
    curveId: CryptoCurve.NIST_P256,
    hash: "sha256",
    key: "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
    x: "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
    y: "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
    r: "00EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
    s: "00F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
  },
  {
    curveId: CryptoCurve.NIST_P384,
    hash: "sha384",
    key: "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8" +
      "96D5724E4C70A825F872C9EA60D2EDF5",
    x: "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64" +
      "DEF8F0EA9055866064A254515480BC13",
    y: "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1" +
      "288B231C3AE0D4FE7344FD2533264720",
    r: "0094EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C" +
      "81A648152E44ACF96E36DD1E80FABE46",
    s: "0099EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F" +
      "A329C145786E679E7B82C71A38628AC8",
  },
  {
    curveId: CryptoCurve.NIST_P521,
    hash: "sha512",
    key: "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75" +
      "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
    x: "01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD" +
      "371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023A4",
    y: "00493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A" +
      "28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFCF5",
    r: "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F" +
      "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
    s: "617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28" +
      "2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
  },
] as const;

/** Ecdsa-Sig-Value of integers in DER. */
function signatureOf(r: Uint8Array, s: Uint8Array): Uint8Array {
  const pair = [2, r.length, ...r, 2, s.length, ...s];
  const length = pair.length < 0x80 ? [pair.length] : [0x81, pair.length];
  return Uint8Array.of(0x30, ...length, ...pair);
}

/** Without a zero in front that DER does not want. */
function shortest(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0 && bytes[1]! < 0x80 ? bytes.slice(1) : bytes;
}

Deno.test("ECDSA signs digests on five curves, and verifies (5.9.9.8)", async () => {
  await using guest = await opened(made());
  for (const { curveId, hash, key, x, y, r, s } of ECDSA) {
    const use = { kind: "ecdsa", curveId } as const;
    const digest = sha(hash, "sample");
    const expected = signatureOf(shortest(hex(r)), shortest(hex(s)));
    const secret = await guest.create(PRIVATE, use, ecPrivate(hex(key)));
    assert.equal(secret.status, OK);
    const { data } = await guest.run("akcipherSign", secret.sessionId, digest);
    assert.deepEqual(data, expected, hash);
    const { sessionId } = await guest.create(PUBLIC, use, Uint8Array.of(4, ...hex(x), ...hex(y)));
    assert.equal(await guest.verify(sessionId, expected, digest), OK);
    assert.equal(await guest.verify(secret.sessionId, expected, digest), OK);
    assert.equal(await guest.verify(sessionId, expected, sha(hash, "test")), KEY_REJECTED);
    const wrong = expected.with(-1, expected.at(-1)! ^ 1);
    assert.equal(await guest.verify(sessionId, wrong, digest), KEY_REJECTED);
    for (const cut of [0, 1, 9, expected.length - 1]) {
      assert.equal(await guest.verify(sessionId, expected.slice(0, cut), digest), KEY_REJECTED);
    }
    const zeroes = signatureOf(Uint8Array.of(0), Uint8Array.of(0));
    assert.equal(await guest.verify(sessionId, zeroes, digest), KEY_REJECTED);
    assert.equal((await guest.run("akcipherEncrypt", sessionId, digest)).status, NOTSUPP);
  }
});

Deno.test("an asymmetric session is refused that can not be, and outlives a snapshot (5.9.9.2.1.5)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#4",
  );
  const device = made();
  await using guest = await opened(device);
  const create = async (keyType: number, use: Use, key: Uint8Array) =>
    (await guest.create(keyType, use, key)).status;
  const p256 = { kind: "ecdsa", curveId: CryptoCurve.NIST_P256 } as const;
  assert.equal(await create(PRIVATE, rsa(PKCS1_PADDING, MD3), RSA_PRIVATE), NOTSUPP);
  assert.equal(await create(PRIVATE, rsa(7), RSA_PRIVATE), NOTSUPP);
  assert.equal(await create(PUBLIC, { ...p256, curveId: 0 }, new Uint8Array(65)), NOTSUPP);
  assert.equal(await create(PUBLIC, rsa(RAW_PADDING), RSA_PRIVATE.subarray(9)), ERR);
  assert.equal(await create(3, rsa(RAW_PADDING), RSA_PRIVATE), ERR, "no kind of key");
  assert.equal(await create(PUBLIC, p256, new Uint8Array(65).fill(4)), ERR, "not on the curve");
  assert.equal(await create(PUBLIC, p256, Uint8Array.of(0)), ERR, "infinity");
  assert.equal(await create(PRIVATE, p256, ecPrivate(new Uint8Array(32))), ERR, "zero");
  assert.equal(await create(PRIVATE, p256, ecPrivate(new Uint8Array(32).fill(0xff))), ERR);
  assert.equal(device.sessions!.size, 0);
  const secret = await guest.create(PRIVATE, rsa(PKCS1_PADDING, SHA256), RSA_PRIVATE);
  await guest.create(PRIVATE, p256, ecPrivate(hex(ECDSA[2].key)));
  assert.equal((await guest.run("akcipherSign", 77n, SIGNED)).status, INVSESS);
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.sessions;
  const other = made();
  other.sessions!.restore(saved, "sessions");
  assert.deepEqual(JSON.parse(JSON.stringify(other.sessions!.save())), saved);
  const [session] = saved.sessions;
  for (const [field, change] of [["algorithm", "DSA"], ["isPrivate", 1], ["padding", 0]]) {
    const use = { ...session.use, [String(field)]: change };
    const spoiled = { ...saved, sessions: [{ ...session, use }] };
    const named = (error: Error) => error.message.includes(`sessions[0].use.${field} must be`);
    assert.throws(() => other.sessions!.restore(spoiled, "sessions"), named);
  }
  const destroy = { serviceAlgo: 0, flag: 0, sessionId: secret.sessionId };
  assert.equal((await guest.driver.macDestroySession(destroy)).status, ERR);
  assert.equal((await guest.driver.akcipherDestroySession(destroy)).status, OK);
  assert.equal((await guest.run("akcipherSign", secret.sessionId, SIGNED)).status, INVSESS);
});

Deno.test("asymmetric requests carry their keys in stateless mode (5.9.9.8)", async () => {
  covers(
    "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#1",
  );
  const device = made();
  await using driver = await CryptoDriver.open(loopback(device));
  const about = (keyType: number, akcipherKey: Uint8Array) => ({
    algo: 0,
    sessionId: 0n,
    flag: 0,
    sessPara: { keyType, keyLen: akcipherKey.length, u: rsa(PKCS1_PADDING, SHA256) },
    akcipherKey,
  });
  const room = new Uint8Array(256);
  const signing = { ...about(PRIVATE, RSA_PRIVATE), dstDataLen: 256 };
  const { status, dstData } = await driver.akcipherSignStateless(signing, SIGNED, room);
  assert.deepEqual([status, dstData.slice()], [OK, SIGNATURE]);
  const verify = async (key: Uint8Array, signature: Uint8Array) =>
    (await driver.akcipherVerifyStateless(about(PUBLIC, key), signature, SIGNED)).status;
  assert.equal(await verify(RSA_PUBLIC, SIGNATURE), OK);
  assert.equal(await verify(RSA_PUBLIC, SIGNATURE.with(9, 0)), KEY_REJECTED);
  assert.equal(await verify(RSA_PUBLIC.slice(1), SIGNATURE), ERR);
  assert.equal(device.sessions!.size, 0, "nothing is kept of what has no session");
});

Deno.test("a provider need not have asymmetric algorithms (5.9.9.8)", async () => {
  const { akcipher, ...provider } = nodeCrypto;
  assert.ok(akcipher !== undefined);
  await using guest = await opened(made({ sessions: { provider } }));
  assert.equal((await guest.create(PUBLIC, rsa(RAW_PADDING), RSA_PUBLIC)).status, NOTSUPP);
  assert.equal((await guest.run("akcipherEncrypt", 1n, SIGNED)).status, NOTSUPP);
});

// The algorithms over node:crypto, held to the vectors of those who defined them.

import assert from "node:assert/strict";
import { aes, cbc, ctr, xts } from "./block_modes.ts";
import { nodeCrypto } from "./node_crypto.ts";

const NO_BYTES = new Uint8Array(0);

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Encrypts to what is known, and back. */
async function both(name: string, key: string, iv: string, plain: Uint8Array, secret: string) {
  const [k, v] = [hex(key), hex(iv)];
  assert.equal(nodeCrypto.supports("cipher", name, k.length), true, name);
  const encrypted = new Uint8Array(await nodeCrypto.cipher(name, k, v, plain, true));
  assert.equal(encrypted.toHex(), secret.replaceAll(" ", ""), name);
  const decrypted = new Uint8Array(await nodeCrypto.cipher(name, k, v, encrypted, false));
  assert.deepEqual(decrypted, plain, `${name}, back`);
}

const AES_BLOCKS = hex(
  "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51" +
    "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
);
const AES_192 = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
const DES = "0123456789abcdef";
const TDES = "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5";

Deno.test("ciphers by blocks: AES with keys of 192 bits (NIST SP 800-38A, F.2.3)", async () => {
  await both(
    "AES_CBC",
    AES_192,
    "000102030405060708090a0b0c0d0e0f",
    AES_BLOCKS,
    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a" +
      "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
  );
});

Deno.test("ciphers by blocks: DES (FIPS 81, B)", async () => {
  const text = ascii("Now is the time for all ");
  await both("DES_ECB", DES, "", text, "3fa40e8a984d4815 6a271787ab8883f9 893d51ec4b563b53");
  const chained = "e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6";
  await both("DES_CBC", DES, "1234567890abcdef", text, chained);
});

Deno.test("ciphers by blocks: triple DES, also by counters that wrap", async () => {
  const key = DES.repeat(3); // then it is DES
  const text = ascii("Now is the time for all ");
  await both("3DES_ECB", key, "", text, "3fa40e8a984d4815 6a271787ab8883f9 893d51ec4b563b53");
  const counters = hex("00000000ffffffff 0000000100000000 0000000100000001");
  const stream = new Uint8Array(
    await nodeCrypto.cipher("3DES_ECB", hex(TDES), NO_BYTES, counters, true),
  );
  const secret = text.map((byte, at) => byte ^ stream[at]!);
  await both("3DES_CTR", TDES, "00000000ffffffff", text, secret.toHex());
  await both("3DES_CTR", TDES, "00000000ffffffff", text.slice(0, 13), secret.slice(0, 13).toHex());
});

Deno.test("ciphers by blocks: XTS, also with a block that is cut off (IEEE 1619, B)", async () => {
  await both(
    "AES_XTS",
    "11".repeat(16) + "22".repeat(16),
    "33333333330000000000000000000000",
    new Uint8Array(32).fill(0x44),
    "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0",
  );
  await both(
    "AES_XTS",
    "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
    "9a785634120000000000000000000000",
    hex("000102030405060708090a0b0c0d0e0f10"),
    "6c1625db4671522d3d7599601de7ca09ed",
  );
});

Deno.test("modes are those of the library underneath, where it has them", async () => {
  const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
  const iv = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const native = (name: string, encrypt: boolean) =>
    nodeCrypto.cipher(name, key, iv, AES_BLOCKS, encrypt);
  for (const encrypt of [true, false]) {
    const chained = new Uint8Array(await native("AES_CBC", encrypt));
    assert.deepEqual(cbc(aes(key), iv, AES_BLOCKS, encrypt), chained);
    assert.deepEqual(
      ctr(aes(key), iv, AES_BLOCKS),
      new Uint8Array(await native("AES_CTR", encrypt)),
    );
  }
  assert.throws(() => cbc(aes(key), iv, new Uint8Array(17), true), RangeError);
  assert.throws(() => cbc(aes(key), iv.slice(1), AES_BLOCKS, true), RangeError);
  assert.throws(() => xts(new Uint8Array(32), iv, new Uint8Array(15), true), RangeError);
});

Deno.test("authentication codes by blocks (RFC 4493, NIST SP 800-38B, RFC 3566)", async () => {
  const code = async (name: string, key: string, data: Uint8Array) => {
    assert.equal(nodeCrypto.supports("mac", name, key.length / 2), true, name);
    return new Uint8Array(await nodeCrypto.mac(name, hex(key), data)).toHex();
  };
  const key = "2b7e151628aed2a6abf7158809cf4f3c";
  for (
    const [length, wanted] of [
      [0, "bb1d6929e95937287fa37d129b756746"],
      [16, "070a16b46b4d4144f79bdd9dd04a287c"],
      [40, "dfa66747de9ae63030ca32611497c827"],
      [64, "51f0bebf7e3b9d92fc49741779363cfe"],
    ] as const
  ) assert.equal(await code("CMAC_AES", key, AES_BLOCKS.slice(0, length)), wanted);
  for (
    const [length, wanted] of [
      [0, "b7a688e122ffaf95"],
      [8, "8e8f293136283797"],
      [20, "743ddbe0ce2dc2ed"],
      [32, "33e6b1092400eae5"],
    ] as const
  ) assert.equal(await code("CMAC_3DES", TDES, AES_BLOCKS.slice(0, length)), wanted);
  const counting = Uint8Array.from({ length: 20 }, (_, at) => at);
  for (
    const [length, wanted] of [
      [0, "75f0251d528ac01c4573dfd584d79f29"],
      [3, "5b376580ae2f19afe7219ceef172756f"],
      [16, "d2a246fa349b68a79998a4394ff7a263"],
      [20, "47f51b4564966215b8985c63055ed308"],
    ] as const
  ) {
    const data = counting.slice(0, length);
    assert.equal(await code("XCBC_AES", "000102030405060708090a0b0c0d0e0f", data), wanted);
  }
  // The last block of NIST SP 800-38A, F.2.1, whose chain begins with another block.
  const first = AES_BLOCKS.slice();
  for (let at = 0; at < 16; at++) first[at]! ^= at;
  assert.equal(await code("CBCMAC_AES", key, first), "3ff1caa1681fac09120eca307586e1a7");
  await assert.rejects(code("CBCMAC_AES", key, first.slice(1)), RangeError);
});

Deno.test("hashes whose length is what is asked for (FIPS 202)", async () => {
  const empty = async (name: string, length: number) =>
    new Uint8Array(await nodeCrypto.hash(name, NO_BYTES, length)).toHex();
  assert.equal(await empty("SHA3_SHAKE128", 16), "7f9c2ba4e88f827d616045507605853e");
  const long = "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f";
  assert.equal(await empty("SHA3_SHAKE256", 32), long);
  assert.equal((await empty("SHA3_SHAKE256", 200)).length, 400);
  assert.equal(await empty("MD5", 5), "d41d8cd98f00b204e9800998ecf8427e", "it has its own");
});

Deno.test("what node:crypto lacks is not there, and a TypeError all the same", async () => {
  const lacks: readonly (readonly ["cipher" | "mac" | "hash", string, number])[] = [
    ["cipher", "ARC4", 16],
    ["cipher", "AES_F8", 16],
    ["cipher", "KASUMI_F8", 16],
    ["cipher", "SNOW3G_UEA2", 16],
    ["cipher", "ZUC_EEA3", 16],
    ["cipher", "DES_CBC", 16],
    ["cipher", "AES_CBC", 15],
    ["cipher", "toString", 16],
    ["mac", "GMAC_AES", 16],
    ["mac", "ZUC_EIA3", 16],
    ["mac", "XCBC_AES", 32],
    ["mac", "HMAC_toString", 16],
    ["hash", "MD4", 0],
  ];
  for (const [service, name, length] of lacks) {
    assert.equal(nodeCrypto.supports(service, name, length), false, name);
    const key = new Uint8Array(length);
    const run = async () =>
      service === "cipher"
        ? await nodeCrypto.cipher(name, key, NO_BYTES, NO_BYTES, true)
        : service === "mac"
        ? await nodeCrypto.mac(name, key, NO_BYTES)
        : await nodeCrypto.hash(name, NO_BYTES);
    await assert.rejects(run, { name: "TypeError", message: /node:crypto lacks it/ }, name);
  }
});

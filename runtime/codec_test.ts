import assert from "node:assert/strict";
import fc from "fast-check";
import { DECODE_LIMIT, Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import { PeerError } from "./errors.ts";
import {
  bytesHaveOtherBits,
  getBytes,
  getNumber64,
  getText,
  hasOtherBits,
  knownValue,
  sameLength,
  setBytes,
  setNumber64,
  setText,
  within,
} from "./values.ts";

Deno.test("Decoder reads what Encoder wrote, in both byte orders", () => {
  const e = new Encoder();
  e.u8(1, "a");
  e.le16(0x0203, "b");
  e.be16(0x0203, "c");
  e.le32(0x04050607, "d");
  e.be32(0x04050607, "e");
  e.le64(0x08090a0b0c0d0e0fn, "f");
  e.be64(0x08090a0b0c0d0e0fn, "g");
  const hex = [...e.bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(
    hex,
    "01" + "0302" + "0203" + "07060504" + "04050607" + "0f0e0d0c0b0a0908" + "08090a0b0c0d0e0f",
  );
  const d = Decoder.of(e.bytes);
  assert.equal(d.u8("a"), 1);
  assert.equal(d.le16("b"), 0x0203);
  assert.equal(d.be16("c"), 0x0203);
  assert.equal(d.le32("d"), 0x04050607);
  assert.equal(d.be32("e"), 0x04050607);
  assert.equal(d.le64("f"), 0x08090a0b0c0d0e0fn);
  assert.equal(d.be64("g"), 0x08090a0b0c0d0e0fn);
  assert.equal(d.remaining, 0);
});

Deno.test("Decoder and Encoder take session fields in the order that was settled on", () => {
  for (const littleEndian of [false, true]) {
    const e = new Encoder();
    e.session16(0x0102, "a", littleEndian);
    e.session32(0x03040506, "b", littleEndian);
    e.session64(7n, "c", littleEndian);
    assert.equal(e.bytes[0], littleEndian ? 2 : 1);
    const d = Decoder.of(e.bytes);
    assert.equal(d.session16("a", littleEndian), 0x0102);
    assert.equal(d.session32("b", littleEndian), 0x03040506);
    assert.equal(d.session64("c", littleEndian), 7n);
  }
});

Deno.test("Decoder reads texts of all four forms", () => {
  const e = new Encoder();
  e.padded("ab", 4, "a");
  e.terminated("cde", "b");
  e.texts(["f", "gh"], "c");
  e.utf8("ü", "d");
  const d = Decoder.of(e.bytes);
  assert.equal(d.text(4, "a"), "ab");
  assert.equal(d.terminated("b"), "cde");
  assert.deepEqual(d.texts(5, "c"), ["f", "gh"]);
  assert.equal(d.text(2, "d"), "ü");
  assert.deepEqual(Decoder.of(new Uint8Array(0)).texts(0, "e"), []);
});

Deno.test("Decoder names the field that a message is too short for", () => {
  const d = Decoder.of(Uint8Array.of(1, 2, 3));
  assert.throws(
    () => d.le32("num_sectors"),
    (error: unknown) => error instanceof PeerError && error.field === "num_sectors",
  );
  assert.equal(d.position, 0);
  assert.throws(() => d.skip(-1, "x"), PeerError);
  assert.throws(() => d.skip(NaN, "x"), PeerError);
  assert.throws(() => Decoder.of(Uint8Array.of(65, 66)).terminated("name"), PeerError);
});

Deno.test("Decoder never copies more than its limit, whatever a message promises", () => {
  const endless = { length: 2 ** 40, copy: () => {} };
  const d = new Decoder(endless);
  assert.throws(() => d.bytes(2 ** 30, "data"), PeerError);
  const many = new Decoder(endless);
  assert.throws(() => many.all(() => many.le64("x")), PeerError);
});

Deno.test("Decoder passes over all but the last bytes, if there are as many", () => {
  const d = Decoder.of(Uint8Array.of(1, 2, 3, 4));
  assert.equal(d.u8("first"), 1);
  d.toLast(1, "last");
  assert.equal(d.u8("last"), 4);
  assert.throws(() => d.toLast(1, "last"), /last must be 1 bytes, found 0/);
});

Deno.test("Decoder gives slots that end where they should", () => {
  const d = Decoder.of(Uint8Array.of(1, 2, 3, 4, 5));
  const slot = d.slot(2, "slot");
  assert.equal(slot.le16("x"), 0x0201);
  assert.throws(() => slot.u8("y"), PeerError);
  assert.equal(d.u8("z"), 3);
});

Deno.test("Encoder refuses what does not fit, and names the field", () => {
  const e = new Encoder();
  for (const value of [-1, 256, 1.5, NaN]) {
    assert.throws(() => e.u8(value, "heads"), /Cannot write heads/);
  }
  assert.throws(() => e.le64(-1n, "sector"), RangeError);
  assert.throws(() => e.le64(1n << 64n, "sector"), RangeError);
  assert.throws(() => e.bytesOf(new Uint8Array(5), "mac", 6), RangeError);
  assert.throws(() => e.bytesUpTo(new Uint8Array(7), 6, "cdb"), RangeError);
  assert.throws(() => e.padded("too long", 4, "id"), RangeError);
  assert.throws(() => e.utf8("a\0b", "name"), RangeError);
  const start = e.length;
  e.le32(1, "x");
  assert.throws(() => e.pad(start, 2, "slot"), RangeError);
});

Deno.test("Encoder keeps what it wrote when it grows", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 500 }), (bytes) => {
    const e = new Encoder();
    for (const byte of bytes) e.u8(byte, "x");
    assert.deepEqual([...e.bytes], bytes);
    e.reset();
    assert.equal(e.put(4), 0);
    assert.deepEqual([...e.bytes], [0, 0, 0, 0]);
  }));
});

Deno.test("getNumber64() is exact below 2^53 and too large above", () => {
  const view = new DataView(new ArrayBuffer(8));
  fc.assert(fc.property(fc.maxSafeNat(), fc.boolean(), (value, littleEndian) => {
    setNumber64(view, 0, value, littleEndian);
    assert.equal(view.getBigUint64(0, littleEndian), BigInt(value));
    assert.equal(getNumber64(view, 0, littleEndian), value);
  }));
  view.setBigUint64(0, 2n ** 64n - 1n, true);
  assert.ok(getNumber64(view, 0, true) > Number.MAX_SAFE_INTEGER);
});

Deno.test("setBytes() and setText() touch nothing but their field", () => {
  const bytes = new Uint8Array(8).fill(0xff);
  const view = new DataView(bytes.buffer);
  setText(view, 2, "ab", 4, "id");
  assert.deepEqual([...bytes], [0xff, 0xff, 97, 98, 0, 0, 0xff, 0xff]);
  assert.equal(getText(view, 2, 4), "ab");
  setBytes(view, 3, Uint8Array.of(1, 2), 2, "mac");
  assert.deepEqual([...getBytes(view, 2, 4)], [97, 1, 2, 0]);
  assert.throws(() => setBytes(view, 0, Uint8Array.of(1), 2, "mac"), RangeError);
  assert.throws(() => setText(view, 0, "abc", 2, "id"), RangeError);
});

Deno.test("knownValue() keeps, replaces or refuses what has no name", () => {
  const values = { OK: 0, ERR: 1 };
  assert.equal(knownValue(values, 1, "status"), 1);
  assert.equal(knownValue(values, 7, "status", 1), 1);
  assert.throws(() => knownValue(values, 7, "status"), PeerError);
});

Deno.test("Decoder.extended() reads zeroes behind the end, as many as a message may have (2.13)", () => {
  const d = Decoder.extended(Uint8Array.of(1, 2, 3));
  assert.equal(d.le16("a"), 0x0201);
  assert.equal(d.le32("b"), 3);
  assert.equal(d.remaining, 0);
  assert.equal(d.position, 6);
  d.skip(7, "c");
  assert.deepEqual(d.bytes(2, "d"), new Uint8Array(2));
  assert.equal(d.slot(4, "e").le32("f"), 0);
  assert.equal(d.position, 19);
  assert.throws(() => d.bytes(-1, "g"), PeerError);
  assert.throws(() => d.bytes(DECODE_LIMIT + 1, "h"), PeerError);
  assert.throws(() => d.array(0xffff_ffff, () => d.u8("i")), PeerError, "no end of elements");
});

Deno.test("within(), sameLength() and hasOtherBits() say what is too much", () => {
  assert.equal(within(255, 255, "x"), 255);
  assert.throws(() => within(256, 255, "x"), RangeError);
  assert.throws(() => sameLength(1, 2, "x"), RangeError);
  assert.equal(hasOtherBits(0b101, 0b111), false);
  assert.equal(hasOtherBits(2 ** 40, 0b111), true);
  assert.equal(bytesHaveOtherBits(Uint8Array.of(1, 2, 0), Uint8Array.of(0xff, 2)), false);
  assert.equal(bytesHaveOtherBits(Uint8Array.of(1, 2), Uint8Array.of(0xff, 1)), true);
  assert.equal(bytesHaveOtherBits(Uint8Array.of(0, 0, 1), Uint8Array.of(0xff, 2)), true);
});

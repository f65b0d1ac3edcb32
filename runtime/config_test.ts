import assert from "node:assert/strict";
import { ConfigSpace } from "./config.ts";
import { covers } from "../testing/covers.ts";

function read(space: ConfigSpace, offset: number, length: number): number[] {
  const into = new Uint8Array(length).fill(0xee);
  space.read(offset, into);
  return [...into];
}

Deno.test("ConfigSpace takes a private copy of its first bytes", () => {
  const initial = Uint8Array.of(1, 2, 3, 4);
  const space = new ConfigSpace(initial);
  initial[0] = 99;
  assert.deepEqual(read(space, 0, 4), [1, 2, 3, 4]);
  assert.equal(space.view.getUint32(0, true), 0x04030201);
});

Deno.test("read() gives zeros past the end and for offsets that make no sense", () => {
  const space = new ConfigSpace(Uint8Array.of(1, 2, 3, 4));
  assert.deepEqual(read(space, 2, 5), [3, 4, 0, 0, 0]);
  for (const offset of [4, 0xffff_ffff, -1, NaN]) {
    assert.deepEqual(read(space, offset, 3), [0, 0, 0], `${offset}`);
  }
});

// NOTES.md: pci-config-gen
Deno.test("generation moves once for any number of changes between two reads", () => {
  const space = new ConfigSpace(new Uint8Array(8));
  read(space, 0, 8);
  for (let change = 1; change <= 256; change++) {
    space.view.setUint16(0, change, true);
    assert.equal(space.generation, 0, "no read, no new generation");
  }
  read(space, 4, 1);
  assert.equal(space.generation, 1, "a read of another field finds the change");
  read(space, 0, 8);
  assert.equal(space.generation, 1);
});

Deno.test("generation tells a driver whose two reads saw two versions", () => {
  covers(
    "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#6",
  );
  const space = new ConfigSpace(new Uint8Array(8));
  const before = space.generation;
  read(space, 0, 4);
  space.bytes.fill(7);
  read(space, 4, 4);
  assert.notEqual(space.generation, before);
});

Deno.test("generation stays when a change was undone before anyone read it", () => {
  const space = new ConfigSpace(new Uint8Array(2));
  space.bytes[0] = 1;
  space.bytes[0] = 0;
  read(space, 0, 2);
  assert.equal(space.generation, 0);
});

Deno.test("write() lets only writable bytes through, and says where they are", () => {
  const space = new ConfigSpace(new Uint8Array(10), [
    { offset: 2, length: 2 },
    { offset: 6, length: 1 },
  ]);
  const written = space.write(0, new Uint8Array(10).fill(5));
  assert.deepEqual([...space.bytes], [0, 0, 5, 5, 0, 0, 5, 0, 0, 0]);
  assert.deepEqual(written, [{ offset: 2, length: 2 }, { offset: 6, length: 1 }]);
  assert.deepEqual(space.write(3, Uint8Array.of(8)), [{ offset: 3, length: 1 }]);
  assert.deepEqual(space.write(4, Uint8Array.of(8)), []);
});

Deno.test("write() ignores what is outside", () => {
  const space = new ConfigSpace(new Uint8Array(2), [{ offset: 0, length: 2 }]);
  for (const offset of [2, 0xffff_ffff, -5, NaN]) {
    assert.deepEqual(space.write(offset, Uint8Array.of(1, 1)), [], `${offset}`);
  }
  assert.deepEqual(space.write(-1, Uint8Array.of(9, 3)), [{ offset: 0, length: 1 }]);
  assert.deepEqual([...space.bytes], [3, 0]);
});

Deno.test("write() by the driver is no new version to the driver", () => {
  const space = new ConfigSpace(new Uint8Array(2), [{ offset: 0, length: 2 }]);
  space.write(0, Uint8Array.of(1, 2));
  assert.deepEqual(read(space, 0, 2), [1, 2]);
  assert.equal(space.generation, 0);
});

Deno.test("freeze() hides the device's edits until thaw()", () => {
  covers("devicenormative:General Initialization And Device Operation / Device Suspend#3");
  const space = new ConfigSpace(new Uint8Array(2));
  space.freeze();
  space.bytes[0] = 1;
  assert.deepEqual(read(space, 0, 2), [0, 0]);
  assert.equal(space.generation, 0);
  space.thaw();
  assert.deepEqual(read(space, 0, 2), [1, 0]);
  assert.equal(space.generation, 1);
});

Deno.test("ConfigSpace refuses a writable range outside the space", () => {
  for (const range of [{ offset: 3, length: 2 }, { offset: -1, length: 1 }]) {
    assert.throws(() => new ConfigSpace(new Uint8Array(4), [range]), RangeError);
  }
});

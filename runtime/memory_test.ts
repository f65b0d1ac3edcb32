import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { GuestMemory } from "./memory.ts";

function located(memory: GuestMemory, address: number, length: number): number {
  const offset = memory.locate(address | 0, Math.floor(address / 2 ** 32) | 0, length | 0);
  return offset < 0 ? -1 : memory.window(memory.found).address + offset;
}

Deno.test("addRegion() refuses overlaps, emptiness and addresses from 2^53 on", () => {
  const memory = new GuestMemory([{ address: 4096, bytes: new Uint8Array(4096) }]);
  const add = (address: number, length: number) => () =>
    memory.addRegion({ address, bytes: new Uint8Array(length) });
  assert.throws(add(8191, 1), RangeError);
  assert.throws(add(0, 4097), RangeError);
  assert.throws(add(16384, 0), RangeError);
  assert.throws(add(2 ** 53 - 1, 2), RangeError);
  assert.throws(add(-1, 1), RangeError);
  assert.throws(add(0.5, 1), RangeError);
  add(8192, 1)();
  add(0, 4096)();
  add(2 ** 53 - 8, 8)();
  assert.equal(memory.regions.length, 4);
});

Deno.test("locate() agrees with plain arithmetic at every border", () => {
  const spans = [[0x1000, 0x100], [0xffff_ff80, 0x100], [2 ** 40, 64], [2 ** 53 - 16, 16]] as const;
  const memory = new GuestMemory(
    spans.map(([address, size]) => ({ address, bytes: new Uint8Array(size) })),
  );
  const inside = (address: number, length: number) =>
    length > 0 &&
    spans.some(([start, size]) => address >= start && length <= start + size - address);
  const near = spans.flatMap(([start, size]) => [start, start + 128, start + size]);
  for (const place of [...near, 2 ** 32, 2 ** 31, 0]) {
    for (let step = -9; step <= 9; step++) {
      const address = place + step;
      if (address < 0 || address > Number.MAX_SAFE_INTEGER) continue;
      for (const length of [0, 1, 8, 9, 16, 64, 128, 255, 256, 257, 2 ** 31, 2 ** 32 - 1]) {
        const expected = inside(address, length) ? address : -1;
        assert.equal(located(memory, address, length), expected, `${length} at ${address}`);
      }
    }
  }
  assert.equal(memory.locate(-8, -1, 16), -1, "an end beyond 2^64");
  assert.equal(memory.locate(0x1000, 0x20_0000, 1), -1, "beyond 2^53");
});

Deno.test("a region larger than a window is reached through several, none of which starts an access above 1 GiB", () => {
  // The bytes of a large region are never touched here, so they cost no memory.
  const memory = GuestMemory.of(new Uint8Array(3 * 2 ** 30), 2 ** 32 - 2 ** 29);
  const start = 2 ** 32 - 2 ** 29;
  for (const offset of [0, 2 ** 29 - 1, 2 ** 29, 2 ** 30, 2 ** 31 + 5, 3 * 2 ** 30 - 1]) {
    assert.equal(located(memory, start + offset, 1), start + offset);
    assert.ok(memory.locate((start + offset) | 0, start + offset >= 2 ** 32 ? 1 : 0, 1) < 2 ** 31);
  }
  assert.equal(located(memory, start, 3 * 2 ** 30), start, "also as a whole");
  assert.equal(located(memory, start + 1, 3 * 2 ** 30), -1);
});

Deno.test("read() and write() cross adjacent regions, and refuse a hole before copying", () => {
  const memory = new GuestMemory([
    { address: 10, bytes: new Uint8Array(4) },
    { address: 14, bytes: new Uint8Array(4) },
    { address: 20, bytes: new Uint8Array(4) },
  ]);
  memory.write(11, Uint8Array.of(1, 2, 3, 4, 5, 6));
  const back = new Uint8Array(6);
  memory.read(11, back);
  assert.deepEqual([...back], [1, 2, 3, 4, 5, 6]);
  assert.throws(() => memory.write(16, new Uint8Array(6).fill(9)), RangeError);
  memory.read(11, back);
  assert.deepEqual([...back], [1, 2, 3, 4, 5, 6]);
  assert.equal(memory.contains(10, 8), true);
  assert.equal(memory.contains(10, 9), false);
  assert.equal(memory.view(13, 2), undefined);
  assert.deepEqual([...memory.view(14, 2)!], [4, 5]);
});

Deno.test("addressOf() knows views of the memory and no others", () => {
  const bytes = new Uint8Array(new ArrayBuffer(64), 16, 32);
  const memory = GuestMemory.of(bytes, 1000);
  assert.equal(memory.addressOf(bytes.subarray(5, 9)), 1005);
  assert.equal(memory.addressOf(new Uint8Array(bytes.buffer, 8, 16)), -1);
  assert.equal(memory.addressOf(new Uint8Array(4)), -1);
});

Deno.test("shared memory is known by its buffer or by its region's word", () => {
  const bytes = new Uint8Array(8);
  assert.equal(new GuestMemory([{ address: 0, bytes }]).shared, false);
  assert.equal(new GuestMemory([{ address: 0, bytes, shared: true }]).shared, true);
  assert.equal(GuestMemory.of(new SharedArrayBuffer(8)).shared, true);
});

Deno.test("replaceRegion() keeps addresses and refuses fewer bytes", () => {
  const memory = GuestMemory.of(new ArrayBuffer(16), 100);
  assert.equal(located(memory, 110, 4), 110);
  const more = new Uint8Array(32).fill(7);
  memory.replaceRegion(100, more);
  assert.equal(memory.window(memory.found).bytes[0], 7);
  assert.equal(located(memory, 110, 22), 110);
  assert.equal(located(memory, 130, 2), 130);
  assert.throws(() => memory.replaceRegion(100, new Uint8Array(31)), RangeError);
  assert.throws(() => memory.replaceRegion(101, more), RangeError);
  memory.removeRegion(100);
  assert.equal(located(memory, 110, 1), -1);
  assert.throws(() => memory.removeRegion(100), RangeError);
});

Deno.test("an arena lends what does not overlap, aligned, and joins what comes back", () => {
  const memory = GuestMemory.of(new ArrayBuffer(4096), 0x1001);
  const arena = new Arena(memory, 0x1001, 4096);
  const lent = [100, 1, 16, 333].map((size, at) => arena.allocate(size, 2 ** (at + 2)));
  for (const [at, { address, bytes }] of lent.entries()) {
    assert.equal(address % 2 ** (at + 2), 0);
    assert.equal(memory.addressOf(bytes), address);
    for (const other of lent.slice(at + 1)) {
      assert.ok(
        address + bytes.length <= other.address || other.address + other.bytes.length <= address,
      );
    }
  }
  assert.throws(() => arena.allocate(4096), RangeError);
  assert.equal(arena.tryAllocate(4096), undefined);
  for (const at of [2, 0, 3, 1]) arena.free(lent[at]!);
  assert.throws(() => arena.free(lent[0]!), TypeError, "a second time");
  assert.equal(arena.available, 4096);
  assert.equal(arena.allocate(4096, 1).address, 0x1001, "one hole again");
  arena.close();
  assert.equal(arena.available, 4096);
  assert.throws(() => arena.allocate(0), RangeError);
  assert.throws(() => arena.allocate(8, 3), RangeError);
  assert.throws(() => new Arena(memory, 0x1000, 4096), RangeError);
});

Deno.test("a region that comes and goes gets the numbers of its windows back", () => {
  const memory = new GuestMemory();
  const numbers = new Set<number>();
  for (let round = 0; round < 10; round++) {
    for (const address of [0x1000, 0x8000]) {
      memory.addRegion({ address, bytes: new Uint8Array(4096).fill(round) });
      assert.equal(memory.locate(address + 8, 0, 8), 8);
      assert.equal(memory.window(memory.found).bytes[8], round);
      numbers.add(memory.found);
    }
    for (const address of [0x8000, 0x1000]) memory.removeRegion(address);
    assert.equal(memory.locate(0x1000, 0, 8), -1);
  }
  assert.equal(numbers.size, 2);
  memory.addRegion({ address: 0x1000, bytes: new Uint8Array(8192) });
  assert.equal(memory.locate(0x1ffc, 0, 8), 0xffc, "another size is another window");
  assert.ok(!numbers.has(memory.found));
});

Deno.test("who is attached hears of each change, until it is detached", () => {
  const memory = GuestMemory.of(new Uint8Array(16), 0);
  const heard: string[] = [];
  const one = { memoryChanged: () => void heard.push("one") };
  const other = { memoryChanged: () => void heard.push("other") };
  memory.attach(one);
  memory.attach(other);
  memory.addRegion({ address: 32, bytes: new Uint8Array(16) });
  assert.deepEqual(heard.splice(0), ["one", "other"]);
  memory.detach(one);
  memory.replaceRegion(0, new Uint8Array(16));
  memory.removeRegion(32);
  assert.deepEqual(heard.splice(0), ["other", "other"]);
  assert.throws(() => memory.removeRegion(32), RangeError);
  assert.deepEqual(heard, []);
});

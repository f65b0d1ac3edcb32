// What a driver makes of used lengths with and without WRITE (VIRTIO 1.4, 2.8.4).

import assert from "node:assert/strict";
import { DESC_F_AVAIL, DESC_F_USED, DESC_F_WRITE } from "./layout.ts";
import type { UsedLengths } from "./queue.ts";
import { makeRing } from "./ring_fixture.ts";

/** Length that a driver finds when a device uses 16 writable bytes with this length and these flags. */
function usedLength(length: number, flags: number, lengths: UsedLengths = "exact"): number {
  const { driver, layout, memory } = makeRing({ format: "packed", lengths });
  const buffer = memory.regions[0]!.address;
  driver.writable(buffer, 16);
  const id = driver.add();
  driver.publish();
  const desc = memory.view(layout.desc, 16)!;
  const view = new DataView(desc.buffer, desc.byteOffset, 16);
  view.setUint32(8, length, true);
  view.setUint16(12, id, true);
  view.setUint16(14, flags, true);
  assert.equal(driver.collect(), id);
  return driver.usedLength;
}

Deno.test("collect() takes a length that fits, though the device did not set WRITE", () => {
  assert.equal(usedLength(7, DESC_F_AVAIL | DESC_F_USED | DESC_F_WRITE), 7);
  assert.equal(usedLength(7, DESC_F_AVAIL | DESC_F_USED), 7);
});

Deno.test("collect() ignores a length without WRITE that can not be one", () => {
  assert.equal(usedLength(17, DESC_F_AVAIL | DESC_F_USED), 0);
  assert.equal(usedLength(0xffff_ffff, DESC_F_AVAIL | DESC_F_USED), 0);
});

Deno.test("collect() takes a length without WRITE that is a bound for all at most", () => {
  assert.equal(usedLength(17, DESC_F_AVAIL | DESC_F_USED, "bound"), 16);
});

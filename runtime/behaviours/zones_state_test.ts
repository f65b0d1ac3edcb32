// What becomes of the zones of a disk while writes are under way, and after a reset (VIRTIO 1.4, 5.2.6).

import assert from "node:assert/strict";
import { BlockStatus, BlockZoneState } from "../../generated/blk/mod.ts";
import { loopback } from "../loopback.ts";
import { disk, opened, SIZE } from "./zones_fixture.ts";

const { OK, IOERR, ZONE_UNALIGNED_WP } = BlockStatus;
const { EMPTY, EOPEN } = BlockZoneState;

Deno.test("zones: a failed write leaves the pointer where it was, and writes wait for each other (5.2.6)", async () => {
  const ends: ((status: BlockStatus) => void)[] = [];
  const seen: number[] = [];
  const { device } = disk({}, {
    out: ({ sector }) => (seen.push(sector), new Promise((end) => ends.push(end))),
  });
  await using guest = await opened(device);
  const first = guest.write(SIZE, 2);
  const second = guest.write(SIZE + 2, 2);
  const elsewhere = guest.append(2);
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual(seen, [SIZE, 2 * SIZE], "another zone does not wait");
  ends[0]!(IOERR);
  assert.equal(await first, IOERR);
  assert.equal(await second, ZONE_UNALIGNED_WP);
  assert.equal(device.zones?.describe(1).zWp, 16n);
  ends[1]!(OK);
  assert.equal((await elsewhere).appendSector, 2 * SIZE);
});

Deno.test("zones: what changes a zone's state waits for the write that is under way (5.2.6.2)", async () => {
  const ends: ((status: BlockStatus) => void)[] = [];
  const { device } = disk({}, { out: () => new Promise((end) => ends.push(end)) });
  await using guest = await opened(device);
  const changes = [
    () => guest.reset(1),
    async () => (await guest.driver.zoneResetAll({ sector: 0 })).status,
  ];
  for (const change of changes) {
    const written = guest.write(SIZE);
    const changed = change();
    await new Promise((done) => setTimeout(done, 0));
    ends.pop()!(OK);
    assert.deepEqual([await written, await changed], [OK, OK]);
    const { zState, zWp } = device.zones!.describe(1);
    assert.deepEqual([zState, zWp], [EMPTY, BigInt(SIZE)]);
  }
});

Deno.test("zones outlive a reset, and follow a snapshot, which may be hostile", async () => {
  const { device } = disk({ maxOpenZones: 1 });
  {
    await using guest = await opened(device);
    await guest.write(SIZE, 4);
  }
  assert.equal(device.zones?.describe(1).zWp, 20n, "after the reset of a driver that closed");
  await using guest = await opened(device);
  await guest.write(SIZE + 4, 2);
  const saved = JSON.parse(JSON.stringify(device.save()));
  const other = disk({ maxOpenZones: 1 }).device;
  loopback(other);
  other.zones!.restore(saved.behaviours.zones);
  assert.deepEqual(other.zones?.describe(1), device.zones?.describe(1));
  const wrong: readonly [string, (zones: { states: unknown[]; pointers: unknown[] }) => void][] = [
    ["zones.states", (zones) => zones.states.pop()],
    ["zones.pointers[1]", (zones) => zones.pointers[1] = 15],
    ["zones.pointers[1]", (zones) => zones.pointers[1] = 33],
    ["zones.states[2]", (zones) => zones.states[2] = 5],
    ["zones.states[0]", (zones) => zones.states[0] = EMPTY],
    ["zones.states[1]", (zones) => zones.states[1] = EMPTY],
    ["zones.states", (zones) => zones.states.fill(EOPEN, 2)],
  ];
  for (const [field, spoil] of wrong) {
    const zones = structuredClone(saved.behaviours.zones);
    spoil(zones);
    assert.throws(() => other.zones!.restore(zones), (error: Error) => {
      return error instanceof RangeError && error.message.includes(`${field} must be`);
    }, field);
  }
  assert.throws(() => other.zones!.restore(undefined), TypeError);
  assert.deepEqual(other.zones?.describe(1), device.zones?.describe(1), "and nothing changed");
});

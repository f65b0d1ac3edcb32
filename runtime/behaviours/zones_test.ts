// Zones of a disk, driven as a guest would (VIRTIO 1.4, 5.2.6).

import assert from "node:assert/strict";
import {
  BlockDevice,
  BlockDriver,
  BlockStatus,
  BlockZoneModel,
  BlockZoneState,
  BlockZoneType,
} from "../../generated/blk/mod.ts";
import { covers } from "../../testing/covers.ts";
import { PeerError } from "../errors.ts";
import { loopback } from "../loopback.ts";
import { disk, opened, SECTOR, SIZE } from "./zones_fixture.ts";

const {
  OK,
  UNSUPP,
  ZONE_INVALID_CMD,
  ZONE_UNALIGNED_WP,
  ZONE_OPEN_RESOURCE,
  ZONE_ACTIVE_RESOURCE,
} = BlockStatus;
const { NOT_WP, EMPTY, IOPEN, EOPEN, CLOSED, RDONLY, FULL, OFFLINE } = BlockZoneState;

Deno.test("zones: a report has as many descriptors as fit, from the zone that holds the sector (5.2.6)", async () => {
  const { device } = disk({}, { zones: { conventional: 1, capacity: 12 } });
  await using guest = await opened(device);
  await guest.write(3 * SIZE, 4);
  const { zones } = await guest.driver.zoneReport({ sector: 3 * SIZE + 5 }, 64 + 2 * 64 + 64);
  assert.deepEqual(zones, [
    { zCap: 12, zStart: 48, zWp: 52n, zType: BlockZoneType.SWR, zState: IOPEN },
    { zCap: 8, zStart: 64, zWp: 64n, zType: BlockZoneType.SWR, zState: EMPTY },
  ]);
  const first = (await guest.driver.zoneReport({ sector: 0 }, 129)).zones;
  assert.equal(first.length, 1);
  assert.equal(first[0]?.zType, BlockZoneType.CONV);
  assert.equal(first[0]?.zState, NOT_WP);
  assert.deepEqual((await guest.driver.zoneReport({ sector: 0 }, 65)).zones, []);
});

Deno.test("zones: a report without room for its head is refused to its caller, and never sent (5.2.6)", async () => {
  const asked: number[] = [];
  const device = new BlockDevice({
    config: disk().device.settings,
    zoneReport: ({ sector }) => {
      asked.push(sector);
      return { zones: [], status: BlockStatus.OK };
    },
    zoneAppend: () => BlockStatus.UNSUPP,
    zoneOpen: () => BlockStatus.UNSUPP,
    zoneClose: () => BlockStatus.UNSUPP,
    zoneFinish: () => BlockStatus.UNSUPP,
    zoneReset: () => BlockStatus.UNSUPP,
    zoneResetAll: () => BlockStatus.UNSUPP,
  });
  await using driver = await BlockDriver.open(loopback(device));
  const wrong = {
    name: "RangeError",
    message: "Cannot send zone_report: the room for its answer is 64, not 65 or more",
  };
  await assert.rejects(async () => await driver.zoneReport({ sector: 1 }, 64), wrong);
  assert.throws(() => driver.requestq[0]!.submitZoneReport({ sector: 2 }, 64), wrong);
  assert.deepEqual((await driver.zoneReport({ sector: 3 }, 65)).zones, []);
  assert.deepEqual(asked, [3]);
});

Deno.test("zones: a write opens its zone, moves the pointer, and fills the zone at last (5.2.6)", async () => {
  covers("devicenormative:Device Types / Block Device / Device Operation#33");
  const { device, medium } = disk();
  await using guest = await opened(device);
  assert.equal(await guest.write(SIZE, 4), OK);
  assert.equal(device.zones?.describe(1).zWp, 20n);
  assert.deepEqual(await guest.states(), [NOT_WP, IOPEN, EMPTY, EMPTY, EMPTY]);
  for (const sector of [SIZE, SIZE + 2, SIZE + 6]) {
    assert.equal(await guest.write(sector, 2, 0xbb), ZONE_UNALIGNED_WP);
  }
  assert.equal(await guest.write(SIZE + 4, 3), ZONE_UNALIGNED_WP, "not the write granularity");
  assert.equal(await guest.write(SIZE + 4, 12), OK);
  assert.deepEqual(await guest.states(), [NOT_WP, FULL, EMPTY, EMPTY, EMPTY]);
  assert.equal(await guest.write(SIZE + 16 - 2, 2), ZONE_INVALID_CMD);
  assert.equal(medium.indexOf(0xbb), -1, "what was refused was not written");
  assert.equal(await guest.write(2 * SIZE, 0), OK);
  assert.equal((await guest.states())[2], EMPTY, "a write without data changes nothing");
});

Deno.test("zones: conventional zones are written anywhere, and take no zone requests (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#19",
    "devicenormative:Device Types / Block Device / Device Operation#20",
  );
  await using guest = await opened(disk().device);
  for (const sector of [7, 3, 3]) assert.equal(await guest.write(sector, 1), OK);
  for (const request of [guest.open, guest.close, guest.finish, guest.reset]) {
    assert.equal(await request(0), ZONE_INVALID_CMD);
  }
  assert.equal((await guest.append(0)).status, ZONE_INVALID_CMD);
  assert.equal((await guest.states())[0], NOT_WP);
});

Deno.test("zones: an append answers where the data went (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#28",
    "devicenormative:Device Types / Block Device / Device Operation#29",
  );
  await using guest = await opened(disk({}, { zones: { conventional: 1, capacity: 12 } }).device);
  for (const sector of [2 * SIZE, 2 * SIZE + 8]) {
    const { status, appendSector } = await guest.append(2, 4).then(async (answer) => {
      if (sector === 2 * SIZE) await guest.append(2, 4);
      return answer;
    });
    assert.equal(status, OK);
    assert.equal(appendSector, sector);
  }
  assert.equal((await guest.states())[2], FULL);
  assert.equal((await guest.append(2)).status, ZONE_INVALID_CMD);
  await guest.write(SIZE, 8);
  assert.equal((await guest.append(1, 6)).status, ZONE_INVALID_CMD, "beyond the zone's capacity");
});

Deno.test("zones: requests change states as the state machine says, and no others (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#21",
    "devicenormative:Device Types / Block Device / Device Operation#23",
    "devicenormative:Device Types / Block Device / Device Operation#25",
  );
  type Guest = Awaited<ReturnType<typeof opened>>;
  const write = (guest: Guest, zone: number) => guest.write(zone * SIZE);
  const ways: readonly [number, (guest: Guest, device: BlockDevice) => unknown][] = [
    [EMPTY, () => {}],
    [IOPEN, (guest) => write(guest, 2)],
    [EOPEN, async (guest) => (await write(guest, 2), await guest.open(2))],
    [CLOSED, async (guest) => (await write(guest, 2), await guest.close(2))],
    [FULL, (guest) => guest.finish(2)],
    [RDONLY, (_, device) => device.zones?.fail(2, "RDONLY")],
    [OFFLINE, (_, device) => device.zones?.fail(2, "OFFLINE")],
  ];
  const requests = ["open", "close", "finish", "reset"] as const;
  const NO = -1; // refused with ZONE_INVALID_CMD
  const after: Readonly<Record<number, readonly number[]>> = {
    [EMPTY]: [EOPEN, NO, FULL, EMPTY],
    [IOPEN]: [EOPEN, CLOSED, FULL, EMPTY],
    [EOPEN]: [EOPEN, CLOSED, FULL, EMPTY],
    [CLOSED]: [EOPEN, CLOSED, FULL, EMPTY],
    [FULL]: [NO, NO, FULL, EMPTY],
    [RDONLY]: [NO, NO, NO, NO],
    [OFFLINE]: [NO, NO, NO, NO],
  };
  for (const [before, way] of ways) {
    for (const [i, request] of requests.entries()) {
      const { device } = disk();
      await using guest = await opened(device);
      await way(guest, device);
      assert.equal(device.zones?.describe(2).zState, before);
      const wanted = after[before]![i]!;
      const about = `${request} in state ${before}`;
      assert.equal(await guest[request](2), wanted === NO ? ZONE_INVALID_CMD : OK, about);
      assert.equal(device.zones?.describe(2).zState, wanted === NO ? before : wanted, about);
    }
  }
});

Deno.test("zones: closing a zone that was opened and not written makes it empty (5.2.6)", async () => {
  await using guest = await opened(disk().device);
  assert.equal(await guest.open(1), OK);
  assert.equal(await guest.close(1), OK);
  assert.equal((await guest.states())[1], EMPTY);
});

Deno.test("zones: reset all empties every sequential zone that can be (5.2.6.2)", async () => {
  const { device } = disk();
  await using guest = await opened(device);
  await guest.write(SIZE);
  await guest.finish(2);
  device.zones?.fail(3, "RDONLY");
  assert.equal((await guest.driver.zoneResetAll({ sector: 0 })).status, OK);
  assert.deepEqual(await guest.states(), [NOT_WP, EMPTY, EMPTY, RDONLY, EMPTY]);
  assert.equal(await guest.write(SIZE), OK);
});

Deno.test("zones: a request beyond the open or active zones fails and changes nothing (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#22",
    "devicenormative:Device Types / Block Device / Device Operation#26",
    "devicenormative:Device Types / Block Device / Device Operation#34",
  );
  await using guest = await opened(disk({ maxOpenZones: 2, maxActiveZones: 3 }).device);
  assert.equal(await guest.open(1), OK);
  assert.equal(await guest.write(2 * SIZE), OK);
  assert.equal(await guest.write(3 * SIZE), OK, "the zone that no request opened is closed");
  assert.deepEqual(await guest.states(), [NOT_WP, EOPEN, CLOSED, IOPEN, EMPTY]);
  assert.equal(await guest.open(4), ZONE_ACTIVE_RESOURCE);
  assert.equal(await guest.write(4 * SIZE), ZONE_ACTIVE_RESOURCE);
  assert.equal(await guest.open(3), OK);
  assert.equal(await guest.open(2), ZONE_OPEN_RESOURCE);
  assert.equal((await guest.append(2)).status, ZONE_OPEN_RESOURCE);
  assert.equal(await guest.write(2 * SIZE + 2), ZONE_OPEN_RESOURCE);
  assert.deepEqual(await guest.states(), [NOT_WP, EOPEN, CLOSED, EOPEN, EMPTY]);
  assert.equal(await guest.reset(1), OK);
  assert.equal(await guest.write(2 * SIZE + 2), OK);
  assert.equal(await guest.open(4), OK, "room again, both of the open and of the active");
});

Deno.test("zones: nothing reaches over the end of a zone that must be written in order (5.2.6.2)", async () => {
  covers("devicenormative:Device Types / Block Device / Device Operation#32");
  await using guest = await opened(disk().device);
  assert.equal(await guest.write(SIZE - 2, 4), ZONE_INVALID_CMD);
  assert.equal(await guest.write(SIZE, SIZE + 2), ZONE_INVALID_CMD);
  assert.equal((await guest.read(2 * SIZE - 2, 4)).status, ZONE_INVALID_CMD);
});

Deno.test("zones: a broken zone is only read, or not even that (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#35",
    "devicenormative:Device Types / Block Device / Device Operation#36",
  );
  const { device } = disk();
  await using guest = await opened(device);
  await guest.write(SIZE);
  device.zones?.fail(1, "RDONLY");
  assert.equal(await guest.write(SIZE + 2), ZONE_INVALID_CMD);
  assert.equal((await guest.append(1)).status, ZONE_INVALID_CMD);
  assert.equal((await guest.read(SIZE, 2)).bytes[0], 0xaa);
  device.zones?.fail(1, "OFFLINE");
  assert.equal((await guest.read(SIZE, 2)).status, ZONE_INVALID_CMD);
  assert.equal(await guest.write(SIZE + 2), ZONE_INVALID_CMD);
  assert.equal((await guest.append(1)).status, ZONE_INVALID_CMD);
  assert.throws(() => device.zones?.fail(1, "RDONLY"), RangeError);
  assert.throws(() => device.zones?.fail(0, "RDONLY"), RangeError);
  assert.throws(() => device.zones?.fail(5, "RDONLY"), RangeError);
});

Deno.test("zones: what was not written reads as zeroes, whatever the medium holds (5.2.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Operation#37",
    "devicenormative:Device Types / Block Device / Device Operation#38",
  );
  await using guest = await opened(disk().device);
  await guest.write(SIZE, 4);
  const expected = new Uint8Array(8 * SECTOR).fill(0xaa, 0, 4 * SECTOR);
  assert.deepEqual((await guest.read(SIZE, 8)).bytes, expected);
  await guest.finish(1);
  assert.deepEqual((await guest.read(SIZE, 8)).bytes, expected);
  await guest.reset(1);
  assert.deepEqual((await guest.read(SIZE, 8)).bytes, expected.fill(0));
  assert.equal((await guest.read(0, 1)).bytes[0], 0xdd, "a conventional zone has no such place");
});

Deno.test("zones: secure erase resets the zones of its ranges (5.2.6.2)", async () => {
  covers("devicenormative:Device Types / Block Device / Device Operation#41");
  const { device } = disk({}, { secureErase: () => OK });
  assert.equal(device.offered & 1n << 16n, 0n, "not offered without its fields");
  const erasing = new BlockDevice({
    config: {
      ...device.settings,
      maxSecureEraseSectors: 64,
      maxSecureEraseSeg: 4,
      secureEraseSectorAlignment: SIZE,
    },
    zones: { conventional: 1 },
    out: () => OK,
    secureErase: () => OK,
  });
  await using guest = await opened(erasing);
  await guest.write(SIZE);
  await guest.finish(2);
  const erase = async (sector: number, numSectors: number) =>
    (await guest.driver.secureErase({
      sector: 0,
      segments: [{ sector, numSectors, unmap: 0 }],
    })).status;
  assert.equal(await erase(SIZE + 2, SIZE), ZONE_INVALID_CMD);
  assert.equal(await erase(0, 2 * SIZE), ZONE_INVALID_CMD, "a conventional zone is not reset");
  assert.deepEqual((await guest.states()).slice(1, 3), [IOPEN, FULL]);
  assert.equal(await erase(SIZE, 2 * SIZE), OK);
  assert.deepEqual((await guest.states()).slice(1, 3), [EMPTY, EMPTY]);
});

Deno.test("zones: a host-managed disk refuses a driver that does not accept ZONED, a host-aware one does not (5.2.5.2)", async () => {
  covers(
    "devicenormative:Device Types / Block Device / Device Initialization#8",
    "devicenormative:Device Types / Block Device / Device Operation#18",
  );
  const open = (model: BlockZoneModel) =>
    BlockDriver.open(loopback(disk({ model }).device), { features: [] });
  await assert.rejects(open(BlockZoneModel.HM), PeerError);
  await using driver = await open(BlockZoneModel.HA);
  assert.equal((await driver.out({ sector: SIZE + 5 }, new Uint8Array(512))).status, OK);
  assert.throws(() => driver.zoneOpen({ sector: 0 }), TypeError);
});

Deno.test("zones: a host-aware disk takes writes anywhere in a zone, and no appends (5.2.6)", async () => {
  const { device } = disk({ model: BlockZoneModel.HA });
  await using guest = await opened(device);
  assert.equal(await guest.write(SIZE + 4, 2), OK);
  assert.equal(await guest.write(SIZE, 2), OK);
  const { zWp, zState, zType } = device.zones!.describe(1);
  assert.deepEqual([zWp, zState, zType], [22n, IOPEN, BlockZoneType.SWP]);
  assert.equal((await guest.append(1)).status, ZONE_INVALID_CMD);
});

Deno.test("zones: a disk that hides its zones takes no zone requests (5.2.4)", async () => {
  await using guest = await opened(disk({ model: BlockZoneModel.NONE, zoneSectors: 0 }).device);
  assert.equal(await guest.open(0), UNSUPP);
  assert.equal(await guest.write(5, 1), OK);
});

Deno.test("zones are the user's task once there is a handler for any of their requests", () => {
  const { device } = disk({}, { zoneOpen: () => OK });
  assert.equal(device.zones, undefined);
  assert.equal(device.offered & 1n << 17n, 0n, "and are not offered with half of the handlers");
  assert.throws(() => disk({}, { zones: { conventional: -1 } }), RangeError);
  assert.throws(() => disk({ zoneSectors: 0 }), RangeError);
});

// Zones of a disk, driven as a guest would (VIRTIO 1.4, 5.2.6).

import assert from "node:assert/strict";
import {
  BlockDevice,
  type BlockDeviceOptions,
  BlockDriver,
  BlockStatus,
  BlockZoneModel,
  BlockZoneState,
  BlockZoneType,
} from "../../generated/blk/mod.ts";
import { covers } from "../../testing/covers.ts";
import { PeerError } from "../errors.ts";
import { loopback } from "../loopback.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";

const {
  OK,
  IOERR,
  UNSUPP,
  ZONE_INVALID_CMD,
  ZONE_UNALIGNED_WP,
  ZONE_OPEN_RESOURCE,
  ZONE_ACTIVE_RESOURCE,
} = BlockStatus;
const { NOT_WP, EMPTY, IOPEN, EOPEN, CLOSED, RDONLY, FULL, OFFLINE } = BlockZoneState;

/** Sectors of a zone here. */
const SIZE = 16;
const SECTOR = 512;

/** A disk of five zones, the last one short, the first conventional. */
function disk(
  zoned: Partial<NonNullable<BlockDeviceOptions["config"]["zoned"]>> = {},
  options: Partial<BlockDeviceOptions> = {},
) {
  const medium = new Uint8Array((4 * SIZE + 8) * SECTOR).fill(0xdd);
  const device = new BlockDevice({
    config: {
      capacity: medium.length / SECTOR,
      zoned: {
        zoneSectors: SIZE,
        maxOpenZones: 0,
        maxActiveZones: 0,
        maxAppendSectors: 8,
        writeGranularity: 1024,
        model: BlockZoneModel.HM,
        ...zoned,
      },
    },
    zones: { conventional: 1 },
    in({ sector }, data: WritableBytes) {
      data.write(medium, sector * SECTOR, data.length);
      return OK;
    },
    out({ sector }, data: ReadableBytes) {
      data.read(medium, sector * SECTOR);
      return OK;
    },
    ...options,
  });
  return { device, medium };
}

/** What tries a disk: requests by zone, and the states of zones. */
async function opened(device: BlockDevice) {
  const driver = await BlockDriver.open(loopback(device));
  const status = async (answer: Promise<{ readonly status: number }>) => (await answer).status;
  return {
    driver,
    write: (sector: number, sectors = 2, fill = 0xaa) =>
      status(driver.out({ sector }, new Uint8Array(sectors * SECTOR).fill(fill))),
    append: (zone: number, sectors = 2) =>
      driver.zoneAppend({ sector: zone * SIZE }, new Uint8Array(sectors * SECTOR)),
    open: (zone: number) => status(driver.zoneOpen({ sector: zone * SIZE })),
    close: (zone: number) => status(driver.zoneClose({ sector: zone * SIZE })),
    finish: (zone: number) => status(driver.zoneFinish({ sector: zone * SIZE })),
    reset: (zone: number) => status(driver.zoneReset({ sector: zone * SIZE })),
    read: async (sector: number, sectors: number) => {
      const bytes = new Uint8Array(sectors * SECTOR);
      const { status } = await driver.in({ sector }, bytes);
      return { status, bytes };
    },
    states: async () => {
      const { zones } = await driver.zoneReport({ sector: 0 }, 1024);
      return zones.map(({ zState }) => zState);
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

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

Deno.test("zones are the user's task once there is a handler for any of their requests", () => {
  const { device } = disk({}, { zoneOpen: () => OK });
  assert.equal(device.zones, undefined);
  assert.equal(device.offered & 1n << 17n, 0n, "and are not offered with half of the handlers");
  assert.throws(() => disk({}, { zones: { conventional: -1 } }), RangeError);
  assert.throws(() => disk({ zoneSectors: 0 }), RangeError);
});

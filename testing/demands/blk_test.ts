// Disks, statement by statement (VIRTIO 1.4, 5.2.6.2).

import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const OPERATION = "devicenormative:Device Types / Block Device / Device Operation";
const DEMANDED = "drivernormative:Device Types / Block Device / Device Operation";

const { OK, IOERR, UNSUPP, ZONE_INVALID_CMD } = BlockStatus;

Deno.test("blk: a driver is told when the disk grows, or when zeroes deallocate (5.2.6.2)", async () => {
  covers(`${OPERATION}#1`, `${OPERATION}#2`, `${OPERATION}#12`);
  const config = {
    capacity: 8,
    maxWriteZeroesSectors: 8,
    maxWriteZeroesSeg: 1,
    writeZeroesMayUnmap: 0,
  };
  const device = new BlockDevice({ config, writeZeroes: () => OK });
  await using driver = await BlockDriver.open(loopback(device));
  const changed = async (changes: { capacity?: number; writeZeroesMayUnmap?: number }) => {
    const told = new Promise<void>((resolve) => driver.onConfigChange = resolve);
    device.configure(changes);
    await told;
    return [driver.config.capacity, driver.config.writeZeroesMayUnmap];
  };
  assert.deepEqual(await changed({ capacity: 16 }), [16, 0]);
  assert.deepEqual(await changed({ writeZeroesMayUnmap: 1 }), [16, 1]);
  assert.equal((await driver.in({ sector: 15 }, new Uint8Array(512))).status, UNSUPP, "no handler");
});

Deno.test("blk: a device tells of no wear that is reserved (5.2.6.2)", async () => {
  covers(`${OPERATION}#17`);
  let wear = 11;
  const device = new BlockDevice({
    config: { capacity: 8 },
    getLifetime: () => ({
      preEolInfo: 1,
      deviceLifetimeEstTypA: wear,
      deviceLifetimeEstTypB: 0,
    }),
  });
  device.onError = () => {}; // that of the answer
  await using driver = await BlockDriver.open(loopback(device));
  assert.equal((await driver.getLifetime({ sector: 0 })).status, OK);
  for (wear of [12, 0xffff]) assert.equal((await driver.getLifetime({ sector: 0 })).status, IOERR);
});

/** A disk of four zones of 16 sectors. */
async function zoned(maxAppendSectors: number) {
  const medium = new Uint8Array(64 * 512);
  const device = new BlockDevice({
    config: {
      capacity: 64,
      zoned: {
        zoneSectors: 16,
        maxOpenZones: 2,
        maxActiveZones: 2,
        maxAppendSectors,
        writeGranularity: 512,
        model: 1,
      },
    },
    zones: {},
    flush: () => OK,
    in: ({ sector }, data) => (data.write(medium, sector * 512), OK),
    out: ({ sector }, data) => (data.read(medium, sector * 512), OK),
  });
  const driver = await BlockDriver.open(loopback(device));
  const append = async (sector: number) =>
    (await driver.zoneAppend({ sector }, new Uint8Array(512))).status;
  return { driver, append, [Symbol.asyncDispose]: () => driver.close() };
}

Deno.test("blk: an append names the first sector of its zone (5.2.6.2)", async () => {
  covers(`${OPERATION}#27`);
  await using disk = await zoned(8);
  for (const sector of [1, 15, 17]) assert.equal(await disk.append(sector), ZONE_INVALID_CMD);
  assert.equal(await disk.append(16), OK);
});

Deno.test("blk: without a size for appends there are none (5.2.6.2)", async () => {
  covers(`${OPERATION}#30`);
  await using disk = await zoned(0);
  assert.equal(await disk.append(0), UNSUPP);
});

Deno.test("blk: what a zone's state does not allow is no valid command, and changes nothing (5.2.6.2)", async () => {
  covers(`${OPERATION}#24`);
  await using disk = await zoned(8);
  const { driver } = disk;
  assert.equal((await driver.zoneFinish({ sector: 0 })).status, OK);
  const states = async () =>
    (await driver.zoneReport({ sector: 0 }, 64 + 4 * 64)).zones
      .map(({ zState }) => zState);
  const before = await states();
  assert.equal((await driver.zoneOpen({ sector: 0 })).status, ZONE_INVALID_CMD, "it is full");
  assert.equal((await driver.zoneClose({ sector: 0 })).status, ZONE_INVALID_CMD);
  assert.deepEqual(await states(), before);
});

Deno.test("blk: a driver names no sector where there is no place (5.2.6.1)", async () => {
  covers(`${DEMANDED}#4`, `${DEMANDED}#21`);
  await using disk = await zoned(8);
  const { driver } = disk;
  const wrong = { name: "RangeError", message: /The request has no place/ };
  await assert.rejects(async () => await driver.flush({ sector: 1 }), wrong);
  await assert.rejects(async () => await driver.zoneResetAll({ sector: 16 }), wrong);
  assert.equal((await driver.flush({ sector: 0 })).status, OK);
  assert.equal((await driver.zoneResetAll({ sector: 0 })).status, OK);
});

Deno.test("blk: a driver reads and writes whole sectors (5.2.6.1)", async () => {
  covers(`${DEMANDED}#6`);
  await using disk = await zoned(8);
  const { driver } = disk;
  const wrong = { name: "RangeError", message: /The data are whole sectors/ };
  for (const length of [1, 511, 513]) {
    const data = new Uint8Array(length);
    await assert.rejects(async () => await driver.in({ sector: 0 }, data), wrong);
    await assert.rejects(async () => await driver.out({ sector: 0 }, data), wrong);
  }
  assert.equal((await driver.out({ sector: 0 }, new Uint8Array(1024))).status, OK);
  assert.equal((await driver.in({ sector: 0 }, new Uint8Array(1024))).status, OK);
});

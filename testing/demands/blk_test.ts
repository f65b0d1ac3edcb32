// Disks, statement by statement (VIRTIO 1.4, 5.2.6.2).

import assert from "node:assert/strict";
import {
  BlockDevice,
  BlockDriver,
  BlockRequestType,
  BlockStatus,
} from "../../generated/blk/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import type { Transport } from "../../runtime/transport.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { HandDevice } from "../driver_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

const OPERATION = "devicenormative:Device Types / Block Device / Device Operation";
const DEMANDED = "drivernormative:Device Types / Block Device / Device Operation";

/** Where virtio_blk_zoned_characteristics lies in the configuration (5.2.4). */
const ZONED = 72;

const refused = (rule: RegExp) => ({ name: "RangeError", message: rule });

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
  let [blocks, wear] = [3, 11];
  const device = new BlockDevice({
    config: { capacity: 8 },
    getLifetime: () => ({
      preEolInfo: blocks,
      deviceLifetimeEstTypA: wear,
      deviceLifetimeEstTypB: 0,
    }),
  });
  device.onError = () => {}; // that of the answer
  await using driver = await BlockDriver.open(loopback(device));
  assert.equal((await driver.getLifetime({ sector: 0 })).status, OK);
  for ([blocks, wear] of [[3, 12], [3, 0xffff], [4, 11], [0xffff, 11]] as const) {
    assert.equal((await driver.getLifetime({ sector: 0 })).status, IOERR);
  }
});

/** The way to a disk that seems endless, and each sector a zone that is appended to without limit. */
function misled(device: BlockDevice): Transport {
  const transport = loopback(device);
  const read = transport.readConfig.bind(transport);
  transport.readConfig = async (offset, length) => {
    const bytes = await read(offset, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setBigUint64(-offset, 1n << 32n, true); // capacity
    view.setUint32(ZONED - offset, 1, true);
    view.setUint32(ZONED + 12 - offset, 0xffff_ffff, true);
    return bytes;
  };
  return transport;
}

/** A disk of four zones of 16 sectors, and a driver that knows, or knows not, what it must not send. */
async function zoned(maxAppendSectors: number, rude = false) {
  const medium = new Uint8Array(64 * 512);
  const device = new BlockDevice({
    config: {
      capacity: 64,
      zoned: {
        zoneSectors: 16,
        maxOpenZones: 2,
        maxActiveZones: 2,
        maxAppendSectors,
        writeGranularity: rude ? 512 : 1024,
        model: 1,
      },
    },
    zones: {},
    flush: () => OK,
    in: ({ sector }, data) => (data.write(medium, sector * 512), OK),
    out: ({ sector }, data) => (data.read(medium, sector * 512), OK),
  });
  const driver = await BlockDriver.open(rude ? misled(device) : loopback(device));
  const append = async (sector: number, bytes = 512) =>
    (await driver.zoneAppend({ sector }, new Uint8Array(bytes))).status;
  return { driver, append, [Symbol.asyncDispose]: () => driver.close() };
}

Deno.test("blk: an append names the first sector of its zone (5.2.6.2)", async () => {
  covers(`${OPERATION}#27`);
  await using disk = await zoned(8, true);
  for (const sector of [1, 15, 17]) assert.equal(await disk.append(sector), ZONE_INVALID_CMD);
  assert.equal(await disk.append(16), OK);
  const { driver } = disk;
  const beyond = await driver.zoneReport({ sector: 64 }, 1024);
  assert.deepEqual(beyond, { zones: [], status: ZONE_INVALID_CMD });
  assert.equal((await driver.zoneOpen({ sector: 64 })).status, ZONE_INVALID_CMD);
});

Deno.test("blk: no append is longer than the device says, and without a length there are none (5.2.6.2)", async () => {
  covers(`${OPERATION}#30`, `${OPERATION}#31`);
  await using disk = await zoned(4, true);
  assert.equal(await disk.append(0, 5 * 512), ZONE_INVALID_CMD);
  assert.equal(await disk.append(0, 4 * 512), OK);
  await using none = await zoned(0, true);
  assert.equal(await none.append(0), UNSUPP);
});

Deno.test("blk: a driver names a zone by its first sector, and a report's by any (5.2.6.1)", async () => {
  covers(`${DEMANDED}#18`, `${DEMANDED}#19`, `${DEMANDED}#20`);
  await using disk = await zoned(8);
  const { driver } = disk;
  const requests = ["zoneOpen", "zoneClose", "zoneFinish", "zoneReset"] as const;
  for (const request of requests) {
    const send = async (sector: number) => (await driver[request]({ sector })).status;
    for (const sector of [1, 17, 63]) await assert.rejects(send(sector), refused(/first one/));
    await assert.rejects(send(64), refused(/on the disk/));
    await send(16);
  }
  const report = async (sector: number) =>
    (await driver.zoneReport({ sector }, 192)).zones.map(({ zStart }) => zStart);
  await assert.rejects(report(64), refused(/on the disk/));
  assert.deepEqual([await report(17), await report(63)], [[16], [48]]);
});

Deno.test("blk: a driver appends to zones, whole grains and no more than it may (5.2.6.1)", async () => {
  covers(`${DEMANDED}#22`, `${DEMANDED}#23`, `${DEMANDED}#24`);
  await using disk = await zoned(4);
  await assert.rejects(disk.append(17), refused(/first one/));
  await assert.rejects(disk.append(16, 1536), refused(/granularity/));
  await assert.rejects(disk.append(16, 3072), refused(/at once/));
  assert.equal(await disk.append(16, 2048), OK);
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

Deno.test("blk: a driver reads and writes nothing beyond the disk, as large as it is now (5.2.6.1)", async () => {
  covers(`${DEMANDED}#1`, `${DEMANDED}#2`);
  const device = new BlockDevice({
    config: { capacity: 8, maxWriteZeroesSectors: 8, maxWriteZeroesSeg: 1, writeZeroesMayUnmap: 0 },
    in: () => OK,
    out: () => OK,
    writeZeroes: () => OK,
  });
  await using driver = await BlockDriver.open(loopback(device));
  const wrong = { name: "RangeError", message: /is on the disk|ends on the disk/ };
  const two = new Uint8Array(1024);
  const zeroes = (sector: number) =>
    driver.writeZeroes({ sector: 0, segments: [{ sector, numSectors: 2, unmap: 0 }] });
  const refused = async (sector: number) => {
    await assert.rejects(async () => await driver.in({ sector }, two), wrong);
    await assert.rejects(async () => await driver.out({ sector }, two), wrong);
    await assert.rejects(async () => await zeroes(sector), wrong);
  };
  for (const sector of [7, 8, 2 ** 40]) await refused(sector);
  assert.equal((await driver.in({ sector: 6 }, two)).status, OK);
  const told = new Promise<void>((resolve) => driver.onConfigChange = resolve);
  device.configure({ capacity: 16 });
  await told;
  assert.equal((await driver.out({ sector: 14 }, two)).status, OK);
  assert.equal((await zeroes(14)).status, OK);
  await refused(15);
});

Deno.test("blk: a driver asks for no more ranges than a device takes, whole and at once (5.2.6.1)", async () => {
  covers(`${DEMANDED}#9`, `${DEMANDED}#10`, `${DEMANDED}#11`);
  const device = new BlockDevice({
    config: {
      capacity: 64,
      maxDiscardSectors: 8,
      maxDiscardSeg: 2,
      discardSectorAlignment: 1,
      maxWriteZeroesSectors: 8,
      maxWriteZeroesSeg: 3,
      writeZeroesMayUnmap: 1,
      maxSecureEraseSectors: 8,
      maxSecureEraseSeg: 1,
      secureEraseSectorAlignment: 1,
    },
    discard: () => OK,
    writeZeroes: () => OK,
    secureErase: () => OK,
  });
  await using driver = await BlockDriver.open(loopback(device));
  const wrong = { name: "RangeError", message: /No more ranges than allowed/ };
  const ranges = (count: number) => ({
    sector: 0,
    segments: Array.from({ length: count }, (_, at) => ({ sector: at, numSectors: 1, unmap: 0 })),
  });
  for (const [method, most] of [["discard", 2], ["writeZeroes", 3], ["secureErase", 1]] as const) {
    await assert.rejects(async () => await driver[method](ranges(most + 1)), wrong, method);
    assert.equal((await driver[method](ranges(most))).status, OK, method);
  }
});

Deno.test("blk: a driver leaves unmap clear in discards, and its ranges are whole (5.2.6.1)", async () => {
  covers(`${DEMANDED}#7`, `${DEMANDED}#14`);
  const lengths: number[] = [];
  const bytes = new Uint8Array(96);
  bytes.set([64], 0); // capacity
  for (const at of [36, 40, 48, 52, 60, 64]) bytes.set([8], at);
  const hand = new HandDevice(2, featureSet(32, 13, 14, 16), bytes);
  hand.onKick = (queue) => {
    for (let head = queue.pop(); head >= 0; head = queue.pop()) {
      const chain = queue.chain(head);
      lengths.push(chain.readableLength - 16);
      chain.writeByte(0, OK);
      queue.push(head, 1);
    }
    queue.publish();
  };
  await using driver = await BlockDriver.open(hand);
  const ranges = (count: number, unmap = 0) => ({
    sector: 0,
    segments: Array.from({ length: count }, (_, at) => ({ sector: at, numSectors: 1, unmap })),
  });
  const wrong = { name: "RangeError", message: /No flag is set, not even unmap/ };
  await assert.rejects(async () => await driver.discard(ranges(1, 1)), wrong);
  for (const count of [1, 3]) await driver.discard(ranges(count));
  await driver.writeZeroes(ranges(2, 1));
  await driver.secureErase(ranges(4));
  assert.deepEqual(lengths, [16, 48, 32, 64]);
});

const STARTING = "devicenormative:Device Types / Block Device / Device Initialization";

Deno.test("blk: who takes the cache's switch but can not flush finds it off (5.2.5.2)", async () => {
  covers(`${STARTING}#3`);
  const device = new BlockDevice({ config: { capacity: 8, writeback: 1 }, flush: () => OK });
  const cache = async (features: ("FLUSH" | "CONFIG_WCE")[]) => {
    await using driver = await BlockDriver.open(loopback(device), { features });
    assert.equal(driver.config.writeback, device.settings.writeback);
    return device.settings.writeback;
  };
  assert.equal(await cache(["CONFIG_WCE", "FLUSH"]), 1);
  assert.equal(await cache(["CONFIG_WCE"]), 0);
  assert.equal(device.settings.writeback, 1, "after a reset all is as it was");
  assert.equal(await cache(["FLUSH"]), 1);
  {
    await using driver = await BlockDriver.open(loopback(device), { features: ["CONFIG_WCE"] });
    await driver.setWriteback(1);
    assert.equal(device.settings.writeback, 1, "the driver may switch it on");
    const other = new BlockDevice({ config: { capacity: 8, writeback: 1 }, flush: () => OK });
    loopback(other);
    other.restore(JSON.parse(JSON.stringify(device.save())));
    assert.equal(other.settings.writeback, 1, "and it stays so in a device that takes over");
  }
});

Deno.test("blk: areas that are erased are made of whole zones (5.2.6.2)", async () => {
  covers(`${OPERATION}#39`, `${OPERATION}#40`);
  const config = (secureEraseSectorAlignment: number) => ({
    capacity: 64,
    maxSecureEraseSectors: 64,
    maxSecureEraseSeg: 1,
    secureEraseSectorAlignment,
    zoned: {
      zoneSectors: 16,
      maxOpenZones: 0,
      maxActiveZones: 0,
      maxAppendSectors: 0,
      writeGranularity: 512,
      model: 1,
    },
  });
  const make = (alignment: number) =>
    new BlockDevice({ config: config(alignment), zones: {}, secureErase: () => OK });
  for (const alignment of [1, 8, 24]) assert.throws(() => make(alignment), { name: "RangeError" });
  await using driver = await BlockDriver.open(loopback(make(32)));
  const erase = async (sector: number, numSectors: number) =>
    (await driver.secureErase({ sector: 0, segments: [{ sector, numSectors, unmap: 0 }] })).status;
  for (const length of [1, 15, 24]) assert.equal(await erase(0, length), ZONE_INVALID_CMD);
  assert.equal(await erase(16, 32), OK);
});

Deno.test("blk: a driver reads writeback after FEATURES_OK, and takes RO where it is offered (5.2.5.1, 5.2.6.1)", async () => {
  covers(
    "drivernormative:Device Types / Block Device / Device Initialization#4",
    `${DEMANDED}#3`,
  );
  const device = new BlockDevice({
    config: { capacity: 8, writeback: 1 },
    features: ["RO"],
    flush: () => OK,
  });
  const transport = loopback(device);
  const { readConfig } = transport;
  const early: boolean[] = [];
  transport.readConfig = async (offset, length) => {
    early.push((await transport.getStatus() & 8) === 0);
    return await readConfig.call(transport, offset, length);
  };
  await using driver = await BlockDriver.open(transport);
  assert.equal(driver.config.writeback, 1);
  assert.ok(early.length > 0 && !early.includes(true));
  assert.ok(driver.hasFeature(5));
});

Deno.test("blk: flags that nobody knows are not supported, also where nothing can be written (5.2.6.2)", async () => {
  covers(`${OPERATION}#3`, `${OPERATION}#5`, `${OPERATION}#6`);
  const never = () => assert.fail("a handler ran");
  const device = new BlockDevice({
    config: {
      capacity: 8,
      maxDiscardSectors: 8,
      maxDiscardSeg: 1,
      discardSectorAlignment: 1,
      maxWriteZeroesSectors: 8,
      maxWriteZeroesSeg: 1,
      writeZeroesMayUnmap: 1,
      maxSecureEraseSectors: 8,
      maxSecureEraseSeg: 1,
      secureEraseSectorAlignment: 1,
    },
    features: ["RO"],
    discard: never,
    writeZeroes: never,
    secureErase: never,
    queueSizeMax: QUEUE_SIZE_MAX,
  });
  const { DISCARD, WRITE_ZEROES, SECURE_ERASE } = BlockRequestType;
  const bench = new DeviceBench(device, featureSet(5, 13, 14, 16, 32), 0);
  const ask = async (type: number, flags: number) => {
    const request = new Uint8Array(32);
    const view = new DataView(request.buffer);
    view.setUint32(0, type, true);
    view.setUint32(24, 8, true); // num_sectors
    view.setUint32(28, flags, true);
    return (await bench.serve({ readable: [request], writable: [1] })).bytes[0];
  };
  for (const type of [DISCARD, WRITE_ZEROES, SECURE_ERASE]) {
    for (const flags of [2, 0x8000_0000]) assert.equal(await ask(type, flags), UNSUPP);
    assert.equal(await ask(type, 0), IOERR);
  }
  assert.equal(await ask(DISCARD, 1), UNSUPP);
  assert.equal(await ask(WRITE_ZEROES, 1), IOERR);
  bench.check();
});

Deno.test("blk: appends are no longer than the segments of a request (5.2.5.2)", async () => {
  const INITIALIZATION = "devicenormative:Device Types / Block Device / Device Initialization";
  covers(`${INITIALIZATION}#14`, `${INITIALIZATION}#15`, `${INITIALIZATION}#16`);
  const config = (maxAppendSectors: number, segments: { segMax?: number; sizeMax?: number }) => ({
    capacity: 64,
    ...segments,
    zoned: {
      zoneSectors: 16,
      maxOpenZones: 0,
      maxActiveZones: 0,
      maxAppendSectors,
      writeGranularity: 512,
      model: 1,
    },
  });
  const handlers = { zones: {}, in: () => OK, out: () => OK, flush: () => OK };
  const segments = { segMax: 2, sizeMax: 2048 };
  const make = (most: number, limits = segments) =>
    new BlockDevice({ config: config(most, limits), ...handlers });
  assert.throws(() => make(9), { name: "RangeError", message: /max_append_sectors: 9 was given/ });
  new BlockDevice({ config: config(9, { segMax: 2 }), ...handlers });
  new BlockDevice({ config: config(9, { sizeMax: 512 }), ...handlers });
  for (const most of [0, 8]) {
    await using driver = await BlockDriver.open(loopback(make(most)));
    assert.equal(driver.config.zoned?.maxAppendSectors, most);
    const append = async (sectors: number) =>
      (await driver.zoneAppend({ sector: 0 }, new Uint8Array(sectors * 512))).status;
    if (most > 0) assert.equal(await append(most), OK);
    await assert.rejects(append(most + 1), refused(/at once/));
  }
});

// Memory that devices share, by the ids that the standard gives its regions (VIRTIO 1.4, 2.10).

import assert from "node:assert/strict";
import { FileSystemDevice, FileSystemDriver } from "../../generated/fs/mod.ts";
import { GpuDevice, GpuDriver, GpuResponse } from "../../generated/gpu/mod.ts";
import {
  PmemDevice,
  PmemDriver,
  type PmemDriverOptions,
  PmemResult,
} from "../../generated/pmem/mod.ts";
import { ScmiDevice, ScmiDriver } from "../../generated/scmi/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const REGION = { address: 0x1_0000_0000, length: 0x20_0000 };
const HIDDEN = { name: "TypeError", message: /its feature is not offered/ };

Deno.test("pmem: memory that is a region has the id 0, and the driver asks for that (5.19.5)", async () => {
  covers(
    "devicenormative:Device Types / PMEM Device / Device Initialization#1",
    "devicenormative:Device Types / PMEM Device / Device Initialization#2",
    "drivernormative:Device Types / PMEM Device / Device Initialization#1",
  );
  const options = {
    config: { start: 0n, size: 0n },
    regions: { memory: REGION },
    flush: () => PmemResult.OK,
  };
  assert.throws(() => new PmemDevice(options), HIDDEN);
  const device = new PmemDevice({ ...options, features: ["SHMEM_REGION"] });
  const region = async (driverOptions: PmemDriverOptions) => {
    await using driver = await PmemDriver.open(loopback(device), driverOptions);
    return await driver.region("memory");
  };
  assert.deepEqual(await region({}), { ...REGION, id: 0 });
  assert.equal(await region({ features: [] }), undefined);
  for (const id of [1, 255]) assert.equal(device.sharedMemory(id), undefined);
});

Deno.test("gpu: who shares memory for blobs maps them there, in the region 1 (5.7.5)", async () => {
  const INITIALIZATION = "devicenormative:Device Types / GPU Device / Device Initialization";
  covers(`${INITIALIZATION}#5`, `${INITIALIZATION}#6`);
  const config = { eventsRead: 0, numScanouts: 1, numCapsets: 0 };
  const regions = { hostVisible: REGION };
  const served = () => GpuResponse.OK_NODATA;
  const blobs = { resourceCreateBlob: served, setScanoutBlob: served };
  const mapping = { resourceMapBlob: () => ({ mapInfo: 1 }), resourceUnmapBlob: served };
  assert.throws(() => new GpuDevice({ config, regions, ...blobs }), HIDDEN);
  const device = new GpuDevice({ config, regions, ...blobs, ...mapping });
  for (const id of [0, 2, 255]) assert.equal(device.sharedMemory(id), undefined);
  await using driver = await GpuDriver.open(loopback(device));
  assert.deepEqual(await driver.region("hostVisible"), { ...REGION, id: 1 });
});

Deno.test("fs: the window for files is the region 0, or there is none (5.11.6.4)", async () => {
  const WINDOW =
    "Device Types / File System Device / Device Operation / Device Operation: DAX Window";
  covers(`devicenormative:${WINDOW}#2`, `drivernormative:${WINDOW}#1`);
  const config = { tag: "files", numRequestQueues: 1 };
  const region = async (regions?: { dax: typeof REGION }) => {
    const device = new FileSystemDevice({ config, ...(regions === undefined ? {} : { regions }) });
    await using driver = await FileSystemDriver.open(loopback(device));
    return await driver.region("dax");
  };
  assert.deepEqual(await region({ dax: REGION }), { ...REGION, id: 0 });
  assert.equal(await region(), undefined);
});

Deno.test("scmi: regions of statistics have the ids of their kinds, and come with their feature (5.17.6.4)", async () => {
  covers(
    "devicenormative:Device Types / SCMI Device / Device Operation / Shared Memory Operation#2",
    "devicenormative:Device Types / SCMI Device / Feature bits#2",
  );
  const names = ["powerStateStatistics", "performanceDomainStatistics", "sensorValues"] as const;
  for (const [at, name] of names.entries()) {
    const options = { regions: { [name]: REGION } };
    assert.throws(() => new ScmiDevice(options), HIDDEN);
    const device = new ScmiDevice({ ...options, features: ["SHARED_MEMORY"] });
    await using driver = await ScmiDriver.open(loopback(device));
    assert.deepEqual(await driver.region(name), { ...REGION, id: at + 1 });
    for (const other of names) {
      if (other !== name) assert.equal(await driver.region(other), undefined);
    }
  }
});

// What generated drivers refuse to send, and what they refuse to use, as the standard demands.

import assert from "node:assert/strict";
import { GpuDevice, GpuDriver, GpuResponse } from "../../generated/gpu/mod.ts";
import { IommuDevice, IommuDriver, IommuStatus } from "../../generated/iommu/mod.ts";
import { MemoryDevice, MemoryDriver, type MemorySettings } from "../../generated/mem/mod.ts";
import { PeerError } from "../../runtime/errors.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

/** A request that a driver does not send, also without a promise. */
async function notSent(send: () => Promise<unknown> | number, rule: RegExp): Promise<void> {
  await assert.rejects(async () => await send(), { name: "RangeError", message: rule });
}

Deno.test("gpu: a driver sends no blob whose size or place is not aligned (5.7.6.8.1, 5.7.6.9.1)", async () => {
  covers(
    "drivernormative:Device Types / GPU Device / Device Operation / Device Operation: controlq#1",
    "drivernormative:Device Types / GPU Device / Device Operation / Device Operation: controlq (3d)#1",
  );
  const seen: number[] = [];
  const ok = () => GpuResponse.OK_NODATA;
  const device = new GpuDevice({
    config: { eventsRead: 0, eventsClear: 0, numScanouts: 1, numCapsets: 0, blobAlignment: 4096 },
    resourceCreateBlob: ({ size }) => (seen.push(size), GpuResponse.OK_NODATA),
    resourceMapBlob: ({ offset }) => (seen.push(offset), { mapInfo: 1 }),
    resourceUnmapBlob: ok,
    setScanoutBlob: ok,
    resourceAttachBacking: ok, // all blobs are ours
    resourceDetachBacking: ok,
  });
  const head = { flags: 0, fenceId: 0n, ctxId: 0, ringIdx: 0, resourceId: 1 };
  const blob = (size: number) => ({
    ...head,
    blobMem: 1,
    blobFlags: 0,
    blobId: 0n,
    size,
    entries: [],
  });
  {
    await using driver = await GpuDriver.open(loopback(device));
    const [queue] = driver.controlq;
    for (const size of [1, 4095, 4097]) {
      await notSent(() => driver.resourceCreateBlob(blob(size)), /create_blob: .*size is aligned/);
      await notSent(() => queue!.submitResourceCreateBlob(blob(size)), /5\.7\.6\.8\.1/);
      await notSent(() => driver.resourceMapBlob({ ...head, offset: size }), /offset is aligned/);
    }
    await driver.resourceCreateBlob(blob(8192));
    await driver.resourceMapBlob({ ...head, offset: 4096 });
    assert.deepEqual(seen.splice(0), [8192, 4096]);
  }
  await using driver = await GpuDriver.open(loopback(device), { features: ["RESOURCE_BLOB"] });
  await driver.resourceCreateBlob(blob(1));
  assert.deepEqual(seen, [1], "without BLOB_ALIGNMENT");
});

const served = {
  attach: () => IommuStatus.OK,
  detach: () => IommuStatus.OK,
  map: () => IommuStatus.OK,
  unmap: () => IommuStatus.OK,
};

Deno.test("iommu: a driver sends nothing out of the ranges of domains and addresses (5.13.6.1)", async () => {
  covers(
    "drivernormative:Device Types / IOMMU Device / Device operations#4",
    "drivernormative:Device Types / IOMMU Device / Device operations#5",
  );
  const device = new IommuDevice({
    config: {
      pageSizeMask: 0x1000n,
      inputRange: { start: 0x1000n, end: 0x8fffn },
      domainRange: { start: 2, end: 5 },
    },
    ...served,
  });
  const range = { domain: 2, virtStart: 0x1000n, virtEnd: 0x8fffn };
  const map = { ...range, physStart: 0n, flags: 1 };
  {
    await using driver = await IommuDriver.open(loopback(device));
    for (const domain of [0, 1, 6]) {
      const endpoint = { domain, endpoint: 1 };
      await notSent(() => driver.attach({ ...endpoint, flags: 0 }), /supported/);
      await notSent(() => driver.detach(endpoint), /supported/);
      await notSent(() => driver.map({ ...map, domain }), /supported/);
      await notSent(() => driver.unmap({ ...range, domain }), /supported/);
    }
    for (const wrong of [{ virtStart: 0n }, { virtEnd: 0x9000n }, { virtEnd: 2n ** 64n - 1n }]) {
      await notSent(() => driver.map({ ...map, ...wrong }), /translated/);
      await notSent(() => driver.unmap({ ...range, ...wrong }), /translated/);
    }
    assert.equal((await driver.map(map)).status, IommuStatus.OK);
    assert.equal((await driver.unmap({ ...range, domain: 5 })).status, IommuStatus.OK);
  }
  await using driver = await IommuDriver.open(loopback(device), { features: ["MAP_UNMAP"] });
  assert.equal((await driver.map({ ...map, virtStart: 0n })).status, IommuStatus.RANGE);
});

Deno.test("iommu: a driver maps more than one address, and MMIO only where it may (5.13.6.5.1)", async () => {
  covers(
    "drivernormative:Device Types / IOMMU Device / Device operations / MAP request#3",
    "drivernormative:Device Types / IOMMU Device / Device operations / MAP request#7",
  );
  const device = new IommuDevice({ config: { pageSizeMask: 1n }, features: ["MMIO"], ...served });
  const map = { domain: 1, virtStart: 8n, virtEnd: 9n, physStart: 0n, flags: 1 };
  {
    await using driver = await IommuDriver.open(loopback(device), {
      features: ["MAP_UNMAP", "MMIO"],
    });
    for (const virtEnd of [8n, 7n, 0n]) {
      await notSent(() => driver.map({ ...map, virtEnd }), /behind/);
    }
    assert.equal((await driver.map({ ...map, flags: 5 })).status, IommuStatus.OK);
  }
  await using driver = await IommuDriver.open(loopback(device), { features: ["MAP_UNMAP"] });
  await notSent(() => driver.map({ ...map, flags: 5 }), /Memory-mapped/);
});

const memory: MemorySettings = {
  blockSize: 0x20_0000n,
  nodeId: 0,
  addr: 0x1_0000_0000n,
  regionSize: 0x4000_0000n,
  usableRegionSize: 0x1000_0000n,
  pluggedSize: 0n,
  requestedSize: 0x1000_0000n,
};

/** Configurations that can't be, with the field that is wrong. */
const impossible: readonly (readonly [field: string, wrong: Partial<MemorySettings>])[] = [
  ["usable_region_size", { requestedSize: 0x1020_0000n }],
  ["usable_region_size", { usableRegionSize: 0n }],
  ["addr", { addr: 0x1_0010_0000n }],
  ["region_size", { regionSize: 0x4000_0001n }],
  ["usable_region_size", { usableRegionSize: 0x1010_0000n }],
  ["plugged_size", { pluggedSize: 1n }],
  ["requested_size", { requestedSize: 0x1000n }],
];

Deno.test("mem: sizes are multiples of blocks, and what is requested is usable (5.15.4.2)", () => {
  covers(
    "devicenormative:Device Types / Memory Device / Device configuration layout#4",
    "devicenormative:Device Types / Memory Device / Device configuration layout#6",
  );
  const device = new MemoryDevice({ config: memory });
  for (const [field, wrong] of impossible) {
    const expected = { name: "RangeError", message: new RegExp(`Cannot write ${field}`) };
    assert.throws(() => new MemoryDevice({ config: { ...memory, ...wrong } }), expected, field);
    const isFixed = "addr" in wrong || "regionSize" in wrong;
    assert.throws(() => device.configure(wrong), isFixed ? TypeError : expected, field);
  }
  assert.deepEqual(device.settings, memory, "nothing has changed");
});

Deno.test("mem: a driver does not use a region whose sizes contradict each other (5.15.4.2)", async () => {
  const names = Object.keys(memory);
  for (const [field, wrong] of impossible) {
    const transport = loopback(new MemoryDevice({ config: memory }));
    const read = transport.readConfig.bind(transport);
    transport.readConfig = async (offset, length) => {
      const bytes = await read(offset, length);
      for (const [name, value] of Object.entries(wrong)) {
        new DataView(bytes.buffer).setBigUint64(
          8 * names.indexOf(name) - offset,
          value as bigint,
          true,
        );
      }
      return bytes;
    };
    await assert.rejects(MemoryDriver.open(transport), (error) => {
      assert.ok(error instanceof PeerError);
      assert.equal(error.field, field);
      return true;
    });
  }
});

// What generated devices refuse by themselves, before any handler runs, as the standard demands.

import assert from "node:assert/strict";
import { BlockDevice, BlockStatus } from "../../generated/blk/mod.ts";
import { CanDevice, CanDriver, CanFrameFlag, CanResult } from "../../generated/can/mod.ts";
import { CryptoDevice } from "../../generated/crypto/mod.ts";
import { FileSystemDevice } from "../../generated/fs/mod.ts";
import { I2cDevice, I2cDriver, I2cStatus } from "../../generated/i2c/mod.ts";
import {
  IommuDevice,
  IommuDriver,
  IommuRequestType,
  IommuStatus,
  VIRTIO_IOMMU_F_MAP_UNMAP,
} from "../../generated/iommu/mod.ts";
import { MemoryDevice, MemoryDriver, MemoryResponseType } from "../../generated/mem/mod.ts";
import { NetworkDevice, type NetworkSettings } from "../../generated/net/mod.ts";
import { RpmbDevice } from "../../generated/rpmb/mod.ts";
import { SocketDevice } from "../../generated/vsock/mod.ts";
import { PeerError } from "../../runtime/errors.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { Status } from "../../runtime/status.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

/** A handler that must not run. */
function never(): never {
  throw new Error("a handler ran");
}

Deno.test("net: a device is not made with a number of pairs, an MTU or a key size that is not allowed", () => {
  covers(
    "devicenormative:Device Types / Network Device / Device configuration layout#1",
    "devicenormative:Device Types / Network Device / Device configuration layout#2",
    "devicenormative:Device Types / Network Device / Device configuration layout#7",
  );
  const make = (config: Partial<NetworkSettings>) => () => new NetworkDevice({ config });
  for (const mtu of [68, 1500, 65535]) make({ mtu })();
  for (const mtu of [0, 67]) assert.throws(make({ mtu }), RangeError);
  for (const rssMaxKeySize of [0, 39]) {
    assert.throws(make({ rssMaxKeySize, supportedHashTypes: 0 }), RangeError);
  }
  for (const maxVirtqueuePairs of [0, 0x8001]) {
    assert.throws(make({ maxVirtqueuePairs }), RangeError);
  }
});

Deno.test("net: an indirection table has room for 128 entries at least", () => {
  covers("devicenormative:Device Types / Network Device / Device configuration layout#8");
  const make = (rssMaxIndirectionTableLength: number) => () =>
    new NetworkDevice({
      config: {
        maxVirtqueuePairs: 1,
        rssMaxKeySize: 40,
        supportedHashTypes: 0,
        rssMaxIndirectionTableLength,
      },
      mqRssConfig: never,
    });
  make(128)();
  assert.throws(make(127), RangeError);
});

Deno.test("blk: CONFIG_WCE is not offered without FLUSH", () => {
  covers("devicenormative:Device Types / Block Device / Device Initialization#2");
  const config = { capacity: 8, writeback: 1 };
  const [flush, configWce] = [featureSet(9), featureSet(11)];
  let offered = 0n;
  try {
    offered = new BlockDevice({ config }).offered;
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof TypeError);
  }
  assert.equal(offered & configWce, 0n);
  offered = new BlockDevice({ config, flush: () => BlockStatus.OK }).offered;
  assert.equal(offered & (flush | configWce), flush | configWce);
});

Deno.test("crypto: there are between 1 and 65535 data queues", () => {
  covers("devicenormative:Device Types / Crypto Device / Device configuration layout#1");
  const make = (maxDataqueues: number) => () =>
    new CryptoDevice({
      config: {
        status: 1,
        maxDataqueues,
        cryptoServices: 0,
        cipherAlgoL: 0,
        cipherAlgoH: 0,
        hashAlgo: 0,
        macAlgoL: 0,
        macAlgoH: 0,
        aeadAlgo: 0,
        maxCipherKeyLen: 0,
        maxAuthKeyLen: 0,
        akcipherAlgo: 0,
        maxSize: 0n,
      },
    });
  make(1)();
  for (const count of [0, 65536]) assert.throws(make(count), RangeError);
});

Deno.test("fs: there is one request queue at least", () => {
  covers("devicenormative:Device Types / File System Device / Device configuration layout#1");
  new FileSystemDevice({ config: { tag: "x", numRequestQueues: 1 } });
  assert.throws(
    () => new FileSystemDevice({ config: { tag: "x", numRequestQueues: 0 } }),
    RangeError,
  );
});

Deno.test("rpmb: the capacity is 16 MiB at most, in units of 128 KiB", () => {
  covers("devicenormative:Device Types / RPMB Device / Device Initialization#1");
  const make = (capacity: number) => () =>
    new RpmbDevice({ config: { capacity, maxWrCnt: 1, maxRdCnt: 1 } });
  make(0x80)();
  assert.throws(make(0x81), RangeError);
});

Deno.test("iommu: there is a page size, and bypass is 0 or 1", () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device configuration layout#1",
    "devicenormative:Device Types / IOMMU Device / Device configuration layout#6",
  );
  new IommuDevice({ config: { pageSizeMask: 0x1000n, bypass: 1 } });
  assert.throws(() => new IommuDevice({ config: { pageSizeMask: 0n } }), RangeError);
  assert.throws(() => new IommuDevice({ config: { pageSizeMask: 1n, bypass: 2 } }), RangeError);
});

Deno.test("iommu: bypass stays as the driver set it when the device is reset", async () => {
  covers("devicenormative:Device Types / IOMMU Device / Device configuration layout#4");
  const device = new IommuDevice({ config: { pageSizeMask: 0x1000n, bypass: 1 } });
  {
    await using driver = await IommuDriver.open(loopback(device));
    await driver.setBypass(0);
  }
  await using driver = await IommuDriver.open(loopback(device));
  assert.equal(driver.config.bypass, 0);
});

Deno.test("iommu: flags without a meaning are refused", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#2",
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#3",
  );
  const made = () =>
    new IommuDevice({
      config: { pageSizeMask: 0x1000n },
      attach: () => IommuStatus.OK,
      map: () => IommuStatus.OK,
      unmap: () => IommuStatus.OK,
      queueSizeMax: QUEUE_SIZE_MAX,
    });
  await using driver = await IommuDriver.open(loopback(made()));
  const endpoint = { domain: 1, endpoint: 8 };
  assert.equal((await driver.attach({ ...endpoint, flags: 0 })).status, IommuStatus.OK);
  for (const flags of [2, 0x8000_0000]) {
    assert.equal((await driver.attach({ ...endpoint, flags })).status, IommuStatus.INVAL);
  }
  const range = { domain: 1, virtStart: 0n, virtEnd: 0xfffn, physStart: 0n };
  assert.equal((await driver.map({ ...range, flags: 3 })).status, IommuStatus.OK);
  const bench = new DeviceBench(made(), featureSet(VIRTIO_IOMMU_F_MAP_UNMAP, 32), 0);
  for (const flags of [8, 0x8000_0003]) {
    const request = new Uint8Array(36);
    const view = new DataView(request.buffer);
    request[0] = IommuRequestType.MAP;
    view.setBigUint64(16, range.virtEnd, true);
    view.setUint32(32, flags, true);
    const { bytes } = await bench.serve({ readable: [request], writable: [4] });
    assert.equal(bytes[0], IommuStatus.INVAL);
  }
});

Deno.test("iommu: what is no whole page is refused, whoever serves (5.13.6.5.2)", async () => {
  covers("devicenormative:Device Types / IOMMU Device / Device operations / MAP request#1");
  const { OK, RANGE } = IommuStatus;
  for (const [pageSizeMask, good, bad] of [[~0xfffn, 0x1000n, 0x1800n], [1n, 1n, 1n]] as const) {
    const device = new IommuDevice({
      config: { pageSizeMask: BigInt.asUintN(64, pageSizeMask) },
      map: () => OK,
      unmap: () => OK,
    });
    await using driver = await IommuDriver.open(loopback(device));
    const map = async (virtStart: bigint, size: bigint, physStart: bigint) =>
      (await driver.map({
        domain: 1,
        virtStart,
        virtEnd: virtStart + size - 1n,
        physStart,
        flags: 1,
      }))
        .status;
    const wrong = bad === good ? OK : RANGE;
    assert.equal(await map(good, 0x2000n, good), OK);
    assert.equal(await map(bad, 0x2000n, good), wrong);
    assert.equal(await map(good, 0x1000n + bad, good), wrong);
    assert.equal(await map(good, 0x1000n, bad), wrong);
    assert.equal(await map(2n ** 64n - 0x1000n, 0x1000n, 0n), OK, "up to the last address");
  }
});

Deno.test("can: frames of a type that was not negotiated are rejected, and not sent", async () => {
  covers(
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#1",
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#2",
  );
  const device = new CanDevice({
    config: { status: 0 },
    features: ["CAN_CLASSIC"],
    tx: never,
    start: () => CanResult.OK,
    stop: () => CanResult.OK,
  });
  await using driver = await CanDriver.open(loopback(device), { features: ["CAN_CLASSIC"] });
  const sdu = Uint8Array.of(1, 2);
  for (const flags of [CanFrameFlag.FD, CanFrameFlag.RTR, 1, 0x1_0000]) {
    const { result } = await driver.tx({ flags, canId: 1, sdu });
    assert.equal(result, CanResult.NOT_OK, `flags ${flags}`);
  }
});

for (const late of [false, true]) {
  const when = late ? "once it is acknowledged on the bus" : "as soon as it is scheduled";
  Deno.test(`can: a frame comes back ${when} (5.20.5.2)`, async () => {
    covers(
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#5",
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#6",
    );
    const acknowledged = Promise.withResolvers<CanResult>();
    const features = late ? ["CAN_CLASSIC", "LATE_TX_ACK"] as const : ["CAN_CLASSIC"] as const;
    const device = new CanDevice({
      config: { status: 0 },
      features,
      tx: () => late ? acknowledged.promise : CanResult.OK,
      start: () => CanResult.OK,
      stop: () => CanResult.OK,
    });
    await using driver = await CanDriver.open(loopback(device), { features });
    let result: number | undefined;
    const sent = driver.tx({ flags: 0, canId: 1, sdu: Uint8Array.of(1) })
      .then((answer) => result = answer.result);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(result, late ? undefined : CanResult.OK);
    acknowledged.resolve(CanResult.OK);
    await sent;
    assert.equal(result, CanResult.OK);
  });
}

Deno.test("can: identifiers and data out of range are rejected, and not sent", async () => {
  covers(
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#3",
    "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#4",
  );
  const sent: number[] = [];
  const device = new CanDevice({
    config: { status: 0 },
    features: ["CAN_CLASSIC", "CAN_FD"],
    tx: ({ canId }) => (sent.push(canId), CanResult.OK),
    start: () => CanResult.OK,
    stop: () => CanResult.OK,
  });
  await using driver = await CanDriver.open(loopback(device), {
    features: ["CAN_CLASSIC", "CAN_FD"],
  });
  const { FD, EXTENDED } = CanFrameFlag;
  for (
    const [flags, canId, length, result] of [
      [0, 0x7ff, 8, CanResult.OK],
      [0, 0x800, 8, CanResult.NOT_OK],
      [0, 0x7ff, 9, CanResult.NOT_OK],
      [FD, 0x7ff, 64, CanResult.OK],
      [FD, 0x7ff, 65, CanResult.NOT_OK],
      [EXTENDED, 0x1fff_ffff, 8, CanResult.OK],
      [EXTENDED, 0x2000_0000, 8, CanResult.NOT_OK],
    ] as const
  ) {
    const answer = await driver.tx({ flags, canId, sdu: new Uint8Array(length) });
    assert.equal(answer.result, result, `${flags} ${canId} ${length}`);
  }
  assert.deepEqual(sent, [0x7ff, 0x7ff, 0x1fff_ffff]);
});

Deno.test("i2c: a device insists on ZERO_LENGTH_REQUEST", () => {
  covers(
    "devicenormative:Device Types / I2C Adapter Device / Device Operation#1",
    "devicenormative:Device Types / I2C Adapter Device / Device Operation#2",
  );
  const device = new I2cDevice({ req: () => I2cStatus.OK });
  assert.equal(device.offered & 1n, 1n);
  const transport = loopback(device);
  device.setStatus(Status.ACKNOWLEDGE | Status.DRIVER);
  device.setFeatures(1n << 32n);
  device.setStatus(Status.ACKNOWLEDGE | Status.DRIVER | Status.FEATURES_OK);
  assert.equal(device.getStatus() & Status.FEATURES_OK, 0);
  return transport.close();
});

Deno.test("i2c: a driver insists on ZERO_LENGTH_REQUEST", async () => {
  covers(
    "drivernormative:Device Types / I2C Adapter Device / Device Operation#1",
    "drivernormative:Device Types / I2C Adapter Device / Device Operation#2",
  );
  const device = new I2cDevice({ req: () => I2cStatus.OK });
  const transport = loopback(device);
  const { getFeatures } = transport;
  transport.getFeatures = async () => await getFeatures.call(transport) & ~1n;
  await assert.rejects(I2cDriver.open(transport), PeerError);
  const other = loopback(new I2cDevice({ req: () => I2cStatus.OK }));
  await using driver = await I2cDriver.open(other);
  assert.ok(driver.hasFeature(0));
});

Deno.test("mem: blocks that do not lie in the usable region are errors", async () => {
  covers(
    "devicenormative:Device Types / Memory Device / Device Operation / PLUG request#3",
    "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG request#3",
  );
  const config = {
    blockSize: 0x20_0000n,
    nodeId: 0,
    addr: 0x1_0000_0000n,
    regionSize: 0x4000_0000n,
    usableRegionSize: 0x1000_0000n,
    pluggedSize: 0n,
    requestedSize: 0x1000_0000n,
  };
  const { ACK, ERROR } = MemoryResponseType;
  const device = new MemoryDevice({
    config,
    plug: () => ACK,
    unplug: () => ACK,
    unplugAll: () => ACK,
    state: never,
  });
  await using driver = await MemoryDriver.open(loopback(device));
  const good = { addr: config.addr, nbBlocks: 1 };
  assert.equal((await driver.plug(good)).type, ACK);
  const end = config.addr + config.usableRegionSize;
  for (
    const wrong of [
      { addr: config.addr + 1n },
      { nbBlocks: 0 },
      { addr: config.addr - config.blockSize },
      { addr: end },
      { addr: end - config.blockSize, nbBlocks: 2 },
    ]
  ) {
    for (const ask of ["plug", "unplug"] as const) {
      const { type } = await driver[ask]({ ...good, ...wrong });
      assert.equal(type, ERROR, `${ask} ${Object.entries(wrong)}`);
    }
  }
});

Deno.test("mem: a device is not made with blocks whose size is no power of two", () => {
  covers("devicenormative:Device Types / Memory Device / Device configuration layout#5");
  const config = {
    nodeId: 0,
    addr: 0n,
    regionSize: 0n,
    usableRegionSize: 0n,
    pluggedSize: 0n,
    requestedSize: 0n,
  };
  const make = (blockSize: bigint) => () => new MemoryDevice({ config: { ...config, blockSize } });
  for (const size of [1n, 0x20_0000n, 1n << 63n]) make(size)();
  for (const size of [0n, 3n, 0x20_0001n, (1n << 64n) - 1n]) assert.throws(make(size), RangeError);
});

Deno.test("vsock: a device is not made with a reserved context id", () => {
  covers(
    "devicenormative:Device Types / Socket Device / Device Operation / Receive and Transmit#1",
  );
  const make = (guestCid: number) => () => new SocketDevice({ config: { guestCid } });
  for (const cid of [3, 4, 0xffff_fffe]) make(cid)();
  for (const cid of [0, 1, 2, 0xffff_ffff, 2 ** 32 + 3]) assert.throws(make(cid), RangeError);
});

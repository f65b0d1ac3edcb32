// Domains of an IOMMU, statement by statement (VIRTIO 1.4, 5.13).

import assert from "node:assert/strict";
import {
  IommuDevice,
  type IommuDeviceOptions,
  IommuDriver,
  IommuFaultReason,
  IommuMapFlag,
  IommuStatus,
  VIRTIO_IOMMU_F_BYPASS,
  VIRTIO_IOMMU_F_MAP_UNMAP,
} from "../../generated/iommu/mod.ts";
import { featureSet, hasBit } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

const IOMMU = "devicenormative:Device Types / IOMMU Device";
const OPERATIONS = `${IOMMU} / Device operations` as const;
const RESERVED = `${OPERATIONS} / PROBE properties / RESVMEM` as const;

const { OK, UNSUPP, INVAL, RANGE } = IommuStatus;
const { READ, WRITE } = IommuMapFlag;

/** A device with two free endpoints, and one with reserved addresses. */
function made(options: Partial<IommuDeviceOptions> = {}): IommuDevice {
  const reserved = [{ start: 0x8000n, end: 0x8fffn }, { start: 0xa000n, end: 0xafffn, msi: true }];
  return new IommuDevice({
    config: { pageSizeMask: 0xffff_ffff_ffff_f000n, probeSize: 64 },
    domains: { endpoints: new Map([[1, []], [2, []], [3, reserved]]) },
    queueSizeMax: QUEUE_SIZE_MAX,
    ...options,
  });
}

async function opened(device: IommuDevice) {
  const driver = await IommuDriver.open(loopback(device));
  return {
    domains: device.domains!,
    attach: async (domain: number, endpoint: number) =>
      (await driver.attach({ domain, endpoint, flags: 0 })).status,
    detach: async (domain: number, endpoint: number) =>
      (await driver.detach({ domain, endpoint })).status,
    map: async (domain: number, first: bigint, last: bigint) => {
      const range = { domain, virtStart: first, virtEnd: last, physStart: first };
      return (await driver.map({ ...range, flags: READ | WRITE })).status;
    },
    unmap: async (domain: number, virtStart: bigint, virtEnd: bigint) =>
      (await driver.unmap({ domain, virtStart, virtEnd })).status,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("iommu: a device maps, and has no BYPASS unless it is asked to (5.13.3.2)", () => {
  covers(`${IOMMU} / Feature bits#1`, `${IOMMU} / Feature bits#2`);
  const device = made();
  assert.equal(hasBit(device.offered, VIRTIO_IOMMU_F_MAP_UNMAP), true);
  assert.equal(hasBit(device.offered, VIRTIO_IOMMU_F_BYPASS), false);
});

Deno.test("iommu: there may be several page sizes, and a bypass from the start (5.13.4.2)", async () => {
  covers(
    `${IOMMU} / Device configuration layout#2`,
    `${IOMMU} / Device configuration layout#3`,
  );
  const config = { pageSizeMask: 0x4020_1000n, bypass: 1 };
  const device = made({ config });
  await using driver = await IommuDriver.open(loopback(device));
  assert.deepEqual([driver.config.pageSizeMask, driver.config.bypass], [0x4020_1000n, 1]);
  assert.equal(device.domains!.translate(1, 0x1234n, true)?.address, 0x1234n);
});

Deno.test("iommu: a driver writes bypass and nothing else of the configuration (5.13.4.1)", async () => {
  covers(
    "drivernormative:Device Types / IOMMU Device / Device configuration layout#1",
    "drivernormative:Device Types / IOMMU Device / Device configuration layout#2",
  );
  const transport = loopback(made({ config: { pageSizeMask: 0x1000n, bypass: 1 } }));
  const written: [number, number][] = [];
  const write = transport.writeConfig.bind(transport);
  transport.writeConfig = (offset, bytes) => {
    written.push([offset, bytes.length]);
    return write(offset, bytes);
  };
  const driver = await IommuDriver.open(transport);
  await driver.attach({ domain: 1, endpoint: 1, flags: 0 });
  assert.deepEqual(written, []);
  await driver.setBypass(0);
  await driver.close();
  assert.deepEqual(written, [[36, 1]]);
});

Deno.test("iommu: a domain takes several endpoints, and each that is not refused (5.13.6.3.2)", async () => {
  const ATTACH = `${OPERATIONS} / ATTACH request` as const;
  covers(`${ATTACH}#4`, `${ATTACH}#10`, `${ATTACH}#12`);
  await using guest = await opened(made());
  for (const endpoint of [1, 2, 3]) {
    assert.equal(await guest.attach(7, endpoint), OK);
    assert.equal(guest.domains.domainOf(endpoint), 7);
  }
  assert.equal(await guest.map(7, 0x1000n, 0x1fffn), OK);
  for (const endpoint of [1, 2, 3]) {
    assert.equal(guest.domains.translate(endpoint, 0x1008n, true)?.address, 0x1008n);
  }
});

Deno.test("iommu: who goes to another domain leaves the first, which ends with its last (5.13.6.3.2)", async () => {
  covers(`${OPERATIONS} / ATTACH request#8`);
  await using guest = await opened(made());
  await guest.attach(7, 1);
  await guest.map(7, 0x1000n, 0x1fffn);
  assert.equal(await guest.attach(8, 1), OK);
  assert.equal(guest.domains.translate(1, 0x1008n, true), undefined);
  assert.equal(await guest.attach(7, 2), OK);
  assert.equal(await guest.map(7, 0x1000n, 0x1fffn), OK, "the mapping went with the domain");
});

Deno.test("iommu: an endpoint is not detached from where it is not (5.13.6.4.2)", async () => {
  covers(`${OPERATIONS} / DETACH request#3`);
  await using guest = await opened(made());
  await guest.attach(7, 1);
  assert.equal(await guest.detach(8, 1), INVAL);
  assert.equal(await guest.detach(7, 2), INVAL);
  assert.equal(guest.domains.domainOf(1), 7);
});

Deno.test("iommu: a mapping is not removed by halves, and nothing beside it then (5.13.6.6.2)", async () => {
  covers(`${OPERATIONS} / UNMAP request#5`, `${OPERATIONS} / UNMAP request#6`);
  await using guest = await opened(made());
  await guest.attach(7, 1);
  await guest.map(7, 0x1000n, 0x1fffn);
  await guest.map(7, 0x2000n, 0x5fffn);
  for (const [first, last] of [[0x1000n, 0x2fffn], [0x3000n, 0x9fffn], [0x0n, 0x4fffn]] as const) {
    assert.equal(await guest.unmap(7, first, last), RANGE);
    for (const address of [0x1000n, 0x2000n, 0x5fffn]) {
      assert.equal(guest.domains.translate(1, address, false)?.address, address);
    }
  }
  assert.equal(await guest.unmap(7, 0x1000n, 0x5fffn), OK);
});

Deno.test("iommu: reserved addresses do not overlap, and one range is for interrupts (5.13.6.8.1.2)", () => {
  covers(`${RESERVED}#2`, `${RESERVED}#3`);
  const make = (...reserved: { start: bigint; end: bigint; msi?: boolean }[]) => () =>
    made({ domains: { endpoints: new Map([[1, reserved]]) } });
  const first = { start: 0x1000n, end: 0x1fffn };
  make(first, { start: 0x2000n, end: 0x2fffn, msi: true })();
  assert.throws(make(first, { start: 0x1fffn, end: 0x2fffn }), /RangeError: .*overlap/);
  assert.throws(make(first, first), /overlap/);
  assert.throws(make({ start: 2n, end: 1n }), /ends before it starts/);
  const doorbells = [{ ...first, msi: true }, { start: 0x3000n, end: 0x3fffn, msi: true }];
  assert.throws(make(...doorbells), /for interrupts/);
});

Deno.test("iommu: reserved addresses are not mapped, and lead nowhere (5.13.6.8.1.2)", async () => {
  covers(`${RESERVED}#4`, `${RESERVED}#5`);
  await using guest = await opened(made());
  await guest.attach(7, 3);
  assert.equal(await guest.map(7, 0x7000n, 0x8fffn), INVAL);
  assert.equal(await guest.map(7, 0x7000n, 0x7fffn), OK);
  assert.equal(guest.domains.translate(3, 0x8000n, true), undefined);
  assert.equal(guest.domains.translate(3, 0xa000n, true)?.kind, "msi");
  assert.equal(guest.domains.translate(3, 0xa000n, false), undefined);
  await guest.attach(9, 1);
  await guest.map(9, 0x8000n, 0x8fffn);
  assert.equal(await guest.attach(9, 3), UNSUPP, "where they are mapped already");
});

Deno.test("iommu: a driver maps with known flags only (5.13.6.5.1)", async () => {
  covers("drivernormative:Device Types / IOMMU Device / Device operations / MAP request#1");
  const device = made();
  await using driver = await IommuDriver.open(loopback(device));
  await driver.attach({ domain: 1, endpoint: 1, flags: 0 });
  const map = async (flags: number) =>
    (await driver.map({ domain: 1, virtStart: 0n, virtEnd: 0xfffn, physStart: 0n, flags })).status;
  for (const flags of [8, 0x8000_0001]) {
    await assert.rejects(map(flags), { name: "RangeError", message: /known flags/ });
  }
  assert.equal(device.domains!.translate(1, 0n, false), undefined);
  assert.equal(await map(READ), OK);
});

Deno.test("iommu: a device reports faults with known flags, and each in one buffer (5.13.6.9.2)", () => {
  covers(`${OPERATIONS} / Fault reporting#2`, `${OPERATIONS} / Fault reporting#5`);
  const device = made();
  const bench = new DeviceBench(device, featureSet(VIRTIO_IOMMU_F_MAP_UNMAP, 32), 1);
  const length = 24;
  const fault = { reason: IommuFaultReason.DOMAIN, endpoint: 1, address: 0n };
  for (const room of [length, length - 1, length - 1]) {
    bench.add({ readable: [], writable: [room] });
  }
  bench.kick();
  for (const flags of [0x4, 0x8000_0001]) {
    assert.throws(() => device.sendFault({ ...fault, flags }), { name: "RangeError" });
  }
  assert.equal(device.sendFault({ ...fault, flags: 0x103 }), true);
  assert.equal(bench.collect()?.length, length);
  assert.equal(device.sendFault({ ...fault, flags: 0x103 }), false);
  assert.equal(bench.collect(), undefined);
});

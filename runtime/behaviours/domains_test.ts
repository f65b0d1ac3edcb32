// Domains of an IOMMU (VIRTIO 1.4, 5.13.6).

import assert from "node:assert/strict";
import {
  IommuAttachFlag,
  IommuDevice,
  type IommuDeviceOptions,
  IommuDriver,
  type IommuFault,
  IommuFaultFlag,
  IommuFaultReason,
  IommuMapFlag,
  IommuReservedMemory,
  IommuStatus,
} from "../../generated/iommu/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { type AddressRange, type Mapping, Mappings } from "./mappings.ts";

const { OK, UNSUPP, INVAL, RANGE, NOENT, NOMEM } = IommuStatus;
const { READ, WRITE, MMIO } = IommuMapFlag;
const { BYPASS } = IommuAttachFlag;
const PAGE = 0x1000n;
const LAST = 2n ** 64n - 1n;
const RESERVED = { start: 0x8000n, end: 0x8fffn };
const DOORBELL = { start: 0xfee0_0000n, end: 0xfeef_ffffn, msi: true };

function made(options: Partial<IommuDeviceOptions> = {}): IommuDevice {
  return new IommuDevice({
    config: { pageSizeMask: 0xffff_ffff_ffff_f000n, probeSize: 64 },
    features: ["MMIO"],
    domains: { endpoints: new Map([[1, []], [2, []], [3, [RESERVED, DOORBELL]]]) },
    ...options,
  });
}

/** A driver whose requests are answered by a status; addresses are counted in pages, ends included. */
async function opened(options: Partial<IommuDeviceOptions> = {}) {
  const device = made(options);
  const faults: IommuFault[] = [];
  const driver = await IommuDriver.open(loopback(device), {
    onFault: (fault) => void faults.push({ ...fault }),
  });
  const range = (domain: number, first: number, last: number) => ({
    domain,
    virtStart: BigInt(first) * PAGE,
    virtEnd: BigInt(last + 1) * PAGE - 1n,
  });
  return {
    device,
    driver,
    domains: device.domains!,
    attach: async (endpoint: number, domain: number, flags = 0) =>
      (await driver.attach({ domain, endpoint, flags })).status,
    detach: async (endpoint: number, domain: number) =>
      (await driver.detach({ domain, endpoint })).status,
    map: async (domain: number, first: number, last: number, phys = 0, flags = READ | WRITE) => {
      const physStart = BigInt(phys) * PAGE;
      return (await driver.map({ ...range(domain, first, last), physStart, flags })).status;
    },
    unmap: async (domain: number, first: number, last: number) =>
      (await driver.unmap(range(domain, first, last))).status,
    faults: async () => {
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      return faults.splice(0);
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("endpoints are attached to one domain at a time, which is there as long as they are (5.13.6.3, 5.13.6.4)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#3",
    "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#7",
    "devicenormative:Device Types / IOMMU Device / Device operations / DETACH request#2",
  );
  await using guest = await opened();
  assert.equal(await guest.attach(9, 1), NOENT);
  assert.equal(await guest.detach(9, 1), NOENT);
  assert.equal(await guest.attach(1, 5), OK);
  assert.equal(await guest.attach(2, 5), OK);
  assert.equal(await guest.map(5, 0, 0), OK);
  assert.equal(await guest.attach(1, 5), OK, "again");
  assert.equal(await guest.attach(1, 6), OK, "detached from the one before");
  assert.deepEqual([1, 2, 3].map((one) => guest.domains.domainOf(one)), [6, 5, undefined]);
  assert.equal(await guest.detach(1, 5), INVAL);
  assert.equal(await guest.detach(3, 5), INVAL);
  assert.equal(await guest.detach(2, 5), OK);
  assert.equal(await guest.map(5, 1, 1), NOENT, "it went with its last endpoint");
  assert.equal(await guest.attach(2, 5), OK);
  assert.equal(await guest.map(5, 0, 0), OK, "it is another one");
});

Deno.test("a mapping is aligned, and overlaps no other (5.13.6.5)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#1",
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#2",
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#4",
  );
  await using guest = await opened();
  const { driver } = guest;
  await guest.attach(1, 1);
  const map = async (virtStart: bigint, virtEnd: bigint, physStart: bigint) =>
    (await driver.map({ domain: 1, virtStart, virtEnd, physStart, flags: READ })).status;
  assert.equal(await map(1n, 0xfffn, 0n), RANGE);
  assert.equal(await map(0n, 0xffen, 0n), RANGE);
  assert.equal(await map(0n, 0xfffn, 0x800n), RANGE);
  assert.equal(await map(0n, 2n * PAGE - 1n, LAST - PAGE + 1n), RANGE, "beyond all addresses");
  assert.equal(await map(LAST - PAGE + 1n, LAST, LAST - PAGE + 1n), OK);
  assert.equal(await guest.map(1, 4, 7), OK);
  for (const [first, last] of [[4, 7], [3, 4], [7, 8], [5, 6], [0, 9]] as const) {
    assert.equal(await guest.map(1, first, last), INVAL);
  }
  assert.equal(await guest.map(1, 3, 3), OK);
  assert.equal(await guest.map(1, 8, 8), OK);
  assert.equal(await guest.map(2, 0, 0), NOENT);
});

Deno.test("mappings are removed whole or not at all, as in the examples of the standard (5.13.6.6)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / UNMAP request#3",
    "devicenormative:Device Types / IOMMU Device / Device operations / UNMAP request#5",
    "devicenormative:Device Types / IOMMU Device / Device operations / UNMAP request#7",
  );
  const examples: {
    maps: [number, number][];
    unmap: [number, number];
    status: number;
    left: number;
  }[] = [
    { maps: [], unmap: [0, 4], status: OK, left: 0 },
    { maps: [[0, 9]], unmap: [0, 9], status: OK, left: 0 },
    { maps: [[0, 4], [5, 9]], unmap: [0, 9], status: OK, left: 0 },
    { maps: [[0, 9]], unmap: [0, 4], status: RANGE, left: 1 },
    { maps: [[0, 4], [5, 9]], unmap: [0, 4], status: OK, left: 1 },
    { maps: [[0, 4]], unmap: [0, 9], status: OK, left: 0 },
    { maps: [[0, 4], [10, 14]], unmap: [0, 14], status: OK, left: 0 },
    { maps: [[0, 4], [10, 14]], unmap: [0, 12], status: RANGE, left: 2 },
  ];
  for (const { maps, unmap, status, left } of examples) {
    await using guest = await opened();
    await guest.attach(1, 1);
    for (const [first, last] of maps) assert.equal(await guest.map(1, first, last), OK);
    assert.equal(await guest.unmap(1, ...unmap), status);
    const [saved] = guest.domains.save() as { mappings: unknown[] }[];
    assert.equal(saved!.mappings.length, left);
    assert.equal(await guest.unmap(2, 0, 1), NOENT);
  }
});

Deno.test("accesses go through the mappings of the endpoint's domain, as their flags allow (5.13.6.5)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#6",
    "devicenormative:Device Types / IOMMU Device / Device operations / DETACH request#4",
    "devicenormative:Device Types / IOMMU Device / Device operations#6",
  );
  await using guest = await opened();
  const { domains } = guest;
  assert.equal(domains.translate(1, 0n, false), undefined, "not attached");
  await guest.attach(1, 1);
  await guest.attach(2, 2);
  await guest.map(1, 4, 7, 100, READ);
  await guest.map(1, 9, 9, 50, WRITE | MMIO);
  const translation = { address: 101n * PAGE + 5n, length: 3n * PAGE - 5n, kind: "memory" };
  assert.deepEqual(domains.translate(1, 5n * PAGE + 5n, false), translation);
  assert.equal(domains.translate(1, 5n * PAGE, true), undefined, "it can only be read");
  const registers = { address: 50n * PAGE, length: PAGE, kind: "mmio" };
  assert.deepEqual(domains.translate(1, 9n * PAGE, true), registers);
  assert.equal(domains.translate(1, 9n * PAGE, false), undefined);
  assert.equal(domains.translate(1, 8n * PAGE, false), undefined);
  assert.equal(domains.translate(2, 5n * PAGE, false), undefined, "another domain");
  await guest.attach(2, 1);
  await guest.detach(1, 1);
  assert.equal(domains.translate(1, 5n * PAGE, false), undefined);
  assert.notEqual(domains.translate(2, 5n * PAGE, false), undefined);
  assert.throws(() => domains.translate(9, 0n, false), RangeError);
});

Deno.test("a fault says who accessed what, and why that is none (5.13.6.9)", async () => {
  covers("devicenormative:Device Types / IOMMU Device / Device operations / Fault reporting#3");
  await using guest = await opened();
  const { domains } = guest;
  domains.translate(1, 0x1234n, false);
  await guest.attach(1, 1);
  await guest.map(1, 1, 1, 0, READ);
  domains.translate(1, 0x1234n, true);
  domains.translate(1, 0x2000n, false);
  const flags = IommuFaultFlag;
  assert.deepEqual(await guest.faults(), [
    {
      reason: IommuFaultReason.DOMAIN,
      flags: flags.READ | flags.ADDRESS,
      endpoint: 1,
      address: 0x1234n,
    },
    {
      reason: IommuFaultReason.MAPPING,
      flags: flags.WRITE | flags.ADDRESS,
      endpoint: 1,
      address: 0x1234n,
    },
    {
      reason: IommuFaultReason.MAPPING,
      flags: flags.READ | flags.ADDRESS,
      endpoint: 1,
      address: 0x2000n,
    },
  ]);
});

Deno.test("endpoints without a domain bypass as the configuration says, domains by a flag (5.13.6, 5.13.6.3)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#6",
    "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#5",
    "devicenormative:Device Types / IOMMU Device / Device operations / UNMAP request#4",
  );
  const identity = { address: 0x1234n, length: LAST - 0x1233n, kind: "memory" };
  const config = { pageSizeMask: PAGE, bypass: 1 };
  const unused = made({ config });
  assert.deepEqual(unused.domains!.translate(1, 0x1234n, true), identity, "without a driver, too");
  await using guest = await opened({ config });
  const { domains } = guest;
  assert.equal(await guest.attach(1, 1), OK);
  assert.equal(domains.translate(1, 0x1234n, false), undefined);
  assert.equal(await guest.attach(2, 1, BYPASS), INVAL);
  assert.equal(await guest.attach(2, 2, BYPASS), OK);
  assert.equal(await guest.attach(1, 2), INVAL);
  assert.equal(await guest.map(2, 0, 0), INVAL);
  assert.equal(await guest.unmap(2, 0, 0), INVAL);
  await guest.driver.setBypass(0);
  assert.deepEqual(domains.translate(2, 0x1234n, false), identity);
  assert.equal(domains.translate(3, 0x1234n, false), undefined);
  await using old = await opened({ config: { pageSizeMask: PAGE }, features: ["BYPASS"] });
  assert.deepEqual(old.domains.translate(1, 0x1234n, false), identity, "BYPASS was negotiated");
  assert.equal(await old.attach(1, 1, BYPASS), INVAL, "that needs BYPASS_CONFIG");
});

Deno.test("reserved addresses are told by a probe, and never mapped (5.13.6.7, 5.13.6.8.1)", async () => {
  covers(
    "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#2",
    "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#9",
    "devicenormative:Device Types / IOMMU Device / Device operations / PROBE properties / RESVMEM#4",
  );
  await using guest = await opened();
  const { driver, domains } = guest;
  const { properties } = await driver.probe({ endpoint: 3 });
  assert.deepEqual(properties, [
    { kind: "resv_mem", subtype: IommuReservedMemory.RESERVED, start: 0x8000n, end: 0x8fffn },
    {
      kind: "resv_mem",
      subtype: IommuReservedMemory.MSI,
      start: DOORBELL.start,
      end: DOORBELL.end,
    },
  ]);
  assert.deepEqual((await driver.probe({ endpoint: 1 })).properties, []);
  assert.equal((await driver.probe({ endpoint: 9 })).status, NOENT);
  await using small = await opened({ config: { pageSizeMask: PAGE, probeSize: 47 } });
  assert.equal((await small.driver.probe({ endpoint: 3 })).status, INVAL);
  await guest.attach(3, 1);
  assert.equal(await guest.map(1, 7, 8), INVAL);
  assert.equal(await guest.map(1, 7, 7), OK);
  assert.equal(await guest.map(1, 0xfee00, 0xfee00), INVAL);
  assert.equal(domains.translate(3, 0x8000n, false), undefined);
  const doorbell = { address: 0xfee0_1000n, length: 0xf_f000n, kind: "msi" };
  assert.deepEqual(domains.translate(3, 0xfee0_1000n, true), doorbell);
  assert.equal(domains.translate(3, 0xfee0_1000n, false), undefined);
});

Deno.test("an endpoint is not attached where its reserved addresses are mapped (5.13.6.3)", async () => {
  covers("devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#11");
  await using guest = await opened();
  await guest.attach(1, 1);
  await guest.map(1, 8, 8);
  assert.equal(await guest.attach(3, 1), UNSUPP);
  await guest.unmap(1, 8, 8);
  assert.equal(await guest.attach(3, 1), OK);
});

Deno.test("there is room for so many mappings, and again for those that are gone", async () => {
  await using guest = await opened({
    domains: { endpoints: new Map([[1, []], [2, []]]), mappingsMax: 2 },
  });
  await guest.attach(1, 1);
  assert.equal(await guest.map(1, 0, 0), OK);
  assert.equal(await guest.map(1, 1, 1), OK);
  assert.equal(await guest.map(1, 2, 2), NOMEM);
  await guest.unmap(1, 0, 0);
  assert.equal(await guest.map(1, 2, 2), OK);
  await guest.detach(1, 1);
  await guest.attach(2, 2);
  assert.equal(await guest.map(2, 0, 0), OK);
  assert.equal(await guest.map(2, 1, 1), OK);
  assert.equal(await guest.map(2, 2, 2), NOMEM);
});

Deno.test("a reset detaches all; a snapshot has what is attached and mapped (5.13.5)", async () => {
  await using guest = await opened();
  const { device, domains } = guest;
  await guest.attach(1, 1);
  await guest.attach(2, 1);
  await guest.map(1, 4, 7, 100, READ);
  const saved = JSON.parse(JSON.stringify(device.save()));
  device.setStatus(0);
  assert.equal(domains.domainOf(1), undefined);
  assert.deepEqual(domains.save(), []);
  domains.restore(saved.behaviours.domains, "behaviours.domains");
  assert.equal(domains.domainOf(2), 1);
  assert.equal(domains.translate(2, 4n * PAGE, false)?.address, 100n * PAGE);
  const wrong: [unknown, RegExp][] = [
    [{}, /behaviours\.domains must be an array/],
    [[{ id: 1, bypass: false, endpoints: [], mappings: [] }], /endpoints/],
    [[{ id: 1, bypass: false, endpoints: [9], mappings: [] }], /endpoints\[0\]/],
    [[{ id: 1, bypass: false, endpoints: [1, 1], mappings: [] }], /endpoints\[1\]/],
    [[{ id: 1, bypass: 1, endpoints: [1], mappings: [] }], /bypass/],
    [[{ id: 1, bypass: false, endpoints: [1], mappings: [["0", "1", "0", 1]] }], /mappings\[0\]/],
    [[{ id: 1, bypass: false, endpoints: [1], mappings: [["0", "-1", "0", 1]] }], /\[0\]\[1\]/],
  ];
  for (const [state, message] of wrong) {
    domains.reset();
    assert.throws(() => domains.restore(state, "behaviours.domains"), { message });
  }
});

Deno.test("mappings do what a list of them does", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = Math.imul(seed, 1103515245) + 12345 & 0x7fffffff;
    return seed % below;
  };
  const mappings = new Mappings();
  let model: Mapping[] = [];
  const meets = (one: AddressRange, other: AddressRange) =>
    one.start <= other.end && other.start <= one.end;
  for (let step = 0; step < 5000; step++) {
    const start = BigInt(random(200));
    const range = { start, end: start + BigInt(random(12)) };
    const inside = model.filter((one) => meets(one, range));
    assert.equal(mappings.overlaps(range), inside.length > 0);
    assert.equal(mappings.find(start), model.find((one) => meets(one, { start, end: start })));
    if (random(2) === 0) {
      if (inside.length > 0) continue;
      const mapping = { ...range, phys: BigInt(step), flags: 0 };
      mappings.add(mapping);
      model.push(mapping);
    } else {
      const whole = inside.every((one) => one.start >= range.start && one.end <= range.end);
      assert.equal(mappings.remove(range), whole);
      if (whole) model = model.filter((one) => !inside.includes(one));
    }
    assert.equal(mappings.count, model.length);
  }
  const ascending = model.sort((one, other) => one.start < other.start ? -1 : 1);
  assert.deepEqual(mappings.all, ascending);
});

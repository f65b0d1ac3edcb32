/** An IOMMU: QEMU's virtio-iommu, with one of our drivers on a device behind it. */

import assert from "node:assert/strict";
import { EntropyDriver } from "../../../generated/entropy/mod.ts";
import {
  IommuDriver,
  type IommuFault,
  IommuFaultFlag,
  IommuFaultReason,
  IommuMapFlag,
  IommuStatus,
} from "../../../generated/iommu/mod.ts";
import { Arena, findPci, GuestMemory, type PciTransport } from "../../../mod.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";
import { modernOnly } from "../ways.ts";

/** Of the device behind, whose endpoint is its function on the first bus. */
const SLOT = 5;
const ENDPOINT = SLOT << 3;
const NOBODY = 9 << 3;
const [DOMAIN, OTHER_DOMAIN] = [7, 8];
const SIZE = 1 << 20;
/** Where the device behind sees that memory: far from where it is. */
const VIRTUAL = 0x2_0000_0000;
/** Where a PC's messages are written. */
const [DOORBELLS, DOORBELLS_END] = [0xfee0_0000n, 0xfeef_ffffn];
const { OK, INVAL, NOENT } = IommuStatus;
const NOT_PCI = "VIRTIO-IOMMU is not attached to any PCI bus!";

async function expect(status: IommuStatus, answer: Promise<{ readonly status: number }>) {
  assert.equal((await answer).status, status);
}

/** What is said of the endpoint: the doorbells are not for mappings. */
async function probe(driver: IommuDriver): Promise<void> {
  const { status, properties } = await driver.probe({ endpoint: ENDPOINT });
  assert.equal(status, OK);
  assert.equal(properties.length, 1);
  const [property] = properties;
  assert.ok(property?.kind === "resv_mem");
  assert.deepEqual([property.start, property.end], [DOORBELLS, DOORBELLS_END]);
  await expect(NOENT, driver.probe({ endpoint: NOBODY }));
}

/** The transport to the device behind, which sees memory where it is mapped. */
async function behind(machine: QemuMachine, bytes: Uint8Array): Promise<PciTransport> {
  const memory = new GuestMemory([{ address: VIRTUAL, bytes, shared: true }]);
  const arena = new Arena(memory, VIRTUAL, bytes.length);
  const transport = await findPci({ ...await machine.pci(SLOT, []), memory, arena });
  const others = machine.onInterrupt;
  machine.onInterrupt = () => {
    others();
    transport!.interrupt();
  };
  return transport!;
}

/** Random bytes by way of the mappings, and a fault once they are gone. */
async function translate(driver: IommuDriver, machine: QemuMachine, faults: IommuFault[]) {
  const { bytes, address } = machine.arena.allocate(SIZE, 4096);
  const range = {
    domain: DOMAIN,
    virtStart: BigInt(VIRTUAL),
    virtEnd: BigInt(VIRTUAL + SIZE - 1),
  };
  const flags = IommuMapFlag.READ | IommuMapFlag.WRITE;
  const mapping = { ...range, physStart: BigInt(address), flags };
  await expect(NOENT, driver.map(mapping));
  await expect(OK, driver.attach({ domain: DOMAIN, endpoint: ENDPOINT, flags: 0 }));
  await expect(OK, driver.map(mapping));
  await expect(INVAL, driver.map({ ...mapping, virtStart: mapping.virtStart + 4096n }));
  await using entropy = await EntropyDriver.open(await behind(machine, bytes));
  const random = new Uint8Array(64);
  assert.equal(await entropy.random(random), 64);
  assert.notDeepEqual(random, new Uint8Array(64));
  assert.equal(faults.length, 0);
  await expect(OK, driver.unmap(range));
  const lost = entropy.random(random).catch((error) => error);
  await eventually("a fault", () => faults.length > 0);
  const [fault] = faults;
  assert.equal(fault!.reason, IommuFaultReason.MAPPING);
  assert.equal(fault!.endpoint, ENDPOINT);
  assert.ok((fault!.flags & IommuFaultFlag.ADDRESS) !== 0);
  assert.ok(fault!.address >= range.virtStart && fault!.address <= range.virtEnd);
  await entropy.close();
  assert.ok(await lost instanceof Error);
}

/** The trial. */
export const iommu: Trial = {
  device: "iommu",
  name: "virtio-iommu",
  options: () => ["-object", "rng-random,id=r0,filename=/dev/urandom"],
  children: [`virtio-rng-pci,rng=r0,disable-legacy=on,iommu_platform=on,addr=${SLOT}`],
  refused: {
    ...modernOnly("virtio-iommu"),
    "microvm": NOT_PCI,
    "microvm-legacy": NOT_PCI,
    "virt": NOT_PCI,
    "virt-legacy": NOT_PCI,
  },
  proves:
    "probe, attach, map, unmap and detach; a device behind it, driven through the mappings, " +
    "and its fault without them; whether what is not attached passes; requests that are refused",
  run: async (transport, machine) => {
    const faults: IommuFault[] = [];
    await using driver = await IommuDriver.open(transport, {
      onFault: (fault) => faults.push(fault),
    });
    await probe(driver);
    await translate(driver, machine, faults);
    await expect(NOENT, driver.attach({ domain: DOMAIN, endpoint: NOBODY, flags: 0 }));
    await expect(OK, driver.attach({ domain: OTHER_DOMAIN, endpoint: ENDPOINT, flags: 0 }));
    await expect(OK, driver.detach({ domain: OTHER_DOMAIN, endpoint: ENDPOINT }));
    await expect(INVAL, driver.detach({ domain: OTHER_DOMAIN, endpoint: ENDPOINT }));
    assert.equal(driver.config.bypass, 1);
    await driver.setBypass(0);
    assert.equal(driver.config.bypass, 0);
  },
};

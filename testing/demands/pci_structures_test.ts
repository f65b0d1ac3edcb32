// How drivers find and use the structures of PCI functions (VIRTIO 1.4, 4.1.4 and 4.1.5).

import assert from "node:assert/strict";
import {
  CapabilityType,
  PCI_COMMON as C,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_CFG_CAP as CFG_CAP,
} from "../../generated/layout/pci.ts";
import { GroupOwner } from "../../runtime/admin/owner.ts";
import { EchoDevice } from "../../runtime/echo_fixture.ts";
import type { PciStructure } from "../../runtime/transports/pci_scan.ts";
import { covers } from "../covers.ts";
import { type Access, life, writes } from "./pci_fixture.ts";

const PCI = "drivernormative:Virtio Transport Options / Virtio Over PCI Bus";
const LAYOUT = `${PCI} / PCI Device Layout` as const;
const CAPABILITIES = `${PCI} / Virtio Structure PCI Capabilities` as const;
const WINDOW = `${LAYOUT} / PCI configuration access capability` as const;
const OPERATION = `${PCI} / PCI-specific Initialization And Device Operation` as const;

/** What a driver aimed the window at, each time that it read or wrote the data. */
function aims(log: readonly Access[], structures: readonly PciStructure[]) {
  const { at } = structures.find(({ type }) => type === CapabilityType.PCI_CFG)!;
  const [data, place] = [at + CFG_CAP.pciCfgData, new Map<number, number>()];
  const found: { bar: number; offset: number; length: number; size: number }[] = [];
  for (const { what, name, offset, size, value } of log) {
    if (name !== "config") continue;
    if (offset >= data && offset < data + 4) {
      const [bar, from, length] = [CAP.bar, CAP.offset, CAP.length].map((one) => place.get(one)!);
      found.push({ bar: bar!, offset: from!, length: length!, size });
    } else if (what === "write") place.set(offset - at, value);
  }
  return found;
}

function isWithin(structures: readonly PciStructure[]) {
  return ({ bar, offset, length }: { bar: number; offset: number; length: number }) =>
    structures.some((one) =>
      one.type !== CapabilityType.PCI_CFG && one.bar === bar && offset >= one.offset &&
      offset + length <= one.offset + one.length
    );
}

Deno.test("pci: a driver aims the window at aligned places within structures, and nowhere else (4.1.4.9.2)", async () => {
  covers(`${WINDOW}#1`, `${WINDOW}#2`, `${WINDOW}#3`);
  for (const notificationData of [false, true]) {
    const { log, structures } = await life({ window: true, ring: { notificationData } });
    const found = aims(log, structures);
    assert.ok(found.length > 50);
    for (const aim of found) {
      assert.equal(aim.size, aim.length);
      assert.ok([1, 2, 4].includes(aim.length) && aim.offset % aim.length === 0);
      assert.ok(isWithin(structures)(aim), `${aim.offset} of range ${aim.bar}`);
    }
  }
});

Deno.test("pci: a driver keeps within a structure that is too short for what the device offers (4.1.4.9.2)", async () => {
  covers(`${WINDOW}#3`);
  const { structures } = await life();
  const common = structures.find(({ type }) => type === CapabilityType.COMMON_CFG)!;
  const length = C.queueNotifConfigData.offset; // as it was before VIRTIO 1.2
  const log: Access[] = [];
  const cut = structures.map((one) => one === common ? { ...one, length } : one);
  const short = life({
    window: true,
    change: (name, value, offset, size) => {
      if (name === "config") log.push({ what: "read", name, offset, size, value });
      return name === "config" && offset === common.at + CAP.length ? length : value;
    },
  });
  await assert.rejects(short, /queueNotifConfigData: the common configuration has 56 bytes/);
  const { at } = structures.find(({ type }) => type === CapabilityType.PCI_CFG)!;
  assert.ok(log.some(({ offset }) => offset === at + CFG_CAP.pciCfgData));
  // Without the features that brought registers, such a device is as good as any.
  const old = await life({
    window: true,
    ring: { reset: false },
    resets: false,
    change: (name, value, offset) => {
      if (name === "config" && offset === common.at + CAP.length) return length;
      const second = name === "config" && offset === at + CFG_CAP.pciCfgData;
      return second && (value & 0x101) === 0x101 ? value & ~0x180 : value;
    },
  });
  for (const aim of aims(old.log, cut)) assert.ok(isWithin(cut)(aim), `${aim.offset}`);
});

/** A life with one more capability, before or behind all others, and one byte of another changed. */
function withCapability(
  structures: readonly PciStructure[],
  { first, type, offset }: { first: boolean; type: number; offset: number },
) {
  const PLACE = 0xe0;
  const { length } = structures.find((one) => one.type === type)!;
  const last = structures.at(-1)!.at;
  let start = 0;
  return life({
    change: (name, value, at, size) => {
      if (name !== "config") return value;
      if (at === 0x34) start = value;
      if (first && at === 0x34 || !first && at === last + CAP.capNext) return PLACE;
      const next = first ? start : 0;
      const bytes = [9, next, 16, type, 4, 0, 0, 0, offset, offset >> 8, 0, 0, length, length >> 8];
      if (at < PLACE || at >= PLACE + 16) return value;
      return bytes.slice(at - PLACE, at - PLACE + size).reduceRight(
        (all, byte) => all * 256 + byte,
        0,
      );
    },
  });
}

Deno.test("pci: a driver uses the first structure of each type (4.1.4.1)", async () => {
  covers(`${CAPABILITIES}#2`);
  const { structures } = await life();
  const { COMMON_CFG, NOTIFY_CFG, ISR_CFG, DEVICE_CFG } = CapabilityType;
  for (const type of [COMMON_CFG, NOTIFY_CFG, ISR_CFG, DEVICE_CFG]) {
    const { log } = await withCapability(structures, { first: false, type, offset: 0x800 });
    assert.ok(log.every(({ name }) => name !== "nothing"), `${type}`);
  }
  const nothing = withCapability(structures, { first: true, type: COMMON_CFG, offset: 0x800 });
  await assert.rejects(nothing, "there is nothing at the first");
});

Deno.test("pci: a structure that no aligned access reaches is passed over (4.1.3.1)", async () => {
  covers(`${LAYOUT}#1`);
  const { structures } = await life();
  const { COMMON_CFG, DEVICE_CFG } = CapabilityType;
  for (const type of [COMMON_CFG, DEVICE_CFG]) {
    for (const offset of [0x801, 0x802]) {
      const { log } = await withCapability(structures, { first: true, type, offset });
      for (const { name, offset, size } of log) {
        if (name !== "config") assert.equal(offset % size, 0, name);
      }
    }
  }
});

Deno.test("pci: with messages, a driver does not look at the interrupt status (4.1.4.5.2)", async () => {
  covers(`${LAYOUT} / ISR status capability#1`);
  const { log } = await life({ vectors: 3 });
  assert.deepEqual(log.filter(({ name }) => name === "isr"), []);
  const pin = await life();
  assert.ok(pin.log.some(({ name }) => name === "isr"));
});

Deno.test("pci: a driver takes any number of vectors, and the pin where there is but one (4.1.5.1.2.2)", async () => {
  const VECTORS = `${OPERATION} / Device Initialization / MSI-X Vector Configuration` as const;
  covers(`${VECTORS}#1`, `${VECTORS}#2`);
  for (const vectors of [1, 2, 3, 64, 2047, 2048]) {
    const { log } = await life({ vectors });
    const mapped = writes(log, "queueMsixVector").map(({ value }) => value);
    assert.equal(log.some(({ name }) => name === "isr"), vectors === 1, `${vectors}`);
    assert.equal(mapped.length > 0, vectors > 1);
    assert.ok(mapped.every((vector) => vector < vectors));
  }
});

Deno.test("pci: a driver neither reads nor writes the data of a vendor (4.1.4.8.2)", async () => {
  covers(
    `${LAYOUT} / Vendor data capability#1`,
    `${LAYOUT} / Vendor data capability#2`,
  );
  const vendorData = { vendorId: 0x1204, bytes: new Uint8Array(14).fill(1) };
  const { log, structures } = await life({ options: { vendorData } });
  const heads = log.filter(({ what, name, offset, value }) =>
    what === "read" && name === "config" && offset % 4 === 3 &&
    value === CapabilityType.VENDOR_CFG && offset >= 0x40
  );
  assert.equal(heads.length, 1, "it passed by");
  const at = heads[0]!.offset - CAP.cfgType;
  assert.ok(structures.every((one) => one.at !== at));
  for (const { name, offset } of log) {
    if (name === "config") assert.ok(offset <= at + CAP.bar || offset >= at + 20, `${offset}`);
  }
  assert.deepEqual(
    writes(log, "config").filter(({ offset }) => offset >= at && offset < at + 20),
    [],
  );
});

Deno.test("pci: administration queues are set up where the device has them (4.1.4.3.2)", async () => {
  covers(`${LAYOUT} / Common configuration structure layout#10`);
  const device = new EchoDevice();
  device.own(new GroupOwner());
  const { log } = await life({ device });
  const told = (name: string) => log.find((one) => one.what === "read" && one.name === name)!.value;
  const [index, count] = [told("adminQueueIndex"), told("adminQueueNum")];
  let selected = 0;
  const enabled = new Set<number>();
  for (const { what, name, value } of log) {
    if (what === "write" && name === "queueSelect") selected = value;
    if (what === "write" && name === "queueEnable") enabled.add(selected);
  }
  const others = [...enabled].filter((one) => one >= device.queueCount);
  assert.equal(others.length, 1);
  for (const one of others) assert.ok(one >= index && one < index + count);
});

// What a virtio function owes PCI itself (VIRTIO 1.4, 4.1.1), and what its capabilities say (4.1.4).

import assert from "node:assert/strict";
import { CapabilityType, VIRTIO_PCI_CAP as CAP } from "../../generated/layout/pci.ts";
import { covers } from "../../testing/covers.ts";
import { tasks } from "../device_fixture.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { SharedMemory } from "../transport.ts";
import { findBars } from "./pci_bars.ts";
import { PciCommand, PciHeader } from "./pci_config.ts";
import { Bench, DRIVER_OK, FEATURES_OK, FOUND, MSIX_ENABLED } from "./pci_fixture.ts";
import { scanCapabilities } from "./pci_scan.ts";

const PCI = "devicenormative:Virtio Transport Options / Virtio Over PCI Bus";
const LAYOUT = `${PCI} / PCI Device Layout` as const;
const NOTIFY = `${LAYOUT} / Notification capability` as const;
const T = CapabilityType;

/** A device with two regions of shared memory. */
class SharingDevice extends EchoDevice {
  override sharedMemory(id: number): SharedMemory | undefined {
    const length = new Map([[0, 0x1800], [7, 0x2_0000_0000]]).get(id);
    return length === undefined ? undefined : { id, address: 0, length };
  }
}

const setMaster = ({ file }: Bench, on: boolean) =>
  file.writeConfig(PciHeader.COMMAND, 2, on ? PciCommand.BUS_MASTER : 0);

Deno.test("a function that is no bus master touches no memory, and goes on once it is (4.1.1)", async () => {
  covers(`${PCI}#1`);
  const bench = new Bench();
  bench.agree();
  bench.usable();
  setMaster(bench, false);
  bench.bar(4).write(0x80, 2, 0);
  await tasks();
  assert.equal(bench.device.calls, 0);
  setMaster(bench, true);
  await tasks();
  assert.equal(bench.used, 1, "without another kick");
});

Deno.test("a function that is no bus master any more writes no late answer (4.1.1)", () => {
  covers(`${PCI}#1`);
  const bench = new Bench();
  bench.device.holding = true;
  bench.agree();
  bench.usable();
  bench.bar(4).write(0x80, 2, 0);
  assert.equal(bench.device.held, 1);
  setMaster(bench, false);
  bench.device.release();
  assert.equal(bench.used, 0);
  assert.deepEqual(bench.levels, []);
});

Deno.test("messages of a function that is no bus master wait until it is (4.1.1)", async () => {
  covers(`${PCI}#1`);
  const bench = new Bench();
  const table = bench.bar(1);
  [0xfee0_0000, 0, 0x41, 0].forEach((word, at) => table.write(4 * at, 4, word));
  bench.file.writeConfig(await bench.msix() + 2, 2, MSIX_ENABLED);
  bench.agree();
  bench.set("configMsixVector", 0);
  bench.set("deviceStatus", FOUND | FEATURES_OK | DRIVER_OK);
  setMaster(bench, false);
  bench.device.configChanged();
  assert.deepEqual(bench.messages, []);
  assert.equal(table.read(4 * 16, 1), 1, "pending");
  setMaster(bench, true);
  assert.deepEqual(bench.messages, [[0xfee0_0000, 0x41]]);
});

Deno.test("a legacy driver makes a function the bus master that it forgot to make (4.1.4.10)", () => {
  const bench = new Bench({ transitional: true });
  setMaster(bench, false);
  bench.bar(0).write(18, 1, 1);
  assert.equal(bench.file.readConfig(PciHeader.COMMAND, 2) & PciCommand.BUS_MASTER, 0);
  bench.bar(0).write(18, 1, 3);
  assert.equal(
    bench.file.readConfig(PciHeader.COMMAND, 2) & PciCommand.BUS_MASTER,
    PciCommand.BUS_MASTER,
  );
});

Deno.test("the header is one of PCI, and what is the function's can not be written (4.1.1)", async () => {
  covers(`${PCI}#1`);
  for (const options of [{}, { transitional: true }, { io: true }]) {
    const { file, config } = new Bench(options);
    const bytes = () => Array.from({ length: 256 }, (_, at) => file.readConfig(at, 1));
    assert.equal(file.readConfig(0x0e, 1), 0, "a single function with a header of type 0");
    assert.equal(file.readConfig(PciHeader.STATUS, 2) & 0x10, 0x10, "it has capabilities");
    assert.equal(file.readConfig(PciHeader.INTERRUPT_PIN, 1), 1);
    for (let at = file.readConfig(PciHeader.CAPABILITIES, 1); at !== 0;) {
      assert.ok(at >= 0x40 && at % 4 === 0);
      at = file.readConfig(at + 1, 1);
    }
    for (const { size } of await findBars(config)) assert.equal(Math.log2(size) % 1, 0);
    const before = bytes();
    for (let at = 0; at < 256; at++) if (at < 4 || at >= 6) file.writeConfig(at, 1, 0xff);
    const after = bytes();
    const own = [
      ...Array.from({ length: 4 }, (_, at) => at), // ids
      ...Array.from({ length: 10 }, (_, at) => 6 + at), // status, revision, class, type
      ...Array.from({ length: 20 }, (_, at) => 0x28 + at), // subsystem, capabilities
      PciHeader.INTERRUPT_PIN,
    ];
    for (const at of own) assert.equal(after[at], before[at], `0x${at.toString(16)}`);
  }
});

Deno.test("ids of devices without legacy interface keep legacy drivers off (4.1.2.1)", () => {
  const DISCOVERY = `${PCI} / PCI Device Discovery` as const;
  covers(`${DISCOVERY}#4`, `${DISCOVERY}#6`);
  for (const id of [1, 9, 45, 0x3f]) {
    const device = new EchoDevice();
    Object.assign(device, { info: { ...device.info, id } });
    const { file } = new Bench({}, device);
    const found = file.readConfig(PciHeader.DEVICE_ID, 2);
    assert.ok(found >= 0x1040 && found <= 0x107f);
    assert.ok(file.readConfig(PciHeader.SUBSYSTEM_ID, 2) >= 0x40);
  }
  const device = new EchoDevice();
  Object.assign(device, { info: { ...device.info, id: 0x40 } });
  assert.throws(() => new Bench({}, device), RangeError);
});

Deno.test("a capability says how long it is, its extra data included (4.1.4.2)", () => {
  covers(`${PCI} / Virtio Structure PCI Capabilities#1`);
  const vendorData = { vendorId: 0x1234, bytes: new Uint8Array(21) };
  for (const device of [new EchoDevice(), new SharingDevice()]) {
    const { file } = new Bench({ vendorData }, device);
    const lengths: number[] = [];
    for (let at = file.readConfig(0x34, 1), next; at !== 0; at = next) {
      next = file.readConfig(at + 1, 1);
      if (file.readConfig(at, 1) !== 9) continue;
      const length = file.readConfig(at + CAP.capLen, 1);
      lengths.push(length);
      assert.ok(next === 0 || at + length <= next);
    }
    const shared = device instanceof SharingDevice ? [24, 24] : [];
    assert.deepEqual(lengths, [16, 20, 16, 16, ...shared, 28, 20]);
  }
});

Deno.test("notifications of 16 bits find room, at even places (4.1.4.4.1)", async () => {
  covers(`${NOTIFY}#2`, `${NOTIFY}#3`, `${NOTIFY}#6`);
  const device = new EchoDevice({ ring: { notificationData: false } });
  const bench = new Bench({}, device);
  const { structures } = await scanCapabilities(bench.config, 9);
  const { offset, multiplier, length } = structures.find(({ type }) => type === T.NOTIFY_CFG)!;
  assert.equal(offset % 2, 0);
  assert.ok(multiplier === 0 || multiplier >= 2 && Math.log2(multiplier) % 1 === 0);
  for (const queue of [0, 1, 2, 15, 16, 0xfffe, 0xffff]) {
    bench.set("queueSelect", queue);
    assert.ok(length >= bench.get("queueNotifyOff") * multiplier + 2);
  }
});

Deno.test("the notification structure has room for all queues, as many as there may be (4.1.4.4.1)", async () => {
  covers(`${NOTIFY}#4`, `${NOTIFY}#5`, `${NOTIFY}#10`);
  for (const notificationData of [false, true]) {
    const bench = new Bench({}, new EchoDevice({ ring: { notificationData } }));
    const { structures } = await scanCapabilities(bench.config, 9);
    const { multiplier, length } = structures.find(({ type }) => type === T.NOTIFY_CFG)!;
    const width = notificationData ? 4 : 2;
    assert.ok(length >= width);
    for (const second of [0, 1 << 2, 1 << 7, 1 << 2 | 1 << 7]) { // RING_PACKED, NOTIF_CONFIG_DATA
      bench.set("deviceStatus", 0);
      bench.agree(second);
      for (let queue = 0; queue < 0x1_0000; queue += 251) {
        bench.set("queueSelect", queue);
        assert.ok(bench.get("queueNotifyOff") * multiplier + width <= length);
      }
    }
  }
});

Deno.test("any vector of the table can be had, up to as many as a table has (4.1.5.1.2.1)", () => {
  const VECTORS =
    `${PCI} / PCI-specific Initialization And Device Operation / Device Initialization / MSI-X Vector Configuration` as const;
  covers(`${VECTORS}#1`, `${VECTORS}#8`);
  const bench = new Bench({ vectors: 0x800 });
  bench.agree();
  for (const name of ["configMsixVector", "queueMsixVector"] as const) {
    for (const vector of [0, 1, 0x7ff]) {
      bench.set(name, vector);
      assert.equal(bench.get(name), vector);
    }
  }
  for (const vectors of [0, 0x801]) assert.throws(() => new Bench({ vectors }), RangeError);
});

Deno.test("regions of shared memory have ids of their own, and lie within a range of their own (4.1.4.7.1, 2.10.2)", async () => {
  covers(
    `${LAYOUT} / Shared memory capability#1`,
    `${LAYOUT} / Shared memory capability#2`,
    "devicenormative:Basic Facilities of a Virtio Device / Shared Memory Regions#1",
  );
  const bench = new Bench({}, new SharingDevice());
  const { structures } = await scanCapabilities(bench.config, 9);
  const bars = new Map((await findBars(bench.config)).map((bar) => [bar.index, bar]));
  const regions = structures.filter(({ type }) => type === T.SHARED_MEMORY_CFG);
  assert.deepEqual(regions.map(({ id, length }) => [id, length]), [[0, 0x1800], [
    7,
    0x2_0000_0000,
  ]]);
  let end = 0;
  for (const { bar, offset, length } of regions) {
    assert.ok(offset >= end && offset + length <= bars.get(bar)!.size);
    assert.ok(structures.every((one) => one.bar !== bar || one.type === T.SHARED_MEMORY_CFG));
    end = offset + length;
  }
});

Deno.test("reading the data of a vendor does nothing (4.1.4.8.1)", () => {
  covers(`${LAYOUT} / Vendor data capability#3`);
  const { file } = new Bench({ vendorData: { vendorId: 0x1234, bytes: new Uint8Array(14) } });
  const before = JSON.stringify(file.save());
  let at = file.readConfig(0x34, 1);
  while (file.readConfig(at + CAP.cfgType, 1) !== T.VENDOR_CFG) at = file.readConfig(at + 1, 1);
  for (const size of [1, 2, 4]) {
    for (let byte = 0; byte < 20; byte++) file.readConfig(at + byte, size);
  }
  assert.equal(JSON.stringify(file.save()), before);
});

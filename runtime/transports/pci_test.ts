import assert from "node:assert/strict";
import {
  CapabilityType,
  PCI_COMMON as C,
  VIRTIO_PCI_CAP as CAP,
  VIRTIO_PCI_NOTIFY_CAP as NOTIFY_CAP,
} from "../../generated/layout/pci.ts";
import { covers } from "../../testing/covers.ts";
import { TransportError } from "../errors.ts";
import type { PciMachine } from "./bus.ts";
import { findBars, placeBar } from "./pci_bars.ts";
import { findPci } from "./pci_driver.ts";
import {
  Bench,
  DEVICE_NEEDS_RESET,
  DRIVER_OK,
  FEATURES_OK,
  FOUND,
  MSIX_ENABLED,
  NO_VECTOR,
} from "./pci_fixture.ts";
import { scanCapabilities } from "./pci_scan.ts";

const [CONFIG_BIT, QUEUE_BIT] = [2, 1];

const PCI = "devicenormative:Virtio Transport Options / Virtio Over PCI Bus";
const LAYOUT = `${PCI} / PCI Device Layout` as const;
const COMMON = `${LAYOUT} / Common configuration structure layout` as const;
const NOTIFY = `${LAYOUT} / Notification capability` as const;
const ISR = `${LAYOUT} / ISR status capability` as const;
const WINDOW = `${LAYOUT} / PCI configuration access capability` as const;
const OPERATION = `${PCI} / PCI-specific Initialization And Device Operation` as const;
const VECTORS = `${OPERATION} / Device Initialization / MSI-X Vector Configuration` as const;

Deno.test("PciDevice lists all structures, in ranges of the sizes that it states", async () => {
  covers(
    `${COMMON}#2`,
    `${NOTIFY}#1`,
    `${ISR}#1`,
  );
  const vendorData = { vendorId: 0x1234, bytes: Uint8Array.of(1, 2, 3) };
  const bench = new Bench({ vendorData });
  assert.equal(bench.file.readConfig(0, 4), 0x1049_1af4);
  assert.equal(bench.file.readConfig(8, 1), 1, "revision");
  assert.equal(bench.file.readConfig(0x2e, 2), 0x1049, "subsystem");
  const { structures } = await scanCapabilities(bench.config, 9);
  const T = CapabilityType;
  assert.deepEqual(structures.map(({ type }) => type), [
    T.COMMON_CFG,
    T.NOTIFY_CFG,
    T.ISR_CFG,
    T.DEVICE_CFG,
    T.PCI_CFG,
  ]);
  const bars = await findBars(bench.config);
  assert.deepEqual(bars, [
    { index: 1, kind: "memory", size: 4096 },
    { index: 4, kind: "memory64", size: 4096 },
  ]);
  for (const { type, bar, offset, length, at } of structures) {
    if (type === T.PCI_CFG) continue;
    assert.ok(offset + length <= bars.find(({ index }) => index === bar)!.size, `${type}`);
    if (type !== T.ISR_CFG) assert.equal(offset % 4, 0);
    if (type === T.NOTIFY_CFG) {
      const multiplier = bench.file.readConfig(at + NOTIFY_CAP.notifyOffMultiplier, 4);
      for (let queue = 0; queue < 70; queue++) {
        bench.set("queueSelect", queue);
        assert.ok(bench.get("queueNotifyOff") * multiplier + 4 <= length);
      }
    }
  }
  let at = bench.file.readConfig(0x34, 1);
  while (bench.file.readConfig(at + CAP.cfgType, 1) !== T.VENDOR_CFG) {
    at = bench.file.readConfig(at + 1, 1);
    assert.notEqual(at, 0, "no data of the vendor");
  }
  assert.equal(bench.file.readConfig(at + CAP.capLen, 1), 12);
  assert.equal(bench.file.readConfig(at + 4, 4), 0x0201_1234);
  assert.throws(() => new Bench({ vendorData: { ...vendorData, vendorId: 0x1af4 } }), RangeError);
});

Deno.test("ranges are placed by the guest, and say so", async () => {
  const bench = new Bench();
  assert.equal(bench.bar(4).address, undefined);
  await placeBar(bench.config, bench.bar(4), 0x8_0000_3000);
  assert.equal(bench.bar(4).address, 0x8_0000_3000);
  bench.file.writeConfig(4, 2, 0);
  assert.equal(bench.bar(4).address, undefined);
  const moves = bench.moves.filter((move) => move.startsWith("4"));
  assert.deepEqual(moves.slice(-2), ["4 800003000", "4 undefined"]);
  bench.file.writeConfig(0, 4, 0xffff_ffff);
  bench.file.writeConfig(0x34, 1, 0);
  assert.equal(bench.file.readConfig(0, 4), 0x1049_1af4, "ids are read-only");
  assert.notEqual(bench.file.readConfig(0x34, 1), 0, "so are capabilities");
});

Deno.test("the interrupt status is cleared by reading, and lowers the pin", () => {
  covers(
    `${ISR}#2`,
    `${ISR}#4`,
    `${ISR}#5`,
  );
  const bench = new Bench();
  bench.agree();
  bench.set("deviceStatus", FOUND | FEATURES_OK | DRIVER_OK);
  bench.device.configChanged();
  assert.deepEqual(bench.levels, [true]);
  assert.equal(bench.file.readConfig(6, 2) & 8, 8, "interrupt bit of PCI status");
  bench.file.writeConfig(4, 2, 0x400);
  assert.deepEqual(bench.levels, [true, false], "the pin can be disabled");
  bench.file.writeConfig(4, 2, 0);
  assert.equal(bench.bar(4).read(0x40, 1), CONFIG_BIT);
  assert.equal(bench.bar(4).read(0x40, 1), 0);
  assert.deepEqual(bench.levels, [true, false, true, false]);
});

Deno.test("vectors read back as none unless they exist, and after a reset", () => {
  covers(
    `${VECTORS}#6`,
    `${VECTORS}#7`,
    `${VECTORS}#9`,
  );
  const bench = new Bench();
  bench.agree();
  for (const name of ["configMsixVector", "queueMsixVector"] as const) {
    assert.equal(bench.get(name), NO_VECTOR);
    for (const [written, read] of [[3, 3], [4, NO_VECTOR], [0x7ff, NO_VECTOR], [0, 0]] as const) {
      bench.set(name, written);
      assert.equal(bench.get(name), read, `${name} ${written}`);
    }
  }
  bench.set("deviceStatus", 0);
  bench.agree();
  assert.equal(bench.get("configMsixVector"), NO_VECTOR);
  assert.equal(bench.get("queueMsixVector"), NO_VECTOR);
});

Deno.test("a message waits while its vector or all are masked, and none is sent without a vector", async () => {
  covers(
    `${OPERATION} / Notification of Device Configuration Changes#1`,
  );
  const bench = new Bench();
  const at = await bench.msix();
  const table = bench.bar(1);
  [0xfee0_0000, 0, 0x41].forEach((word, index) => table.write(16 + 4 * index, 4, word));
  bench.file.writeConfig(at + 2, 2, MSIX_ENABLED);
  bench.agree();
  bench.set("deviceStatus", FOUND | FEATURES_OK | DRIVER_OK);
  bench.device.configChanged();
  bench.set("configMsixVector", 1);
  bench.device.configChanged();
  assert.deepEqual(bench.messages, [], "the entry is masked at first");
  assert.equal(table.read(4 * 16, 1), 1 << 1, "and pending");
  table.write(16 + 12, 4, 0);
  assert.deepEqual(bench.messages, [[0xfee0_0000, 0x41]]);
  assert.equal(table.read(4 * 16, 1), 0);
  bench.file.writeConfig(at + 2, 2, MSIX_ENABLED | 0x4000);
  bench.device.configChanged();
  assert.equal(bench.messages.length, 1);
  bench.file.writeConfig(at + 2, 2, MSIX_ENABLED);
  assert.equal(bench.messages.length, 2);
  assert.deepEqual(bench.levels, [], "no pin while there are messages");
  assert.equal(bench.bar(4).read(0x40, 1), CONFIG_BIT, "the cause is set nevertheless");
});

Deno.test("queue_enable is set and never cleared by the driver; queue_reset needs the feature", () => {
  const bench = new Bench();
  bench.agree();
  bench.enable();
  assert.equal(bench.get("queueEnable"), 1);
  for (const value of [0, 2]) bench.set("queueEnable", value);
  bench.set("queueReset", 1);
  assert.equal(bench.get("queueEnable"), 1);
  bench.set("deviceStatus", 0);
  bench.agree(1 << 8); // RING_RESET
  bench.enable();
  bench.set("queueReset", 1);
  assert.equal(bench.get("queueReset"), 0);
  assert.equal(bench.get("queueEnable"), 0);
  bench.enable();
  assert.equal(bench.get("queueEnable"), 1);
  assert.equal(bench.get("deviceStatus") & DEVICE_NEEDS_RESET, 0);
});

Deno.test("queues are named by queue_notif_config_data once that is negotiated", () => {
  const bench = new Bench();
  const notified: number[] = [];
  bench.device.notify = (index) => void notified.push(index);
  bench.agree();
  assert.equal(bench.get("queueNotifConfigData"), 0);
  bench.bar(4).write(0x80, 2, 0);
  bench.set("deviceStatus", 0);
  bench.agree(1 << 7); // NOTIF_CONFIG_DATA
  const data = bench.get("queueNotifConfigData");
  assert.notEqual(data, 0);
  bench.bar(4).write(0x84, 2, data);
  bench.bar(4).write(0x84, 4, 0x7fff_0000 | data);
  for (const [at, byte] of [data & 0xff, data >> 8].entries()) {
    bench.bar(4).write(0x80 + at, 1, byte);
  }
  assert.deepEqual(notified, [0, 0, 0, 0]);
});

Deno.test("registers of no queue, of no administration queue, and of no feature read 0", () => {
  covers(
    `${COMMON}#14`,
  );
  const bench = new Bench();
  bench.agree();
  assert.equal(bench.get("numQueues"), 1);
  assert.equal(bench.get("adminQueueNum"), 0);
  assert.ok(bench.get("adminQueueIndex") >= bench.get("numQueues"));
  bench.set("queueSelect", 5);
  bench.enable();
  assert.equal(bench.get("queueSize"), 0);
  assert.equal(bench.get("queueEnable"), 0);
  assert.equal(bench.get("queueDesc"), 0);
  bench.set("deviceFeatureSelect", 7);
  assert.equal(bench.get("deviceFeature"), 0);
});

Deno.test("the window reaches what the ranges hold, once a write is complete", async () => {
  covers(
    `${WINDOW}#1`,
    `${WINDOW}#2`,
    `${WINDOW}#3`,
  );
  const bench = new Bench();
  const { structures } = await scanCapabilities(bench.config, 9);
  const { at } = structures.find(({ type }) => type === CapabilityType.PCI_CFG)!;
  const aim = (bar: number, offset: number, length: number) => {
    bench.file.writeConfig(at + CAP.bar, 1, bar);
    bench.file.writeConfig(at + CAP.offset, 4, offset);
    bench.file.writeConfig(at + CAP.length, 4, length);
  };
  aim(4, C.numQueues.offset, 2);
  assert.equal(bench.file.readConfig(at + 16, 2), 1);
  aim(4, C.driverFeatureSelect.offset, 4);
  for (let byte = 0; byte < 4; byte++) {
    assert.equal(bench.get("driverFeatureSelect"), 0);
    bench.file.writeConfig(at + 16 + byte, 1, byte + 1);
  }
  assert.equal(bench.get("driverFeatureSelect"), 0x0403_0201);
  for (const [bar, offset, length] of [[0, 0, 4], [4, 2, 4], [4, 4096, 4], [4, 0, 3], [9, 0, 4]]) {
    aim(bar!, offset!, length!);
    bench.file.writeConfig(at + 16, 4, 0);
  }
  assert.equal(bench.get("driverFeatureSelect"), 0x0403_0201);
});

Deno.test("findPci() finds nothing in an empty slot, and refuses what is no virtio device", async () => {
  const bench = new Bench();
  const machine = (change: (offset: number, value: number) => number): PciMachine => ({
    memory: bench.memory,
    config: {
      read: (offset, size) => change(offset, bench.file.readConfig(offset, size)),
      write: (offset, size, value) => bench.file.writeConfig(offset, size, value),
    },
    bar: (index) => bench.file.bars.find((bar) => bar.index === index) as never,
  });
  assert.equal(await findPci(machine(() => 0xffff)), undefined);
  const other = machine((offset, value) => offset === 0 ? 0x8086 : value);
  await assert.rejects(findPci(other), /8086:1049/);
  const bare = machine((offset, value) => offset === 6 ? 0 : value);
  await assert.rejects(findPci(bare), TransportError);
  const loop = machine((offset, value) => offset === 0x41 ? 0x40 : value);
  await assert.rejects(findPci(loop), TransportError, "a list that leads back to itself");
});

Deno.test("a queue interrupt is the first bit of the status", () => {
  covers(
    `${ISR}#3`,
  );
  const bench = new Bench();
  bench.agree();
  bench.usable();
  bench.bar(4).write(0x80, 2, 0);
  assert.equal(bench.bar(4).read(0x40, 1), QUEUE_BIT);
});

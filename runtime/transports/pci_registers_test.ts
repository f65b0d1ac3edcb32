// What a PCI function shows and takes, statement by statement (VIRTIO 1.4, 4.1).

import assert from "node:assert/strict";
import { CapabilityType, VIRTIO_PCI_CAP as CAP } from "../../generated/layout/pci.ts";
import { covers } from "../../testing/covers.ts";
import { Bench, MSIX_ENABLED, NO_VECTOR } from "./pci_fixture.ts";
import { scanCapabilities } from "./pci_scan.ts";

const PCI = "devicenormative:Virtio Transport Options / Virtio Over PCI Bus";
const LAYOUT = `${PCI} / PCI Device Layout` as const;
const COMMON = `${LAYOUT} / Common configuration structure layout` as const;
const NOTIFY = `${LAYOUT} / Notification capability` as const;
const OPERATION = `${PCI} / PCI-specific Initialization And Device Operation` as const;
const VECTORS = `${OPERATION} / Device Initialization / MSI-X Vector Configuration` as const;

Deno.test("a function has the ids of virtio and of its type (4.1.2.1)", () => {
  covers(
    `${PCI} / PCI Device Discovery#1`,
    `${PCI} / PCI Device Discovery#2`,
    `${PCI} / PCI Device Discovery#5`,
  );
  const { file } = new Bench();
  assert.deepEqual([file.readConfig(0, 2), file.readConfig(2, 2)], [0x1af4, 0x1040 + 9]);
  assert.ok(file.readConfig(8, 1) >= 1, "revision");
  assert.ok(file.readConfig(0x2e, 2) >= 0x40, "subsystem");
  const old = new Bench({ transitional: true }).file;
  assert.deepEqual([old.readConfig(0, 2), old.readConfig(2, 2)], [0x1af4, 0x1009]);
});

Deno.test("structures start at multiples of four, also where their ranges do (4.1.4)", async () => {
  covers(`${COMMON}#1`, `${NOTIFY}#8`, `${LAYOUT} / Device-specific configuration#1`);
  for (const options of [{}, { io: true }, { transitional: true }]) {
    const { structures } = await scanCapabilities(new Bench(options).config, 9);
    const T = CapabilityType;
    for (const wanted of [T.COMMON_CFG, T.NOTIFY_CFG, T.DEVICE_CFG]) {
      const found = structures.filter(({ type }) => type === wanted);
      assert.ok(found.length > 0);
      for (const { offset } of found) assert.equal(offset % 4, 0);
    }
  }
});

Deno.test("there is room for the notifications of all queues (4.1.4.4.1)", async () => {
  covers(`${NOTIFY}#7`, `${NOTIFY}#9`, `${NOTIFY}#11`);
  const bench = new Bench();
  const { structures } = await scanCapabilities(bench.config, 9);
  const { multiplier, length } = structures.find(({ type }) => type === CapabilityType.NOTIFY_CFG)!;
  assert.ok(multiplier === 0 || multiplier % 4 === 0 && (multiplier & multiplier - 1) === 0);
  assert.ok(length >= 4);
  for (let queue = 0; queue < 70; queue++) {
    bench.set("queueSelect", queue);
    assert.ok(bench.get("queueNotifyOff") * multiplier + 4 <= length);
  }
});

Deno.test("data of a vendor have another vendor's id, and whole words (4.1.4.8.1)", () => {
  covers(`${LAYOUT} / Vendor data capability#1`, `${LAYOUT} / Vendor data capability#2`);
  const made = (vendorId: number, length: number) =>
    new Bench({ vendorData: { vendorId, bytes: new Uint8Array(length) } });
  assert.throws(() => made(0x1af4, 4), RangeError);
  for (const length of [0, 1, 2, 5, 8]) {
    const { file } = made(0x1234, length);
    let at = file.readConfig(0x34, 1);
    while (at !== 0 && file.readConfig(at + CAP.cfgType, 1) !== CapabilityType.VENDOR_CFG) {
      at = file.readConfig(at + 1, 1);
    }
    assert.notEqual(at, 0);
    assert.equal(file.readConfig(at + CAP.capLen, 1) % 4, 0);
  }
});

Deno.test("any event is mapped to any vector that there is, and to none (4.1.5.1.2.1)", async () => {
  covers(`${VECTORS}#2`, `${VECTORS}#4`, `${VECTORS}#5`);
  for (const vectors of [2, 4, 33]) {
    const bench = new Bench({ vectors });
    assert.equal(bench.file.readConfig(await bench.msix() + 2, 2) & 0x7ff, vectors - 1);
    bench.agree();
    for (const name of ["configMsixVector", "queueMsixVector"] as const) {
      for (let vector = 0; vector < vectors; vector++) {
        bench.set(name, vector);
        assert.equal(bench.get(name), vector);
        bench.set(name, NO_VECTOR);
        assert.equal(bench.get(name), NO_VECTOR);
      }
    }
  }
});

Deno.test("a queue without a vector sends no message, one with a vector does (4.1.5.3.1)", async () => {
  covers(`${OPERATION} / Used Buffer Notifications#1`);
  for (const vector of [NO_VECTOR, 1]) {
    const bench = new Bench();
    const table = bench.bar(1);
    [0xfee0_0000, 0, 0x41, 0].forEach((word, at) => table.write(16 + 4 * at, 4, word));
    bench.file.writeConfig(await bench.msix() + 2, 2, MSIX_ENABLED);
    bench.agree();
    bench.set("queueMsixVector", vector);
    bench.usable();
    bench.bar(4).write(0x80, 2, 0);
    assert.equal(bench.messages.length, vector === NO_VECTOR ? 0 : 1);
    assert.deepEqual(bench.levels, []);
  }
});

Deno.test("a message that waited behind a mask does not outlive a reset (2.4.1)", async () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Device Reset#2");
  const bench = new Bench();
  const table = bench.bar(1);
  bench.file.writeConfig(await bench.msix() + 2, 2, MSIX_ENABLED);
  bench.agree();
  bench.set("queueMsixVector", 1);
  bench.usable();
  bench.bar(4).write(0x80, 2, 0);
  assert.equal(table.read(4 * 16, 1), 1 << 1, "pending");
  bench.set("deviceStatus", 0);
  assert.equal(table.read(4 * 16, 1), 0);
  table.write(16 + 12, 4, 0);
  assert.deepEqual(bench.messages, []);
});

Deno.test("after a reset no queue is enabled, and none is being reset (4.1.4.3.1)", () => {
  covers(`${COMMON}#8`, `${COMMON}#9`);
  const bench = new Bench();
  bench.agree(1 << 8); // RING_RESET
  bench.enable();
  assert.equal(bench.get("queueEnable"), 1);
  bench.set("deviceStatus", 0);
  assert.deepEqual([bench.get("queueEnable"), bench.get("queueReset")], [0, 0]);
  bench.agree(1 << 8);
  assert.deepEqual([bench.get("queueEnable"), bench.get("queueReset")], [0, 0]);
});

Deno.test("a queue that was reset is not enabled, one that is enabled is not being reset (4.1.4.3.1)", () => {
  covers(`${COMMON}#10`, `${COMMON}#13`);
  const bench = new Bench();
  bench.agree(1 << 8); // RING_RESET
  for (let round = 0; round < 3; round++) {
    bench.enable();
    assert.deepEqual([bench.get("queueEnable"), bench.get("queueReset")], [1, 0]);
    bench.set("queueReset", 1);
    assert.deepEqual([bench.get("queueEnable"), bench.get("queueReset")], [0, 0]);
  }
});

Deno.test("features read back as they were written, and sizes of queues are powers of two (4.1.4.3.1)", () => {
  covers(`${COMMON}#4`, `${COMMON}#15`);
  const bench = new Bench();
  const words = [0, 1].map((word) => {
    bench.set("deviceFeatureSelect", word);
    return bench.get("deviceFeature");
  });
  for (const [word, offered] of words.entries()) {
    bench.set("driverFeatureSelect", word);
    for (const bits of [offered, offered & 0x5555_5555, 0]) {
      bench.set("driverFeature", bits >>> 0);
      assert.equal(bench.get("driverFeature"), bits >>> 0);
    }
  }
  bench.agree();
  for (const queue of [0, 1, 200]) {
    bench.set("queueSelect", queue);
    const size = bench.get("queueSize");
    assert.equal(size & size - 1, 0);
  }
});

Deno.test("halves of the configuration are read and written by themselves (4.1.3.2)", async () => {
  covers(`${LAYOUT}#1`);
  const bench = new Bench();
  const { structures } = await scanCapabilities(bench.config, 9);
  const { bar, offset } = structures.find(({ type }) => type === CapabilityType.DEVICE_CFG)!;
  const range = bench.bar(bar);
  assert.equal(range.read(offset, 4), 0x0403_0201);
  assert.equal(range.read(offset + 4, 4), 0x0807_0605);
  bench.agree();
  range.write(offset + 4, 4, 0xaaaa_bbcc);
  assert.equal(range.read(offset, 4), 0x0403_0201);
  assert.equal(range.read(offset + 4, 4), 0x0807_bbcc, "two of its bytes are the driver's");
});

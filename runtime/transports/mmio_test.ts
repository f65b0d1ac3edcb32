import assert from "node:assert/strict";
import { MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { TransportError } from "../errors.ts";
import { Status } from "../status.ts";
import { MmioDevice } from "./mmio_device.ts";
import { findMmio } from "./mmio_driver.ts";
import { access, machineMemory } from "./rigs_fixture.ts";
import { covers } from "../../testing/covers.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, DEVICE_NEEDS_RESET } = Status;
const FOUND = ACKNOWLEDGE | DRIVER;
const [VERSION_1, RING_RESET] = [1, 1 << 8]; // in the second word

type Name = keyof typeof R;

/** A device with a guest that writes raw registers. */
class Bench {
  readonly device = new EchoDevice();
  readonly memory = machineMemory();
  readonly levels: boolean[] = [];
  readonly file = new MmioDevice(this.device, {
    memory: this.memory,
    interrupt: (level) => this.levels.push(level),
    vendorId: 0x1234_5678,
  });

  get(name: Name, size = 4): number {
    return this.file.read(R[name].offset, size);
  }

  set(name: Name, value: number): void {
    this.file.write(R[name].offset, 4, value);
  }

  agree(more = 0): void {
    this.set("Status", FOUND);
    this.set("DriverFeaturesSel", 1);
    this.set("DriverFeatures", VERSION_1 | more);
    this.set("Status", FOUND | FEATURES_OK);
  }

  enable(address = 0x8000_0000): void {
    this.set("QueueSize", 16);
    this.set("QueueDescLow", address);
    this.set("QueueDriverLow", address + 0x1000);
    this.set("QueueDeviceLow", address + 0x2000);
    this.set("QueueReady", 1);
  }
}

Deno.test("MmioDevice shows what it is", () => {
  covers(
    "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#1",
    "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#2",
  );
  const bench = new Bench();
  assert.equal(bench.get("MagicValue"), 0x74726976);
  assert.equal(bench.get("Version"), 2);
  assert.equal(bench.get("DeviceID"), 9);
  assert.equal(bench.get("VendorID"), 0x1234_5678);
  assert.equal(bench.get("QueueSizeMax"), 256);
  assert.equal(bench.get("SHMLenLow"), 0xffff_ffff);
  assert.equal(bench.get("SHMBaseHigh"), 0xffff_ffff);
  assert.equal(bench.file.size, 0x108);
});

Deno.test("a register written in pieces takes effect once, when it is complete", () => {
  const bench = new Bench();
  const at = R.Status.offset;
  bench.file.write(at, 1, FOUND);
  bench.file.write(at + 1, 1, 0);
  bench.file.write(at + 2, 2, 0);
  assert.equal(bench.device.getStatus(), FOUND);
  const { setStatus } = bench.device;
  let writes = 0;
  bench.device.setStatus = function (status): void {
    writes++;
    setStatus.call(this, status);
  };
  for (const piece of [3, 1, 0]) bench.file.write(at + piece, 1, piece === 0 ? FOUND : 0);
  assert.equal(writes, 0);
  bench.file.write(at + 2, 1, 0);
  assert.equal(writes, 1);
  bench.file.write(at, 2, 0);
  bench.set("QueueSel", 0);
  bench.file.write(at + 2, 2, 0);
  assert.equal(writes, 1, "a write elsewhere drops the half that was there");
  assert.equal(bench.device.getStatus(), FOUND);
});

Deno.test("a register can be read in pieces, and two at once", () => {
  const { file } = new Bench();
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => file.read(at, 1)),
    [..."virt"].map((c) => c.charCodeAt(0)),
  );
  assert.equal(file.read(2, 2), 0x7472);
  assert.equal(file.read(2, 4), 0x0002_7472);
});

// NOTES.md: mmio-wo, mmio-shm
Deno.test("accesses that make no sense read 0 and change nothing", () => {
  const bench = new Bench();
  bench.agree();
  const before = JSON.stringify(bench.file.save());
  for (const size of [0, 3, 5, 8, -1, NaN]) {
    assert.equal(bench.file.read(0, size), 0, `${size}`);
    bench.file.write(R.Status.offset, size, 0);
    bench.file.write(0x104, size, 0);
  }
  for (const offset of [-4, 0x48, 0xf8, 0x1000, 2 ** 40, NaN, 0.5]) {
    for (const size of [1, 2, 4]) {
      assert.equal(bench.file.read(offset, size), 0, `${offset}`);
      bench.file.write(offset, size, 0xffff_ffff);
    }
  }
  for (const name of ["MagicValue", "DeviceID", "QueueSizeMax", "InterruptStatus"] as const) {
    bench.set(name, 0xffff_ffff);
  }
  for (const name of ["DriverFeatures", "QueueSel", "QueueNotify", "InterruptACK"] as const) {
    assert.equal(bench.get(name), 0, name);
  }
  assert.equal(JSON.stringify(bench.file.save()), before);
});

Deno.test("feature words above the last are empty", () => {
  const bench = new Bench();
  const words = [0, 1, 2, 3, 4, 0xffff_ffff].map((word) => {
    bench.set("DeviceFeaturesSel", word);
    return bench.get("DeviceFeatures");
  });
  assert.deepEqual(words.map((word) => word !== 0), [true, true, true, true, false, false]);
  assert.equal(words[3], 0x8000_0000);
  bench.set("DriverFeaturesSel", 4);
  bench.set("DriverFeatures", 1);
  bench.agree();
  assert.equal(bench.device.features, 1n << 32n);
});

Deno.test("a queue is not enabled before FEATURES_OK, nor where there is no memory", () => {
  const early = new Bench();
  early.enable();
  assert.equal(early.get("QueueReady"), 0);
  assert.equal(early.get("Status"), DEVICE_NEEDS_RESET);
  const wrong = new Bench();
  wrong.agree();
  wrong.enable(0x9000_0000);
  assert.equal(wrong.get("QueueReady"), 0);
  assert.equal(wrong.get("Status"), FOUND | FEATURES_OK | DEVICE_NEEDS_RESET);
  wrong.set("Status", 0);
  assert.equal(wrong.get("Status"), 0);
  wrong.agree();
  wrong.enable();
  assert.equal(wrong.get("QueueReady"), 1);
});

Deno.test("registers of a queue stand still while it is ready, and start again when it is not", () => {
  const bench = new Bench();
  bench.agree();
  bench.set("QueueSel", 1);
  bench.enable();
  assert.equal(bench.get("QueueReady"), 0, "there is one queue");
  assert.equal(bench.get("QueueSizeMax"), 0);
  bench.set("QueueSel", 0);
  bench.enable();
  assert.equal(bench.get("QueueReady"), 1);
  bench.set("QueueDescLow", 0x9000_0000);
  bench.set("QueueReady", 1);
  assert.equal(bench.get("Status") & DEVICE_NEEDS_RESET, 0);
  bench.set("QueueReady", 0);
  assert.equal(bench.get("QueueReady"), 0);
  bench.set("QueueReady", 1);
  assert.equal(bench.get("Status") & DEVICE_NEEDS_RESET, DEVICE_NEEDS_RESET, "addresses are gone");
});

Deno.test("QueueReset does nothing unless the feature was negotiated", () => {
  const bench = new Bench();
  bench.agree();
  bench.enable();
  bench.set("QueueReset", 1);
  assert.equal(bench.get("QueueReady"), 1);
  assert.equal(bench.get("QueueReset"), 0);
});

Deno.test("the interrupt is a level, held until every cause is acknowledged", () => {
  covers(
    "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#3",
    "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#4",
  );
  const bench = new Bench();
  bench.agree();
  bench.enable();
  bench.set("Status", FOUND | FEATURES_OK | DRIVER_OK);
  bench.device.configChanged();
  bench.device.configChanged();
  assert.deepEqual(bench.levels, [true]);
  assert.equal(bench.get("InterruptStatus"), 2);
  bench.set("InterruptACK", 1);
  assert.deepEqual(bench.levels, [true]);
  bench.set("InterruptACK", 0xffff_ffff);
  assert.deepEqual(bench.levels, [true, false]);
  bench.device.configChanged();
  bench.set("Status", 0);
  assert.deepEqual(bench.levels, [true, false, true, false], "a reset lowers it");
});

Deno.test("findMmio() finds nothing at an empty place, and refuses what is no virtio device", async () => {
  covers(
    "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#6",
    "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#8",
    "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO-specific Initialization And Device Operation / Device Initialization#4",
  );
  const words: Record<number, number> = { 0: 0x74726976, 4: 2, 8: 0 };
  const machine = {
    memory: machineMemory(),
    registers: { read: (offset: number) => words[offset]!, write: () => assert.fail("a write") },
  };
  assert.equal(await findMmio(machine), undefined);
  words[4] = 7;
  await assert.rejects(findMmio(machine), TransportError);
  words[0] = 0xffff_ffff;
  await assert.rejects(findMmio(machine), /MagicValue is 0xffffffff/);
});

Deno.test("a failing access loses the device, once", async () => {
  const device = new EchoDevice();
  const memory = machineMemory();
  const file = new MmioDevice(device, { memory, interrupt: () => {} });
  let broken = false;
  const registers = access(() => {
    if (broken) throw new Error("the socket is closed");
    return file;
  }, false);
  const transport = (await findMmio({ registers, memory }))!;
  const driver = await EchoDriver.open(transport);
  const failures: Error[] = [];
  driver.onNeedsReset = (error) => failures.push(error);
  broken = true;
  const pending = driver.echo(Uint8Array.of(1));
  await assert.rejects(pending);
  await assert.rejects(transport.getStatus(), TransportError);
  assert.equal(failures.length, 1);
  assert.ok(failures[0] instanceof TransportError);
  assert.match(String(failures[0].cause), /the socket is closed/);
  await driver.close();
});

Deno.test("a cause that comes before others are acknowledged is heard, though the line does not rise", async () => {
  const device = new EchoDevice();
  const memory = machineMemory();
  let rises = 0;
  const interrupt = (level: boolean) => {
    if (!level) return;
    rises++;
    queueMicrotask(() => transport.interrupt());
  };
  const file = new MmioDevice(device, { memory, interrupt });
  const registers = access(() => ({
    read: (offset, size) => file.read(offset, size),
    write: (offset, size, value) => {
      if (offset === R.InterruptACK.offset && value === 1) device.configChanged();
      file.write(offset, size, value);
    },
  }), false);
  const transport = (await findMmio({ registers, memory }))!;
  await using driver = await EchoDriver.open(transport);
  const changed = new Promise<void>((resolve) => driver.onConfigChange = resolve);
  await driver.echo(Uint8Array.of(1));
  await changed;
  assert.equal(rises, 1);
});

Deno.test("feature words that only repeat the second are taken for none, and are not written", async () => {
  const device = new EchoDevice();
  const memory = machineMemory();
  const file = new MmioDevice(device, { memory, interrupt: () => {} });
  const selectors: readonly number[] = [R.DeviceFeaturesSel.offset, R.DriverFeaturesSel.offset];
  const registers = access(() => ({
    read: (offset, size) => file.read(offset, size),
    write: (offset, size, value) =>
      file.write(offset, size, selectors.includes(offset) ? Math.min(value, 1) : value),
  }), false);
  const transport = (await findMmio({ registers, memory }))!;
  assert.equal((await transport.getFeatures()) >> 64n, 0n);
  const driver = new EchoDriver(transport);
  await driver.agree({ want: 1n });
  assert.equal(device.features & 1n, 1n);
  assert.equal(device.features >> 32n & 1n, 1n);
  await driver.close();
});

const LAYOUT =
  "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout";

Deno.test("mmio: a reset leaves no interrupt, and no queue ready or in a reset (4.2.2.1)", () => {
  covers(`${LAYOUT}#5`, `${LAYOUT}#8`);
  const bench = new Bench();
  const read =
    () => [bench.get("InterruptStatus"), bench.get("QueueReady"), bench.get("QueueReset")];
  bench.agree(RING_RESET);
  bench.enable();
  bench.set("Status", FOUND | FEATURES_OK | DRIVER_OK);
  bench.device.configChanged();
  assert.deepEqual(read(), [2, 1, 0]);
  bench.set("Status", 0);
  assert.deepEqual(read(), [0, 0, 0]);
});

Deno.test("mmio: a queue that was reset is not ready, one that is ready is not being reset (4.2.2.1)", () => {
  covers(`${LAYOUT}#9`, `${LAYOUT}#12`);
  const bench = new Bench();
  bench.agree(RING_RESET);
  for (let round = 0; round < 3; round++) {
    bench.enable();
    assert.deepEqual([bench.get("QueueReady"), bench.get("QueueReset")], [1, 0]);
    bench.set("QueueReset", 1);
    assert.deepEqual([bench.get("QueueReady"), bench.get("QueueReset")], [0, 0]);
  }
});

Deno.test("mmio: a device leaves a queue alone that is not ready (4.2.2.1)", () => {
  covers(`${LAYOUT}#7`);
  const bench = new Bench();
  bench.agree();
  const area = bench.memory.view(0x8000_0000, 0x4000)!;
  const view = new DataView(area.buffer, area.byteOffset);
  view.setUint32(0, 0x8000_3000, true); // a buffer of four bytes to write to
  view.setUint32(8, 4, true);
  view.setUint16(12, 2, true);
  view.setUint16(0x1002, 1, true);
  bench.set("Status", FOUND | FEATURES_OK | DRIVER_OK);
  const before = area.slice();
  bench.set("QueueNotify", 0);
  bench.enable();
  bench.set("QueueReady", 0);
  bench.set("QueueNotify", 0);
  assert.deepEqual(area, before);
  bench.enable();
  bench.set("QueueNotify", 0);
  assert.notDeepEqual(area, before, "once it is ready, the buffer is used");
});

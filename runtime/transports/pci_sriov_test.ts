// The registers of SR-IOV (PCI Express, 9.3.3) in the configuration space of an owner (VIRTIO 1.4, 2.12).

import assert from "node:assert/strict";
import { GroupOwner } from "../admin/owner.ts";
import type { Device } from "../device.ts";
import { EchoDevice } from "../echo_fixture.ts";
import { BlockDevice } from "../../generated/blk/mod.ts";
import { covers } from "../../testing/covers.ts";
import type { GuestMemory } from "../memory.ts";
import { findBars } from "./pci_bars.ts";
import { PciDevice } from "./pci_device.ts";
import type { PciDeviceOptions } from "./pci_device_options.ts";
import { access, machineMemory } from "./rigs_fixture.ts";

const CAP = 0x100;
const CONTROL = CAP + 0x08;
const NUM_VFS = CAP + 0x10;
const PAGE_SIZE = CAP + 0x20;
const BARS = CAP + 0x24;
const VF_ENABLE = 1;
const VF_MSE = 8;
const ONES = 0xffff_ffff;

/** An owner of virtual functions with a guest that makes raw accesses. */
class Bench {
  readonly memory: GuestMemory = machineMemory();
  readonly device = new EchoDevice();
  readonly members: readonly Device[];
  readonly functions: readonly PciDevice[];
  readonly file: PciDevice;
  readonly moves: string[] = [];

  constructor(
    count = 3,
    options: Partial<PciDeviceOptions> = {},
    member: (at: number) => Device = () => new EchoDevice(),
  ) {
    this.members = Array.from({ length: count }, (_, at) => member(at));
    this.functions = this.members.map((device, at) =>
      new PciDevice(device, {
        memory: this.memory,
        virtual: true,
        message: () => {},
        moved: ({ index, address }) => this.moves.push(`${at + 1}: ${index} ${address}`),
      })
    );
    const functions = this.functions.map((one) => one.member());
    this.device.own(new GroupOwner({ functions }));
    this.file = new PciDevice(this.device, {
      memory: this.memory,
      interrupt: () => {},
      message: () => {},
      ...options,
    });
  }

  get(offset: number, size = 2): number {
    return this.file.readConfig(offset, size);
  }

  set(offset: number, value: number, size = 2): void {
    this.file.writeConfig(offset, size, value);
  }

  enable(count: number): void {
    this.set(NUM_VFS, count);
    this.set(CONTROL, VF_ENABLE | VF_MSE);
  }

  /** Numbers of the functions that answer. */
  get there(): number[] {
    const numbers = this.functions.keys().map((at) => at + 1);
    return [...numbers].filter((number) =>
      this.functions[number - 1]!.readConfig(0x34, 1) !== 0xff
    );
  }
}

/** Offset of a capability of PCI. */
function capability(file: PciDevice, id: number): number {
  let at = file.readConfig(0x34, 1);
  while (at !== 0 && file.readConfig(at, 1) !== id) at = file.readConfig(at + 1, 1);
  return at;
}

Deno.test("an owner of virtual functions shows the SR-IOV extended capability at 0x100", () => {
  const bench = new Bench();
  assert.equal(bench.get(CAP, 4), 0x0001_0010, "id, version 1, and no other behind it");
  const words = [0x04, 0x06, 0x08, 0x0a, 0x0c, 0x0e, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1a];
  assert.deepEqual(
    words.map((at) => bench.get(CAP + at)),
    [0, 0, 0, 0, 3, 3, 0, 0, 1, 1, 0, 0x1040 + 9],
  );
  assert.equal(bench.get(CAP + 0x1c, 4), 0x553, "4 KiB to 4 MiB");
  assert.equal(bench.get(PAGE_SIZE, 4), 1, "4 KiB");
  assert.equal(bench.get(CAP + 0x3c, 4), 0, "no migration");
  const express = capability(bench.file, 0x10);
  assert.equal(bench.get(express + 2), 0x92, "an endpoint without a link");
});

Deno.test("only an owner of virtual functions has 4096 bytes of configuration space", () => {
  assert.equal(new Bench().file.save().config.length, 4096);
  for (const functions of [undefined, []]) {
    const device = new EchoDevice();
    device.own(new GroupOwner(functions === undefined ? {} : { functions }));
    const file = new PciDevice(device, { memory: machineMemory() });
    assert.equal(file.save().config.length, 256);
    for (let offset = 253; offset < 4100; offset++) {
      file.writeConfig(offset, 4, ONES);
      assert.equal(file.readConfig(offset, 4), 0);
    }
    assert.equal(capability(file, 0x10), 0);
  }
});

Deno.test("accesses of every width and offset see the same bytes, and none beyond 4096", () => {
  const bench = new Bench();
  const { config } = bench.file.save();
  for (let offset = 0xf8; offset < 0x148; offset++) {
    for (const size of [1, 2, 4]) {
      const bytes = config.slice(offset, offset + size);
      const wanted = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
      assert.equal(bench.get(offset, size), wanted, `${size} at ${offset}`);
    }
  }
  for (const size of [0, 3, 8, -1, NaN]) assert.equal(bench.get(CAP, size), 0);
  for (const offset of [4093, 4096, 2 ** 32, NaN, -4]) {
    bench.set(offset, ONES, 4);
    assert.equal(bench.get(offset, 4), 0);
  }
});

Deno.test("a guest writes VF Enable, VF MSE, NumVFs, the page size and VF BARs, and nothing else", () => {
  const writable = new Map([[8, VF_ENABLE | VF_MSE], [0x10, 0xff], [0x11, 0xff], [0x20, 0x53]]);
  writable.set(0x21, 0x05);
  for (let at = 0; at < 0x40; at++) {
    if (at >= 0x24 && at < 0x3c) continue;
    const bench = new Bench();
    const before = bench.get(CAP + at, 1);
    bench.set(CAP + at, 0xff, 1);
    const mask = writable.get(at) ?? 0;
    assert.equal(bench.get(CAP + at, 1), before & ~mask | mask, `byte ${at}`);
    bench.set(CAP + at, 0, 1);
    assert.equal(bench.get(CAP + at, 1), before & ~mask, `byte ${at}`);
  }
});

Deno.test("a word of NumVFs may be written by bytes, or with its neighbours at an odd offset", () => {
  const bench = new Bench();
  bench.set(NUM_VFS, 2, 1);
  bench.set(CONTROL, VF_ENABLE, 1);
  assert.deepEqual(bench.there, [1, 2]);
  bench.set(CONTROL - 1, 0, 4);
  assert.deepEqual(bench.there, []);
  bench.set(NUM_VFS - 1, 3 << 8, 4);
  bench.set(CONTROL - 3, VF_ENABLE << 24, 4);
  assert.deepEqual(bench.there, [1, 2, 3]);
});

Deno.test("NumVFs and the page size stand still while VF Enable is set", () => {
  const bench = new Bench();
  bench.enable(2);
  bench.set(NUM_VFS, 3);
  bench.set(PAGE_SIZE, 2, 4);
  assert.deepEqual([bench.get(NUM_VFS), bench.get(PAGE_SIZE, 4)], [2, 1]);
  assert.deepEqual(bench.there, [1, 2]);
  bench.set(CONTROL, 0);
  bench.set(NUM_VFS, 3);
  bench.set(PAGE_SIZE, 2, 4);
  assert.deepEqual([bench.get(NUM_VFS), bench.get(PAGE_SIZE, 4)], [3, 2]);
});

Deno.test("more functions than TotalVFs are never enabled, none are if NumVFs is 0", () => {
  for (const count of [4, 0xff, 0x100, 0xffff]) {
    const bench = new Bench();
    bench.enable(count);
    assert.equal(bench.get(NUM_VFS), count);
    assert.equal(bench.get(CONTROL), VF_MSE, "VF Enable stays clear");
    assert.deepEqual(bench.there, []);
    bench.enable(3);
    assert.deepEqual(bench.there, [1, 2, 3]);
  }
  const bench = new Bench();
  bench.enable(0);
  assert.equal(bench.get(CONTROL), VF_ENABLE | VF_MSE);
  assert.deepEqual(bench.there, []);
});

Deno.test("ranges of function n lie n - 1 sizes behind VF BARs, while VF Enable and VF MSE are set", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#17",
  );
  const bench = new Bench();
  const registers = access(() => ({
    read: (offset, size) => bench.get(offset - 0x10 + BARS, size),
    write: (offset, size, value) => bench.set(offset - 0x10 + BARS, value, size),
  }), false);
  assert.deepEqual(await findBars(registers), [
    { index: 1, kind: "memory", size: 4096 },
    { index: 4, kind: "memory64", size: 4096 },
  ]);
  assert.equal(bench.get(BARS, 4), 0, "VF BAR 0 is hardwired to zero (VIRTIO 1.4, 2.12.1.1.6)");
  bench.set(BARS + 4, 0xf000_0000, 4);
  bench.set(BARS + 16, 0x1000_0000, 4);
  bench.set(BARS + 20, 0x20, 4);
  bench.set(NUM_VFS, 2);
  bench.set(CONTROL, VF_ENABLE);
  assert.deepEqual(bench.moves, []);
  const addresses = (at: number) => bench.functions[at]!.bars.map(({ address }) => address);
  assert.deepEqual(addresses(0), [undefined, undefined]);
  bench.set(CONTROL, VF_ENABLE | VF_MSE);
  const base = 0x20_1000_0000;
  assert.deepEqual(bench.functions.map(({ bars }) => bars.map(({ index }) => index)), [
    [4, 1],
    [4, 1],
    [4, 1],
  ]);
  assert.deepEqual(addresses(0), [base, 0xf000_0000]);
  assert.deepEqual(addresses(1), [base + 4096, 0xf000_1000]);
  assert.deepEqual(addresses(2), [undefined, undefined]);
  bench.set(BARS + 4, 0xe000_0000, 4);
  bench.set(CONTROL, 0);
  assert.deepEqual(bench.moves, [
    ...[`1: 4 ${base}`, `1: 1 ${0xf000_0000}`, `2: 4 ${base + 4096}`, `2: 1 ${0xf000_1000}`],
    ...[`1: 1 ${0xe000_0000}`, `2: 1 ${0xe000_1000}`],
    ...["1: 4 undefined", "1: 1 undefined", "2: 4 undefined", "2: 1 undefined"],
  ]);
});

Deno.test("VF BARs are as large as the system page size at least, the smallest if several are set", () => {
  const bench = new Bench();
  for (const [chosen, size] of [[0x10, 0x1_0000], [0x400, 0x40_0000], [0x550, 0x1_0000]]) {
    bench.set(CONTROL, 0);
    bench.set(PAGE_SIZE, chosen!, 4);
    bench.set(BARS + 4, ONES, 4);
    assert.equal(bench.get(BARS + 4, 4), (ONES - size! + 1) >>> 0);
    bench.set(BARS + 4, 0xf000_0000, 4);
    bench.enable(3);
    const [, third] = bench.functions[2]!.bars;
    assert.equal(third!.address, 0xf000_0000 + 2 * size!);
  }
  bench.set(CONTROL, 0);
  bench.set(PAGE_SIZE, 0, 4);
  bench.set(BARS + 4, ONES, 4);
  assert.equal(bench.get(BARS + 4, 4), 0xffff_f000, "4 KiB if none is set");
});

Deno.test("a virtual function leaves ids, ranges and the pin to its owner, and is all ones while it is off", () => {
  const bench = new Bench();
  const file = bench.functions[1]!;
  assert.deepEqual([file.readConfig(0x34, 1), file.readConfig(CAP, 4)], [0xff, ONES]);
  assert.equal(file.bars[0]!.read(0, 4), ONES);
  file.bars[0]!.write(0x14, 1, 1);
  file.writeConfig(4, 2, 4);
  bench.enable(2);
  assert.equal(bench.members[1]!.getStatus(), 0);
  assert.deepEqual([file.readConfig(0, 4), file.readConfig(4, 2)], [ONES, 0]);
  assert.equal(file.readConfig(0x3c, 2), 0, "no line, no pin");
  assert.equal(file.readConfig(0x2e, 2), 0x1040 + 9);
  file.writeConfig(4, 2, 0xffff);
  assert.equal(file.readConfig(4, 2), 4, "bus master alone");
  for (let bar = 0x10; bar < 0x28; bar += 4) {
    file.writeConfig(bar, 4, ONES);
    assert.equal(file.readConfig(bar, 4), 0);
  }
  assert.equal(file.readConfig(CAP, 4), 0, "no extended capability");
  assert.notEqual(capability(file, 0x10), 0);
});

/** Resets a function at function level. */
function functionReset(file: PciDevice): void {
  const control = capability(file, 0x10) + 8;
  file.writeConfig(control, 2, 0x8000);
  assert.equal(file.readConfig(control, 2), 0);
}

Deno.test("a function-level reset clears the device and what the guest wrote", () => {
  const bench = new Bench();
  bench.enable(3);
  const [first, second] = bench.functions;
  for (const file of [first!, second!]) {
    file.writeConfig(4, 2, 4);
    file.bars.find(({ index }) => index === 4)!.write(0x14, 1, 3);
    file.bars.find(({ index }) => index === 1)!.write(12, 4, 0);
  }
  functionReset(first!);
  assert.deepEqual(bench.members.map((one) => one.getStatus()), [0, 3, 0]);
  const vector = (file: PciDevice) => file.bars.find(({ index }) => index === 1)!.read(12, 4);
  assert.deepEqual([first!, second!].map((file) => file.readConfig(4, 2)), [0, 4]);
  assert.deepEqual([first!, second!].map(vector), [1, 0], "masked");
  assert.deepEqual(bench.there, [1, 2, 3]);

  bench.set(BARS + 4, 0xf000_0000, 4);
  functionReset(bench.file);
  assert.deepEqual(bench.there, []);
  assert.deepEqual([bench.get(NUM_VFS), bench.get(CONTROL), bench.get(PAGE_SIZE)], [0, 0, 1]);
  assert.equal(bench.get(BARS + 4, 4), 0);
  assert.deepEqual(bench.members.map((one) => one.getStatus()), [0, 0, 0]);
});

Deno.test("an owner that is taken away takes its functions along", () => {
  const bench = new Bench();
  bench.enable(2);
  bench.file.close();
  assert.deepEqual(bench.there, []);
  bench.functions[0]!.close();
  assert.deepEqual(bench.functions[0]!.readConfig(0, 4), ONES);
});

Deno.test("an owner is restored with the functions that were there, and their places", () => {
  const bench = new Bench();
  bench.set(PAGE_SIZE, 0x10, 4);
  bench.set(BARS + 4, 0xf001_0000, 4);
  bench.enable(2);
  bench.functions[1]!.writeConfig(4, 2, 4);
  const saved = JSON.parse(JSON.stringify(bench.file.save()));
  const second = bench.functions[1]!.save();
  const other = new Bench();
  other.enable(3);
  other.file.restore(saved);
  other.functions[1]!.restore(second);
  assert.deepEqual(other.there, [1, 2]);
  assert.deepEqual(other.file.save(), bench.file.save());
  assert.equal(other.functions[1]!.bars[1]!.address, 0xf002_0000);
  assert.equal(other.functions[1]!.readConfig(4, 2), 4);
  for (let at = CAP; at < CAP + 0x40; at++) saved.config[at] = 0xff;
  other.file.restore(saved);
  assert.deepEqual(other.there, [], "more than there can be");
  assert.equal(other.get(CAP + 0x0e), 3);
  assert.throws(
    () => other.file.restore({ ...saved, config: saved.config.slice(256) }),
    RangeError,
  );
});

Deno.test("a snapshot can not ask for a function-level reset", () => {
  const bench = new Bench();
  bench.enable(2);
  const saved = JSON.parse(JSON.stringify(bench.file.save()));
  const control = capability(bench.file, 0x10) + 8;
  saved.config[control + 1] = 0x80;
  bench.file.restore(saved);
  assert.equal(bench.get(control), 0);
  bench.set(4, 4);
  assert.deepEqual(bench.there, [1, 2]);
});

Deno.test("virtual functions of one owner are PCI functions of one kind", () => {
  const disk = () => new BlockDevice({ config: { capacity: 8 } });
  const mixed = (at: number) => at === 1 ? disk() : new EchoDevice();
  assert.throws(() => new Bench(3, {}, mixed), /two kinds: member 2/);
  assert.throws(() => new Bench(256), /256 virtual functions: not 1 to 255/);
  const memory = machineMemory();
  const own = (member: { device: Device }) => {
    const device = new EchoDevice();
    device.own(new GroupOwner({ functions: [member] }));
    return () => new PciDevice(device, { memory });
  };
  assert.throws(own({ device: disk() }), /member 1 is no virtual PciDevice/);
  assert.throws(own(new PciDevice(disk(), { memory }).member()), TypeError);
  for (const options of [{ io: true }, { transitional: true }, { interrupt: () => {} }]) {
    assert.throws(() => new PciDevice(disk(), { memory, virtual: true, ...options }), TypeError);
  }
});

Deno.test("a virtual function has no virtual functions, whatever its device owns", () => {
  const device = new EchoDevice();
  device.own(new GroupOwner({ functions: [{ device: new EchoDevice() }] }));
  const file = new PciDevice(device, { memory: machineMemory(), virtual: true });
  assert.equal(file.save().config.length, 256);
  file.member().virtual!.place(() => undefined);
  const [bar] = file.bars;
  bar!.write(0, 4, 1);
  assert.equal(bar!.read(4, 4) & 1 << 5, 0, "VIRTIO_F_SR_IOV");
});

Deno.test("VIRTIO_F_SR_IOV is offered by an owner of virtual functions, and by nobody else (6.2)", () => {
  covers("devicenormative:Reserved Feature Bits#9", "devicenormative:Reserved Feature Bits#10");
  const bench = new Bench();
  bench.enable(1);
  const offers = (file: PciDevice) => {
    const bar = file.bars.find(({ index }) => index === 4)!;
    bar.write(0, 4, 1);
    return (bar.read(4, 4) >> 5 & 1) === 1;
  };
  assert.equal(offers(bench.file), true);
  assert.equal(offers(bench.functions[0]!), false);
  const device = new EchoDevice();
  device.own(new GroupOwner());
  assert.equal(offers(new PciDevice(device, { memory: bench.memory })), false);
});

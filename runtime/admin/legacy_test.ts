/**
 * Device groups / Group administration commands / Legacy Interfaces (VIRTIO 1.4, 2.12.1.1): a legacy
 * driver for a function that has no legacy registers of its own, through its owner.
 */

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { VIRTIO_PCI_LEGACY_CONFIG_MSIX as CONFIG } from "../../generated/layout/pci.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import type { RingOptions } from "../features.ts";
import type { AccessSize, BarAccess, PciTransport } from "../transports/bus.ts";
import { PciDevice } from "../transports/pci_device.ts";
import { findLegacyPci } from "../transports/pci_legacy_driver.ts";
import { configOf } from "../transports/rigs_fixture.ts";
import { freshMemory, type Function, rangesOf, scene } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { type AdminDriver, virtualFunction } from "./driver.ts";
import { AdminOpcode, AdminQualifier, AdminStatus, GroupType } from "./mod.ts";

const VF = virtualFunction(1);
const DATA = Uint8Array.from({ length: 100 }, (_, at) => at);

function ringTest(
  name: string,
  run: (admin: AdminDriver, member: EchoDevice, vf: Function) => Promise<void>,
): void {
  for (const ring of [{ packed: false }, { packed: true }] satisfies RingOptions[]) {
    Deno.test(`2.12.1.1: ${name}, commands over a ${ring.packed ? "packed" : "split"} ring`, async () => {
      const member = new EchoDevice();
      await using it = await scene("pci", {}, ring, [member]);
      await it.admin.use(GroupType.SRIOV);
      await run(it.admin, member, it.functions[0]!);
      assert.deepEqual(it.device.errors, []);
    });
  }
}

function invalidField(error: unknown): boolean {
  return error instanceof AdminError && error.status === AdminStatus.EINVAL &&
    error.qualifier === AdminQualifier.INVALID_FIELD;
}

function le(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

function bytesOf(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => value >>> 8 * at);
}

/** What a hypervisor shows to a guest: a transitional function whose first range ends up in commands. */
async function hypervisor(admin: AdminDriver, { memory, transport }: Function) {
  const shown = new PciDevice(new EchoDevice(), {
    memory: freshMemory(),
    message: () => {}, // those of the virtual function are the guest's
    transitional: true,
  });
  const registers: BarAccess = {
    read: async (offset: number, size: AccessSize) =>
      le(
        offset < CONFIG
          ? await admin.legacyRead(VF, offset, size)
          : await admin.legacyConfigRead(VF, offset - CONFIG, size),
      ),
    write: async (offset: number, size: AccessSize, value: number) => {
      const bytes = bytesOf(value, size);
      if (offset < CONFIG) await admin.legacyWrite(VF, offset, bytes);
      else await admin.legacyConfigWrite(VF, offset - CONFIG, bytes);
    },
  };
  const bar = (index: number) => index === 0 ? registers : rangesOf(shown)(index);
  const vectors = [0, 1].map((data) => ({ address: 0xfee0_0000, data }));
  const config = configOf(shown);
  const legacy: PciTransport = (await findLegacyPci({ memory, config, bar, vectors }))!;
  // The function interrupts its hypervisor, and that the guest.
  transport.message = (vector) => legacy.message(vector);
  return legacy;
}

ringTest("a legacy driver works through the owner", async (admin, member, vf) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#5",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#6",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#8",
  );
  await using driver = await EchoDriver.open(await hypervisor(admin, vf));
  assert.deepEqual(await driver.echo(DATA), DATA);
  assert.deepEqual(await driver.read(2, 4), Uint8Array.of(3, 4, 5, 6));
  await driver.write(4, Uint8Array.of(9));
  assert.equal(member.config.bytes[4], 9);
  for (let round = 0; round < 20; round++) assert.deepEqual(await driver.echo(DATA), DATA);
});

ringTest(
  "values are little-endian, and any access within one field is served",
  async (admin, member) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#2",
      "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#1",
    );
    const features = Number(member.getFeatures() & 0xffff_ffffn);
    assert.equal(le(await admin.legacyRead(VF, 0, 4)), features);
    for (let offset = 0; offset < 4; offset++) {
      for (let length = 1; offset + length <= 4; length++) {
        const wanted = bytesOf(features, 4).slice(offset, offset + length);
        assert.deepEqual(await admin.legacyRead(VF, offset, length), wanted);
      }
    }
    await admin.legacyWrite(VF, 4, Uint8Array.of(1, 0, 0));
    await admin.legacyWrite(VF, 7, Uint8Array.of(0x10));
    assert.deepEqual(await admin.legacyRead(VF, 4, 4), Uint8Array.of(1, 0, 0, 0x10));
    assert.deepEqual(await admin.legacyConfigRead(VF, 3, 3), Uint8Array.of(4, 5, 6));
  },
);

ringTest("an access that leaves its field fails, and does nothing", async (admin, member) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#3",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#4",
  );
  for (const [offset, length] of [[0, 5], [2, 4], [18, 2], [21, 2], [24, 1], [255, 1], [0, 0]]) {
    await assert.rejects(admin.legacyRead(VF, offset!, length!), invalidField);
    await assert.rejects(
      admin.legacyWrite(VF, offset!, new Uint8Array(length!).fill(0xff)),
      invalidField,
    );
  }
  for (const [offset, length] of [[8, 1], [7, 2], [0, 9], [0, 0]]) {
    await assert.rejects(admin.legacyConfigRead(VF, offset!, length!), invalidField);
    await assert.rejects(
      admin.legacyConfigWrite(VF, offset!, new Uint8Array(length!).fill(0xff)),
      invalidField,
    );
  }
  assert.equal(member.getStatus(), 0);
  assert.deepEqual(member.config.bytes, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

ringTest(
  "the address for notifications does what the register does",
  async (admin, _member, vf) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#11",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#13",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#15",
    );
    const [address, ...others] = await admin.legacyNotifyAddresses(VF);
    assert.deepEqual(others, []);
    assert.equal(address!.of, "member");
    assert.ok(address!.bar >= 1 && address!.bar <= 5 && address!.offset % 2n === 0n);
    const range = vf.pci.bars.find(({ index }) => index === address!.bar)!;
    const legacy = await hypervisor(admin, vf);
    legacy.notify = (index) => range.write(Number(address!.offset), 2, index);
    await using driver = await EchoDriver.open(legacy);
    assert.deepEqual(await driver.echo(DATA), DATA);
  },
);

ringTest("a write to the configuration does what the register does", async (admin, member) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#7",
  );
  const direct = new EchoDevice();
  const shown = new PciDevice(direct, {
    memory: freshMemory(),
    interrupt: () => {},
    transitional: true,
  });
  const start = CONFIG - 4; // without vectors
  const range = shown.bars.find(({ index }) => index === 0)!;
  for (const [offset, bytes] of [[3, [9, 9]], [4, [7]], [4, [6, 5, 4, 3]], [5, [1]]] as const) {
    await admin.legacyConfigWrite(VF, offset, Uint8Array.from(bytes));
    bytes.forEach((byte, at) => range.write(start + offset + at, 1, byte));
    assert.deepEqual(member.config.bytes, direct.config.bytes);
  }
  assert.deepEqual(member.log, ["written 4+1", "written 4+1", "written 4+2", "written 5+1"]);
});

ringTest(
  "a member keeps legacy drivers off, and is notified in a range that it has",
  async (admin, _member, vf) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#14",
    );
    assert.ok(vf.pci.readConfig(8, 1) >= 1, "revision");
    assert.ok(vf.pci.readConfig(0x2e, 2) >= 0x40, "subsystem");
    for (const { bar } of await admin.legacyNotifyAddresses(VF)) {
      assert.ok(vf.pci.bars.some(({ index }) => index === bar), `${bar}`);
    }
  },
);

Deno.test("2.12.1.1.7: a driver leaves out addresses that make no sense", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#5",
    "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Legacy Interface#7",
  );
  const entry = (flags: number, bar: number, offset: number) => [
    ...[flags, bar, 0, 0, 0, 0, 0, 0],
    ...[offset, 0, 0, 0, 0, 0, 0, 0],
  ];
  let entries: number[][] = [];
  const commands = [{
    groupType: GroupType.SRIOV,
    opcode: AdminOpcode.LEGACY_NOTIFY_INFO,
    run: () => Uint8Array.from(entries.flat()),
  }];
  const functions = [{ device: new EchoDevice() }];
  await using it = await scene("loopback", { functions, commands });
  await it.admin.use(GroupType.SRIOV);
  entries = [entry(3, 1, 0), entry(1, 0, 0), entry(2, 6, 0), entry(1, 1, 3)];
  assert.deepEqual(await it.admin.legacyNotifyAddresses(VF), []);
  entries = [entry(1, 1, 2), entry(2, 5, 4), entry(0, 1, 6), entry(1, 2, 8)];
  assert.deepEqual(await it.admin.legacyNotifyAddresses(VF), [
    { of: "owner", bar: 1, offset: 2n },
    { of: "member", bar: 5, offset: 4n },
  ]);
});

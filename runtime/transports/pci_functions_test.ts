// How the driver of an owner finds and enables virtual functions, in spaces that may lie (VIRTIO 1.4, 6.1).

import assert from "node:assert/strict";
import { GroupOwner } from "../admin/owner.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { TransportError } from "../errors.ts";
import { covers } from "../../testing/covers.ts";
import type { RegisterAccess } from "./bus.ts";
import { PciDevice } from "./pci_device.ts";
import { findPci } from "./pci_driver.ts";
import { machineMemory } from "./rigs_fixture.ts";

const SR_IOV = 37n;

/** The driver's end of an owner of four functions, whose configuration space reads as `change` says. */
async function find(change: (offset: number, value: number) => number, log: string[] = []) {
  const memory = machineMemory();
  const member = () => new PciDevice(new EchoDevice(), { memory, virtual: true }).member();
  const device = new EchoDevice();
  device.own(new GroupOwner({ functions: [member(), member(), member(), member()] }));
  const file = new PciDevice(device, { memory, interrupt: () => {} });
  const config: RegisterAccess = {
    read: (offset, size) => {
      log.push(`read ${offset.toString(16)}`);
      return change(offset, file.readConfig(offset, size));
    },
    write: (offset, size, value) => {
      log.push(`write ${offset.toString(16)} ${value.toString(16)}`);
      file.writeConfig(offset, size, value);
    },
  };
  const transport = (await findPci({ memory, config, bar: () => undefined }))!;
  const driver = await EchoDriver.open(transport);
  log.length = 0;
  const bar = file.bars[0]!;
  bar.write(8, 4, 1);
  const negotiated = (BigInt(bar.read(12, 4)) << 32n >> SR_IOV & 1n) === 1n;
  return { file, transport, driver, negotiated };
}

const honest = (_: number, value: number) => value;

Deno.test("virtual functions are enabled by NumVFs, then VF Enable with VF MSE, and read back", async () => {
  const log: string[] = [];
  const { transport, driver, negotiated, file } = await find(honest, log);
  const functions = transport.functions!;
  assert.equal(negotiated, true);
  assert.equal(functions.total, 4);
  await functions.enable(3);
  assert.deepEqual(log, ["read 108", "write 110 3", "write 108 9", "read 108", "read 110"]);
  await assert.rejects(functions.enable(1), /Cannot enable 1 virtual functions: some are there/);
  assert.equal(file.readConfig(0x110, 2), 3);
  for (const count of [0, 5, -1, 1.5, NaN]) {
    await assert.rejects(functions.enable(count), RangeError);
    await assert.rejects(functions.routingOffset(count), RangeError);
  }
  await functions.disable();
  assert.equal(file.readConfig(0x108, 2), 0);
  await functions.enable(1);
  await driver.close();
});

Deno.test("VIRTIO_F_SR_IOV is not accepted without the capability (6.1)", async () => {
  covers("drivernormative:Reserved Feature Bits#10");
  const header = [0x1049_1af4, 0x0010_0006, 0xff00_0001];
  const spaces: Record<string, (offset: number, value: number) => number> = {
    "nothing": (offset, value) => offset >= 0x100 ? 0 : value,
    "all ones": (offset, value) => offset >= 0x100 ? 0xffff_ffff : value,
    "256 bytes, over and over": (offset, value) =>
      offset >= 0x100 ? header[offset % 256 / 4]! : value,
    "another capability": (offset, value) => offset === 0x100 ? 0x0001_0001 : value,
    "a list that bites its tail": (offset, value) => offset === 0x100 ? 0x1001_0001 : value,
    "a list without an end": (offset, value) => offset >= 0x100 ? 0xff81_0001 : value,
    "a link into the header": (offset, value) => offset === 0x100 ? 0x0401_0001 : value,
    "no functions": (offset, value) => offset === 0x10e ? 0 : value,
  };
  for (const [what, change] of Object.entries(spaces)) {
    const { transport, driver, negotiated } = await find(change);
    assert.equal(transport.functions, undefined, what);
    assert.equal(negotiated, false, what);
    await driver.close();
  }
});

Deno.test("the capability is found behind others", async () => {
  const chain = (offset: number, value: number) => {
    if (offset === 0x100) return 0x2001_0001;
    return offset === 0x200 ? 0x0001_0010 : offset === 0x20e ? 7 : value;
  };
  const { transport, driver } = await find(chain);
  assert.equal(transport.functions!.total, 7);
  await driver.close();
});

Deno.test("a device that does not enable its functions is found out, and is not lost", async () => {
  for (const [at, value] of [[0x108, 0], [0x110, 2]]) {
    const { transport, driver } = await find((offset, real) => offset === at ? value! : real);
    await assert.rejects(
      transport.functions!.enable(3),
      (error) => error instanceof TransportError && /the device refuses/.test(error.message),
    );
    assert.equal(await transport.getStatus() & 4, 4, "it goes on");
    await driver.close();
  }
});

Deno.test("only a device that offers VIRTIO_F_SR_IOV is looked at beyond 256 bytes", async () => {
  const memory = machineMemory();
  const file = new PciDevice(new EchoDevice(), { memory, interrupt: () => {} });
  const config: RegisterAccess = {
    read: (offset, size) => {
      assert.ok(offset < 256);
      return file.readConfig(offset, size);
    },
    write: (offset, size, value) => file.writeConfig(offset, size, value),
  };
  const transport = (await findPci({ memory, config, bar: () => undefined }))!;
  const driver = await EchoDriver.open(transport);
  assert.equal(transport.functions, undefined);
  await driver.close();
});

// What a stopped member of an SR-IOV group does and does not (VIRTIO 1.4, 2.12.1.4.4.1).

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { Status } from "../status.ts";
import { type Function, pciFunction, type Scene, scene, soon } from "./admin_fixture.ts";
import { virtualFunction } from "./driver.ts";
import { CommonCapabilities, DevPart, GroupType } from "./mod.ts";

const PARTS =
  "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts";
const VF1 = virtualFunction(1);
const DATA = Uint8Array.of(1, 2, 3, 4);
const STRUCTURES = 4;

interface Member extends AsyncDisposable {
  readonly it: Scene;
  readonly device: EchoDevice;
  readonly driver: EchoDriver;
  readonly vf: Function;
}

/** A function whose driver runs, and its owner. */
async function member(): Promise<Member> {
  const device = new EchoDevice();
  const vf = await pciFunction(device);
  const it = await scene("loopback", { functions: [vf.pci.member()] });
  await it.admin.use(GroupType.SELF);
  await it.admin.use(GroupType.SRIOV);
  const driver = await EchoDriver.open(vf.transport, { packed: false });
  await driver.echo(DATA);
  return {
    it,
    device,
    driver,
    vf,
    [Symbol.asyncDispose]: async () => {
      await driver.close();
      await it.driver.close();
    },
  };
}

const wait = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("a stopped member leaves memory and interrupts alone, and takes notifications (2.12.1.4.4.1)", async () => {
  covers(`${PARTS}#8`, `${PARTS}#11`, `${PARTS}#16`);
  await using scene = await member();
  const { it, device, driver, vf } = scene;
  await it.admin.stop(VF1);
  let interrupts = 0;
  const { interrupt } = vf.transport;
  vf.transport.interrupt = () => {
    interrupts++;
    return interrupt.call(vf.transport);
  };
  const pending = driver.echo(DATA); // with a kick
  const { bytes } = vf.memory.regions[0]!;
  const before = bytes.slice();
  device.configChanged();
  vf.transport.notify(0, 0);
  await wait();
  assert.deepEqual(bytes, before);
  assert.equal(interrupts, 0);
  await it.admin.resume(VF1);
  assert.deepEqual(await pending, DATA, "the notification was taken");
});

Deno.test("stopping is done when all accesses to memory are (2.12.1.4.4.1)", async () => {
  covers(`${PARTS}#9`);
  await using scene = await member();
  const { it, device, driver, vf } = scene;
  device.holding = true;
  const begun = driver.echo(DATA);
  await soon(() => device.held === 1);
  let stopped = false;
  const stop = it.admin.stop(VF1).then(() => stopped = true);
  await wait();
  assert.equal(stopped, false);
  device.release();
  await stop;
  const { bytes } = vf.memory.regions[0]!;
  const before = bytes.slice();
  await wait();
  assert.deepEqual(bytes, before);
  assert.deepEqual(await begun, DATA);
});

Deno.test("a stopped member answers in its configuration space and ranges as ever (2.12.1.4.4.1)", async () => {
  covers(`${PARTS}#13`, `${PARTS}#14`);
  await using scene = await member();
  const { it, vf: { pci } } = scene;
  const structures = pci.bars.find(({ index }) => index === STRUCTURES)!;
  const all = () => [
    Array.from({ length: 64 }, (_, at) => pci.readConfig(4 * at, 4)),
    Array.from({ length: 0x110 / 4 }, (_, at) => at === 0x10 ? 0 : structures.read(4 * at, 4)),
  ];
  const before = all();
  await it.admin.stop(VF1);
  assert.deepEqual(all(), before);
  pci.writeConfig(0x3c, 1, 0x0b);
  assert.equal(pci.readConfig(0x3c, 1), 0x0b, "the interrupt line");
  const address = pci.readConfig(0x20, 4);
  pci.writeConfig(0x20, 4, 0xffff_ffff);
  assert.equal(pci.readConfig(0x20, 4), 0xffff_f00c, "the size of a range");
  pci.writeConfig(0x20, 4, address);
});

Deno.test("parts come behind those that they depend on, whichever are asked for (2.12.1.4.4.1)", async () => {
  covers(`${PARTS}#26`, `${PARTS}#27`, `${PARTS}#25`);
  await using scene = await member();
  const { admin } = scene.it;
  await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 0 });
  await admin.createPartsObject(VF1, 0, "get");
  const { DEV_FEATURES, DRV_FEATURES, PCI_COMMON_CFG } = DevPart;
  const listed = await admin.partsList(VF1, 0);
  for (const heads of [listed, [...listed].reverse()]) {
    for (const parts of [await admin.parts(VF1, 0), await admin.parts(VF1, 0, heads), listed]) {
      const types = parts.map(({ type }) => type);
      assert.equal(types[0], DEV_FEATURES);
      assert.ok(types.indexOf(DRV_FEATURES) > 0);
      assert.ok(types.indexOf(PCI_COMMON_CFG) > types.indexOf(DRV_FEATURES));
    }
  }
});

Deno.test("what is invariant is compared and not set (2.12.1.4.4.1)", async () => {
  covers(`${PARTS}#29`, `${PARTS}#7`);
  await using scene = await member();
  const { it: { admin }, device } = scene;
  await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 1 });
  await admin.createPartsObject(VF1, 0, "get");
  await admin.createPartsObject(VF1, 1, "set");
  await admin.stop(VF1);
  const parts = await admin.parts(VF1, 0);
  const features = parts.find(({ type }) => type === DevPart.DEV_FEATURES)!;
  const offered = device.getFeatures();
  await admin.setParts(VF1, 1, [features]);
  const value = features.value.slice();
  value[0]! ^= 1;
  await assert.rejects(admin.setParts(VF1, 1, [{ ...features, value }]), /EINVAL/);
  assert.equal(device.getFeatures(), offered);
  assert.deepEqual(await admin.parts(VF1, 0), parts);
  assert.equal(device.getStatus() & Status.DRIVER_OK, Status.DRIVER_OK);
});

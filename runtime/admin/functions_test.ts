/**
 * The members of an SR-IOV group are the virtual functions that the owner's driver enabled in
 * configuration space (VIRTIO 1.4, 2.12).
 */

import assert from "node:assert/strict";
import { covers, type StatementId } from "../../testing/covers.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import type { VirtualFunctions } from "../transports/bus.ts";
import { configOf } from "../transports/rigs_fixture.ts";
import {
  fails,
  freshMemory,
  pciFunction,
  placeFunctions,
  scene,
  soon,
  Virtual,
} from "./admin_fixture.ts";
import { type AdminDriver, SELF as OWNER, virtualFunction } from "./driver.ts";
import { AdminOpcode, CommonCapabilities, GroupType } from "./mod.ts";
import { GroupOwner, type GroupOwnerOptions } from "./owner.ts";

const COMMANDS =
  "normative:Basic Facilities of a Virtio Device / Device groups / Group administration commands";
const { SELF, SRIOV } = GroupType;
const DATA = Uint8Array.from({ length: 100 }, (_, at) => at);

/** An owner of four virtual functions, none of them enabled, and its driver. */
async function owner(options: GroupOwnerOptions = {}) {
  const members = Array.from({ length: 4 }, () => new EchoDevice());
  const memory = freshMemory();
  const plugged = members.map((member) => new Virtual(member, memory));
  const device = new EchoDevice();
  const groups = new GroupOwner({ ...options, functions: plugged.map(({ pci }) => pci.member()) });
  device.own(groups);
  const { pci, transport } = await pciFunction(device);
  const driver = await EchoDriver.open(transport);
  const functions: VirtualFunctions = transport.functions!;
  await placeFunctions(functions);
  const admin = driver.admin!;
  const close = () => driver.close();
  return {
    ...{ members, plugged, device, groups, pci, transport, driver, functions, admin },
    [Symbol.asyncDispose]: close,
  };
}

async function noGroup(admin: AdminDriver): Promise<void> {
  for (const opcode of [0, 1, AdminOpcode.DEV_MODE_SET, 0x7fff]) {
    await assert.rejects(admin.send(opcode, virtualFunction(1)), fails("EINVAL", "INVALID_GROUP"));
  }
}

/** Clears VF Enable at once, as the driver's end does before it waits. */
function switchOff({ pci }: { readonly pci: { writeConfig: (...access: number[]) => void } }) {
  pci.writeConfig(0x108, 2, 0);
}

Deno.test("2.12.1.5: the group is there while VF Enable is set, with members 1 to NumVFs", async () => {
  covers(`device${COMMANDS}#25`, `device${COMMANDS}#26`);
  await using it = await owner();
  const { admin, functions, members } = it;
  assert.equal(functions.total, 4);
  await noGroup(admin);
  await functions.enable(3);
  assert.ok((await admin.listQuery(SRIOV)).includes(AdminOpcode.DEV_MODE_SET));
  await admin.use(SRIOV);
  for (const number of [1, 2, 3]) await admin.stop(virtualFunction(number));
  assert.deepEqual(members.map(({ stopped }) => stopped), [true, true, true, false]);
  for (const memberId of [0n, 4n, 5n, 1n << 32n, (1n << 64n) - 1n]) {
    const member = { groupType: SRIOV, memberId };
    await assert.rejects(admin.stop(member), fails("EINVAL", "INVALID_MEMBER"));
  }
  await functions.disable();
  await noGroup(admin);
  await functions.enable(4);
  await admin.stop(virtualFunction(4));
  assert.deepEqual(it.device.errors, []);
});

// NOTES.md: admin-members-gone
Deno.test("2.12: a function that was switched off comes back as after a reset", async () => {
  const resources = [{ type: 0x200, capability: 0, limit: () => 1 }];
  await using it = await owner({ resources });
  const { admin, functions, members: [device], plugged: [vf] } = it;
  await functions.enable(1);
  await admin.use(SELF);
  await admin.use(SRIOV);
  await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 1 });
  await admin.createPartsObject(virtualFunction(1), 0, "get");
  await admin.createObject(OWNER, { type: 0x200, id: 0 }, DATA);
  const { transport } = await vf!.find(functions);
  const driver = await EchoDriver.open(transport);
  assert.deepEqual(await driver.echo(DATA), DATA);
  await admin.stop(virtualFunction(1));
  switchOff(it);
  assert.deepEqual([device!.getStatus(), device!.features, device!.stopped], [0, 0n, false]);
  assert.deepEqual(it.groups.objects.all().map(({ type }) => type), [0x200], "the owner's stays");
  assert.ok(vf!.pci.bars.every(({ address }) => address === undefined));
  assert.equal(vf!.pci.bars[0]!.read(0x14, 1), 0xff);
  transport.unplugged();
  await driver.close();
  await functions.enable(2);
  await admin.createPartsObject(virtualFunction(1), 0, "get");
  await using again = await EchoDriver.open((await vf!.find(functions)).transport);
  assert.deepEqual(await again.echo(DATA), DATA);
});

Deno.test("2.12.1.5: a command for a member that goes meanwhile is answered with an error", async () => {
  await using it = await owner();
  const { admin, functions, members: [device], plugged: [vf] } = it;
  for (const back of [false, true]) {
    await functions.enable(2);
    await admin.use(SRIOV);
    const { transport } = await vf!.find(functions);
    const driver = await EchoDriver.open(transport);
    device!.holding = true;
    void driver.echo(DATA).catch(() => {});
    await soon(() => device!.held === 1);
    const stop = admin.stop(virtualFunction(1));
    await soon(() => device!.stopped);
    switchOff(it);
    if (back) it.pci.writeConfig(0x108, 2, 9);
    // Sent again, it stops the function that is there now.
    if (back) await stop;
    else await assert.rejects(stop, fails("EINVAL", "INVALID_GROUP"));
    assert.equal(device!.stopped, back);
    device!.release();
    switchOff(it);
    transport.unplugged();
    await driver.close();
  }
});

Deno.test("2.12.1.5: what a user's command returns late counts only while the member is there", async () => {
  const late = Promise.withResolvers<Uint8Array>();
  const commands = [{ groupType: SRIOV, opcode: 0x7000, run: () => late.promise }];
  await using it = await owner({ commands });
  await it.functions.enable(2);
  await it.admin.use(SRIOV);
  await it.admin.listUse(SRIOV, [0, 1, 0x7000]);
  const answer = it.admin.send(0x7000, virtualFunction(2));
  await new Promise((resolve) => setTimeout(resolve, 5));
  switchOff(it);
  it.pci.writeConfig(0x110, 2, 1);
  it.pci.writeConfig(0x108, 2, 1);
  late.resolve(new Uint8Array(0));
  await assert.rejects(answer, fails("EINVAL", "INVALID_MEMBER"));
});

Deno.test("6.1: virtual functions are enabled once VIRTIO_F_SR_IOV was negotiated, also after a reset", async () => {
  const driverStatement = (number: number): StatementId =>
    `drivernormative:Reserved Feature Bits#${number}`;
  covers(driverStatement(9), driverStatement(11), driverStatement(12));
  const device = new EchoDevice();
  const plugged = new Virtual(new EchoDevice(), freshMemory());
  device.own(new GroupOwner({ functions: [plugged.pci.member()] }));
  const { pci, transport } = await pciFunction(device);
  assert.equal(transport.functions, undefined);
  await transport.setStatus(0);
  await transport.setStatus(3);
  await transport.setFeatures(await transport.getFeatures());
  assert.equal(await transport.getStatus(), 3);
  assert.equal(transport.functions, undefined);
  await transport.setStatus(3 | 8);
  assert.equal(transport.functions, undefined, "FEATURES_OK was not read");
  assert.equal(await transport.getStatus(), 3 | 8);
  assert.notEqual(transport.functions, undefined);
  await transport.setStatus(0);
  await transport.functions!.enable(1);
  assert.equal(pci.readConfig(0x108, 2), 9);
  await transport.setStatus(0);
  assert.equal(pci.readConfig(0x108, 2), 9, "a reset of the device is none of the function");
});

Deno.test("4.1: a driver finds a virtual function through its owner, and its interrupts are messages", async () => {
  await using it = await scene("pci", {}, {}, [new EchoDevice(), new EchoDevice()]);
  const { functions, virtual } = it;
  assert.deepEqual([await virtual!.routingOffset(1), await virtual!.routingOffset(2)], [1, 2]);
  const config = virtual!.config(configOf(functions[1]!.pci));
  assert.deepEqual(
    [await config.read(0, 2), await config.read(2, 2), await config.read(0, 4)],
    [0x1af4, 0x1049, 0x1049_1af4],
  );
  assert.equal(await config.read(3, 1), 0x10);
  await using driver = await EchoDriver.open(functions[1]!.transport);
  assert.deepEqual(await driver.echo(DATA), DATA);
});

// What commands leave behind: nothing when they fail, and lists that never shrink (VIRTIO 1.4, 2.12.1.5 and 2.13.1).

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { EchoDevice } from "../echo_fixture.ts";
import { fails, pciFunction, scene } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { SELF, virtualFunction } from "./driver.ts";
import { AdminOpcode, AdminStatus, GroupType } from "./mod.ts";
import type { GroupOwnerOptions } from "./owner.ts";

const COMMANDS =
  "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands";
const QUEUES = "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues";
const VF1 = virtualFunction(1);
const OBJECT = { type: 0x200, id: 0 };
const PARTS_COMMANDS = [
  AdminOpcode.RESOURCE_OBJ_CREATE,
  AdminOpcode.RESOURCE_OBJ_MODIFY,
  AdminOpcode.RESOURCE_OBJ_QUERY,
  AdminOpcode.RESOURCE_OBJ_DESTROY,
  AdminOpcode.DEV_PARTS_METADATA_GET,
  AdminOpcode.DEV_PARTS_GET,
  AdminOpcode.DEV_PARTS_SET,
  AdminOpcode.DEV_MODE_SET,
];
const LEGACY_COMMANDS = [
  AdminOpcode.LEGACY_COMMON_CFG_WRITE,
  AdminOpcode.LEGACY_COMMON_CFG_READ,
  AdminOpcode.LEGACY_DEV_CFG_WRITE,
  AdminOpcode.LEGACY_DEV_CFG_READ,
  AdminOpcode.LEGACY_NOTIFY_INFO,
];

/** Objects of one type, whose handlers throw while `broken` says so. */
function fragile(broken: () => Error | undefined, destroyed: number[] = []): GroupOwnerOptions {
  const fail = () => {
    const error = broken();
    if (error !== undefined) throw error;
  };
  return {
    capabilities: [{ id: 0x800, data: Uint8Array.of(4) }],
    resources: [{
      type: OBJECT.type,
      capability: 0x800,
      limit: ([limit]) => limit!,
      changed: fail,
      destroyed: ({ id }) => {
        destroyed.push(id);
        fail();
      },
    }],
  };
}

Deno.test("a command that is to be sent again has changed nothing (2.13.1)", async () => {
  covers(`${QUEUES}#9`, `${COMMANDS}#10`, `${COMMANDS} / Device resource objects#10`);
  let error: Error | undefined;
  await using it = await scene("loopback", fragile(() => error));
  const { admin, owner, device } = it;
  await admin.use(GroupType.SELF);
  await admin.setCapability(0x800, Uint8Array.of(4));
  for (
    const [broken, status] of [
      [new Error("a bug"), "EAGAIN"],
      [new AdminError(AdminStatus.ENOMEM), "ENOMEM"],
    ] as const
  ) {
    error = broken;
    await assert.rejects(admin.createObject(SELF, OBJECT, Uint8Array.of(1)), fails(status));
    assert.deepEqual(owner.objects.all(), [], "it was not created");
    error = undefined;
    await admin.createObject(SELF, OBJECT, Uint8Array.of(1));
    const before = owner.objects.all();
    error = broken;
    await assert.rejects(admin.modifyObject(SELF, OBJECT, Uint8Array.of(2)), fails(status));
    await assert.rejects(admin.destroyObject(SELF, OBJECT), fails(status));
    assert.deepEqual(owner.objects.all(), before, "it was neither changed nor destroyed");
    error = undefined;
    await admin.destroyObject(SELF, OBJECT);
  }
  assert.ok(device.errors.length > 0, "bugs are reported");
});

Deno.test("a reset destroys all objects and forgets capabilities, whatever handlers do (2.12.1.3.5)", async () => {
  covers(
    `${COMMANDS} / Device resource objects#12`,
    `${COMMANDS} / Device and driver capabilities#9`,
  );
  const bug = new Error("a bug");
  let broken = false;
  const destroyed: number[] = [];
  const it = await scene("loopback", fragile(() => broken ? bug : undefined, destroyed));
  const { admin, owner, device, transport } = it;
  await admin.use(GroupType.SELF);
  await admin.setCapability(0x800, Uint8Array.of(4));
  for (const id of [0, 1, 2]) await admin.createObject(SELF, { ...OBJECT, id }, Uint8Array.of(1));
  broken = true;
  await transport.setStatus(0);
  assert.deepEqual(destroyed, [2, 1, 0]);
  assert.deepEqual(owner.objects.all(), []);
  assert.deepEqual(owner.capabilities.get(0x800), Uint8Array.of(0));
  assert.deepEqual(device.errors, [bug]);
  assert.equal(device.getStatus(), 0);
  await transport.close();
});

Deno.test("the list of commands stays what it was over lists, resets and functions switched off (2.12.1.5)", async () => {
  covers(`${COMMANDS}#19`, `${COMMANDS}#21`, `${COMMANDS}#23`);
  await using it = await scene("pci", fragile(() => undefined), {}, [new EchoDevice()]);
  const groups = [GroupType.SELF, GroupType.SRIOV];
  const lists = async () => {
    const found: number[][] = [];
    for (const group of groups) found.push(await it.driver.admin!.listQuery(group));
    return found;
  };
  const first = await lists();
  for (const group of groups) await it.admin.listUse(group, [0, 1]);
  assert.deepEqual(await lists(), first);
  await it.virtual!.disable();
  await it.virtual!.enable(1);
  assert.deepEqual(await lists(), first);
  for (let round = 0; round < 3; round++) {
    await it.driver.start({ want: 0n });
    assert.deepEqual(await lists(), first);
    for (const [at, group] of groups.entries()) {
      await it.driver.admin!.listUse(group, first[at]!);
    }
  }
});

Deno.test("commands of device parts and of legacy access are all there, or none (2.12.1.4.4.1 and 2.12.1.1.6)", async () => {
  covers(
    `${COMMANDS} / Device parts#1`,
    `${COMMANDS} / Legacy Interface#1`,
    `${COMMANDS} / Legacy Interface#12`,
  );
  const legacy = (await pciFunction(new EchoDevice())).pci.member();
  const modern = { device: new EchoDevice() };
  const has = async (functions: GroupOwnerOptions["functions"], wanted: readonly number[]) => {
    await using it = await scene("loopback", functions === undefined ? {} : { functions });
    const list = functions === undefined
      ? await it.admin.listQuery(GroupType.SELF)
      : await it.admin.listQuery(GroupType.SRIOV);
    return wanted.filter((opcode) => list.includes(opcode)).length;
  };
  assert.equal(await has([legacy], PARTS_COMMANDS), PARTS_COMMANDS.length);
  assert.equal(await has([modern], PARTS_COMMANDS), PARTS_COMMANDS.length);
  assert.equal(await has(undefined, PARTS_COMMANDS), 0);
  assert.equal(await has([legacy], LEGACY_COMMANDS), LEGACY_COMMANDS.length);
  assert.equal(await has([legacy, modern], LEGACY_COMMANDS), 0, "one member has no such interface");
  assert.equal(await has(undefined, LEGACY_COMMANDS), 0);
});

Deno.test("what is refused as a value that makes no sense leaves the member as it was (2.12.1.5)", async () => {
  covers(`${COMMANDS}#1`, `${COMMANDS}#7`, `${COMMANDS}#8`);
  const member = new EchoDevice();
  const { pci } = await pciFunction(member);
  await using it = await scene("loopback", {
    ...fragile(() => undefined),
    functions: [pci.member()],
  });
  const { admin, owner, device } = it;
  await admin.use(GroupType.SELF);
  await admin.use(GroupType.SRIOV);
  await admin.setCapability(0x800, Uint8Array.of(2));
  await admin.setCapability(0, Uint8Array.of(2, 2));
  await admin.createObject(SELF, OBJECT, Uint8Array.of(1));
  await admin.createPartsObject(VF1, 0, "set");
  const state = () =>
    JSON.stringify([device.save(), pci.save(), owner.save(), member.stopped])
      .replace(/"position":\{[^}]*\}/g, ""); // of the queue of administration itself
  const before = state();
  const { DEV_MODE_SET, LIST_USE, DRIVER_CAP_SET, LEGACY_COMMON_CFG_WRITE, DEV_PARTS_SET } =
    AdminOpcode;
  const stopped = Uint8Array.of(1);
  for (
    const send of [
      () => admin.send(DEV_MODE_SET, { groupType: 2, memberId: 1n }, stopped),
      () => admin.send(DEV_MODE_SET, { groupType: GroupType.SELF, memberId: 0n }, stopped),
      () => admin.send(DEV_MODE_SET, virtualFunction(2), stopped),
      () => admin.send(LIST_USE, SELF, Uint8Array.of(0xff, 0xff)),
      () => admin.send(DRIVER_CAP_SET, VF1, Uint8Array.of(0, 8, 0, 0, 0, 0, 0, 0, 1)),
      () => admin.setCapability(0x800, Uint8Array.of(5)),
      () => admin.legacyWrite(VF1, 12, Uint8Array.of(1, 2, 3, 4, 5)),
      () => admin.legacyConfigWrite(VF1, 6, Uint8Array.of(1, 2, 3, 4)),
      () => admin.send(LEGACY_COMMON_CFG_WRITE, VF1, Uint8Array.of(14)),
      () => admin.setParts(VF1, 0, []),
      () => admin.send(DEV_PARTS_SET, VF1),
      () => admin.createObject(VF1, { type: 0, id: 1 }, Uint8Array.of(7)),
    ]
  ) {
    await assert.rejects(send(), fails("EINVAL"), `${send}`);
    assert.equal(state(), before);
  }
});

Deno.test("a command that is done says so, and one that was not announced is not done (2.12.1.5)", async () => {
  covers(`${COMMANDS}#5`, `${COMMANDS}#17`, `${COMMANDS}#18`);
  let done = 0;
  const commands = [0x7000, 0x7001].map((opcode) => ({
    groupType: GroupType.SELF,
    opcode,
    run: () => void done++,
  }));
  await using it = await scene("loopback", { commands });
  const head = (opcode: number) => {
    const bytes = new Uint8Array(24);
    new DataView(bytes.buffer).setUint16(0, opcode, true);
    return bytes;
  };
  await it.admin.listUse(GroupType.SELF, [0x7000]);
  assert.deepEqual([...await it.admin.exchange(head(0x7000), 8)], [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(done, 1);
  assert.deepEqual([...await it.admin.exchange(head(0x7001), 8)], [22, 0, 2, 0, 0, 0, 0, 0]);
  assert.equal(done, 1);
});

Deno.test("what a driver has not said that it uses it has no room for, and others have no say (2.12.1.2.4)", async () => {
  const CAPABILITIES = `${COMMANDS} / Device and driver capabilities` as const;
  covers(`${CAPABILITIES}#10`, `${CAPABILITIES}#6`, `${COMMANDS} / Device resource objects#3`);
  const functions = [{ device: new EchoDevice() }];
  await using it = await scene("loopback", { ...fragile(() => undefined), functions });
  const { admin, owner } = it;
  await admin.use(GroupType.SELF);
  await admin.use(GroupType.SRIOV);
  await assert.rejects(admin.createObject(SELF, OBJECT, Uint8Array.of(1)), fails("ENOSPC"));
  await assert.rejects(admin.createPartsObject(VF1, 0, "get"), fails("ENOSPC"));
  const { CAP_ID_LIST_QUERY, DEVICE_CAP_GET, DRIVER_CAP_SET } = AdminOpcode;
  const set = Uint8Array.of(0, 8, 0, 0, 0, 0, 0, 0, 4);
  for (const opcode of [CAP_ID_LIST_QUERY, DEVICE_CAP_GET, DRIVER_CAP_SET]) {
    await assert.rejects(admin.send(opcode, VF1, set), fails("EINVAL"));
  }
  assert.deepEqual(owner.capabilities.get(0x800), Uint8Array.of(0));
  await admin.setCapability(0x800, Uint8Array.of(1));
  await admin.createObject(SELF, OBJECT, Uint8Array.of(1));
  await assert.rejects(
    admin.createObject(SELF, { ...OBJECT, id: 1 }, Uint8Array.of(1)),
    fails("ENOSPC"),
  );
});

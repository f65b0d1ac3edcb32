/**
 * Basic Facilities of a Virtio Device / Administration Virtqueues (VIRTIO 1.4, 2.13): the queue, and
 * parts of any length, over both buses and both rings.
 */

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { parseHex, toHex } from "../../testing/hex.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { PeerError, RequestAborted } from "../errors.ts";
import { ReservedFeature, type RingOptions } from "../features.ts";
import { loopback } from "../loopback.ts";
import { BUSES, pciFunction, type Scene, scene } from "./admin_fixture.ts";
import { SELF } from "./driver.ts";
import { AdminOpcode, GroupType } from "./mod.ts";
import { GroupOwner } from "./owner.ts";

const { VIRTIO_F_ADMIN_VQ } = ReservedFeature;
// NOTES.md: admin-truncate
const RINGS: readonly RingOptions[] = [{ packed: false }, { packed: true }];
const ZEROES = new Uint8Array(9);
const CAPABILITY = { id: 0x800, data: Uint8Array.of(1, 2, 3) };

function everywhereTest(name: string, run: (scene: Scene) => Promise<void>): void {
  for (const bus of BUSES) {
    for (const ring of RINGS) {
      Deno.test(`2.13: ${name}, ${bus}, ${ring.packed ? "packed" : "split"}`, async () => {
        await using it = await scene(bus, { capabilities: [CAPABILITY] }, ring);
        await run(it);
        assert.deepEqual(it.device.errors, []);
      });
    }
  }
}

/** Sends bytes as they are; what was written, in hex. */
async function raw({ admin }: Scene, command: string, room: number): Promise<string> {
  return toHex(await admin.exchange(parseHex(command).bytes, room));
}

everywhereTest("the queue stands behind all others, and does not count among them", async (it) => {
  const { device, transport, driver, admin } = it;
  assert.ok(driver.hasFeature(VIRTIO_F_ADMIN_VQ));
  assert.deepEqual(await transport.adminQueues!(), { index: device.queueCount, count: 1 });
  assert.equal(admin.queue.index, device.queueCount);
  assert.equal(device.queueSizeMax(admin.queue.index), device.queueSizeMax(0));
  assert.equal(device.queueSizeMax(admin.queue.index + 1), 0);
  assert.deepEqual(await driver.echo(Uint8Array.of(1, 2, 3)), Uint8Array.of(1, 2, 3));
  assert.deepEqual(await admin.listQuery(GroupType.SELF), [0, 1, 7, 8, 9]);
});

everywhereTest("what a part lacks reads as zero, and what finds no room is dropped", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#1",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#4",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#6",
  );
  const whole = "0000 0000" + "00".repeat(12) + "00".repeat(8);
  for (let length = 1; length <= 24; length++) { // LIST_QUERY of the self group is all zeroes
    const command = whole.replaceAll(" ", "").slice(0, 2 * length);
    assert.equal(await raw(it, command, 16), "0000000000000000" + "8303000000000000");
  }
  assert.equal(await raw(it, "", 16), "0000000000000000" + "8303000000000000");
  for (let room = 0; room <= 16; room++) {
    const answer = "0000000000000000" + "8303000000000000";
    assert.equal(await raw(it, whole, room), answer.slice(0, 2 * room));
  }
  assert.equal(await raw(it, "0500", 4), "1600" + "0200", "the status and its qualifier at least");
});

everywhereTest("what a part has too much is neither read nor written", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#2",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#3",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#5",
  );
  await it.admin.use(GroupType.SELF);
  const get = "0800 0000" + "00".repeat(20) + "0008 000000000000";
  const answer = "0000000000000000" + "0102030000000000";
  assert.equal(await raw(it, get, 16), answer);
  assert.equal(await raw(it, get + "ff".repeat(1000), 16), answer);
  assert.equal(await raw(it, get, 4000), answer, "the used length counts what was written");
  const set = "0900 0000" + "00".repeat(20) + "0008 000000000000";
  assert.equal(await raw(it, set + "01", 8), "0000000000000000");
  assert.deepEqual(it.owner.capabilities.get(0x800), Uint8Array.of(1, 0, 0));
  assert.equal(await raw(it, set + "010203" + "ff".repeat(70), 8), "0000000000000000");
  assert.deepEqual(it.owner.capabilities.get(0x800), Uint8Array.of(1, 2, 3));
});

everywhereTest("a driver takes what an answer lacks for zero", async ({ admin, owner }) => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Administration virtqueues#6");
  await admin.use(GroupType.SELF);
  assert.deepEqual(await admin.capability(0x800, 12), Uint8Array.from([1, 2, 3, ...ZEROES]));
  await admin.setCapability(0x800, Uint8Array.of(1));
  assert.deepEqual(owner.capabilities.get(0x800), Uint8Array.of(1, 0, 0));
});

for (const bus of BUSES) {
  Deno.test(`2.13.1: commands of one queue are carried out in their order, ${bus}`, async () => {
    covers("devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#7");
    const order: number[] = [];
    const run = async ({ data }: { data: Uint8Array }) => {
      order.push(data[0]!);
      await new Promise((resolve) => setTimeout(resolve, 5 - data[0]!));
      order.push(-data[0]!);
    };
    const commands = [{ groupType: GroupType.SELF, opcode: 0x7000, run }];
    await using it = await scene(bus, { commands });
    await it.admin.listUse(GroupType.SELF, [0x7000]);
    await Promise.all([1, 2, 3, 4].map((n) => it.admin.send(0x7000, SELF, Uint8Array.of(n))));
    assert.deepEqual(order, [1, -1, 2, -2, 3, -3, 4, -4]);
  });
}

everywhereTest("a reset ends commands, and what was said before it", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#15",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#22",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#9",
  );
  await it.admin.use(GroupType.SELF);
  await it.admin.setCapability(0x800, Uint8Array.of(1, 1, 1));
  const before = it.admin;
  await it.driver.start({ want: 0n });
  await assert.rejects(before.capabilities(), RequestAborted);
  const admin = it.driver.admin!;
  await assert.rejects(admin.capabilities(), /EINVAL, INVALID_OPCODE/);
  await admin.use(GroupType.SELF);
  assert.deepEqual(await admin.capabilities(), [0x800]);
  assert.deepEqual(it.owner.capabilities.get(0x800), Uint8Array.of(0, 0, 0));
});

Deno.test("2.13: there is no queue unless both sides and the transport have it", async () => {
  const device = new EchoDevice();
  device.own(new GroupOwner());
  const transport = loopback(device);
  const driver = await EchoDriver.open(transport, { admin: false });
  assert.equal(driver.admin, undefined);
  assert.deepEqual(await transport.adminQueues!(), { index: device.queueCount, count: 0 });
  assert.equal(device.queueSizeMax(device.queueCount), 0);
  await driver.close();
  const narrow = loopback(device, { facilities: { adminQueue: false } });
  await using other = await EchoDriver.open(narrow);
  assert.equal(other.admin, undefined);
  assert.equal(other.wasOffered(VIRTIO_F_ADMIN_VQ), false);
});

Deno.test("2.13: a device owns groups once, before it is bound, unless its options exclude it", () => {
  const device = new EchoDevice();
  const owner = new GroupOwner();
  device.own(owner);
  assert.throws(() => device.own(new GroupOwner()), /owns some already/);
  assert.throws(() => new EchoDevice().own(owner), /an owner already/);
  const bound = new EchoDevice();
  loopback(bound);
  assert.throws(() => bound.own(new GroupOwner()), /is bound already/);
  assert.throws(() => new EchoDevice({ ring: { admin: false } }).own(new GroupOwner()), TypeError);
});

Deno.test("2.13: a driver refuses a device that has the feature and no queue", async () => {
  const device = new EchoDevice();
  device.own(new GroupOwner());
  const transport = loopback(device);
  for (const found of [{ index: 1, count: 0 }, { index: 9, count: 1 }]) {
    transport.adminQueues = () => Promise.resolve(found);
    await assert.rejects(EchoDriver.open(transport), PeerError);
  }
});

for (const ring of RINGS) {
  Deno.test(`2.13: an owner is saved and restored with what its driver set up, ${ring.packed}`, async () => {
    const options = { capabilities: [CAPABILITY] };
    const { device, driver, admin } = await scene("loopback", options, ring);
    await admin.use(GroupType.SELF);
    await admin.setCapability(0x800, Uint8Array.of(1, 1, 1));
    const saved = JSON.parse(JSON.stringify(device.save()));
    await admin.setCapability(0x800, Uint8Array.of(0, 0, 0));
    device.restore(saved);
    const owner = (device.save().admin?.state as { capabilities: unknown }).capabilities;
    assert.deepEqual(owner, [[0x800, [1, 1, 1]]]);
    for (
      const wrong of [
        null,
        { index: -1, state: saved.admin.state },
        { index: 0, state: saved.admin.state },
        { index: 1, state: {} },
        { index: 1, state: { used: [[0, [5]]], capabilities: [], objects: [] } },
        { index: 1, state: { used: [], capabilities: [[0x801, []]], objects: [] } },
        { index: 1, state: { used: [], capabilities: [], objects: [{}] } },
      ]
    ) assert.throws(() => device.restore({ ...saved, admin: wrong }), /TypeError|RangeError/);
    const plain = new EchoDevice();
    loopback(plain);
    assert.throws(() => plain.restore(saved), RangeError);
    await driver.close();
  });
}

Deno.test("4.1.4.3: administration queues are behind num_queues, and count once negotiated", async () => {
  covers(
    "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#16",
    "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#17",
  );
  const device = new EchoDevice();
  device.own(new GroupOwner());
  const { transport } = await pciFunction(device);
  assert.deepEqual(await transport.adminQueues(), { index: 1, count: 0 });
  await using driver = await EchoDriver.open(transport);
  assert.deepEqual(await transport.adminQueues(), { index: 1, count: 1 });
  assert.deepEqual(await driver.admin!.listQuery(GroupType.SELF), [
    AdminOpcode.LIST_QUERY,
    AdminOpcode.LIST_USE,
  ]);
});

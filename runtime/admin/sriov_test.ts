/**
 * Device groups of virtual functions (VIRTIO 1.4, 2.12.1.1 and 2.12.1.4): legacy access, device parts,
 * stopping and resuming, with members that have drivers of their own.
 */

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { toHex } from "../../testing/hex.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { featureSet, type RingOptions } from "../features.ts";
import { loopback } from "../loopback.ts";
import { Status } from "../status.ts";
import { fails, type Scene, scene, soon } from "./admin_fixture.ts";
import { encodeCommand } from "./command.ts";
import { type AdminDriver, virtualFunction } from "./driver.ts";
import {
  AdminObject,
  AdminOpcode,
  CommonCapabilities,
  DevPart,
  DevPartFlag,
  GroupType,
  type Part,
} from "./mod.ts";

const { SRIOV } = GroupType;
const RINGS: readonly RingOptions[] = [{ packed: false }, { packed: true }];
const DATA = Uint8Array.from({ length: 100 }, (_, at) => at);
const VF1 = virtualFunction(1);
const VF2 = virtualFunction(2);

interface Group extends Scene {
  readonly members: readonly EchoDevice[];
}

/** An owner with two functions in one memory, of which the driver uses everything. */
async function group(ring: RingOptions = {}): Promise<Group> {
  const members = [new EchoDevice(), new EchoDevice()];
  const it = await scene("pci", {}, ring, members);
  await it.admin.use(GroupType.SELF);
  await it.admin.use(SRIOV);
  return { ...it, members };
}

function ringTest(name: string, run: (group: Group, ring: RingOptions) => Promise<void>): void {
  for (const ring of RINGS) {
    Deno.test(`${name}, ${ring.packed ? "packed" : "split"}`, async () => {
      await using it = await group(ring);
      await run(it, ring);
      for (const device of [it.device, ...it.members]) assert.deepEqual(device.errors, []);
    });
  }
}

/** Objects 0 that read and 1 that set, for both functions. */
async function partsObjects(admin: AdminDriver): Promise<void> {
  await admin.setCapability(CommonCapabilities.devParts, { get: 2, set: 2 });
  for (const member of [VF1, VF2]) {
    await admin.createPartsObject(member, 0, "get");
    await admin.createPartsObject(member, 1, "set");
  }
}

function part(parts: readonly Part[], type: number, selector = 0): Part {
  return parts.find((one) => one.type === type && one.selector === selector)!;
}

function le(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

ringTest(
  "2.12.1.4.2: objects for parts are there as far as the driver said",
  async ({ admin }) => {
    assert.deepEqual(await admin.capabilities(), [0]);
    assert.deepEqual(await admin.capability(0, 2), Uint8Array.of(16, 16));
    await assert.rejects(admin.createPartsObject(VF1, 0, "get"), fails("ENOSPC"));
    await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 1 });
    await admin.createPartsObject(VF1, 0, "get");
    await assert.rejects(admin.createPartsObject(VF2, 1, "get"), fails("ENOSPC"));
    await admin.createPartsObject(VF2, 1, "set");
    const object = { type: AdminObject.DEV_PARTS, id: 1 };
    assert.equal((await admin.queryObject(VF2, object, 8))[0], 1);
    await assert.rejects(
      admin.createObject(VF1, { ...object, id: 1 }, Uint8Array.of(2)),
      fails("EINVAL"),
      "neither reads nor sets",
    );
    await assert.rejects(admin.partsCount(VF2, 1), fails("EINVAL", "INVALID_FIELD"), "it sets");
    await assert.rejects(admin.partsCount(VF2, 0), fails("ENXIO"), "of the other member");
    await assert.rejects(admin.setParts(VF1, 0, []), fails("EINVAL", "INVALID_FIELD"), "it reads");
  },
);

ringTest(
  "2.12.1.4.4: parts say what the member's driver set up, in the order of the table",
  async (it, ring) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#2",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#3",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#25",
    );
    const { admin, members, functions } = it;
    await partsObjects(admin);
    await using driver = new EchoDriver(functions[0]!.transport);
    await driver.start({ want: featureSet(0, 63, 64, 127), ring: { ...ring, eventIdx: false } });
    const parts = await admin.parts(VF1, 0);
    const types = parts.map(({ type }) => type);
    assert.deepEqual(types, [0x100, 0x101, 0x102, 0x103, 0x104, 0x105]);
    const features = part(parts, DevPart.DRV_FEATURES);
    const accepted = features.value.reduceRight((set, byte) => set << 8n | BigInt(byte), 0n);
    assert.equal(accepted & ~(1n << 39n), members[0]!.features);
    assert.equal(part(parts, DevPart.DEV_FEATURES).flags, 1 << DevPartFlag.OPTIONAL);
    const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = Status;
    const status = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
    assert.deepEqual(part(parts, DevPart.DEVICE_STATUS).value, Uint8Array.of(status));
    const queue = part(parts, DevPart.VQ_CFG).value;
    const { layout } = members[0]!.save().queues[0]!;
    assert.deepEqual(
      [le(queue.slice(0, 2)), le(queue.slice(4, 6)), le(queue.slice(8, 16)), le(queue.slice(24))],
      [layout.size, 1, layout.desc, layout.device],
    );
    // Again, by halves, and with parts that there are not.
    const heads = await admin.partsList(VF1, 0);
    assert.deepEqual(heads, parts.map(({ value: _, ...head }) => head));
    assert.equal(await admin.partsCount(VF1, 0), parts.length);
    const size = parts.reduce((sum, { length }) => sum + 16 + length, 0);
    assert.equal(await admin.partsSize(VF1, 0), size);
    const wanted = [{ ...heads[4]!, selector: 3 }, heads[4]!, heads[0]!, {
      ...heads[0]!,
      type: 0x300,
    }];
    assert.deepEqual(await admin.parts(VF1, 0, wanted), [parts[0]!, parts[4]!]);
    assert.deepEqual(await admin.parts(VF1, 0, []), []);
  },
);

ringTest("2.12.1.4.3.1: metadata that finds no room is ENOMEM", async ({ admin }) => {
  await partsObjects(admin);
  const opcode = AdminOpcode.DEV_PARTS_METADATA_GET;
  const ask = async (type: number, room: number) => {
    const data = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, type);
    return toHex(await admin.exchange(encodeCommand({ opcode, ...VF1, data }), 8 + room));
  };
  const nothing = "0c00060000000000"; // ENOMEM, NORESOURCE
  const list = await ask(2, 4096);
  const length = list.length / 2 - 8;
  assert.equal(await ask(2, length), list);
  for (const type of [0, 1]) {
    assert.equal((await ask(type, 8)).length, 2 * 16);
    assert.equal(await ask(type, 7), nothing);
  }
  assert.equal(await ask(2, length - 1), nothing);
  assert.equal(await ask(3, 4096), "1600030000000000", "EINVAL, INVALID_FIELD");
});

ringTest(
  "2.12.1.4.3.4: a stopped member ends what it began, and then touches nothing",
  async (it, ring) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#10",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#16",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#17",
    );
    const { admin, members: [device], functions } = it;
    await using driver = await EchoDriver.open(functions[0]!.transport, ring);
    device!.holding = true;
    const begun = driver.echo(DATA);
    await soon(() => device!.held === 1);
    let stopped = false;
    const stop = admin.stop(VF1).then(() => stopped = true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(stopped, false, "it waits for what was begun");
    device!.release();
    await stop;
    assert.deepEqual(await begun, DATA);
    device!.holding = false;
    const calls = device!.calls;
    const later = driver.echo(DATA);
    device!.config.bytes[0] = 77;
    device!.configChanged();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(device!.calls, calls, "kicks are taken and nothing is served");
    assert.equal(driver.refreshed, 0, "no change is announced");
    assert.equal(await functions[0]!.transport.getStatus() & Status.DRIVER_OK, Status.DRIVER_OK);
    await admin.resume(VF1);
    assert.deepEqual(await later, DATA);
    await soon(() => driver.refreshed === 1);
  },
);

ringTest(
  "2.12.1.4.3.4: stopping and resuming go well any number of times, and outlive a reset",
  async (it, ring) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#21",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#22",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#23",
    );
    const { admin, members: [device], functions } = it;
    await partsObjects(admin);
    await admin.resume(VF1);
    await admin.stop(VF1);
    await admin.stop(VF1);
    await using driver = await EchoDriver.open(functions[0]!.transport, ring);
    const before = (await admin.parts(VF1, 0)).length;
    const pending = driver.echo(DATA);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(device!.calls, 0);
    await admin.resume(VF1);
    await admin.resume(VF1);
    assert.deepEqual(await pending, DATA);
    await functions[0]!.transport.setStatus(0);
    const after = await admin.parts(VF1, 0);
    assert.ok(after.length < before, "no queue is set up");
    assert.deepEqual(part(after, DevPart.DEVICE_STATUS).value, Uint8Array.of(0));
    assert.deepEqual(part(after, DevPart.DRV_FEATURES).value, new Uint8Array(16));
  },
);

Deno.test("2.12.1.4: parts make another member what the first one was, over a split ring in use", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#5",
  );
  await using it = await group({ packed: false });
  const { admin, members, functions } = it;
  await partsObjects(admin);
  const driver = await EchoDriver.open(functions[0]!.transport, { packed: false });
  for (let round = 0; round < 300; round++) await driver.echo(DATA);
  await admin.stop(VF1);
  const pending = driver.echo(DATA);
  const parts = await admin.parts(VF1, 0);
  await admin.stop(VF2);
  await admin.setParts(VF2, 1, parts);
  await admin.setParts(VF2, 1, parts);
  assert.equal(members[1]!.calls, 0, "it takes effect later");
  await admin.resume(VF2);
  await soon(() => members[1]!.calls > 0);
  // The driver of the first function finds the answer in its ring.
  functions[0]!.transport.onQueueNotify(0);
  assert.deepEqual(await pending, DATA);
  assert.equal(members[1]!.features, members[0]!.features);
  assert.deepEqual(await admin.parts(VF2, 0), parts);
  await driver.close();
});

// NOTES.md: admin-parts-undefined
Deno.test("2.12.1.4: a packed ring that was used is only set where it is already", async () => {
  await using it = await group({ packed: true });
  const { admin, functions } = it;
  await partsObjects(admin);
  await using driver = await EchoDriver.open(functions[0]!.transport, { packed: true });
  await admin.stop(VF1);
  await admin.stop(VF2);
  const fresh = await admin.parts(VF1, 0);
  await admin.setParts(VF2, 1, fresh);
  await admin.resume(VF1);
  await driver.echo(DATA);
  await admin.stop(VF1);
  const used = await admin.parts(VF1, 0);
  await admin.setParts(VF1, 1, used);
  const other = used.map((one) => {
    if (one.type !== DevPart.VQ_CFG) return one;
    const value = one.value.slice();
    value[24]! ^= 64; // the device area
    return { ...one, value };
  });
  await assert.rejects(admin.setParts(VF1, 1, other), fails("EINVAL", "INVALID_FIELD"));
  await admin.resume(VF1);
  assert.deepEqual(await driver.echo(DATA), DATA);
});

ringTest(
  "2.12.1.4.3.3: parts that make no sense are refused, and nothing changes",
  async (it, ring) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#4",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#6",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device parts#7",
    );
    const { admin, functions } = it;
    await partsObjects(admin);
    await using driver = await EchoDriver.open(functions[0]!.transport, ring);
    const parts = await admin.parts(VF1, 0);
    await assert.rejects(admin.setParts(VF1, 1, parts), fails("EINVAL"), "it is not stopped");
    await admin.stop(VF1);
    const changed = (type: number, change: (value: Uint8Array) => Uint8Array) =>
      parts.map((one) => {
        if (one.type !== type) return one;
        const value = change(one.value.slice());
        return { ...one, value, length: value.length };
      });
    const flip = (at: number) => (value: Uint8Array) => {
      value[at]! ^= 0xff;
      return value;
    };
    const wrong: [string, Part[]][] = [
      ["other features", changed(DevPart.DEV_FEATURES, flip(0))],
      ["features that are not offered", changed(DevPart.DRV_FEATURES, flip(2))],
      [
        "features without what they need",
        changed(DevPart.DRV_FEATURES, (value) => {
          value[4] = 0; // VERSION_1
          return value;
        }),
      ],
      ["a longer status", changed(DevPart.DEVICE_STATUS, (value) => Uint8Array.of(...value, 0))],
      ["a status without FEATURES_OK", changed(DevPart.DEVICE_STATUS, () => Uint8Array.of(4))],
      [
        "a queue that is not there",
        parts.map((one) => ({ ...one, selector: one.selector + 1000 })),
      ],
      ["an address outside memory", changed(DevPart.VQ_CFG, flip(14))],
      ["an address beyond all memory", changed(DevPart.VQ_CFG, flip(15))],
      ["a shorter queue", changed(DevPart.VQ_CFG, (value) => value.slice(0, 31))],
      ["another place to notify", changed(DevPart.VQ_NOTIFY_CFG, flip(0))],
      ["a part that nobody knows", [{ ...parts[1]!, type: 0x300 }]],
      ["a part that is cut", [{ ...parts[1]!, length: 1000 }]],
    ];
    for (const [what, some] of wrong) {
      await assert.rejects(admin.setParts(VF1, 1, some), fails("EINVAL", "INVALID_FIELD"), what);
      assert.deepEqual(await admin.parts(VF1, 0), parts, what);
    }
    await admin.setParts(VF1, 1, [{ ...parts[1]!, type: 0x300, flags: 1 }, ...parts]);
    await admin.resume(VF1);
    assert.deepEqual(await driver.echo(DATA), DATA);
  },
);

Deno.test("2.12.1.4: members need no PCI function", async () => {
  const device = new EchoDevice();
  const transport = loopback(device);
  await using it = await scene("loopback", { functions: [{ device }] });
  const { admin } = it;
  await admin.use(GroupType.SELF);
  assert.ok(!(await admin.use(SRIOV)).includes(AdminOpcode.LEGACY_NOTIFY_INFO));
  await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 1 });
  await admin.createPartsObject(VF1, 0, "get");
  await admin.createPartsObject(VF1, 1, "set");
  await using driver = await EchoDriver.open(transport, { packed: false });
  await driver.echo(DATA);
  await admin.stop(VF1);
  const parts = await admin.parts(VF1, 0);
  assert.deepEqual(parts.map(({ type }) => type), [0x100, 0x101, 0x103, 0x104]);
  await admin.setParts(VF1, 1, parts);
  await admin.resume(VF1);
  assert.deepEqual(await driver.echo(DATA), DATA);
});

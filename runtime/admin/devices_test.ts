/** Groups of generated devices (VIRTIO 1.4, 2.12): disks as virtual functions of a disk. */

import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { until } from "../task.ts";
import { freshMemory, pciFunction, placeFunctions, Virtual } from "./admin_fixture.ts";
import { virtualFunction } from "./driver.ts";
import { CommonCapabilities, GroupType } from "./mod.ts";
import { GroupOwner } from "./owner.ts";

const VF1 = virtualFunction(1);
const VF2 = virtualFunction(2);
const SECTOR = Uint8Array.from({ length: 512 }, (_, at) => at);

/** A disk over bytes that others may serve as well, and how many requests it served. */
function makeDisk(bytes: Uint8Array) {
  const served = { count: 0 };
  const device = new BlockDevice({
    config: { capacity: bytes.length / 512 },
    in: ({ sector }, data) => (served.count++, data.write(bytes, sector * 512), BlockStatus.OK),
    out: ({ sector }, data) => (served.count++, data.read(bytes, sector * 512), BlockStatus.OK),
    ring: { packed: false },
  });
  return { device, served };
}

Deno.test("2.12.1.4: a disk in use moves to another virtual function", async () => {
  const bytes = new Uint8Array(64 * 512);
  const [first, second] = [makeDisk(bytes), makeDisk(bytes)];
  const memory = freshMemory();
  const plugged = [first, second].map(({ device }) => new Virtual(device, memory));
  const { device: owned } = makeDisk(new Uint8Array(512));
  owned.own(new GroupOwner({ functions: plugged.map(({ pci }) => pci.member()) }));
  const { transport } = await pciFunction(owned);
  await using owner = await BlockDriver.open(transport);
  const functions = transport.functions!;
  await placeFunctions(functions);
  await functions.enable(2);
  const vf1 = await plugged[0]!.find(functions);
  await plugged[1]!.find(functions); // who drives it lets it reach memory
  const admin = owner.admin!;
  await admin.use(GroupType.SELF);
  await admin.use(GroupType.SRIOV);
  await admin.setCapability(CommonCapabilities.devParts, { get: 1, set: 1 });
  await admin.createPartsObject(VF1, 0, "get");
  await admin.createPartsObject(VF2, 1, "set");

  const driver = await BlockDriver.open(vf1.transport);
  for (let sector = 0; sector < 64; sector++) {
    assert.equal((await driver.out({ sector }, SECTOR)).status, BlockStatus.OK);
  }
  await admin.stop(VF1);
  const before = first.served.count;
  const read = new Uint8Array(512);
  const pending = driver.in({ sector: 63 }, read);
  await admin.stop(VF2);
  await admin.setParts(VF2, 1, await admin.parts(VF1, 0));
  await admin.resume(VF2);
  await until(() => Promise.resolve(second.served.count === 1), () => "Cannot see the request");
  vf1.transport.onQueueNotify(0); // the interrupt of the second function, where the guest has it
  assert.equal((await pending).status, BlockStatus.OK);
  assert.deepEqual(read, SECTOR);
  assert.equal(first.served.count, before);
  await driver.close();
});

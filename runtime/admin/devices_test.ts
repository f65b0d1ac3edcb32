/** Groups of generated devices (VIRTIO 1.4, 2.11): disks as virtual functions of a disk, and what a network administers. */

import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import {
  CryptoCapability,
  CryptoDevice,
  CryptoDriver,
  CryptoResourceObject,
} from "../../generated/crypto/mod.ts";
import {
  NetworkDevice,
  NetworkDriver,
  NetworkFlowFilterCapability,
  NetworkIpsecCapability,
  NetworkResourceType,
} from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { until } from "../task.ts";
import { pciFunction } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { SELF, virtualFunction } from "./driver.ts";
import { GroupType } from "./mod.ts";
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
  const vf1 = await pciFunction(first.device);
  const vf2 = await pciFunction(second.device, vf1.memory);
  const { device: owned } = makeDisk(new Uint8Array(512));
  owned.own(new GroupOwner({ functions: [vf1.pci.member(), vf2.pci.member()] }));
  await using owner = await BlockDriver.open((await pciFunction(owned)).transport);
  const admin = owner.admin!;
  await admin.use(GroupType.SELF);
  await admin.use(GroupType.SRIOV);
  await admin.setCapability(0, Uint8Array.of(1, 1));
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

/** Security associations of two kinds, of which there are 4 each. */
function associations(capability: number, types: readonly number[]) {
  return new GroupOwner({
    capabilities: [{ id: capability, data: Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0) }],
    resources: types.map((type) => ({ type, size: 16, capability, limit: ([low]) => low! })),
  });
}

/** Makes, changes, removes and makes again what these types are, and what there is after a reset. */
async function tryAssociations(
  open: () => Promise<Pick<NetworkDriver, "admin" | "close">>,
  capability: number,
  types: readonly number[],
): Promise<void> {
  const use = async () => {
    const driver = await open();
    const admin = driver.admin!;
    await admin.use(GroupType.SELF);
    await admin.setCapability(capability, Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0));
    return { driver, admin };
  };
  const { driver, admin } = await use();
  for (const type of types) {
    const object = { type, id: 3 };
    await admin.createObject(SELF, object, Uint8Array.of(1, 2));
    await admin.modifyObject(SELF, object, Uint8Array.of(3, 4));
    assert.deepEqual(await admin.queryObject(SELF, object, 2), Uint8Array.of(3, 4));
    await admin.destroyObject(SELF, object);
    await admin.createObject(SELF, object, Uint8Array.of(5));
  }
  await driver.close();
  const again = await use();
  for (const type of types) {
    await assert.rejects(again.admin.queryObject(SELF, { type, id: 3 }, 2), AdminError);
    await again.admin.createObject(SELF, { type, id: 3 }, Uint8Array.of(6));
  }
  await again.driver.close();
}

Deno.test("5.1.9.7.4: a network's security associations can be made again, and end with a reset", async () => {
  const LABEL =
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation";
  covers(`${LABEL}#2`, `${LABEL}#8`, `${LABEL}#10`);
  const types = [NetworkResourceType.IPSEC_OUTB_SA, NetworkResourceType.IPSEC_INB_SA];
  const { RESOURCE_CAP } = NetworkIpsecCapability;
  const device = new NetworkDevice({ config: {}, groups: associations(RESOURCE_CAP, types) });
  await tryAssociations(() => NetworkDriver.open(loopback(device)), RESOURCE_CAP, types);
});

Deno.test("5.9.9.9.4: security associations for crypto can be made again, and end with a reset", async () => {
  const LABEL =
    "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation";
  covers(`${LABEL}#2`, `${LABEL}#8`, `${LABEL}#10`);
  const types = [CryptoResourceObject.IPSEC_OUTBOUND_SA, CryptoResourceObject.IPSEC_INBOUND_SA];
  const { IPSEC_RESOURCE_CAP } = CryptoCapability;
  const groups = associations(IPSEC_RESOURCE_CAP, types);
  const config = {
    status: 1,
    maxDataqueues: 1,
    cryptoServices: 0,
    cipherAlgoL: 0,
    cipherAlgoH: 0,
    hashAlgo: 0,
    macAlgoL: 0,
    macAlgoH: 0,
    aeadAlgo: 0,
    maxCipherKeyLen: 0,
    maxAuthKeyLen: 0,
    akcipherAlgo: 0,
    maxSize: 64n,
  };
  const device = new CryptoDevice({ config, groups });
  await tryAssociations(() => CryptoDriver.open(loopback(device)), IPSEC_RESOURCE_CAP, types);
});

Deno.test("2.12.1.2: a network's capabilities and objects go by its own numbers", async () => {
  const { RESOURCE_CAP } = NetworkFlowFilterCapability;
  const groups = new GroupOwner({
    capabilities: [{ id: RESOURCE_CAP, data: Uint8Array.of(8, 0, 0, 0) }],
    resources: [{
      type: NetworkResourceType.FF_GROUP,
      size: 16,
      capability: RESOURCE_CAP,
      limit: ([low]) => low!,
    }],
  });
  const device = new NetworkDevice({ config: {}, groups });
  await using driver = await NetworkDriver.open(loopback(device));
  const admin = driver.admin!;
  await admin.use(GroupType.SELF);
  assert.deepEqual(await admin.capabilities(), [RESOURCE_CAP]);
  await admin.setCapability(RESOURCE_CAP, Uint8Array.of(2, 0, 0, 0));
  const group = { type: NetworkResourceType.FF_GROUP, id: 1 };
  await admin.createObject(SELF, group, Uint8Array.of(1, 2));
  assert.deepEqual(await admin.queryObject(SELF, group, 2), Uint8Array.of(1, 2));
  await admin.destroyObject(SELF, group);
});

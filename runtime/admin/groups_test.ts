/**
 * Basic Facilities of a Virtio Device / Device groups / Group administration commands (VIRTIO 1.4,
 * 2.12.1): lists of commands, what is refused how, capabilities and resource objects.
 */

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { RingOptions } from "../features.ts";
import { BUSES, fails, type Scene, scene } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { SELF, virtualFunction } from "./driver.ts";
import { AdminOpcode, AdminStatus, GroupType } from "./mod.ts";
import type { GroupOwnerOptions } from "./owner.ts";

const RINGS: readonly RingOptions[] = [{ packed: false }, { packed: true }];
const { SELF: SELF_TYPE, SRIOV } = GroupType;

/** Two kinds of objects of which one needs the other, and the capability that limits both. */
const OPTIONS: GroupOwnerOptions = {
  capabilities: [{
    id: 0x800,
    data: Uint8Array.of(4, 0b11),
    allows: ([limit, flags]) => limit! <= 4 && (flags! & ~0b11) === 0,
  }],
  resources: [
    { type: 0x200, size: 4, capability: 0x800, limit: ([limit]) => limit! },
    {
      type: 0x201,
      capability: 0x800,
      limit: ([limit]) => limit!,
      needs: ([id]) => [{ type: 0x200, id: id! }],
      check: ({ data }) => {
        if (data[1] === 0xff) throw new AdminError(AdminStatus.ENOSPC);
      },
    },
  ],
};
const RESOURCES = [
  AdminOpcode.RESOURCE_OBJ_CREATE,
  AdminOpcode.RESOURCE_OBJ_QUERY,
  AdminOpcode.RESOURCE_OBJ_MODIFY,
  AdminOpcode.RESOURCE_OBJ_DESTROY,
];

function everywhereTest(name: string, run: (scene: Scene) => Promise<void>): void {
  for (const bus of BUSES) {
    for (const ring of RINGS) {
      Deno.test(`${name}, ${bus}, ${ring.packed ? "packed" : "split"}`, async () => {
        await using it = await scene(bus, OPTIONS, ring, [new EchoDevice()]);
        await run(it);
        assert.deepEqual(it.device.errors, []);
      });
    }
  }
}

everywhereTest(
  "2.12.1: each group has its own list, of which two commands go first",
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#13",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#16",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#18",
    );
    const { admin } = it;
    await assert.rejects(admin.capabilities(), fails("EINVAL", "INVALID_OPCODE"));
    const self = await admin.listQuery(SELF_TYPE);
    assert.deepEqual(self, [0, 1, 7, 8, 9, ...RESOURCES]);
    assert.deepEqual(await admin.listQuery(SRIOV), [
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      ...RESOURCES,
      14,
      15,
      16,
      17,
    ]);
    await admin.listUse(SELF_TYPE, [0, 1, 7]);
    assert.deepEqual(await admin.capabilities(), [0, 0x800]);
    await assert.rejects(admin.capability(0x800, 2), fails("EINVAL", "INVALID_OPCODE"));
    await assert.rejects(
      admin.send(AdminOpcode.DEV_MODE_SET, virtualFunction(1)),
      fails("EINVAL", "INVALID_OPCODE"),
      "the other group's list is its own",
    );
    await admin.use(SELF_TYPE);
    assert.deepEqual(await admin.capability(0x800, 4), Uint8Array.of(4, 0b11, 0, 0));
  },
);

everywhereTest(
  "2.12.1: a list with a command that there is not is refused, and changes nothing",
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#7",
      "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#8",
    );
    const { admin } = it;
    await admin.listUse(SELF_TYPE, [0, 1, 7]);
    await assert.rejects(admin.listUse(SELF_TYPE, [0, 1, 2]), fails("EINVAL", "INVALID_FIELD"));
    await assert.rejects(admin.listUse(SELF_TYPE, [0, 1, 999]), fails("EINVAL", "INVALID_FIELD"));
    assert.deepEqual(await admin.capabilities(), [0, 0x800]);
    await admin.listUse(SELF_TYPE, [7]); // blocks the lists themselves
    await assert.rejects(admin.listQuery(SELF_TYPE), fails("EINVAL", "INVALID_OPCODE"));
    await assert.rejects(admin.listUse(SELF_TYPE, [0]), fails("EINVAL", "INVALID_OPCODE"));
    assert.deepEqual(await admin.capabilities(), [0, 0x800]);
  },
);

everywhereTest("2.12.1.5: group, command and member are checked in that order", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#2",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#3",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#4",
  );
  const { admin } = it;
  await admin.use(SELF_TYPE);
  await admin.use(SRIOV);
  const stranger = { groupType: 7, memberId: 99n };
  await assert.rejects(admin.send(0x12, stranger), fails("EINVAL", "INVALID_GROUP"));
  const nobody = { groupType: SELF_TYPE, memberId: 99n };
  await assert.rejects(admin.send(0x12, nobody), fails("EINVAL", "INVALID_OPCODE"));
  await assert.rejects(admin.send(0xffff, nobody), fails("EINVAL", "INVALID_OPCODE"));
  const ids = AdminOpcode.CAP_ID_LIST_QUERY;
  await assert.rejects(admin.send(ids, nobody), fails("EINVAL", "INVALID_MEMBER"));
  await assert.rejects(admin.listQuery(7), fails("EINVAL", "INVALID_GROUP"));
});

everywhereTest(
  "2.12.1.5: virtual functions are members from 1 to their number",
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#26",
    );
    const { admin } = it;
    await admin.use(SRIOV);
    await admin.stop(virtualFunction(1));
    for (const memberId of [0n, 2n, 1n << 32n, (1n << 64n) - 1n]) {
      const member = { groupType: SRIOV, memberId };
      await assert.rejects(admin.stop(member), fails("EINVAL", "INVALID_MEMBER"));
    }
    await admin.resume(virtualFunction(1));
  },
);

everywhereTest(
  "2.12.1.2: capabilities are for the self group, and for what the device has",
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#1",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#5",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#8",
    );
    const { admin } = it;
    await admin.use(SELF_TYPE);
    await admin.use(SRIOV);
    for (const opcode of [7, 8, 9]) {
      await assert.rejects(admin.send(opcode, virtualFunction(1)), fails("EINVAL"));
    }
    await assert.rejects(admin.capability(1, 8), fails("ENXIO"));
    await assert.rejects(admin.setCapability(1, Uint8Array.of(1)), fails("ENXIO"));
  },
);

everywhereTest(
  "2.12.1.2: a driver may use as much as there is or less, and no more",
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#2",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#3",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#4",
    );
    const { admin, owner } = it;
    await admin.use(SELF_TYPE);
    for (const data of [[4, 0b11], [2, 0b01], [0, 0]]) {
      await admin.setCapability(0x800, Uint8Array.from(data));
      assert.deepEqual([...owner.capabilities.get(0x800)], data);
    }
    for (const data of [[5, 0], [4, 0b100]]) {
      await assert.rejects(
        admin.setCapability(0x800, Uint8Array.from(data)),
        fails("EINVAL", "INVALID_FIELD"),
      );
    }
    assert.deepEqual([...owner.capabilities.get(0x800)], [0, 0]);
  },
);

everywhereTest("2.12.1.3: objects are created, changed, read and destroyed", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#1",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#2",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#11",
  );
  const { admin } = it;
  await admin.use(SELF_TYPE);
  const one = { type: 0x200, id: 3 };
  await assert.rejects(
    admin.createObject(SELF, one, Uint8Array.of(1)),
    fails("ENOSPC"),
    "no limit",
  );
  await admin.setCapability(0x800, Uint8Array.of(4, 0));
  await admin.createObject(SELF, one, Uint8Array.of(1));
  assert.deepEqual(await admin.queryObject(SELF, one, 4), Uint8Array.of(1, 0, 0, 0));
  await assert.rejects(admin.createObject(SELF, one, Uint8Array.of(2)), fails("EEXIST"));
  await admin.modifyObject(SELF, one, Uint8Array.of(2, 3, 4, 5, 6));
  assert.deepEqual(await admin.queryObject(SELF, one, 8), Uint8Array.of(2, 3, 4, 5, 0, 0, 0, 0));
  await admin.destroyObject(SELF, one);
  for (
    const gone of [
      admin.queryObject(SELF, one, 4),
      admin.destroyObject(SELF, one),
      admin.modifyObject(SELF, one, Uint8Array.of(1)),
    ]
  ) await assert.rejects(gone, fails("ENXIO"));
});

everywhereTest("2.12.1.3: ids may be any below the limit, and be taken again", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#5",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#6",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#9",
  );
  const { admin } = it;
  await admin.use(SELF_TYPE);
  await admin.setCapability(0x800, Uint8Array.of(3, 0));
  for (const id of [2, 0, 1]) {
    await admin.createObject(SELF, { type: 0x200, id }, Uint8Array.of(id));
  }
  await assert.rejects(
    admin.createObject(SELF, { type: 0x200, id: 3 }, Uint8Array.of(3)),
    fails("ENOSPC", "NORESOURCE"),
  );
  await admin.destroyObject(SELF, { type: 0x200, id: 1 });
  await admin.createObject(SELF, { type: 0x200, id: 1 }, Uint8Array.of(9));
  await assert.rejects(
    admin.createObject(SELF, { type: 0x333, id: 0 }, Uint8Array.of(1)),
    fails("EINVAL", "INVALID_FIELD"),
  );
});

everywhereTest("2.12.1.3: what others need stays, as do capabilities with objects", async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#4",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#10",
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#7",
  );
  const { admin } = it;
  await admin.use(SELF_TYPE);
  await admin.setCapability(0x800, Uint8Array.of(4, 0));
  const [base, upper] = [{ type: 0x200, id: 2 }, { type: 0x201, id: 0 }];
  await assert.rejects(admin.createObject(SELF, upper, Uint8Array.of(2, 0)), fails("EINVAL"));
  await admin.createObject(SELF, base, Uint8Array.of(7));
  await admin.createObject(SELF, upper, Uint8Array.of(2, 0));
  await assert.rejects(admin.destroyObject(SELF, base), fails("EBUSY"));
  await assert.rejects(admin.modifyObject(SELF, base, Uint8Array.of(8)), fails("EBUSY"));
  assert.deepEqual(await admin.queryObject(SELF, base, 1), Uint8Array.of(7));
  await assert.rejects(admin.modifyObject(SELF, upper, Uint8Array.of(2, 0xff)), fails("ENOSPC"));
  assert.deepEqual(await admin.queryObject(SELF, upper, 2), Uint8Array.of(2, 0), "as it was");
  await assert.rejects(admin.setCapability(0x800, Uint8Array.of(2, 0)), fails("EBUSY"));
  await admin.destroyObject(SELF, upper);
  await admin.destroyObject(SELF, base);
  await admin.setCapability(0x800, Uint8Array.of(0, 0));
});

Deno.test("2.12.1.3.5: a reset destroys all objects, the last one first", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#12",
  );
  const destroyed: number[] = [];
  const [first, second] = OPTIONS.resources!;
  const resources = [first!, second!].map((type) => ({
    ...type,
    destroyed: ({ type }: { type: number }) => destroyed.push(type),
  }));
  await using it = await scene("loopback", { ...OPTIONS, resources });
  const { admin, driver, owner } = it;
  await admin.use(SELF_TYPE);
  await admin.setCapability(0x800, Uint8Array.of(4, 0));
  await admin.createObject(SELF, { type: 0x200, id: 0 }, Uint8Array.of(7));
  await admin.createObject(SELF, { type: 0x201, id: 0 }, Uint8Array.of(0, 0));
  await driver.start({ want: 0n });
  assert.deepEqual(destroyed, [0x201, 0x200]);
  assert.deepEqual(owner.objects.all(), []);
});

Deno.test("2.12.1.6: a status or qualifier that nobody knows counts as the general one", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#9",
    "drivernormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#10",
  );
  let answer: AdminError | undefined;
  const run = () => {
    if (answer !== undefined) throw answer;
  };
  const commands = [{ groupType: SELF_TYPE, opcode: 0x7000, run }];
  await using it = await scene("loopback", { commands });
  await it.admin.listUse(SELF_TYPE, [0x7000]);
  await it.admin.send(0x7000, SELF);
  answer = new AdminError(99, 2);
  await assert.rejects(it.admin.send(0x7000, SELF), fails("EINVAL", "INVALID_OPCODE"));
  answer = new AdminError(AdminStatus.EBUSY, 0x1234);
  await assert.rejects(it.admin.send(0x7000, SELF), fails("EBUSY", "INVALID_COMMAND"));
});

Deno.test("2.13.2: a command that the device could not carry out just now is sent again", async () => {
  covers("drivernormative:Basic Facilities of a Virtio Device / Administration virtqueues#9");
  let tries = 0;
  const run = () => {
    if (++tries < 3) throw new AdminError(AdminStatus.EAGAIN);
    return Uint8Array.of(tries);
  };
  const commands = [{ groupType: SELF_TYPE, opcode: 0x7000, run }];
  await using it = await scene("pci", { commands });
  await it.admin.listUse(SELF_TYPE, [0x7000]);
  assert.equal((await it.admin.send(0x7000, SELF, new Uint8Array(0), 8))[0], 3);
  tries = -100;
  await assert.rejects(it.admin.send(0x7000, SELF), fails("EAGAIN", "TRYAGAIN"));
});

Deno.test("2.13: what a command's own code throws is reported, and answered with EAGAIN", async () => {
  const bug = new Error("a bug");
  for (
    const run of [() => Promise.reject(bug), () => {
      throw bug;
    }]
  ) {
    const commands = [{ groupType: SELF_TYPE, opcode: 0x7000, run }];
    await using it = await scene("loopback", { commands });
    await it.admin.listUse(SELF_TYPE, [0x7000]);
    await assert.rejects(it.admin.send(0x7000, SELF), fails("EAGAIN"));
    assert.equal(it.device.errors[0], bug);
    it.device.errors.length = 0;
  }
});

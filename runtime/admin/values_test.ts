/**
 * Capabilities and resource objects by their values (VIRTIO 1.4, 2.12.1.2 and 2.12.1.3): those of
 * networks (5.1.6, 5.1.7), over both rings.
 */

import assert from "node:assert/strict";
import { NetworkCapabilities, NetworkObjects } from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import { PeerError } from "../errors.ts";
import { fails } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { SELF } from "./driver.ts";
import { AdminStatus } from "./mod.ts";
import { GroupOwner } from "./owner.ts";
import * as scene from "./values_fixture.ts";
import {
  ACTIONS,
  ASSOCIATION,
  LIMITS,
  mask,
  MODE,
  RINGS,
  ringsTest,
  SELECTORS,
} from "./values_fixture.ts";

const { ffResource, ffSelector, ffAction, ipsecResource, ipsecSa } = NetworkCapabilities;
const { ffGroup, ffClassifier, ffRule, ipsecInbSa } = NetworkObjects;
const [ETHERNET, IPV4] = SELECTORS.selectors;
const RULE = {
  groupId: 1,
  classifierId: 2,
  rulePriority: 3,
  action: 1,
  vqIndex: 0,
  keys: new Uint8Array(34).fill(5),
};
const FILTERS = { resources: [ffGroup.serve(), ffClassifier.serve(), ffRule.serve()] };
const IPSEC = { resources: [ipsecInbSa.serve()] };

ringsTest("5.1.6: a network's capabilities are read and set as what they say", {}, async (it) => {
  const { admin, owner } = it;
  assert.deepEqual(await admin.capability(ffResource), LIMITS);
  assert.deepEqual(await admin.capability(ffSelector), SELECTORS);
  assert.deepEqual(await admin.capability(ffAction), ACTIONS);
  assert.deepEqual(await admin.capability(ipsecResource), { inbSaLimit: 2, outbSaLimit: 300 });
  const modes = { capMode: [MODE, { ...MODE, mode: 3, options: 1 }] };
  assert.deepEqual(await admin.capability(ipsecSa), modes);
  assert.deepEqual(owner.capabilities.get(ipsecSa), { capMode: [] }, "nothing is set at first");
  await scene.useFlowFilters(admin);
  await admin.setCapability(ipsecSa, modes);
  assert.deepEqual(owner.capabilities.get(ffResource), LIMITS);
  assert.deepEqual(owner.capabilities.get(ffSelector), SELECTORS);
  assert.deepEqual(owner.capabilities.get(ffAction), ACTIONS);
  assert.deepEqual(owner.capabilities.get(ipsecSa), modes);
});

ringsTest(
  "2.12.1.2.4: limits are numbers, flags are bits, and lists have entries",
  {},
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#2",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#3",
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device and driver capabilities#4",
    );
    const { admin, owner } = it;
    const fewer = { ...LIMITS, groupsLimit: 0xff, rulesLimit: 0xffff }; // smaller numbers of larger bytes
    await admin.setCapability(ffResource, fewer);
    await admin.setCapability(ffSelector, { selectors: [{ ...ETHERNET!, flags: 0 }] });
    await admin.setCapability(ffAction, { actions: [2] });
    await admin.setCapability(ipsecSa, { capMode: [{ ...MODE, options: 0b100, hmacAlgo: 0n }] });
    const refused = [
      admin.setCapability(ffResource, { ...LIMITS, groupsLimit: 0x101 }),
      admin.setCapability(ffSelector, { selectors: [{ ...IPV4!, flags: 1 }] }),
      admin.setCapability(ffSelector, { selectors: [{ ...IPV4!, mask: mask(21) }] }),
      admin.setCapability(ffSelector, { selectors: [{ ...IPV4!, type: 6 }] }),
      admin.setCapability(ffAction, { actions: [1, 3] }),
      admin.setCapability(ipsecSa, { capMode: [{ ...MODE, options: 0b111 }] }),
      admin.setCapability(ipsecSa, { capMode: [{ ...MODE, cipherAlgo: 4n }] }),
    ];
    for (const each of refused) await assert.rejects(each, fails("EINVAL", "INVALID_FIELD"));
    assert.deepEqual(owner.capabilities.get(ffResource), fewer, "a refusal changes nothing");
    assert.deepEqual(owner.capabilities.get(ffAction), { actions: [2] });
  },
);

Deno.test("5.1.9.6.4: who serves flow filters offers all of their capabilities", () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Flow filter#1",
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation#1",
  );
  const all = scene.CAPABILITIES;
  for (const [type, ids] of [[ffGroup, all.slice(0, 3)], [ipsecInbSa, all.slice(3)]] as const) {
    const resources = [type.serve()];
    for (const capability of ids) {
      const capabilities = all.filter((one) => one !== capability);
      const hex = capability.id.toString(16);
      const lost = new RegExp(
        `Cannot serve objects of type 0x20\\d: capability 0x${hex} is not offered`,
      );
      assert.throws(() => new GroupOwner({ capabilities, resources }), lost);
    }
    const owner = new GroupOwner({ capabilities: ids, resources });
    assert.ok(ids.every(({ id }) => owner.capabilities.has(id)));
  }
});

ringsTest("5.1.9.6.3: groups, classifiers and rules are what was created", FILTERS, async (it) => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Flow filter#4",
    "devicenormative:Device Types / Network Device / Device Operation / Flow filter#7",
    "devicenormative:Device Types / Network Device / Device Operation / Flow filter#8",
  );
  const { admin, owner } = it;
  await scene.useFlowFilters(admin);
  const [group, classifier, rule] = [
    { type: ffGroup, id: 1 },
    { type: ffClassifier, id: 2 },
    { type: ffRule, id: 255 },
  ];
  const selectors = { selectors: [ETHERNET!, IPV4!] };
  await assert.rejects(admin.createObject(SELF, rule, RULE), fails("EINVAL"), "no group for it");
  await admin.createObject(SELF, group, { groupPriority: 0x1234 });
  const same = admin.createObject(SELF, { ...group, id: 2 }, { groupPriority: 0x1234 });
  await assert.rejects(same, fails("EINVAL", "INVALID_FIELD"), "the priority of another group");
  await admin.modifyObject(SELF, group, { groupPriority: 0x1234 });
  await assert.rejects(admin.createObject(SELF, rule, RULE), fails("EINVAL"), "no classifier");
  await admin.createObject(SELF, classifier, selectors);
  const other = admin.createObject(SELF, rule, { ...RULE, action: 3 });
  await assert.rejects(other, fails("EINVAL"), "an action that the driver did not ask for");
  await admin.createObject(SELF, rule, RULE);
  assert.deepEqual(await admin.queryObject(SELF, group), { groupPriority: 0x1234 });
  assert.deepEqual(await admin.queryObject(SELF, classifier), selectors);
  assert.deepEqual(await admin.queryObject(SELF, rule), RULE);
  const changed = { ...RULE, keys: Uint8Array.of(1, 2, 3) };
  await admin.modifyObject(SELF, rule, changed);
  assert.deepEqual(await admin.queryObject(SELF, rule), changed);
  assert.deepEqual(owner.objects.all(ffRule).map(({ id, value }) => [id, value]), [[255, changed]]);
  await assert.rejects(admin.destroyObject(SELF, group), fails("EBUSY"));
  await assert.rejects(admin.destroyObject(SELF, classifier), fails("EBUSY"));
  for (const each of [rule, group, classifier]) {
    await admin.destroyObject(SELF, { type: each.type.type, id: each.id });
  }
  assert.deepEqual(owner.objects.all(), []);
});

ringsTest(
  "5.1.9.6.4: limits of flow filters are those that the driver set",
  FILTERS,
  async (it) => {
    covers(
      "devicenormative:Device Types / Network Device / Device Operation / Flow filter#3",
      "devicenormative:Device Types / Network Device / Device Operation / Flow filter#5",
      "devicenormative:Device Types / Network Device / Device Operation / Flow filter#6",
    );
    const { admin } = it;
    const group = (id: number) =>
      admin.createObject(SELF, { type: ffGroup, id }, { groupPriority: id });
    const classifier = (id: number) =>
      admin.createObject(SELF, { type: ffClassifier, id }, { selectors: [ETHERNET!] });
    await admin.setCapability(ffResource, LIMITS);
    await admin.setCapability(ffSelector, SELECTORS);
    for (
      const each of [
        group(0),
        admin.modifyObject(SELF, { type: ffGroup, id: 0 }, { groupPriority: 1 }),
        admin.queryObject(SELF, { type: ffGroup, id: 0 }),
        admin.destroyObject(SELF, { type: ffGroup, id: 0 }),
      ]
    ) await assert.rejects(each, fails("EINVAL", "INVALID_OPCODE"), "actions are disabled");
    const few = { ...LIMITS, groupsLimit: 8, rulesPerGroupLimit: 3, classifiersLimit: 1 };
    await scene.useFlowFilters(admin, few);
    await group(2);
    await assert.rejects(group(3), fails("ENOSPC"), "the lower of the two limits");
    await classifier(0);
    await assert.rejects(classifier(1), fails("ENOSPC"));
    const rule = { type: ffRule, id: 3 };
    const full = admin.createObject(SELF, rule, { ...RULE, groupId: 2, classifierId: 0 });
    await assert.rejects(full, fails("ENOSPC"));
    const disable = admin.setCapability(ffAction, { actions: [] });
    await assert.rejects(disable, fails("EBUSY"), "objects would be without commands");
  },
);

ringsTest("2.12.1.3: a saved object needs what was created after it", FILTERS, async (it) => {
  const { admin, device, owner } = it;
  await scene.useFlowFilters(admin);
  const rule = { type: ffRule, id: 0 };
  await admin.createObject(SELF, { type: ffClassifier, id: 2 }, SELECTORS);
  await admin.createObject(SELF, { type: ffGroup, id: 1 }, { groupPriority: 1 });
  await admin.createObject(SELF, rule, RULE);
  await admin.createObject(SELF, { type: ffGroup, id: 7 }, { groupPriority: 7 });
  await admin.modifyObject(SELF, rule, { ...RULE, groupId: 7 });
  device.restore(JSON.parse(JSON.stringify(device.save())));
  assert.equal(owner.objects.all(ffRule)[0]!.value.groupId, 7);
  await admin.destroyObject(SELF, { type: ffGroup, id: 1 });
  await assert.rejects(admin.destroyObject(SELF, { type: ffGroup, id: 7 }), fails("EBUSY"));
});

ringsTest("2.13: values lack zeroes or end early, and are cut", FILTERS, async (it) => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#1",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#2",
    "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#6",
  );
  const { admin, owner } = it;
  await scene.useFlowFilters(admin);
  const create = async (type: number, id: number, data: readonly number[]) => {
    await admin.createObject(SELF, { type, id }, Uint8Array.from(data));
  };
  await create(ffGroup.type, 0, []);
  await create(ffGroup.type, 1, [7]);
  await create(ffGroup.type, 2, [1, 2, ...mask(90)]);
  const groups = owner.objects.all(ffGroup);
  assert.deepEqual(groups.map(({ value }) => value.groupPriority), [0, 7, 0x201]);
  assert.deepEqual(groups.map(({ data }) => data.length), [2, 2, 2]);
  await create(ffClassifier.type, 0, []);
  await create(ffClassifier.type, 1, [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0xff]);
  await create(ffClassifier.type, 2, [1, ...new Uint8Array(7), 1, ...new Uint8Array(7), 9, 9]);
  const empty = { type: 0, flags: 0, mask: new Uint8Array(0) };
  assert.deepEqual(owner.objects.all(ffClassifier).map(({ value }) => value.selectors), [
    [],
    [{ type: 1, flags: 0, mask: Uint8Array.of(0xff, 0, 0) }, empty],
    [{ type: 1, flags: 0, mask: new Uint8Array(0) }],
  ]);
  const size = 8 + 8 + 3 + 8;
  const whole = await admin.queryObject(SELF, { type: ffClassifier.type, id: 1 }, size);
  assert.deepEqual([...whole.subarray(16, 24)], [0xff, 0, 0, 0, 0, 0, 0, 0]);
  await admin.setCapability(ffAction.id, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, ...mask(40)));
  assert.deepEqual(owner.capabilities.get(ffAction), { actions: [2] });
  await admin.setCapability(ipsecSa.id, Uint8Array.of());
  assert.deepEqual(owner.capabilities.get(ipsecSa), { capMode: [] });
});

ringsTest(
  "2.12.1.3.5: what no object can be is refused, and changes nothing",
  IPSEC,
  async (it) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands / Device resource objects#10",
    );
    const { admin, owner } = it;
    await admin.setCapability(ipsecResource, { inbSaLimit: 2, outbSaLimit: 2 });
    await admin.setCapability(ipsecSa, { capMode: [MODE] });
    const object = { type: ipsecInbSa, id: 0 };
    await admin.createObject(SELF, object, ASSOCIATION);
    const tooLong = { ...ASSOCIATION, cipherKey: { length: 33, data: new Uint8Array(32) } };
    const data = ipsecInbSa.encode(tooLong); // its bounds are those of who reads it
    const raw = { type: ipsecInbSa.type, id: 1 };
    await assert.rejects(admin.createObject(SELF, raw, data), fails("EINVAL", "INVALID_FIELD"));
    const modified = admin.modifyObject(SELF, { ...raw, id: 0 }, data);
    await assert.rejects(modified, fails("EINVAL", "INVALID_FIELD"));
    assert.deepEqual(owner.objects.all(ipsecInbSa).map(({ value }) => value), [ASSOCIATION]);
    const stranger = admin.createObject(SELF, { type: ffGroup, id: 0 }, { groupPriority: 1 });
    await assert.rejects(
      stranger,
      fails("EINVAL", "INVALID_FIELD"),
      "a type that it does not have",
    );
    await assert.rejects(admin.queryObject(SELF, { type: ffGroup, id: 0 }), fails("ENXIO"));
    await assert.rejects(
      admin.createObject(SELF, { type: ffGroup, id: 0 }, { groupPriority: 0x1_0000 }),
      RangeError,
    );
  },
);

for (const ring of RINGS) {
  Deno.test(`2.12.1.2.2: a driver reads whatever a device says, ${ring.packed}`, async () => {
    const many = { capMode: Array.from({ length: 255 }, (_, mode) => ({ ...MODE, mode })) };
    const capabilities = [
      ipsecSa.offer(many),
      { id: ffResource.id, data: Uint8Array.of(1, 2) },
      { id: ffSelector.id, data: Uint8Array.of(255, ...new Uint8Array(7), 1, 1) },
    ];
    await using it = await scene.network(ring, { capabilities });
    const { admin } = it;
    assert.deepEqual(await admin.capability(ipsecSa), many, "11 KiB");
    assert.deepEqual(await admin.capability(ffResource), {
      ...ffResource.decode(new Uint8Array(0)),
      groupsLimit: 0x201,
    });
    const { selectors } = await admin.capability(ffSelector);
    assert.equal(selectors.length, 255);
    assert.deepEqual(selectors[0], { type: 1, flags: 1, mask: new Uint8Array(0) });
    await assert.rejects(admin.capability(ffAction), fails("ENXIO"));
    assert.throws(() => ipsecInbSa.decode(mask(196)), PeerError);
    assert.deepEqual(it.errors, []);
  });
}

for (const ring of RINGS) {
  Deno.test(`2.12.1.3: handlers are told of values, also by a restore, ${ring.packed}`, async () => {
    const priorities = new Map<number, number>();
    const group = ffGroup.serve({
      check: ({ value }, others) => {
        const all = others.reduce((sum, other) => sum + other.value.groupPriority, 0);
        if (all + value.groupPriority > 15) throw new AdminError(AdminStatus.ENOMEM);
      },
      changed: ({ id, value }) => priorities.set(id, value.groupPriority),
      destroyed: ({ id, value }) => {
        assert.equal(priorities.get(id), value.groupPriority);
        priorities.delete(id);
      },
    });
    await using it = await scene.network(ring, { resources: [group] });
    const { admin, device } = it;
    await scene.useFlowFilters(admin);
    await admin.createObject(SELF, { type: ffGroup, id: 0 }, { groupPriority: 5 });
    await admin.createObject(SELF, { type: ffGroup, id: 1 }, { groupPriority: 6 });
    const third = admin.createObject(SELF, { type: ffGroup, id: 2 }, { groupPriority: 7 });
    await assert.rejects(third, fails("ENOMEM", "NORESOURCE"));
    const saved = JSON.parse(JSON.stringify(device.save()));
    await admin.modifyObject(SELF, { type: ffGroup, id: 0 }, { groupPriority: 9 });
    await admin.destroyObject(SELF, { type: ffGroup, id: 1 });
    assert.deepEqual([...priorities], [[0, 9]]);
    device.restore(saved);
    assert.deepEqual([...priorities], [[0, 5], [1, 6]]);
    saved.admin.state.capabilities = [];
    assert.throws(() => device.restore(saved), RangeError);
  });
}

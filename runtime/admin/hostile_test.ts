/** Group administration commands of a hostile driver (VIRTIO 1.4, 2.12.1.5 and 2.13.1): each is answered, none throws. */

import assert from "node:assert/strict";
import { NetworkCapabilities, NetworkObjects } from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import { EchoDevice } from "../echo_fixture.ts";
import { Random } from "../random.ts";
import { BUSES, scene } from "./admin_fixture.ts";
import { encodeCommand } from "./command.ts";
import { SELF, virtualFunction } from "./driver.ts";
import { AdminStatus, GroupType } from "./mod.ts";
import { network, RINGS, useFlowFilters } from "./values_fixture.ts";

const COMMANDS = 4000;
const STATUSES: ReadonlySet<number> = new Set(Object.values(AdminStatus));

for (const bus of BUSES) {
  for (const packed of [false, true]) {
    const ring = packed ? "packed" : "split";
    Deno.test(`${COMMANDS} commands of random bytes are each answered with a status, ${bus}, ${ring}`, async () => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#6",
        "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#9",
        "devicenormative:Basic Facilities of a Virtio Device / Administration virtqueues#6",
      );
      const random = new Random(packed ? 1 : 2);
      await using it = await scene(
        bus,
        {
          capabilities: [{ id: 0x800, data: Uint8Array.of(3) }],
          resources: [{ type: 0x200, capability: 0x800, limit: ([limit]) => limit! }],
        },
        { packed },
        [new EchoDevice(), new EchoDevice()],
      );
      const { admin, device, driver } = it;
      await admin.use(GroupType.SELF);
      await admin.use(GroupType.SRIOV);
      await admin.setCapability(0, Uint8Array.of(9, 9));
      await admin.setCapability(0x800, Uint8Array.of(3));
      await admin.createPartsObject(virtualFunction(1), 0, "get");
      await admin.createPartsObject(virtualFunction(1), 1, "set");
      for (let round = 0; round < COMMANDS; round++) {
        const bytes = hostile(random);
        const answer = await admin.exchange(bytes, 4 + random.below(200));
        const view = new DataView(answer.buffer);
        const [status, qualifier] = [view.getUint16(0, true), view.getUint16(2, true)];
        assert.ok(STATUSES.has(status) && qualifier <= 7, `${status} ${qualifier}`);
        assert.equal(status === 0, qualifier === 0);
      }
      assert.deepEqual(device.errors, []);
      assert.deepEqual(await driver.echo(Uint8Array.of(1, 2)), Uint8Array.of(1, 2));
    });
  }
}

for (const ring of RINGS) {
  Deno.test(`${COMMANDS} values of random bytes are each answered with a status, ${ring.packed}`, async () => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Device groups / Group administration commands#6",
    );
    const random = new Random(ring.packed ? 3 : 4);
    const capabilities = Object.values(NetworkCapabilities);
    const types = Object.values(NetworkObjects);
    const resources = types.map((type) => type.serve());
    await using it = await network(ring, { resources });
    const { admin, owner } = it;
    const kinds = [8, 9, 9, 10, 10, 10, 11, 12, 13];
    const seen = new Set<number>();
    await useFlowFilters(admin);
    for (let round = 0; round < COMMANDS; round++) {
      const opcode = random.pick(kinds);
      const [number, id] = opcode < 10
        ? [random.pick(capabilities).id, 0]
        : [random.pick(types).type, random.below(4)];
      const data = Uint8Array.from({ length: random.below(80) }, () => random.pick(BYTES));
      const head = [number & 0xff, number >> 8, 0, 0, id, 0, 0, 0];
      const flags = opcode < 10 ? [] : new Array(8).fill(0);
      const member = { groupType: GroupType.SELF, memberId: 0n };
      const bytes = encodeCommand({
        opcode,
        ...member,
        data: Uint8Array.from([...head, ...flags, ...data]),
      });
      const answer = await admin.exchange(bytes, 4 + random.below(400));
      const status = new DataView(answer.buffer).getUint16(0, true);
      assert.ok(STATUSES.has(status), `${status}`);
      seen.add(status);
    }
    assert.deepEqual(it.errors, []);
    const { OK, EINVAL, EEXIST, ENXIO } = AdminStatus;
    for (const status of [OK, EINVAL, EEXIST, ENXIO]) assert.ok(seen.has(status), `${status}`);
    for (const object of owner.objects.all()) {
      const type = types.find((one) => one.type === object.type)!;
      assert.deepEqual(
        await admin.queryObject(SELF, { type, id: object.id }),
        type.held(object).value,
      );
    }
  });
}

const BYTES = [0, 0, 0, 0, 1, 1, 2, 3, 4, 8, 14, 255];

/** A command that is right here and there. */
function hostile(random: Random): Uint8Array {
  const length = random.pick([0, 0, 1, 8, 9, 16, 24, 40, 56, 72, 200]);
  const data = Uint8Array.from(
    { length },
    () => random.once(2) ? random.pick([0, 1, 2, 8, 16]) : random.word(),
  );
  const bytes = encodeCommand({
    // LIST_USE is left out: it would soon forbid all others.
    opcode: random.pick([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0xffff]),
    groupType: random.pick([0, 0, 1, 1, 1, 1, 2, 0xffff]),
    memberId: random.pick([0n, 0n, 1n, 1n, 1n, 2n, 3n, 1n << 63n]),
    data,
  });
  return random.once(8) ? bytes.slice(0, 1 + random.below(bytes.length)) : bytes;
}

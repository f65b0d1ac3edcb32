/**
 * The bytes of group administration commands (VIRTIO 1.4, 2.12.1), from `testdata/vectors/admin.json`:
 * one session, of which the owner gives the answers and the driver sends the commands.
 */

import assert from "node:assert/strict";
import { parseHex, toHex } from "../../testing/hex.ts";
import { readableOf, readVectors, type Vector } from "../../testing/vectors.ts";
import type { AdminServer } from "../device_hooks.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { loopback } from "../loopback.ts";
import type { DeviceQueue } from "../queue.ts";
import { BUSES, scene } from "./admin_fixture.ts";
import { AdminError } from "./command.ts";
import { type AdminDriver, SELF, virtualFunction } from "./driver.ts";
import { whole } from "./driver_data.ts";
import { AdminOpcode, GroupType } from "./mod.ts";
import type { GroupOwnerOptions } from "./owner.ts";

const vectors = readVectors("admin");
const VF = virtualFunction(1);
const { SELF: SELF_TYPE, SRIOV } = GroupType;
const OBJECT = { type: 0, id: 1 };
const SELF_LIST = [0, 1, 7, 8, 9, 10, 11, 12, 13, 64];
const SRIOV_LIST = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17];
const STATUS = { type: 0x103, flags: 0, selector: 0, length: 1 };
const VECTOR = { type: 0x102, flags: 0, selector: 16, length: 2 };
const REGISTERS = [
  { type: 0x100, flags: 1, selector: 0, length: 16 },
  { type: 0x101, flags: 0, selector: 0, length: 16 },
  VECTOR,
  STATUS,
];

/** The readable part as a driver sends it: a multiple of 64 bits, except where its length says how much is written (2.13.2). */
function sentOf(vector: Vector): string {
  const bytes = readableOf(vector);
  const { LEGACY_COMMON_CFG_WRITE, LEGACY_DEV_CFG_WRITE } = AdminOpcode;
  const exact = [LEGACY_COMMON_CFG_WRITE, LEGACY_DEV_CFG_WRITE].some((one) => one === bytes[0]);
  return toHex(exact ? bytes : whole(bytes));
}

function writableOf({ writable = "" }: Vector): Uint8Array {
  return parseHex(writable).bytes;
}

for (const bus of BUSES) {
  for (const packed of [false, true]) {
    Deno.test(`2.12.1: an owner answers as written down, ${bus}, ${packed ? "packed" : "split"}`, async () => {
      const options: GroupOwnerOptions = {
        capabilities: [{ id: 0x800, data: Uint8Array.of(1) }],
        resources: [{ type: 0x200, capability: 0x800, limit: () => 1 }],
        commands: [{ groupType: SELF_TYPE, opcode: 64, run: () => {} }],
      };
      await using it = await scene(bus, options, { packed }, [new EchoDevice()]);
      for (const vector of vectors) {
        const writable = writableOf(vector);
        const answer = await it.admin.exchange(readableOf(vector), writable.length);
        assert.equal(toHex(answer), toHex(writable), vector.name);
      }
      assert.deepEqual(it.device.errors, []);
    });
  }
}

/** Answers each command with the bytes that a vector has, and keeps what came. */
class HandServer implements AdminServer {
  answer = new Uint8Array(0);
  readonly seen: string[] = [];

  attach(): void {}
  reset(): void {}
  save(): unknown {
    return {};
  }
  restore(): void {}

  serve(queue: DeviceQueue): boolean {
    for (let head; (head = queue.pop()) >= 0;) {
      const chain = queue.chain(head);
      const bytes = new Uint8Array(chain.readableLength);
      chain.read(0, bytes, 0, bytes.length);
      this.seen.push(toHex(bytes));
      const length = Math.min(chain.writableLength, this.answer.length);
      chain.write(0, this.answer, 0, length);
      queue.push(head, length);
    }
    queue.publish();
    return false;
  }
}

/** The call that sends each vector, and what it gives; undefined for vectors that the driver would not send. */
const CALLS: Readonly<
  Record<string, readonly [(admin: AdminDriver) => Promise<unknown>, unknown]>
> = {
  "the commands of the self group, one beyond 63": [
    (admin) => admin.listQuery(SELF_TYPE),
    SELF_LIST,
  ],
  "a command before it was said that it would be used": [(admin) => admin.capabilities(), [22, 2]],
  "all of them are used": [(admin) => admin.listUse(SELF_TYPE, SELF_LIST), undefined],
  "the commands of virtual functions": [(admin) => admin.listQuery(SRIOV), SRIOV_LIST],
  "all of those are used": [(admin) => admin.listUse(SRIOV, SRIOV_LIST), undefined],
  "a list with a command that there is not": [
    (admin) => admin.listUse(SELF_TYPE, [0, 1, 2]),
    [22, 3],
  ],
  "a group that there is not": [(admin) => admin.listQuery(2), [22, 4]],
  "a member that there is not": [
    (admin) => admin.legacyNotifyAddresses(virtualFunction(2)),
    [22, 5],
  ],
  "capabilities 0 and 0x800": [(admin) => admin.capabilities(), [0, 0x800]],
  "sixteen objects of each kind": [(admin) => admin.capability(0, 2), Uint8Array.of(16, 16)],
  "a capability that there is not": [(admin) => admin.capability(9, 2), [6, 1]],
  "two objects of each kind": [(admin) => admin.setCapability(0, Uint8Array.of(2, 2)), undefined],
  "an object that sets": [(admin) => admin.createPartsObject(VF, 1, "set"), undefined],
  "the same again": [(admin) => admin.createPartsObject(VF, 1, "set"), [17, 1]],
  "it is there": [
    (admin) => admin.queryObject(VF, OBJECT, 8),
    Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0),
  ],
  "it reads from now on": [(admin) => admin.modifyObject(VF, OBJECT, new Uint8Array(8)), undefined],
  "how large the parts are": [(admin) => admin.partsSize(VF, 1), 99],
  "how many parts there are": [(admin) => admin.partsCount(VF, 1), 4],
  "it sets again": [
    (admin) => admin.modifyObject(VF, OBJECT, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)),
    undefined,
  ],
  "parts of a member that is not stopped": [
    (admin) => admin.setParts(VF, 1, [{ ...STATUS, value: Uint8Array.of(0) }]),
    [22, 1],
  ],
  stopped: [(admin) => admin.stop(VF), undefined],
  "its status": [
    (admin) => admin.setParts(VF, 1, [{ ...STATUS, value: Uint8Array.of(3) }]),
    undefined,
  ],
  "it goes on": [(admin) => admin.resume(VF), undefined],
  "the status of a legacy driver": [(admin) => admin.legacyRead(VF, 18, 1), Uint8Array.of(3)],
  "a queue of a legacy driver": [
    (admin) => admin.legacyWrite(VF, 14, new Uint8Array(2)),
    undefined,
  ],
  "across two registers": [(admin) => admin.legacyRead(VF, 18, 2), [22, 3]],
  "the configuration of a legacy driver": [
    (admin) => admin.legacyConfigRead(VF, 2, 4),
    Uint8Array.of(3, 4, 5, 6),
  ],
  "what a legacy driver may write": [
    (admin) => admin.legacyConfigWrite(VF, 4, Uint8Array.of(9, 8)),
    undefined,
  ],
  "where a legacy driver notifies": [
    (admin) => admin.legacyNotifyAddresses(VF),
    [{ of: "member", bar: 4, offset: 0x80n }],
  ],
  "an object that is gone": [(admin) => admin.destroyObject(VF, OBJECT), undefined],
  "an object that is not there": [(admin) => admin.destroyObject(VF, OBJECT), [6, 1]],
};

/** Vectors that a call sends together with others before them. */
const LISTED = ["which parts there are", "the vector and the status"];

for (const packed of [false, true]) {
  Deno.test(`2.12.1: a driver sends and understands what is written down, ${packed ? "packed" : "split"}`, async () => {
    const hand = new HandServer();
    const device = new EchoDevice();
    device.own(hand);
    await using driver = await EchoDriver.open(loopback(device), { packed });
    for (const vector of vectors) {
      if (LISTED.includes(vector.name)) continue;
      hand.answer = writableOf(vector).slice();
      hand.seen.length = 0;
      const [call, wanted] = CALLS[vector.name]!;
      const found = await call(driver.admin!).catch((error) => {
        if (!(error instanceof AdminError)) throw error;
        return [error.status, error.qualifier];
      });
      assert.deepEqual(found, wanted, vector.name);
      assert.deepEqual(hand.seen, [sentOf(vector)], vector.name);
    }
    assert.deepEqual(Object.keys(CALLS).length + LISTED.length, vectors.length);
    // Every command of the standard is there.
    const sent = new Set(vectors.map((vector) => readableOf(vector)[0]));
    for (const opcode of Object.values(AdminOpcode)) assert.ok(sent.has(opcode), `${opcode}`);
    assert.equal(SELF.memberId, 0n);
  });
}

Deno.test("2.12.1.4.3: a driver asks how much there is before it reads parts", async () => {
  const find = (name: string) => vectors.find((vector) => vector.name === name)!;
  const hand = new HandServer();
  const device = new EchoDevice();
  device.own(hand);
  await using driver = await EchoDriver.open(loopback(device));
  const [list, get] = [find(LISTED[0]!), find(LISTED[1]!)];
  hand.answer = writableOf(list).slice(); // the count is where the list has it
  assert.deepEqual(await driver.admin!.partsList(VF, 1), REGISTERS);
  assert.deepEqual(hand.seen, [
    sentOf(find("how many parts there are")),
    sentOf(list),
  ]);
  hand.seen.length = 0;
  const { serve } = hand;
  hand.answer = writableOf(find("how large the parts are")).slice();
  hand.serve = (queue) => {
    const again = serve.call(hand, queue);
    hand.answer = writableOf(get).slice();
    return again;
  };
  const parts = await driver.admin!.parts(VF, 1, [STATUS, VECTOR]);
  assert.deepEqual(parts, [
    { ...VECTOR, value: Uint8Array.of(0xff, 0xff) },
    { ...STATUS, value: Uint8Array.of(0) },
  ]);
  assert.deepEqual(hand.seen, [
    sentOf(find("how large the parts are")),
    sentOf(get),
  ]);
});

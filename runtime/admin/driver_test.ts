// What the driver of an owner of groups sends, and when (VIRTIO 1.4, 2.12.1 and 2.13.2).

import assert from "node:assert/strict";
import { covers } from "../../testing/covers.ts";
import { tasks } from "../device_fixture.ts";
import type { AdminServer } from "../device_hooks.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { loopback } from "../loopback.ts";
import type { DeviceQueue } from "../queue.ts";
import { type AdminCommand, readCommand, writeAnswer } from "./command.ts";
import { type AdminDriver, SELF, virtualFunction } from "./driver.ts";
import { AdminObject, AdminOpcode, AdminStatus, DevPart, GroupType } from "./mod.ts";

const VF1 = virtualFunction(1);
const COMMANDS =
  "Basic Facilities of a Virtio Device / Device groups / Group administration commands";
const QUEUES = "drivernormative:Basic Facilities of a Virtio Device / Administration virtqueues";
const NONE = new Uint8Array(0);
const PARTS = `drivernormative:${COMMANDS} / Device parts` as const;

/** A command as it came, and how long its parts were. */
interface Seen extends AdminCommand {
  readonly readable: number;
  readonly writable: number;
}

/** Keeps all commands, and answers each when it is told to. */
class Recorder implements AdminServer {
  readonly seen: Seen[] = [];
  /** The result of commands to come. */
  result: (command: AdminCommand) => Uint8Array = () => NONE;
  /** Keeps commands instead of answering. */
  holding = false;
  readonly #held: (() => void)[] = [];

  attach(): void {}
  reset(): void {}
  save(): unknown {
    return {};
  }
  restore(): void {}

  serve(queue: DeviceQueue): boolean {
    for (let head = queue.pop(); head >= 0; head = queue.pop()) {
      const chain = queue.chain(head);
      const command = readCommand(chain);
      const { readableLength: readable, writableLength: writable } = chain;
      this.seen.push({ ...command, readable, writable });
      const answer = () => {
        queue.push(head, writeAnswer(chain, AdminStatus.OK, 0, this.result(command)));
        queue.publish();
      };
      if (this.holding) this.#held.push(answer);
      else answer();
    }
    return false;
  }

  /** Answers what was held. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  get opcodes(): number[] {
    return this.seen.map(({ opcode }) => opcode);
  }
}

function recorderTest(
  name: string,
  run: (admin: AdminDriver, recorder: Recorder) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const recorder = new Recorder();
    const device = new EchoDevice();
    device.own(recorder);
    await using driver = await EchoDriver.open(loopback(device));
    await run(driver.admin!, recorder);
  });
}

recorderTest(
  "both parts of a command are multiples of 64 bits, whatever is sent (2.13.2)",
  async (admin, recorder) => {
    covers(`${QUEUES}#2`, `${QUEUES}#3`, `${QUEUES}#4`);
    const object = { type: 0x200, id: 1 };
    await admin.use(GroupType.SELF);
    await admin.capabilities();
    for (let length = 0; length < 10; length++) {
      const bytes = new Uint8Array(length).fill(0xff);
      assert.equal((await admin.capability(0x800, length)).length, length);
      await admin.setCapability(0x800, bytes);
      await admin.createObject(SELF, object, bytes);
      await admin.modifyObject(SELF, object, bytes);
      await admin.queryObject(SELF, object, length);
      await admin.send(0x7000, SELF, bytes, length);
      await admin.setParts(VF1, 1, [{
        type: DevPart.DEVICE_STATUS,
        flags: 0,
        selector: 0,
        length,
        value: bytes,
      }]);
    }
    await admin.destroyObject(SELF, object);
    await admin.createPartsObject(VF1, 0, "get");
    await admin.partsList(VF1, 0);
    await admin.parts(VF1, 0);
    await admin.stop(VF1);
    await admin.resume(VF1);
    await admin.legacyNotifyAddresses(VF1);
    assert.ok(new Set(recorder.opcodes).size >= 14);
    for (const { opcode, readable, writable } of recorder.seen) {
      assert.ok(readable >= 24 && readable % 8 === 0, `${opcode}: ${readable} readable`);
      assert.ok(writable >= 8 && writable % 8 === 0, `${opcode}: ${writable} writable`);
    }
  },
);

recorderTest(
  "the lengths of a legacy access are those of the field (2.12.1.1)",
  async (admin, recorder) => {
    const field = `drivernormative:${COMMANDS} / Legacy Interface` as const;
    covers(`${field}#2`, `${field}#3`);
    for (const length of [1, 2, 4]) {
      const bytes = new Uint8Array(length);
      await admin.legacyRead(VF1, 18, length);
      await admin.legacyConfigRead(VF1, 4, length);
      await admin.legacyWrite(VF1, 18, bytes);
      await admin.legacyConfigWrite(VF1, 4, bytes);
      const [common, device, ...writes] = recorder.seen.splice(0);
      assert.deepEqual([common!.data[0], common!.room], [18, length]);
      assert.deepEqual([device!.data[0], device!.room], [4, length]);
      assert.deepEqual(writes.map(({ data }) => [data[0], data.length - 8]), [
        [18, length],
        [4, length],
      ]);
    }
  },
);

recorderTest(
  "a list of commands is sent when nothing else is on its way, and before what follows (2.12.1.6)",
  async (admin, recorder) => {
    covers(`drivernormative:${COMMANDS}#4`);
    const { CAP_ID_LIST_QUERY, LIST_QUERY, LIST_USE } = AdminOpcode;
    recorder.holding = true;
    const calls = [
      admin.capabilities(),
      admin.listUse(GroupType.SELF, [0, 1]),
      admin.listUse(GroupType.SRIOV, [0, 1]),
      admin.listQuery(GroupType.SELF),
    ];
    const order = [CAP_ID_LIST_QUERY, LIST_USE, LIST_USE, LIST_QUERY];
    for (const step of order.keys()) {
      await tasks();
      assert.deepEqual(recorder.opcodes, order.slice(0, step + 1), "one after the other");
      recorder.release();
    }
    await Promise.all(calls);
    assert.deepEqual(recorder.seen.map(({ groupType }) => groupType), [0, 0, 1, 0]);
  },
);

recorderTest(
  "of the commands of a device a driver uses those that it knows, and no other (2.12.1.6)",
  async (admin, recorder) => {
    covers(`drivernormative:${COMMANDS}#5`, `drivernormative:${COMMANDS}#6`);
    recorder.result = ({ opcode }) =>
      opcode === AdminOpcode.LIST_QUERY ? Uint8Array.of(0x83, 0, 0, 0, 0x01, 0, 0, 0x80) : NONE;
    assert.deepEqual(await admin.use(GroupType.SELF), [0, 1, 7]);
    assert.deepEqual(recorder.opcodes, [AdminOpcode.LIST_QUERY, AdminOpcode.LIST_USE]);
    assert.deepEqual(recorder.seen[1]!.data, Uint8Array.of(0x83, 0, 0, 0, 0, 0, 0, 0));
  },
);

recorderTest(
  "parts are read with the room that they take, and set in the order of the table (2.12.1.4.4)",
  async (admin, recorder) => {
    covers(`${PARTS}#2`, `${PARTS}#4`, `${PARTS}#5`);
    const { DEV_PARTS_METADATA_GET, DEV_PARTS_GET } = AdminOpcode;
    const counts = [900, 50]; // bytes of all parts, then parts
    recorder.result = ({ data }) =>
      Uint8Array.of(
        ...new Uint8Array(
          Uint32Array.of(data[8] === 0 ? counts[0]! : counts[1]!, 0).buffer,
        ),
      );
    await admin.parts(VF1, 0);
    assert.deepEqual(recorder.opcodes, [DEV_PARTS_METADATA_GET, DEV_PARTS_GET]);
    assert.ok(recorder.seen[1]!.room >= 900);
    recorder.seen.length = 0;
    await admin.partsList(VF1, 0);
    assert.ok(recorder.seen[1]!.room >= 8 + 50 * 16);
    recorder.seen.length = 0;
    const { VQ_CFG, DEV_FEATURES, DEVICE_STATUS, DRV_FEATURES } = DevPart;
    await admin.setParts(
      VF1,
      1,
      [VQ_CFG, DEVICE_STATUS, DRV_FEATURES, DEV_FEATURES].map((type) => (
        { type, flags: 0, selector: 0, length: 0, value: NONE }
      )),
    );
    const { data } = recorder.seen[0]!;
    assert.equal(
      new DataView(data.buffer, data.byteOffset).getUint16(0, true),
      AdminObject.DEV_PARTS,
    );
    const order = [8, 24, 40, 56].map((at) => data[at]! + 256 * data[at + 1]!);
    assert.deepEqual(order, [DEV_FEATURES, DRV_FEATURES, DEVICE_STATUS, VQ_CFG]);
  },
);

// Drivers of file systems, statement by statement (VIRTIO 1.4, 5.11).

import assert from "node:assert/strict";
import { FileSystemDriver } from "../../generated/fs/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const [FORGET, GETATTR, INTERRUPT, BATCH_FORGET] = [2, 3, 36, 42];

/** A driver, and the opcodes that a device finds in each queue. */
async function opened() {
  const bytes = new Uint8Array(44);
  bytes.set([0x78], 0); // the tag
  bytes.set([2], 36); // request queues
  const hand = new HandDevice(26, featureSet(32), bytes);
  const seen: [queue: number, opcode: number][] = [];
  const written: number[] = [];
  hand.writeConfig = (offset) => {
    written.push(offset);
    return Promise.resolve();
  };
  hand.onKick = (queue) => {
    for (let head = queue.pop(); head >= 0; head = queue.pop()) {
      const chain = queue.chain(head);
      chain.readFixed(0, 8);
      seen.push([queue.index, chain.view.getUint32(4, true)]);
      const length = Math.min(16, chain.writableLength); // none for what is not answered
      if (length > 0) chain.write(0, Uint8Array.of(16, ...Array<number>(15).fill(0)), 0, 16);
      queue.push(head, length);
    }
    queue.publish();
  };
  const driver = await FileSystemDriver.open(hand);
  return { driver, seen, written, [Symbol.asyncDispose]: () => driver.close() };
}

const NONE = new Uint8Array(0);
const REQUEST = { unique: 1n, nodeid: 1n, uid: 0, gid: 0, pid: 0, totalExtlen: 0 };

Deno.test("fs: what overtakes goes by the queue for that, all else by the others (5.11.6.2.2)", async () => {
  const HIPRIO =
    "drivernormative:Device Types / File System Device / Device Operation / Device Operation: High Priority Queue";
  covers(`${HIPRIO}#1`, `${HIPRIO}#2`);
  await using guest = await opened();
  const { driver, seen } = guest;
  await driver.forget(REQUEST, new Uint8Array(8));
  await driver.interrupt(REQUEST, new Uint8Array(8), NONE);
  await driver.batchForget(REQUEST, new Uint8Array(8));
  await driver.req({ ...REQUEST, opcode: GETATTR }, NONE, NONE);
  await driver.req({ ...REQUEST, opcode: GETATTR }, NONE, NONE, { queue: 1 });
  const overtaking = [[0, FORGET], [0, INTERRUPT], [0, BATCH_FORGET]];
  assert.deepEqual(seen.splice(0), [...overtaking, [1, GETATTR], [2, GETATTR]]);
  for (const opcode of [FORGET, INTERRUPT, BATCH_FORGET]) {
    const send = async () => await driver.req({ ...REQUEST, opcode }, NONE, NONE);
    await assert.rejects(send, { name: "RangeError", message: /breaks the rule: No / });
  }
  assert.deepEqual(seen, []);
});

Deno.test("fs: a driver writes nothing into the configuration (5.11.4.1)", async () => {
  covers("drivernormative:Device Types / File System Device / Device configuration layout#1");
  const guest = await opened();
  await guest.driver.req({ ...REQUEST, opcode: GETATTR }, NONE, NONE);
  await guest.driver.refreshConfig();
  await guest.driver.close();
  assert.deepEqual(guest.written, []);
});

// SCSI hosts and their drivers, statement by statement (VIRTIO 1.4, 5.6).

import assert from "node:assert/strict";
import { ScsiDevice, ScsiDriver, type ScsiDriverOptions } from "../../generated/scsi/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const EVENTS =
  "drivernormative:Device Types / SCSI Host Device / Device Operation / Device Operation: eventq";
const INIT = "devicenormative:Device Types / SCSI Host Device / Device Initialization";
const EVENTQ = 1;

/** A driver on a device that tells it this many bytes for events, and its event queue. */
async function opened(
  eventInfoSize: number,
  options: ScsiDriverOptions = {},
) {
  const config = {
    numQueues: 1,
    segMax: 16,
    maxSectors: 128,
    cmdPerLun: 8,
    eventInfoSize,
    maxChannel: 0,
    maxTarget: 1,
    maxLun: 1,
  };
  const bytes = new ScsiDevice({ config }).config.bytes.slice();
  const hand = new HandDevice(8, featureSet(32), bytes);
  const told: number[] = [];
  const driver = await ScsiDriver.open(hand, {
    ...options,
    onEvent: ({ reason }) => void told.push(reason),
  });
  const queue = hand.queues.get(EVENTQ)!;
  return { driver, told, queue, [Symbol.asyncDispose]: () => driver.close() };
}

Deno.test("scsi: buffers for events are for the device to fill, and as long as it says (5.6.6.3.1)", async () => {
  covers(`${EVENTS}#2`, `${EVENTS}#3`, `${EVENTS}#4`);
  for (const size of [16, 40]) {
    await using guest = await opened(size);
    let buffers = 0;
    for (let head; (head = guest.queue.pop()) >= 0; buffers++) {
      const { readableLength, writableLength } = guest.queue.chain(head);
      assert.deepEqual([readableLength, writableLength], [0, size]);
    }
    assert.ok(buffers > 0);
  }
});

Deno.test("scsi: there are buffers for events from the start, and after each event again (5.6.5, 5.6.6.3.1)", async () => {
  covers(`${EVENTS}#1`, `${INIT}#2`);
  await using guest = await opened(16);
  const { told, queue } = guest;
  const heads = [];
  for (let head; (head = queue.pop()) >= 0;) heads.push(head);
  assert.ok(heads.length > 0);
  for (const [at, head] of heads.entries()) {
    queue.push(head, 16);
    queue.publish();
    for (let turn = 0; turn < 50; turn++) await undefined;
    assert.equal(told.length, at + 1);
    assert.ok(queue.pop() >= 0, "a buffer in its place");
  }
});

Deno.test("scsi: a driver writes the sizes of sense data and of commands, nothing else (5.6.4.1)", async () => {
  covers("drivernormative:Device Types / SCSI Host Device / Device configuration layout#1");
  const written: [number, string][] = [];
  const { writeConfig } = HandDevice.prototype;
  HandDevice.prototype.writeConfig = (offset, bytes) => {
    written.push([offset, bytes.toHex()]);
    return Promise.resolve();
  };
  try {
    {
      await using guest = await opened(16);
      await guest.driver.refreshConfig();
      assert.deepEqual(written, []);
    }
    await using _other = await opened(16, { config: { senseSize: 64, cdbSize: 20 } });
  } finally {
    HandDevice.prototype.writeConfig = writeConfig;
  }
  assert.deepEqual(written, [[20, "40000000"], [24, "14000000"]]);
});

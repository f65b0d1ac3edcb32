// Fences of a GPU device: all answers keep the order of their timelines (VIRTIO 1.4, 5.7.6.7).

import assert from "node:assert/strict";
import { GpuDevice, GpuDriver, GpuFlag, GpuFormat, GpuResponse } from "../../generated/gpu/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { OK_NODATA, ERR_UNSPEC, ERR_INVALID_SCANOUT_ID, ERR_INVALID_PARAMETER } = GpuResponse;
const r = { x: 0, y: 0, width: 1, height: 1 };

async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** A device whose flushes end when they are told to, and a driver with one resource. */
async function opened(packed: boolean) {
  const ends: ((status: number) => void)[] = [];
  const device = new GpuDevice({
    config: { eventsRead: 0, eventsClear: 0, numScanouts: 1, numCapsets: 0 },
    ring: { packed },
    transferToHost2d: () => {
      throw new Error("Cannot transfer: no such luck");
    },
    resourceFlush: () => new Promise<GpuResponse>((resolve) => ends.push(resolve as () => void)),
  });
  device.onError = () => {}; // the one above
  const driver = await GpuDriver.open(loopback(device));
  const size = { format: GpuFormat.B8G8R8A8_UNORM, width: 1, height: 1 };
  await driver.resourceCreate2d({
    flags: 0,
    fenceId: 0n,
    ctxId: 0,
    ringIdx: 0,
    resourceId: 1,
    ...size,
  });
  const answers: [bigint, number][] = [];
  const note = async (id: bigint, answer: Promise<{ type: number }>) => {
    answers.push([id, (await answer).type]);
  };
  const head = (fenceId: bigint) => ({ flags: GpuFlag.FENCE, fenceId, ctxId: 0, ringIdx: 0 });
  return {
    device,
    driver,
    ends,
    answers,
    flush: (id: bigint) => note(id, driver.resourceFlush({ ...head(id), resourceId: 1, r })),
    /** On a display that the check of the description knows not to be there. */
    show: (id: bigint) =>
      note(id, driver.setScanout({ ...head(id), scanoutId: 7, resourceId: 1, r })),
    /** Its handler throws. */
    transfer: (id: bigint) =>
      note(id, driver.transferToHost2d({ ...head(id), resourceId: 1, r, offset: 0 })),
    /** Nothing serves it. */
    unserved: (id: bigint) => note(id, driver.getDisplayInfo(head(id))),
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

for (const packed of [false, true]) {
  Deno.test(`refused commands with fences wait for those before, ${packed ? "packed" : "split"} (5.7.6.7)`, async () => {
    covers(
      "devicenormative:Device Types / GPU Device / Device Operation / Device Operation: Command lifecycle and fencing#2",
    );
    await using gpu = await opened(packed);
    const all = [gpu.flush(1n), gpu.show(2n), gpu.transfer(3n), gpu.unserved(4n), gpu.flush(5n)];
    await settled();
    assert.deepEqual(gpu.answers, [], "the first is not complete");
    assert.equal(gpu.device.fences.pending, 1);
    gpu.ends[1]!(ERR_INVALID_PARAMETER);
    await settled();
    assert.deepEqual(gpu.answers, []);
    gpu.ends[0]!(OK_NODATA);
    await settled();
    assert.deepEqual(gpu.answers, [
      [1n, OK_NODATA],
      [2n, ERR_INVALID_SCANOUT_ID],
      [3n, ERR_UNSPEC],
      [4n, ERR_UNSPEC],
      [5n, ERR_INVALID_PARAMETER],
    ]);
    await Promise.all(all);
    assert.equal(gpu.device.fences.pending, 0);
    assert.equal(gpu.device.idle, true);
  });
}

Deno.test("a handler that fails late answers in its turn, and holds none up (5.7.6.7)", async () => {
  await using gpu = await opened(false);
  const all = [gpu.flush(1n), gpu.flush(2n), gpu.show(3n)];
  await settled();
  gpu.ends[1]!(Promise.reject(new Error("Cannot flush: no such luck")) as unknown as number);
  await settled();
  assert.deepEqual(gpu.answers, []);
  gpu.ends[0]!(OK_NODATA);
  await Promise.all(all);
  assert.deepEqual(gpu.answers, [
    [1n, OK_NODATA],
    [2n, ERR_UNSPEC],
    [3n, ERR_INVALID_SCANOUT_ID],
  ]);
});

Deno.test("a queue that is reset forgets its timelines (5.7.6.7, 2.6.1)", async () => {
  await using gpu = await opened(false);
  const lost = [gpu.flush(1n), gpu.show(2n)];
  await settled();
  await gpu.driver.resetQueue(gpu.driver.controlq[0]!.ring);
  for (const one of lost) await assert.rejects(one, { name: "RequestAborted" });
  gpu.ends[0]!(OK_NODATA); // too late, and for nobody
  await gpu.show(3n);
  assert.deepEqual(gpu.answers, [[3n, ERR_INVALID_SCANOUT_ID]]);
});

// Resources, displays and fences of a GPU device (VIRTIO 1.4, 5.7.6).

import assert from "node:assert/strict";
import {
  GpuBlobMemory,
  GpuDevice,
  type GpuDeviceOptions,
  GpuDriver,
  GpuFlag,
  GpuFormat,
  GpuResponse,
} from "../../generated/gpu/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import type { GuestMemory } from "../memory.ts";

const {
  OK_NODATA,
  ERR_UNSPEC,
  ERR_INVALID_RESOURCE_ID,
  ERR_INVALID_CONTEXT_ID,
  ERR_INVALID_PARAMETER,
} = GpuResponse;
const OK = OK_NODATA;
const HEAD = { flags: 0, fenceId: 0n, ctxId: 0, ringIdx: 0 };
const format = GpuFormat.B8G8R8A8_UNORM;

function rect(width: number, height: number, x = 0, y = 0) {
  return { x, y, width, height };
}

function made(options: Partial<GpuDeviceOptions> = {}): GpuDevice {
  const ok = () => OK;
  return new GpuDevice({
    config: { eventsRead: 0, eventsClear: 0, numScanouts: 2, numCapsets: 0 },
    resourceFlush: ok,
    transferToHost2d: ok,
    ...options,
  });
}

const with3d: Partial<GpuDeviceOptions> = {
  features: ["CONTEXT_INIT"],
  ctxCreate: () => OK,
  ctxDestroy: () => OK,
  ctxAttachResource: () => OK,
  ctxDetachResource: () => OK,
  resourceCreate3d: () => OK,
  transferToHost3d: () => OK,
  transferFromHost3d: () => OK,
  submit3d: () => OK,
  resourceCreateBlob: () => OK,
  setScanoutBlob: () => OK,
  resourceMapBlob: () => ({ mapInfo: 1 }),
  resourceUnmapBlob: () => OK,
};

/** A driver that says what commands were answered. */
async function opened(device: GpuDevice) {
  const driver = await GpuDriver.open(loopback(device));
  const type = async (answer: Promise<{ type: number }>) => (await answer).type;
  return {
    driver,
    type,
    create: (resourceId: number, width = 8, height = 4) =>
      type(driver.resourceCreate2d({ ...HEAD, resourceId, format, width, height })),
    unref: (resourceId: number) => type(driver.resourceUnref({ ...HEAD, resourceId })),
    show: (scanoutId: number, resourceId: number, r = rect(8, 4)) =>
      type(driver.setScanout({ ...HEAD, scanoutId, resourceId, r })),
    flush: (resourceId: number, r = rect(8, 4)) =>
      type(driver.resourceFlush({ ...HEAD, resourceId, r })),
    transfer: (resourceId: number, r = rect(8, 4), offset = 0) =>
      type(driver.transferToHost2d({ ...HEAD, resourceId, r, offset })),
    attach: (resourceId: number, ...entries: { addr: number; length: number }[]) =>
      type(driver.resourceAttachBacking({ ...HEAD, resourceId, entries })),
    detach: (resourceId: number) => type(driver.resourceDetachBacking({ ...HEAD, resourceId })),
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("commands are on resources that there are (5.7.6.8)", async () => {
  let handled = 0;
  const device = made({
    resourceFlush: () => {
      handled++;
      return OK;
    },
  });
  await using guest = await opened(device);
  for (const command of [guest.unref, guest.flush, guest.transfer, guest.attach, guest.detach]) {
    assert.equal(await command(5), ERR_INVALID_RESOURCE_ID);
  }
  assert.equal(await guest.show(0, 5), ERR_INVALID_RESOURCE_ID);
  assert.equal(await guest.create(5), OK);
  assert.equal(await guest.create(5), ERR_INVALID_RESOURCE_ID, "there already");
  assert.deepEqual([device.resources!.get(5)!.width, device.resources!.get(5)!.kind], [8, "2d"]);
  assert.equal(await guest.flush(5), OK);
  assert.equal(await guest.flush(5, rect(8, 4, 1)), ERR_INVALID_PARAMETER);
  assert.equal(handled, 1);
  assert.equal(await guest.unref(5), OK);
  assert.equal(device.resources!.get(5), undefined);
  assert.equal(await guest.create(5), OK);
});

Deno.test("an id is free again when the creation fails (5.7.6.8)", async () => {
  const answers: (() => number | Promise<number>)[] = [
    () => GpuResponse.ERR_OUT_OF_MEMORY,
    () => Promise.resolve(GpuResponse.ERR_OUT_OF_MEMORY),
    () => {
      throw new Error("thrown");
    },
    () => Promise.reject(new Error("rejected")),
    () => OK,
  ];
  const device = made({ resourceCreate2d: () => answers.shift()!() as typeof OK });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  await using guest = await opened(device);
  assert.equal(await guest.create(1), GpuResponse.ERR_OUT_OF_MEMORY);
  assert.equal(await guest.create(1), GpuResponse.ERR_OUT_OF_MEMORY);
  assert.equal(await guest.create(1), ERR_UNSPEC);
  assert.equal(await guest.create(1), ERR_UNSPEC);
  assert.equal(await guest.create(1), OK);
  assert.equal(errors.length, 2);
});

Deno.test("guest memory stands behind a resource, once, and transfers come from it (5.7.6.8)", async () => {
  const seen: number[][] = [];
  const device: GpuDevice = made({
    transferToHost2d: ({ resourceId, offset }) => {
      const bytes = new Uint8Array(6);
      device.resources!.read(resourceId, offset, bytes);
      seen.push([...bytes]);
      return OK;
    },
  });
  await using guest = await opened(device);
  const memory = device.memory as GuestMemory;
  const at = memory.addressOf(memory.window(0).bytes.subarray(-256));
  memory.write(at, Uint8Array.from({ length: 256 }, (_, i) => i));
  await guest.create(1);
  assert.equal(await guest.transfer(1), ERR_UNSPEC, "nothing behind it");
  assert.equal(await guest.detach(1), ERR_UNSPEC);
  const pieces = [{ addr: at, length: 10 }, { addr: at + 100, length: 118 }];
  assert.equal(await guest.attach(1, ...pieces), OK);
  assert.equal(await guest.attach(1, ...pieces), ERR_UNSPEC);
  assert.equal(await guest.transfer(1, rect(2, 1), 7), OK);
  assert.deepEqual(seen, [[7, 8, 9, 100, 101, 102]]);
  assert.equal(await guest.transfer(1), OK, "128 bytes");
  assert.equal(await guest.transfer(1, rect(8, 4), 1), ERR_INVALID_PARAMETER);
  assert.equal(await guest.transfer(1, rect(9, 1)), ERR_INVALID_PARAMETER);
  assert.throws(() => device.resources!.read(1, 123, new Uint8Array(6)), RangeError);
  assert.equal(await guest.detach(1), OK);
  assert.equal(await guest.transfer(1), ERR_UNSPEC);
});

Deno.test("a display shows part of a resource until that is gone (5.7.6.8)", async () => {
  const device = made();
  const resources = device.resources!;
  await using guest = await opened(device);
  await guest.create(1);
  assert.equal(await guest.show(0, 1, rect(8, 5)), ERR_INVALID_PARAMETER, "it is not covered");
  assert.equal(await guest.show(0, 1, rect(4, 4, 4, 0)), OK);
  assert.equal(await guest.show(1, 1), OK);
  assert.deepEqual(resources.displaysOf(1), [0, 1]);
  assert.deepEqual(resources.shown(0), { resourceId: 1, r: rect(4, 4, 4, 0) });
  assert.equal(await guest.show(1, 0), OK);
  assert.deepEqual(resources.displaysOf(1), [0]);
  await guest.unref(1);
  assert.equal(resources.shown(0), undefined);
});

Deno.test("the pointer is an image of 64 by 64, and moves without one (5.7.6.5, 5.7.6.10)", async () => {
  const seen: number[] = [];
  const device = made({ updateCursor: ({ resourceId }) => void seen.push(resourceId) });
  const resources = device.resources!;
  await using guest = await opened(device);
  await guest.create(1);
  await guest.create(2, 64, 64);
  const update = async (resourceId: number, scanoutId = 1) =>
    await guest.driver.updateCursor({
      ...HEAD,
      pos: { scanoutId, x: 3, y: 4 },
      resourceId,
      hotX: 1,
      hotY: 2,
    });
  for (const id of [1, 9]) await update(id);
  await update(2, 2);
  assert.equal(resources.pointer(1), undefined);
  await update(2);
  const pos = { scanoutId: 1, x: 7, y: 8 };
  await guest.driver.moveCursor({ ...HEAD, pos, resourceId: 0, hotX: 0, hotY: 0 });
  assert.deepEqual(resources.pointer(1), { x: 7, y: 8, resourceId: 2, hotX: 1, hotY: 2 });
  await guest.unref(2);
  assert.equal(resources.pointer(1)!.resourceId, 0);
  await update(0);
  assert.deepEqual(seen, [2, 0]);
});

Deno.test("contexts use resources that were attached to them (5.7.6.9)", async () => {
  await using guest = await opened(made(with3d));
  const { driver, type } = guest;
  const head = { ...HEAD, ctxId: 3 };
  const init = { nlen: 0, contextInit: 0, debugName: "" };
  const resource = (verb: "ctxAttachResource" | "ctxDetachResource", resourceId: number) =>
    type(driver[verb]({ ...head, resourceId }));
  const submit = () => type(driver.submit3d(head, new Uint8Array(4)));
  assert.equal(await submit(), ERR_INVALID_CONTEXT_ID);
  assert.equal(await type(driver.ctxDestroy(head)), ERR_INVALID_CONTEXT_ID);
  assert.equal(await resource("ctxAttachResource", 1), ERR_INVALID_CONTEXT_ID);
  assert.equal(await type(driver.ctxCreate({ ...head, ...init })), OK);
  assert.equal(await type(driver.ctxCreate({ ...head, ...init })), ERR_INVALID_CONTEXT_ID);
  assert.equal(await submit(), OK);
  assert.equal(await resource("ctxAttachResource", 1), ERR_INVALID_RESOURCE_ID);
  await guest.create(1);
  assert.equal(await resource("ctxDetachResource", 1), ERR_INVALID_RESOURCE_ID);
  assert.equal(await resource("ctxAttachResource", 1), OK);
  assert.equal(await resource("ctxDetachResource", 1), OK);
  assert.equal(await type(driver.ctxDestroy(head)), OK);
  assert.equal(await submit(), ERR_INVALID_CONTEXT_ID);
});

Deno.test("blobs are shown with a shape, mapped once, and backed unless they are the host's (5.7.6.8)", async () => {
  await using guest = await opened(made(with3d));
  const { driver, type } = guest;
  const blob = (resourceId: number, blobMem: typeof GpuBlobMemory.GUEST, size = 64, n = 0) => {
    const entries = Array.from({ length: n }, () => ({ addr: 0, length: 64 }));
    return type(
      driver.resourceCreateBlob({
        ...HEAD,
        resourceId,
        blobMem,
        blobFlags: 1,
        blobId: 0n,
        size,
        entries,
      }),
    );
  };
  const HOST3D = GpuBlobMemory.HOST3D as number as typeof GpuBlobMemory.GUEST;
  assert.equal(await blob(1, GpuBlobMemory.GUEST, 0), ERR_INVALID_PARAMETER);
  assert.equal(await blob(1, HOST3D, 64, 1), ERR_INVALID_PARAMETER);
  assert.equal(await blob(1, GpuBlobMemory.GUEST, 64, 1), OK);
  assert.equal(await guest.detach(1), OK);
  assert.equal(await guest.attach(1, { addr: 0, length: 64 }), OK);
  assert.equal(await blob(2, HOST3D), OK);
  assert.equal(await guest.attach(2, { addr: 0, length: 64 }), ERR_INVALID_PARAMETER);
  const show = (resourceId: number, r = rect(4, 4)) =>
    type(driver.setScanoutBlob({
      ...HEAD,
      r,
      scanoutId: 0,
      resourceId,
      width: 4,
      height: 4,
      format,
      strides: [16, 0, 0, 0],
      offsets: [0, 0, 0, 0],
    }));
  assert.equal(await show(1), OK);
  assert.equal(await show(1, rect(5, 4)), ERR_INVALID_PARAMETER);
  assert.equal(await guest.show(0, 1), ERR_INVALID_RESOURCE_ID, "it is no image");
  await guest.create(3);
  assert.equal(await show(3), ERR_INVALID_RESOURCE_ID);
  const map = async (resourceId: number) =>
    (await driver.resourceMapBlob({ ...HEAD, resourceId, offset: 0 })).type;
  const unmap = (resourceId: number) => type(driver.resourceUnmapBlob({ ...HEAD, resourceId }));
  assert.equal(await unmap(2), ERR_INVALID_PARAMETER);
  assert.equal(await map(2), GpuResponse.OK_MAP_INFO);
  assert.equal(await map(2), ERR_INVALID_PARAMETER);
  assert.equal(await unmap(2), OK);
  assert.equal(await map(3), ERR_INVALID_RESOURCE_ID);
});

Deno.test("a fence is answered when all is complete, in the order of its timeline (5.7.6.7)", async () => {
  covers(
    "devicenormative:Device Types / GPU Device / Device Operation / Device Operation: Command lifecycle and fencing#2",
  );
  const ends: (() => void)[] = [];
  const device = made({
    ...with3d,
    resourceFlush: () => new Promise<typeof OK>((resolve) => ends.push(() => resolve(OK))),
  });
  await using guest = await opened(device);
  await guest.create(1);
  const order: bigint[] = [];
  const flush = async (fenceId: bigint, ring?: number) => {
    const flags = GpuFlag.FENCE | (ring === undefined ? 0 : GpuFlag.INFO_RING_IDX);
    const head = { flags, fenceId, ctxId: 0, ringIdx: ring ?? 0 };
    await guest.driver.resourceFlush({ ...head, resourceId: 1, r: rect(8, 4) });
    order.push(fenceId);
  };
  const create = async (fenceId: bigint, flags: number) => {
    const head = { ...HEAD, flags, fenceId };
    await guest.driver.resourceCreate2d({
      ...head,
      resourceId: 10 + Number(fenceId),
      format,
      width: 1,
      height: 1,
    });
    order.push(fenceId);
  };
  const settled = async () => {
    await guest.create(99);
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    return order.splice(0);
  };
  const all = [flush(1n), flush(2n), flush(3n, 5), create(4n, GpuFlag.FENCE), create(5n, 0)];
  assert.deepEqual(await settled(), [5n], "without a fence");
  ends[1]!();
  assert.deepEqual(await settled(), [], "the one before is not complete");
  ends[2]!();
  assert.deepEqual(await settled(), [3n], "of another timeline");
  ends[0]!();
  assert.deepEqual(await settled(), [1n, 2n, 4n]);
  await Promise.all(all);
  assert.equal(device.fences.pending, 0);
});

Deno.test("resources end with a reset, and move with the device (5.7.6)", async () => {
  const device = made(with3d);
  const guest = await opened(device);
  await guest.create(1, 64, 64);
  await guest.attach(1, { addr: 4096, length: 64 });
  await guest.show(1, 1);
  const cursor = { pos: { scanoutId: 0, x: 1, y: 2 }, resourceId: 1, hotX: 0, hotY: 0 };
  await guest.driver.updateCursor({ ...HEAD, ...cursor });
  const head = { ...HEAD, ctxId: 3 };
  await guest.driver.ctxCreate({ ...head, nlen: 0, contextInit: 0, debugName: "" });
  await guest.driver.ctxAttachResource({ ...head, resourceId: 1 });
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.resources;
  const other = made(with3d).resources!;
  other.restore(saved, "resources");
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  const spoiled: readonly [string, string, unknown][] = [
    ["resources.resources[0].kind must be", "resources", { kind: "4d" }],
    ["resources.resources[0].pieces[0].length must be", "resources", { pieces: [{ addr: 0 }] }],
    ["resources.shown[0].resourceId must be a resource", "shown", { resourceId: 2 }],
    ["resources.shown[0].display must be", "shown", { display: 2 }],
    ["resources.shown[0].r must be", "shown", { r: null }],
    ["resources.pointers[0].hotX must be", "pointers", { hotX: -1 }],
    ["resources.contexts[0].used[0] must be a resource", "contexts", { used: [7] }],
  ];
  for (const [message, list, change] of spoiled) {
    const changed = { ...saved, [list]: [{ ...saved[list][0], ...change as object }] };
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore(changed, "resources"), named, message);
  }
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  await guest.driver.close();
  assert.equal(device.resources!.get(1), undefined);
  assert.equal(device.resources!.shown(1), undefined);
});

// Sessions and mapped buffers of a media device (VIRTIO 1.4, 5.22.6).

import assert from "node:assert/strict";
import {
  MediaDevice,
  type MediaDeviceOptions,
  MediaDriver,
  MediaStatus,
} from "../../generated/media/mod.ts";
import { covers } from "../../testing/covers.ts";
import type { WritableBytes } from "../cursor.ts";
import { loopback } from "../loopback.ts";

const { OK, EIO, EBUSY, EINVAL, ENOTTY, ENOMEM } = MediaStatus;
const NONE = new Uint8Array(0);

function made(options: Partial<MediaDeviceOptions> = {}): MediaDevice {
  return new MediaDevice({
    config: { deviceCaps: 0, deviceType: 0, card: "test" },
    ioctl: () => OK,
    mmap: ({ offset }) => ({ driverAddr: offset, len: 4096 }),
    ...options,
  });
}

async function opened(device: MediaDevice) {
  const broken: [number, number][] = [];
  const driver = await MediaDriver.open(loopback(device), {
    onEventError: ({ sessionId, errno }) => void broken.push([sessionId, errno]),
  });
  return {
    driver,
    broken,
    open: async () => {
      const { status, sessionId } = await driver.openSession();
      return status === OK ? sessionId : -status;
    },
    close: (sessionId: number) => driver.closeSession({ sessionId }),
    ioctl: async (sessionId: number, code = 4) =>
      (await driver.ioctl({ sessionId, code }, NONE, NONE)).status,
    map: async (sessionId: number, offset: number) =>
      (await driver.mmap({ sessionId, flags: 0, offset })).status,
    unmap: async (driverAddr: number) => (await driver.munmap({ driverAddr })).status,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("sessions have ids that no other open one has, and commands are on open ones (5.22.6.1.3)", async () => {
  covers("devicenormative:Device Types / Media Device / Device Operation / Open device#1");
  const closed: number[] = [];
  const device = made({
    sessions: { sessions: 3 },
    closeSession: ({ sessionId }) => void closed.push(sessionId),
  });
  await using guest = await opened(device);
  assert.equal(await guest.ioctl(1), EINVAL);
  const ids = [await guest.open(), await guest.open(), await guest.open()];
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(device.sessions!.open, ids);
  assert.equal(await guest.open(), -ENOMEM);
  assert.equal(await guest.ioctl(ids[1]!), OK);
  await guest.close(ids[1]!);
  await guest.close(ids[1]!);
  assert.deepEqual(closed, [ids[1]], "once");
  assert.equal(await guest.ioctl(ids[1]!), EINVAL);
  const again = await guest.open();
  assert.ok(again > 0 && again !== ids[0] && again !== ids[2]);
});

Deno.test("a session is not there when its user refuses it (5.22.6.1.3)", async () => {
  const answers: (() => number | Promise<number>)[] = [
    () => EBUSY,
    () => Promise.resolve(EBUSY),
    () => {
      throw new Error("thrown");
    },
    () => Promise.reject(new Error("rejected")),
    () => OK,
  ];
  const device = made({ sessions: { sessions: 1, onOpen: () => answers.shift()!() } });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  await using guest = await opened(device);
  for (const wanted of [-EBUSY, -EBUSY, -EIO, -EIO]) assert.equal(await guest.open(), wanted);
  assert.ok(await guest.open() > 0);
  assert.equal(errors.length, 2);
});

Deno.test("ioctls that have a place elsewhere are not supported (5.22.6.1.5.7)", async () => {
  covers("devicenormative:Device Types / Media Device / Device Operation / Unsupported ioctls#1");
  const codes: number[] = [];
  const device = made({
    ioctl: ({ code }) => {
      codes.push(code);
      return OK;
    },
  });
  await using guest = await opened(device);
  const id = await guest.open();
  for (const code of [0, 17, 61, 62, 70, 89]) assert.equal(await guest.ioctl(id, code), ENOTTY);
  for (const code of [4, 15]) assert.equal(await guest.ioctl(id, code), OK);
  assert.deepEqual(codes, [4, 15]);
});

Deno.test("a buffer stays mapped until it is unmapped, whatever becomes of its session (5.22.6.1.7)", async () => {
  covers(
    "devicenormative:Device Types / Media Device / Device Operation / Unmapping a MMAP buffer#1",
  );
  const unmapped: number[] = [];
  const device = made({
    munmap: ({ driverAddr }) => {
      unmapped.push(driverAddr);
      return unmapped.length === 1 ? EBUSY : OK;
    },
  });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  await using guest = await opened(device);
  const id = await guest.open();
  assert.equal(await guest.map(9, 0), EINVAL);
  assert.equal(await guest.map(id, 8192), OK);
  assert.equal(await guest.map(id, 4097), EIO, "over another");
  assert.equal(errors.length, 1);
  assert.equal(await guest.unmap(0), EINVAL);
  await guest.close(id);
  assert.deepEqual(device.sessions!.mappings, [{ driverAddr: 8192, len: 4096 }]);
  assert.equal(await guest.unmap(8192), EBUSY);
  assert.equal(await guest.unmap(8192), OK);
  assert.equal(await guest.unmap(8192), EINVAL);
  assert.deepEqual(unmapped, [8192, 8192]);
});

Deno.test("a broken session can only be closed, and keeps its id until then (5.22.6.2.2)", async () => {
  covers("devicenormative:Device Types / Media Device / Device Operation / Device-side error#1");
  const device = made();
  const send = device.sendError.bind(device);
  let room = false;
  device.sendError = (value) => room && send(value);
  await using guest = await opened(device);
  const id = await guest.open();
  const sessions = device.sessions!;
  assert.throws(() => sessions.fail(99, EIO), RangeError);
  assert.throws(() => sessions.fail(id, 0), RangeError);
  sessions.fail(id, EIO);
  assert.equal(await guest.ioctl(id), EINVAL);
  assert.equal(await guest.map(id, 0), EINVAL);
  assert.deepEqual(guest.broken, []);
  const saved = JSON.parse(JSON.stringify(sessions.save()));
  const again = made().sessions!;
  again.restore({ ...saved, next: id }, "sessions");
  assert.deepEqual(again.open, []);
  const [taken] = [again.handlers({}).openSession()];
  assert.ok(typeof taken === "object" && "sessionId" in taken && taken.sessionId > id);
  room = true;
  const other = await guest.open();
  assert.notEqual(other, id);
  sessions.fail(other, EBUSY);
  await guest.ioctl(other);
  assert.deepEqual(guest.broken, [[id, EIO], [other, EBUSY]]);
});

Deno.test("a driver closes a session that broke, and tells of it (5.22.6.2.2)", async () => {
  covers("drivernormative:Device Types / Media Device / Device Operation / Device-side error#1");
  const closed: number[] = [];
  const device = made({ closeSession: ({ sessionId }) => void closed.push(sessionId) });
  await using guest = await opened(device);
  const [broken, other] = [await guest.open(), await guest.open()];
  await guest.ioctl(other);
  device.sessions!.fail(broken, EIO);
  await guest.ioctl(other);
  assert.deepEqual(closed, [broken]);
  assert.deepEqual(guest.broken, [[broken, EIO]]);
  assert.deepEqual(device.sessions!.open, [other]);
});

Deno.test("an ioctl that succeeds gives what it was asked for (5.22.6.1.5.2)", async () => {
  covers("devicenormative:Device Types / Media Device / Device Operation / V4L2 ioctls#1");
  const answers: ((output: WritableBytes) => MediaStatus | Promise<MediaStatus>)[] = [
    () => OK,
    () => Promise.resolve(OK),
    () => EBUSY,
    (output) => (output.write(Uint8Array.of(7)), OK),
  ];
  const device = made({ ioctl: (_request, _input, output) => answers.shift()!(output) });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  await using guest = await opened(device);
  const sessionId = await guest.open();
  const ask = async () => {
    const room = new Uint8Array(1);
    return [(await guest.driver.ioctl({ sessionId, code: 4 }, NONE, room)).status, room[0]];
  };
  assert.deepEqual(await ask(), [EIO, 0]);
  assert.deepEqual(await ask(), [EIO, 0]);
  assert.equal(errors.length, 2);
  assert.deepEqual(await ask(), [EBUSY, 0]);
  assert.deepEqual(await ask(), [OK, 7]);
});

Deno.test("a buffer that is mapped when the device was reset meanwhile is unmapped (5.22.6.1.6)", async () => {
  const { promise, resolve } = Promise.withResolvers<{ driverAddr: number; len: number }>();
  const unmapped: number[] = [];
  const device = made({
    mmap: () => promise,
    munmap: ({ driverAddr }) => (unmapped.push(driverAddr), OK),
  });
  const guest = await opened(device);
  const late = guest.map(await guest.open(), 8192);
  await new Promise((done) => setTimeout(done, 0));
  await guest.driver.close();
  await assert.rejects(late);
  resolve({ driverAddr: 8192, len: 4096 });
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual([unmapped, device.sessions!.mappings], [[8192], []]);
});

Deno.test("a reset closes and unmaps, and sessions move with the device (5.22.6)", async () => {
  const ended: string[] = [];
  const device = made({
    closeSession: ({ sessionId }) => void ended.push(`close ${sessionId}`),
    munmap: ({ driverAddr }) => {
      ended.push(`unmap ${driverAddr}`);
      return OK;
    },
  });
  const guest = await opened(device);
  const [one, two] = [await guest.open(), await guest.open()];
  await guest.map(one, 4096);
  await guest.close(two);
  ended.length = 0;
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.sessions;
  const other = made().sessions!;
  other.restore(saved, "sessions");
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  const spoiled: readonly [string, object][] = [
    ["sessions.next must be", { next: "1" }],
    ["sessions.sessions[0].id must be", { sessions: [{ id: -1, errno: 0 }] }],
    ["sessions.untold[0] must be a broken session", { untold: [one] }],
    ["sessions.mappings[0].len must be", { mappings: [{ driverAddr: 0, len: null }] }],
  ];
  for (const [message, change] of spoiled) {
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore({ ...saved, ...change }, "sessions"), named, message);
  }
  assert.deepEqual(other.open, [one]);
  await guest.driver.close();
  assert.deepEqual(ended, [`close ${one}`, "unmap 4096"]);
  assert.deepEqual(device.sessions!.mappings, []);
});

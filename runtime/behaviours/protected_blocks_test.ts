// Replay protected memory (VIRTIO 1.4, 5.12.6).

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import {
  RpmbDevice,
  type RpmbDeviceOptions,
  RpmbDriver,
  RpmbRequestType,
  RpmbResponseType,
  RpmbResult,
} from "../../generated/rpmb/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import { ProtectedBlocksError } from "./driver_protected_blocks.ts";
import {
  type ProtectedFrame,
  protectedFrame,
  signFrames,
  verifyFrames,
} from "./protected_frames.ts";
import { hmacSha256, Sha256 } from "./sha256.ts";

const { DATA_WRITE, RESULT_READ } = RpmbRequestType;
const {
  OK,
  GENERAL_FAILURE,
  AUTH_FAILURE,
  COUNT_FAILURE,
  ADDR_FAILURE,
  WRITE_FAILURE,
  READ_FAILURE,
  NO_AUTH_KEY,
  WRITE_COUNTER_EXPIRED,
} = RpmbResult;
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at * 7);
const ASKED = protectedFrame({ blockCount: 1, reqResp: RESULT_READ });

/** 128 KiB of memory that outlives its devices. */
class Medium {
  readonly data = new Uint8Array(128 << 10);
  key: Uint8Array | undefined;
  writeCounter = 0;
  broken = false;
  later = false;

  options(): NonNullable<RpmbDeviceOptions["blocks"]> {
    const fail = () => {
      if (this.broken) throw new Error("broken");
    };
    return {
      ...(this.key === undefined ? {} : { key: this.key }),
      writeCounter: this.writeCounter,
      program: (key) => {
        fail();
        this.key = key;
      },
      read: (address, blocks) => {
        fail();
        return this.data.slice(address * 256, (address + blocks) * 256);
      },
      write: (address, data, writeCounter) => {
        fail();
        const write = () => {
          this.data.set(data, address * 256);
          this.writeCounter = writeCounter;
        };
        if (!this.later) return write();
        return new Promise((resolve) => setTimeout(() => resolve(write()), 1));
      },
    };
  }
}

function made(medium: Medium, limits: { maxWrCnt?: number; maxRdCnt?: number } = {}): RpmbDevice {
  return new RpmbDevice({
    config: { capacity: 1, maxWrCnt: 4, maxRdCnt: 8, ...limits },
    blocks: medium.options(),
  });
}

function write(
  address: number,
  writeCounter: number,
  blocks: Uint8Array[],
  changes: Partial<ProtectedFrame> = {},
): ProtectedFrame[] {
  const frames = blocks.map((data) =>
    protectedFrame({
      data,
      address,
      writeCounter,
      blockCount: blocks.length,
      reqResp: DATA_WRITE,
      ...changes,
    })
  );
  signFrames(KEY, frames);
  return frames;
}

/** A driver of a device, with what a test says to it frame by frame. */
async function opened(device: RpmbDevice) {
  const driver = await RpmbDriver.open(loopback(device));
  return {
    driver,
    written: async ([head, ...others]: ProtectedFrame[]) => {
      const { frames } = await driver.dataWrite({ ...head!, frames: [...others, ASKED] }, 512);
      assert.equal(frames.length, 1);
      return frames[0]!;
    },
    programmed: async (keyMac: Uint8Array, blockCount = 1) => {
      const request = { ...protectedFrame({ keyMac, blockCount }), frames: [ASKED] };
      return (await driver.programKey(request, 512)).frames[0]!;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("the hash and its code are those of FIPS 180-4 and RFC 2104, whatever the lengths", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 284, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * length);
    const parts = [bytes.subarray(0, length / 3), bytes.subarray(length / 3)];
    assert.deepEqual(
      [...new Sha256().update(parts[0]!).update(parts[1]!).digest()],
      [...createHash("sha256").update(bytes).digest()],
    );
    for (const key of [KEY, bytes]) {
      const wanted = createHmac("sha256", key).update(bytes).digest();
      assert.deepEqual([...hmacSha256(key, parts)], [...wanted]);
    }
  }
});

Deno.test("the code is of all that follows it, in all frames of a request (5.12.6.1)", () => {
  const frames = write(3, 9, [new Uint8Array(256).fill(1), new Uint8Array(256).fill(2)]);
  const message = frames.flatMap((
    { data },
  ) => [...data, ...new Uint8Array(16), 0, 0, 0, 9, 0, 3, 0, 2, 0, 0, 0, 3]);
  const wanted = createHmac("sha256", KEY).update(Uint8Array.from(message)).digest();
  assert.deepEqual([...frames[1]!.keyMac], [...wanted]);
  assert.ok(verifyFrames(KEY, frames));
  frames[0]!.nonce[15] = 1;
  assert.ok(!verifyFrames(KEY, frames));
  assert.ok(!verifyFrames(KEY, []));
});

Deno.test("the key is programmed once, and outlives resets; nothing is done without it (5.12.6.1.1)", async () => {
  covers(
    "devicenormative:Device Types / RPMB Device / Device Operation#3",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Program Key#2",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Program Key#3",
  );
  const medium = new Medium();
  const device = made(medium);
  const guest = await opened(device);
  assert.equal((await guest.programmed(KEY, 2)).result, GENERAL_FAILURE);
  const [counter, read] = [
    await guest.driver.getWriteCounter(protectedFrame({ blockCount: 1 })),
    await guest.driver.dataRead(protectedFrame({ blockCount: 1 }), 512),
  ];
  assert.equal(counter.frame.result, NO_AUTH_KEY);
  assert.equal(read.frames[0]!.result, NO_AUTH_KEY);
  assert.equal((await guest.written(write(0, 0, [new Uint8Array(256)]))).result, NO_AUTH_KEY);
  medium.broken = true;
  assert.equal((await guest.programmed(KEY)).result, WRITE_FAILURE);
  assert.equal(device.blocks!.programmed, false);
  medium.broken = false;
  const done = await guest.programmed(KEY);
  assert.deepEqual([done.result, done.reqResp], [OK, RpmbResponseType.PROGRAM_KEY]);
  assert.ok(verifyFrames(KEY, [done]));
  assert.equal((await guest.programmed(new Uint8Array(32))).result, WRITE_FAILURE);
  await guest.driver.close();
  await using again = await opened(device);
  assert.equal((await again.programmed(new Uint8Array(32))).result, WRITE_FAILURE);
  assert.deepEqual(medium.key, KEY);
});

Deno.test("a write is checked in order, and counted (5.12.6.1.3)", async () => {
  covers(
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Write#6",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Write#8",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Write#9",
  );
  const medium = new Medium();
  medium.key = KEY;
  await using guest = await opened(made(medium));
  const block = new Uint8Array(256).fill(0x5a);
  const results = async (frames: ProtectedFrame[]) => (await guest.written(frames)).result;
  assert.equal(await results(write(0, 0, [block], { blockCount: 0 })), GENERAL_FAILURE);
  assert.equal(await results(write(0, 0, [block], { blockCount: 2 })), GENERAL_FAILURE);
  assert.equal(await results(write(0, 0, new Array(5).fill(block))), GENERAL_FAILURE);
  assert.equal(await results(write(511, 0, [block, block])), ADDR_FAILURE);
  const forged = write(0, 0, [block, block]);
  forged[0]!.data = new Uint8Array(256);
  assert.equal(await results(forged), AUTH_FAILURE);
  assert.equal(await results(write(0, 1, [block])), COUNT_FAILURE);
  medium.broken = true;
  assert.equal(await results(write(0, 0, [block])), WRITE_FAILURE);
  medium.broken = false;
  assert.equal(medium.writeCounter, 0);
  const good = write(510, 0, [block, block.map((byte) => byte + 1)]);
  const done = await guest.written(good);
  assert.ok(verifyFrames(KEY, [done]));
  assert.deepEqual(
    [done.result, done.reqResp, done.writeCounter, done.address],
    [OK, RpmbResponseType.DATA_WRITE, 1, 510],
  );
  assert.deepEqual([...medium.data.subarray(510 * 256, 510 * 256 + 2)], [0x5a, 0x5a]);
  assert.equal(medium.data.at(-1), 0x5b);
  assert.equal(await results(good), COUNT_FAILURE, "played again");
});

Deno.test("a counter at its end stays there, and nothing is written any more (5.12.6.1.3)", async () => {
  covers(
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Write#4",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Write#5",
  );
  const medium = new Medium();
  medium.key = KEY;
  medium.writeCounter = 0xffff_fffe;
  const device = made(medium);
  await using guest = await opened(device);
  const block = new Uint8Array(256);
  assert.equal((await guest.written(write(0, 0xffff_fffe, [block]))).result, OK);
  const refused = await guest.written(write(0, 0xffff_ffff, [block]));
  assert.equal(refused.result, WRITE_COUNTER_EXPIRED);
  assert.equal(device.blocks!.writeCounter, 0xffff_ffff);
});

Deno.test("reads repeat the nonce and are of blocks that exist (5.12.6.1.2, 5.12.6.1.4)", async () => {
  covers(
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Get Write Counter#2",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Read#2",
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Data Read#3",
  );
  const medium = new Medium();
  medium.key = KEY;
  medium.data.forEach((_, at) => medium.data[at] = at >> 8);
  await using guest = await opened(made(medium));
  const nonce = new Uint8Array(16).fill(9);
  const counter = async (blockCount: number) =>
    (await guest.driver.getWriteCounter(protectedFrame({ blockCount, nonce }))).frame;
  assert.equal((await counter(2)).result, GENERAL_FAILURE);
  const told = await counter(1);
  assert.deepEqual([told.result, told.nonce], [OK, nonce]);
  assert.ok(verifyFrames(KEY, [told]));
  const read = async (address: number, blockCount: number, room = blockCount * 512) =>
    (await guest.driver.dataRead(protectedFrame({ address, blockCount, nonce }), room)).frames;
  const frames = await read(7, 3);
  assert.ok(verifyFrames(KEY, frames));
  assert.deepEqual(frames.map(({ data }) => data[0]), [7, 8, 9]);
  assert.deepEqual(new Set(frames.map(({ reqResp }) => reqResp)), new Set([0x400]));
  assert.equal((await read(0, 9))[8]!.result, GENERAL_FAILURE);
  assert.equal((await read(511, 2))[0]!.result, ADDR_FAILURE);
  for (const blockCount of [0, 2, 8]) {
    const failed = await read(0, blockCount, 1023);
    assert.deepEqual(
      failed.map(({ result, nonce, blockCount }) => [result, nonce, blockCount]),
      [[GENERAL_FAILURE, nonce, blockCount]],
      `${blockCount} blocks into the room of a frame`,
    );
  }
  assert.deepEqual(await read(0, 1, 511), []);
  medium.broken = true;
  assert.equal((await read(0, 1))[0]!.result, READ_FAILURE);
});

Deno.test("no more is read or answered than the driver has room for (5.12.6.1.4)", async () => {
  const read: number[] = [];
  const device = new RpmbDevice({
    config: { capacity: 128, maxWrCnt: 0, maxRdCnt: 0 },
    blocks: {
      key: KEY,
      program: () => {},
      write: () => {},
      read: (_address, blocks) => (read.push(blocks), new Uint8Array(blocks * 256)),
    },
  });
  await using driver = await RpmbDriver.open(loopback(device), { blocks: { key: KEY } });
  const asked = protectedFrame({ blockCount: 0xffff });
  const { frames } = await driver.dataRead(asked, 3 * 512);
  assert.deepEqual(frames.map(({ result }) => result), Array(3).fill(GENERAL_FAILURE));
  assert.deepEqual(read, []);
  assert.equal((await driver.blocks!.read(0, 3)).length, 3 * 256);
  assert.deepEqual(read, [3]);
});

Deno.test("a driver believes no read of fewer blocks than it asked for (5.12.6.1.4)", async () => {
  const device = new RpmbDevice({
    config: { capacity: 1, maxWrCnt: 0, maxRdCnt: 0 },
    dataRead: ({ nonce, address, blockCount }) => {
      const frame = protectedFrame({ nonce: nonce.slice(), address, blockCount, reqResp: 0x400 });
      signFrames(KEY, [frame]);
      return { frames: [frame] };
    },
  });
  await using driver = await RpmbDriver.open(loopback(device), { blocks: { key: KEY } });
  assert.equal((await driver.blocks!.read(0, 1)).length, 256);
  await assert.rejects(driver.blocks!.read(0, 2), {
    name: "ProtectedBlocksError",
    message: /: the answer has 1 frames$/,
  });
});

Deno.test("a result is read in the same buffer or in the next (5.12.6.1.5)", async () => {
  covers(
    "devicenormative:Device Types / RPMB Device / Device Operation / Device Operation: Result Read#1",
  );
  const medium = new Medium();
  medium.key = KEY;
  await using guest = await opened(made(medium));
  const result = async (blockCount: number) =>
    (await guest.driver.resultRead(protectedFrame({ blockCount }))).frame;
  assert.equal((await result(1)).result, GENERAL_FAILURE, "of nothing");
  const [head] = write(2, 0, [new Uint8Array(256)]);
  const { frames } = await guest.driver.dataWrite({ ...head!, frames: [] }, 0);
  assert.deepEqual(frames, []);
  const told = await result(1);
  assert.deepEqual([told.result, told.address, told.writeCounter], [OK, 2, 1]);
  assert.ok(verifyFrames(KEY, [told]));
  assert.equal((await result(2)).result, GENERAL_FAILURE);
});

Deno.test("a driver to come is not told how a write went that a reset overtook (5.12.6.1.5)", async () => {
  const medium = new Medium();
  medium.key = KEY;
  medium.later = true;
  const device = made(medium);
  const { driver } = await opened(device);
  const [head] = write(2, 0, [new Uint8Array(256)]);
  const late = driver.dataWrite({ ...head!, frames: [] }, 0);
  await new Promise((done) => setTimeout(done, 0));
  await driver.close();
  await assert.rejects(late);
  await using next = await opened(device);
  const { frame } = await next.driver.resultRead(protectedFrame({ blockCount: 1 }));
  assert.deepEqual([frame.result, medium.writeCounter], [GENERAL_FAILURE, 1]);
});

Deno.test("a driver programs, writes and reads, and believes only authentic answers (5.12.6)", async () => {
  const medium = new Medium();
  medium.later = true;
  const device = made(medium);
  const driver = await RpmbDriver.open(loopback(device));
  const blocks = driver.blocks!;
  await assert.rejects(blocks.read(0, 1), TypeError);
  await blocks.programKey(KEY);
  const refused = (result: number | undefined) => (error: unknown) =>
    error instanceof ProtectedBlocksError && error.result === result;
  await assert.rejects(blocks.programKey(KEY), refused(WRITE_FAILURE));
  const data = Uint8Array.from({ length: 10 * 256 }, (_, at) => at * 3);
  await Promise.all([blocks.write(5, data), blocks.write(20, data.subarray(0, 256))]);
  assert.equal(await blocks.writeCounter(), 4, "three requests of up to four blocks, and one");
  assert.deepEqual(await blocks.read(5, 10), data);
  assert.throws(() => blocks.write(0, new Uint8Array(255)), RangeError);
  await assert.rejects(blocks.write(600, new Uint8Array(256)), refused(ADDR_FAILURE));
  await driver.close();

  const stranger = await RpmbDriver.open(loopback(device), {
    blocks: { key: new Uint8Array(32) },
  });
  await assert.rejects(stranger.blocks!.read(5, 1), refused(undefined));
  await assert.rejects(stranger.blocks!.writeCounter(), refused(undefined));
  await stranger.close();

  const old = protectedFrame({ reqResp: 0x200, writeCounter: 1 });
  signFrames(KEY, [old]);
  const replaying = new RpmbDevice({
    config: { capacity: 1, maxWrCnt: 0, maxRdCnt: 0 },
    getWriteCounter: () => ({ frame: old }),
  });
  await using deceived = await RpmbDriver.open(loopback(replaying), { blocks: { key: KEY } });
  await assert.rejects(deceived.blocks!.writeCounter(), /by its nonce/);
});

Deno.test("a device moves with key and counter, and never goes back (5.12.6)", async () => {
  covers("devicenormative:Device Types / RPMB Device / Device Operation#6");
  const medium = new Medium();
  medium.key = KEY;
  const device = made(medium);
  await using guest = await opened(device);
  const before = JSON.parse(JSON.stringify(device.save())).behaviours.blocks;
  await guest.written(write(0, 0, [new Uint8Array(256)]));
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.blocks;
  const other = made(new Medium()).blocks!;
  other.restore(saved, "blocks");
  assert.deepEqual(JSON.parse(JSON.stringify(other.save())), saved);
  const spoiled: readonly [string, unknown][] = [
    ["blocks.writeCounter must be 1 or more", before],
    ["blocks.key must be the key of this device", { ...saved, key: null }],
    ["blocks.key must be 32 bytes", { ...saved, key: [1] }],
    ["blocks.key[0] must be", { ...saved, key: [256] }],
    ["blocks.last.result must be", { ...saved, last: { ...saved.last, result: "no" } }],
  ];
  for (const [message, state] of spoiled) {
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore(state, "blocks"), named, message);
  }
  assert.equal(other.writeCounter, 1);
  const config = { capacity: 1, maxWrCnt: 0, maxRdCnt: 0 };
  const short = { ...medium.options(), key: new Uint8Array(3) };
  assert.throws(() => new RpmbDevice({ config, blocks: short }), RangeError);
});

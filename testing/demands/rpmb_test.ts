// Replay protected memory, statement by statement (VIRTIO 1.4, 5.12.6).

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import {
  RpmbDevice,
  RpmbDriver,
  RpmbRequestType,
  RpmbResponseType,
  RpmbResult,
} from "../../generated/rpmb/mod.ts";
import {
  type ProtectedFrame,
  protectedFrame,
  signFrames,
} from "../../runtime/behaviours/protected_frames.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const RPMB = "devicenormative:Device Types / RPMB Device / Device Operation";
const PROGRAM = `${RPMB} / Device Operation: Program Key` as const;
const COUNTER = `${RPMB} / Device Operation: Get Write Counter` as const;
const WRITE = `${RPMB} / Device Operation: Data Write` as const;
const READ = `${RPMB} / Device Operation: Data Read` as const;

const { OK, GENERAL_FAILURE, AUTH_FAILURE, WRITE_FAILURE, READ_FAILURE, NO_AUTH_KEY } = RpmbResult;
const KEY = Uint8Array.from({ length: 32 }, (_, at) => 3 * at);
const ASKED = protectedFrame({ blockCount: 1, reqResp: RpmbRequestType.RESULT_READ });
const BLOCK = new Uint8Array(256).fill(0x5a);

/** A memory that fails when it is told to. */
class Medium {
  readonly data = new Uint8Array(128 << 10);
  broken = false;
  #key: Uint8Array | undefined;

  /** With a key if it was programmed. */
  device(key?: Uint8Array): RpmbDevice {
    this.#key ??= key;
    const device = new RpmbDevice({
      config: { capacity: 1, maxWrCnt: 4, maxRdCnt: 8 },
      blocks: {
        ...(this.#key === undefined ? {} : { key: this.#key }),
        writeCounter: 0,
        program: (programmed) => {
          this.#check();
          this.#key = programmed;
        },
        read: (address, blocks) => {
          this.#check();
          return this.data.slice(address * 256, (address + blocks) * 256);
        },
        write: (address, data) => {
          this.#check();
          this.data.set(data, address * 256);
        },
      },
    });
    device.onError = () => {}; // those of the medium
    return device;
  }

  #check(): void {
    if (this.broken) throw new Error("Cannot use the medium: it is worn out");
  }
}

/** A driver that asks frame by frame. */
async function opened(device: RpmbDevice) {
  const driver = await RpmbDriver.open(loopback(device));
  const write = async (frames: ProtectedFrame[], asks = true) => {
    const [head, ...others] = frames;
    const request = { ...head!, frames: asks ? [...others, ASKED] : others };
    return (await driver.dataWrite(request, asks ? 512 : 0)).frames;
  };
  return {
    driver,
    write,
    program: async (keyMac: Uint8Array, asks = true) => {
      const request = { ...protectedFrame({ keyMac, blockCount: 1 }), frames: asks ? [ASKED] : [] };
      return (await driver.programKey(request, asks ? 512 : 0)).frames;
    },
    counter: async (blockCount = 1) =>
      (await driver.getWriteCounter(protectedFrame({ blockCount }))).frame,
    read: async (blockCount: number, address = 0) =>
      (await driver.dataRead(protectedFrame({ blockCount, address }), blockCount * 512)).frames,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

/** Signed frames of a write. */
function signed(blocks: Uint8Array[], writeCounter: number, changes: Partial<ProtectedFrame> = {}) {
  const frames = blocks.map((data) =>
    protectedFrame({ data, writeCounter, address: 5, blockCount: blocks.length, ...changes })
  );
  for (const frame of frames) frame.reqResp = RpmbRequestType.DATA_WRITE;
  signFrames(KEY, frames);
  return frames;
}

/** The code of one frame, by another implementation. */
function codeOf(frame: ProtectedFrame): string {
  const bytes = new Uint8Array(284);
  const view = new DataView(bytes.buffer);
  bytes.set(frame.data);
  bytes.set(frame.nonce, 256);
  view.setUint32(272, frame.writeCounter);
  view.setUint16(276, frame.address);
  view.setUint16(278, frame.blockCount);
  view.setUint16(280, frame.result);
  view.setUint16(282, frame.reqResp);
  return createHmac("sha256", KEY).update(bytes).digest("hex");
}

Deno.test("rpmb: a programmed key is told with its code, when the result is asked for (5.12.6.1.1)", async () => {
  covers(`${PROGRAM}#1`, `${PROGRAM}#5`);
  await using guest = await opened(new Medium().device());
  const [told] = await guest.program(KEY);
  assert.deepEqual([told!.result, told!.reqResp], [OK, RpmbResponseType.PROGRAM_KEY]);
  assert.equal(told!.keyMac.toHex(), codeOf(told!));
  await using other = await opened(new Medium().device());
  assert.deepEqual(await other.program(KEY, false), [], "not asked for");
  assert.equal((await other.counter()).result, OK, "programmed all the same");
});

Deno.test("rpmb: the key can not be changed, nor read, and stays over resets (5.12.6.1)", async () => {
  covers(`${RPMB}#2`, `${RPMB}#3`);
  const medium = new Medium();
  const device = medium.device(KEY);
  for (let round = 0; round < 2; round++) {
    await using guest = await opened(device);
    const [refused] = await guest.program(new Uint8Array(32).fill(1));
    assert.notEqual(refused!.result, OK);
    const told = await guest.counter();
    assert.equal(told.keyMac.toHex(), codeOf(told), "of the first key");
    for (const frame of [refused!, told, ...await guest.read(1)]) {
      const bytes = [frame.keyMac, frame.data].map((each) => each.toHex()).join();
      assert.equal(bytes.includes(KEY.toHex()), false);
    }
  }
});

Deno.test("rpmb: nothing goes without a key (5.12.6.1.2, 5.12.6.1.3, 5.12.6.1.4)", async () => {
  covers(`${COUNTER}#1`, `${WRITE}#2`, `${READ}#1`);
  const medium = new Medium();
  await using guest = await opened(medium.device());
  assert.equal((await guest.counter()).result, NO_AUTH_KEY);
  const [written] = await guest.write(signed([BLOCK], 0));
  assert.equal(written!.result, NO_AUTH_KEY);
  assert.equal((await guest.read(1))[0]!.result, NO_AUTH_KEY);
  assert.equal(medium.data.some((byte) => byte !== 0), false);
});

Deno.test("rpmb: the counter is told with its response (5.12.6.1.2)", async () => {
  covers(`${COUNTER}#3`, `${RPMB}#4`, `${RPMB}#5`);
  await using guest = await opened(new Medium().device(KEY));
  for (let count = 0; count < 3; count++) {
    const told = await guest.counter();
    assert.deepEqual(
      [told.result, told.reqResp, told.writeCounter],
      [OK, RpmbResponseType.GET_COUNTER, count],
    );
    assert.equal((await guest.write(signed([BLOCK], count)))[0]!.result, OK);
    const [refused] = await guest.write(signed([BLOCK], 99));
    assert.notEqual(refused!.result, OK, "which counts nothing");
  }
});

Deno.test("rpmb: a result of a write has counter, address and code (5.12.6.1.3)", async () => {
  covers(`${WRITE}#1`, `${WRITE}#14`);
  await using guest = await opened(new Medium().device(KEY));
  const [told] = await guest.write(signed([BLOCK, BLOCK], 0));
  assert.deepEqual(
    [told!.result, told!.reqResp, told!.writeCounter, told!.address],
    [OK, RpmbResponseType.DATA_WRITE, 1, 5],
  );
  assert.equal(told!.keyMac.toHex(), codeOf(told!));
  assert.deepEqual(await guest.write(signed([BLOCK], 1), false), []);
});

Deno.test("rpmb: no block, or more than there can be, is a failure (5.12.6.1.3)", async () => {
  covers(`${WRITE}#3`);
  await using guest = await opened(new Medium().device(KEY));
  const blocks = (count: number) => new Array<Uint8Array>(count).fill(BLOCK);
  const results = [];
  for (
    const frames of [
      signed(blocks(1), 0, { blockCount: 0 }),
      signed(blocks(5), 0),
      signed(blocks(4), 0),
    ]
  ) {
    results.push((await guest.write(frames))[0]!.result);
  }
  assert.deepEqual(results, [GENERAL_FAILURE, GENERAL_FAILURE, OK]);
});

Deno.test("rpmb: what another key signed, or changed behind its code, is not written (5.12.6.1.3)", async () => {
  covers(`${WRITE}#7`);
  const medium = new Medium();
  await using guest = await opened(medium.device(KEY));
  const changes: ((frame: ProtectedFrame) => void)[] = [
    (frame) => frame.data = frame.data.map((byte) => byte ^ 1),
    (frame) => frame.address ^= 1,
    (frame) => frame.keyMac = new Uint8Array(32),
    (frame) => frame.nonce = frame.nonce.map((byte) => byte ^ 0x80),
  ];
  for (const change of changes) {
    const [frame] = signed([BLOCK], 0);
    change(frame!);
    assert.equal((await guest.write([frame!]))[0]!.result, AUTH_FAILURE);
  }
  assert.equal(medium.data.some((byte) => byte !== 0), false);
});

Deno.test("rpmb: an authentic write is done and counted, and can be read (5.12.6.1.3, 5.12.6.1.4)", async () => {
  covers(`${WRITE}#10`, `${WRITE}#11`, `${RPMB}#7`);
  const medium = new Medium();
  await using guest = await opened(medium.device(KEY));
  const other = BLOCK.map((byte) => byte + 1);
  assert.equal((await guest.write(signed([BLOCK, other], 0)))[0]!.result, OK);
  assert.equal((await guest.counter()).writeCounter, 1);
  const frames = await guest.read(2, 5);
  assert.deepEqual(frames.map(({ data }) => data), [BLOCK, other]);
});

Deno.test("rpmb: a medium that fails does not count, and its results say so (5.12.6.1.3, 5.12.6.1.4)", async () => {
  covers(`${WRITE}#12`, `${READ}#4`);
  const medium = new Medium();
  await using guest = await opened(medium.device(KEY));
  medium.broken = true;
  assert.equal((await guest.write(signed([BLOCK], 0)))[0]!.result, WRITE_FAILURE);
  assert.equal((await guest.read(1))[0]!.result, READ_FAILURE);
  medium.broken = false;
  assert.equal((await guest.counter()).writeCounter, 0);
  assert.equal((await guest.write(signed([BLOCK], 0)))[0]!.result, OK);
});

Deno.test("rpmb: as many frames are read as were asked for (5.12.6.1.4)", async () => {
  covers(`${READ}#6`);
  await using guest = await opened(new Medium().device(KEY));
  for (const count of [1, 3, 8]) {
    const frames = await guest.read(count);
    assert.equal(frames.length, count);
    for (const { reqResp, result } of frames) {
      assert.deepEqual([reqResp, result], [RpmbResponseType.DATA_READ, OK]);
    }
  }
});

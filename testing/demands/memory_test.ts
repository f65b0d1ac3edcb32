// Memory that is plugged, statement by statement (VIRTIO 1.4, 5.15).

import assert from "node:assert/strict";
import {
  MemoryDevice,
  MemoryDriver,
  MemoryResponseType,
  type MemorySettings,
  MemoryState,
} from "../../generated/mem/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const MEMORY = "devicenormative:Device Types / Memory Device";
const CONFIG = `${MEMORY} / Device configuration layout` as const;
const OPERATION = `${MEMORY} / Device Operation` as const;

const { ACK } = MemoryResponseType;
const BLOCK = 0x20_0000n;
const config: MemorySettings = {
  blockSize: BLOCK,
  nodeId: 3,
  addr: 0x1_0000_0000n,
  regionSize: 64n * BLOCK,
  usableRegionSize: 32n * BLOCK,
  pluggedSize: 0n,
  requestedSize: 16n * BLOCK,
};

const blocks = (first: number, nbBlocks: number) => ({
  addr: config.addr + BigInt(first) * BLOCK,
  nbBlocks,
});

Deno.test("mem: plugged blocks are acknowledged, and counted (5.15.6.3.2)", async () => {
  covers(`${OPERATION} / PLUG request#6`, `${OPERATION} / PLUG request#7`, `${CONFIG}#3`);
  const device = new MemoryDevice({ config });
  await using driver = await MemoryDriver.open(loopback(device));
  for (const [first, count, plugged] of [[0, 3, 3n], [8, 1, 4n], [4, 2, 6n]] as const) {
    assert.equal((await driver.plug(blocks(first, count))).type, ACK);
    assert.equal(device.settings.pluggedSize, plugged * BLOCK);
  }
  assert.notEqual((await driver.plug(blocks(0, 1))).type, ACK);
  assert.equal(device.settings.pluggedSize, 6n * BLOCK, "a refusal plugs none");
});

Deno.test("mem: unplugged blocks are acknowledged, and no more counted (5.15.6.4.2)", async () => {
  covers(`${OPERATION} / UNPLUG request#6`, `${OPERATION} / UNPLUG request#7`);
  const device = new MemoryDevice({ config });
  await using driver = await MemoryDriver.open(loopback(device));
  await driver.plug(blocks(0, 8));
  assert.equal((await driver.unplug(blocks(2, 3))).type, ACK);
  assert.equal(device.settings.pluggedSize, 5n * BLOCK);
  assert.notEqual((await driver.unplug(blocks(1, 2))).type, ACK);
  assert.equal(device.settings.pluggedSize, 5n * BLOCK);
});

Deno.test("mem: all blocks are unplugged at once (5.15.6.5.2)", async () => {
  covers(`${OPERATION} / UNPLUG ALL request#4`);
  const device = new MemoryDevice({ config });
  await using driver = await MemoryDriver.open(loopback(device));
  await driver.plug(blocks(0, 8));
  assert.equal((await driver.unplugAll()).type, ACK);
  assert.equal(device.settings.pluggedSize, 0n);
  assert.equal((await driver.unplugAll()).type, ACK, "also when there are none");
});

Deno.test("mem: the state of blocks is acknowledged (5.15.6.6.2)", async () => {
  covers(`${OPERATION} / STATE request#4`);
  await using driver = await MemoryDriver.open(loopback(new MemoryDevice({ config })));
  await driver.plug(blocks(0, 2));
  for (const [first, count, state] of [[0, 2, 0], [1, 2, 2], [2, 9, 1]] as const) {
    const answer = await driver.state(blocks(first, count));
    assert.deepEqual([answer.type, answer.state.type], [ACK, state]);
  }
  assert.deepEqual([MemoryState.PLUGGED, MemoryState.UNPLUGGED, MemoryState.MIXED], [0, 1, 2]);
});

Deno.test("mem: where the region lies stays as it is, and what is wanted of it may change (5.15.4.2)", () => {
  covers(`${CONFIG}#1`, `${CONFIG}#2`, `${CONFIG}#7`);
  const device = new MemoryDevice({ config });
  const fixed: readonly Partial<MemorySettings>[] = [
    { blockSize: 2n * BLOCK },
    { nodeId: 4 },
    { addr: config.addr + BLOCK },
    { regionSize: 128n * BLOCK },
  ];
  for (const change of fixed) {
    assert.throws(() => device.configure(change), { name: "TypeError", message: /stays as it is/ });
  }
  device.configure({ usableRegionSize: 64n * BLOCK });
  device.configure({ requestedSize: 64n * BLOCK });
  assert.deepEqual(device.settings, {
    ...config,
    usableRegionSize: 64n * BLOCK,
    requestedSize: 64n * BLOCK,
  });
  const none = { regionSize: 0n, usableRegionSize: 0n, requestedSize: 0n };
  new MemoryDevice({ config: { ...config, ...none } });
});

Deno.test("mem: a driver hears of another size that is wanted or usable, not of what it plugged (5.15.4.2)", async () => {
  covers(`${CONFIG}#9`, `${CONFIG}#10`);
  const device = new MemoryDevice({ config });
  await using driver = await MemoryDriver.open(loopback(device));
  let told = 0;
  let changed: (() => void) | undefined;
  driver.onConfigChange = () => {
    told++;
    changed?.();
  };
  const change = async (changes: Partial<MemorySettings>) => {
    const done = new Promise<void>((resolve) => changed = resolve);
    device.configure(changes);
    await done;
  };
  await change({ usableRegionSize: 40n * BLOCK });
  await change({ requestedSize: 20n * BLOCK });
  assert.equal(told, 2);
  assert.equal(driver.config.requestedSize, 20n * BLOCK);
  await driver.plug(blocks(0, 5));
  await driver.unplug(blocks(0, 1));
  assert.equal(told, 2);
});

Deno.test("mem: a driver writes nothing, and passes over padding (5.15.4.1)", async () => {
  const LAYOUT = "drivernormative:Device Types / Memory Device / Device configuration layout";
  covers(`${LAYOUT}#1`, `${LAYOUT}#2`);
  const { bytes } = new MemoryDevice({ config }).config;
  const filled = bytes.slice();
  filled.fill(0xff, 10, 16); // padding
  const written: number[] = [];
  const opened = async (from: Uint8Array) => {
    const hand = new HandDevice(24, featureSet(32), from);
    hand.writeConfig = (offset) => {
      written.push(offset);
      return Promise.resolve();
    };
    const driver = await MemoryDriver.open(hand);
    const found = driver.config;
    await driver.refreshConfig();
    await driver.close();
    return found;
  };
  assert.deepEqual(await opened(filled), await opened(bytes.slice()));
  assert.deepEqual(written, []);
});

Deno.test("mem: a driver takes no state of blocks that came without ACK (5.15.6.6.1)", async () => {
  covers("drivernormative:Device Types / Memory Device / Device Operation / STATE request#2");
  const hand = new HandDevice(
    24,
    featureSet(32),
    new MemoryDevice({ config }).config.bytes.slice(),
  );
  let type: number = MemoryResponseType.NACK;
  hand.onKick = (queue) => {
    const head = queue.pop();
    queue.chain(head).writable(0, 10).write(Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    queue.push(head, 10);
    queue.publish();
  };
  await using driver = await MemoryDriver.open(hand);
  const ask = async () => {
    const answer = await driver.state(blocks(0, 2));
    return [answer.type, answer.state.type];
  };
  assert.deepEqual(await ask(), [MemoryResponseType.NACK, 0]);
  type = MemoryResponseType.BUSY;
  assert.deepEqual(await ask(), [MemoryResponseType.BUSY, 0]);
  type = ACK;
  assert.deepEqual(await ask(), [ACK, MemoryState.MIXED]);
});

Deno.test("mem: blocks that are plugged already are an error, also when no more are wanted (5.15.6.3.2)", async () => {
  covers(`${OPERATION} / PLUG request#4`);
  const asked: number[] = [];
  const device = new MemoryDevice({
    config: { ...config, requestedSize: 2n * BLOCK },
    plug: ({ nbBlocks }) => (asked.push(nbBlocks), ACK),
  });
  await using driver = await MemoryDriver.open(loopback(device));
  const plug = async (first: number, count: number) =>
    (await driver.plug(blocks(first, count))).type;
  assert.equal(await plug(0, 3), MemoryResponseType.NACK, "more than is wanted");
  assert.equal(await plug(0, 2), ACK);
  for (const [first, count] of [[0, 1], [1, 1], [1, 9], [0, 2]] as const) {
    assert.equal(await plug(first, count), MemoryResponseType.ERROR);
  }
  assert.equal(await plug(2, 1), MemoryResponseType.NACK);
  assert.deepEqual(asked, [2]);
});

Deno.test("mem: no less of the region gets usable while blocks are plugged (5.15.4.2)", async () => {
  covers(`${CONFIG}#8`, `${OPERATION} / UNPLUG ALL request#6`);
  const device = new MemoryDevice({ config });
  await using driver = await MemoryDriver.open(loopback(device));
  await driver.plug(blocks(0, 1));
  const usable = (count: bigint) => device.configure({ usableRegionSize: count * BLOCK });
  assert.throws(() => usable(31n), { name: "RangeError", message: /usableRegionSize: .* no less/ });
  usable(32n);
  usable(40n);
  assert.throws(() => usable(32n), RangeError);
  assert.equal((await driver.unplugAll()).type, ACK);
  usable(16n);
  assert.equal(device.settings.usableRegionSize, 16n * BLOCK);
});

// Blocks of a memory device (VIRTIO 1.4, 5.15.6).

import assert from "node:assert/strict";
import {
  MemoryDevice,
  type MemoryDeviceOptions,
  MemoryDriver,
  MemoryResponseType,
  MemoryState,
} from "../../generated/mem/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";

const { ACK, NACK, BUSY, ERROR } = MemoryResponseType;
const { PLUGGED, UNPLUGGED, MIXED } = MemoryState;
const BLOCK = 0x20_0000n;
const ADDR = 0x1_0000_0000n;

function made(options: Partial<MemoryDeviceOptions> = {}): MemoryDevice {
  return new MemoryDevice({
    config: {
      blockSize: BLOCK,
      nodeId: 0,
      addr: ADDR,
      regionSize: 64n * BLOCK,
      usableRegionSize: 32n * BLOCK,
      pluggedSize: 0n,
      requestedSize: 16n * BLOCK,
    },
    ...options,
  });
}

/** A driver that names blocks by their numbers. */
async function opened(device: MemoryDevice) {
  const driver = await MemoryDriver.open(loopback(device));
  const at = (first: number, nbBlocks: number) => ({
    addr: ADDR + BigInt(first) * BLOCK,
    nbBlocks,
  });
  return {
    driver,
    plug: async (first: number, blocks: number) => (await driver.plug(at(first, blocks))).type,
    unplug: async (first: number, blocks: number) => (await driver.unplug(at(first, blocks))).type,
    state: async (first: number, blocks: number) => {
      const { type, state } = await driver.state(at(first, blocks));
      assert.equal(type, ACK);
      return state.type;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("blocks are plugged that are not, and unplugged that are, all or none (5.15.6.3, 5.15.6.4)", async () => {
  covers(
    "devicenormative:Device Types / Memory Device / Device Operation / PLUG request#4",
    "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG request#4",
    "devicenormative:Device Types / Memory Device / Device configuration layout#10",
  );
  const device = made();
  await using guest = await opened(device);
  let told = 0;
  guest.driver.onConfigChange = () => void told++;
  assert.equal(await guest.plug(2, 4), ACK);
  assert.equal(await guest.plug(5, 2), ERROR);
  assert.equal(await guest.plug(6, 2), ACK);
  assert.equal(device.settings.pluggedSize, 6n * BLOCK);
  assert.equal(await guest.unplug(7, 2), ERROR);
  assert.equal(await guest.unplug(3, 2), ACK);
  assert.equal(device.settings.pluggedSize, 4n * BLOCK);
  assert.deepEqual(device.blocks!.plugged, [
    { addr: ADDR + 2n * BLOCK, length: BLOCK },
    { addr: ADDR + 5n * BLOCK, length: 3n * BLOCK },
  ]);
  assert.ok(device.blocks!.isPlugged(5) && !device.blocks!.isPlugged(4));
  assert.equal(await guest.plug(8, 13), NACK, "more than the device wants");
  assert.equal(await guest.plug(8, 12), ACK);
  assert.equal(told, 0, "no notification for plugged_size (5.15.4.2)");
});

Deno.test("a range is plugged, unplugged or mixed (5.15.6.6)", async () => {
  covers(
    "devicenormative:Device Types / Memory Device / Device Operation / STATE request#5",
    "devicenormative:Device Types / Memory Device / Device Operation / STATE request#6",
    "devicenormative:Device Types / Memory Device / Device Operation / STATE request#7",
  );
  await using guest = await opened(made());
  assert.equal(await guest.state(0, 32), UNPLUGGED);
  await guest.plug(1, 2);
  assert.equal(await guest.state(1, 2), PLUGGED);
  assert.equal(await guest.state(0, 2), MIXED);
  assert.equal(await guest.state(2, 2), MIXED);
  assert.equal(await guest.state(3, 1), UNPLUGGED);
});

Deno.test("nothing is plugged once all is unplugged (5.15.6.5)", async () => {
  covers("devicenormative:Device Types / Memory Device / Device Operation / UNPLUG ALL request#5");
  let answer: number = BUSY;
  const device = made({ unplugAll: () => answer as typeof ACK });
  await using guest = await opened(device);
  await guest.plug(0, 3);
  assert.equal((await guest.driver.unplugAll()).type, BUSY);
  assert.equal(device.settings.pluggedSize, 3n * BLOCK);
  answer = ACK;
  assert.equal((await guest.driver.unplugAll()).type, ACK);
  assert.equal(device.settings.pluggedSize, 0n);
  assert.equal(await guest.state(0, 32), UNPLUGGED);
});

Deno.test("the user's handlers see what can be done, one after the other, and may refuse (5.15.6.3)", async () => {
  const seen: string[] = [];
  const gates: ((answer: number) => void)[] = [];
  const device = made({
    plug: ({ addr, nbBlocks }) => {
      seen.push(`${(addr - ADDR) / BLOCK}+${nbBlocks}`);
      return new Promise<number>((resolve) => gates.push(resolve)) as Promise<typeof ACK>;
    },
  });
  await using guest = await opened(device);
  const first = guest.plug(0, 2);
  assert.equal(await guest.plug(4, 2), BUSY);
  assert.equal(await guest.unplug(0, 1), ERROR, "not plugged yet");
  gates.pop()!(ACK);
  assert.equal(await first, ACK);
  assert.equal(await guest.plug(1, 1), ERROR);
  const refused = guest.plug(2, 1);
  await guest.state(2, 1);
  gates.pop()!(NACK);
  assert.equal(await refused, NACK);
  assert.deepEqual(seen, ["0+2", "2+1"]);
  assert.equal(device.settings.pluggedSize, 2n * BLOCK);
});

Deno.test("blocks outlive a reset of the device, and move with it (5.15.5.2)", async () => {
  covers("devicenormative:Device Types / Memory Device / Device Initialization#2");
  const device = made();
  const first = await opened(device);
  await first.plug(3, 2);
  await first.driver.close();
  await using again = await opened(device);
  assert.equal(again.driver.config.pluggedSize, 2n * BLOCK);
  assert.equal(await again.state(3, 2), PLUGGED);

  const saved = JSON.parse(JSON.stringify(device.save()));
  const other = made();
  loopback(other);
  other.restore(saved);
  assert.deepEqual(other.blocks!.plugged, device.blocks!.plugged);
  const spoiled: readonly [string, unknown][] = [
    ["behaviours.blocks must be an array", {}],
    ["behaviours.blocks[0][0] must be an integer", [[-1, 3]]],
    ["behaviours.blocks[0] must be blocks from 0 to 64", [[63, 2]]],
    ["behaviours.blocks[1] must be blocks from 5 to 64", [[4, 1], [4, 1]]],
    ["behaviours.blocks must be 4194304 bytes", [[3, 3]]],
  ];
  for (const [message, blocks] of spoiled) {
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore({ ...saved, behaviours: { blocks } }), named, message);
    assert.equal(other.settings.pluggedSize, 2n * BLOCK);
  }
  const elsewhere = new MemoryDevice({ config: { ...made().settings, addr: 0n } });
  loopback(elsewhere);
  assert.throws(() => elsewhere.restore(saved), RangeError);
  device.blocks!.unplugAll();
  assert.equal(device.settings.pluggedSize, 0n);
});

Deno.test("a region is refused whose blocks can not be known (5.15)", () => {
  const { settings } = made();
  for (const changes of [{ pluggedSize: BLOCK }, { regionSize: BLOCK << 29n }]) {
    assert.throws(() => new MemoryDevice({ config: { ...settings, ...changes } }), RangeError);
  }
  assert.equal(made({ state: () => ERROR }).blocks, undefined, "who tells states keeps them");
});

/** Memory that is plugged by blocks: QEMU's virtio-mem, which tells how much of it is plugged. */

import assert from "node:assert/strict";
import { MemoryDriver, MemoryResponseType, MemoryState } from "../../../generated/mem/mod.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";
import { modernOnly } from "../ways.ts";

const SIZE = 64 << 20;
const BLOCK = 2 << 20;
const BLOCKS = 4;
const WORD = 0x7465_7374;
const { ACK, NACK, ERROR } = MemoryResponseType;
const { PLUGGED, UNPLUGGED, MIXED } = MemoryState;
const NOT_PCI = "'virtio-mem-device' is not a valid device model name";

/** The trial. */
export const mem: Trial = {
  device: "mem",
  name: "virtio-mem",
  properties: ["memdev=m0", "id=mem", "node=0", `block-size=${BLOCK}`],
  options: () => ["-object", `memory-backend-ram,id=m0,size=${SIZE}`],
  machine: { room: ",maxmem=1G" },
  refused: {
    ...modernOnly("virtio-mem"),
    "microvm": NOT_PCI,
    "microvm-legacy": NOT_PCI,
    "virt": NOT_PCI,
    "virt-legacy": NOT_PCI,
  },
  proves: "sizes wanted by QEMU, plug, unplug, state and unplug all, each seen in QEMU's own " +
    "account and in the memory itself, which comes back empty; requests that are refused",
  run: async (transport, machine) => {
    await using driver = await MemoryDriver.open(transport);
    const { qmp } = machine;
    const { addr, blockSize, regionSize } = driver.config;
    assert.deepEqual([blockSize, regionSize], [BigInt(BLOCK), BigInt(SIZE)]);
    const plugged = async () => {
      const [found] = await qmp.execute<{ data: { size: number } }[]>("query-memory-devices");
      return found!.data.size;
    };
    const want = async (size: number) => {
      await qmp.execute("qom-set", {
        path: "/machine/peripheral/mem",
        property: "requested-size",
        value: size,
      });
      await eventually(
        `${size} bytes are wanted`,
        () => driver.config.requestedSize === BigInt(size),
      );
    };
    const blocks = (first: number, nbBlocks: number) => ({
      addr: addr + BigInt(first * BLOCK),
      nbBlocks,
    });
    const state = async (first: number, count: number) => {
      const answer = await driver.state(blocks(first, count));
      assert.equal(answer.type, ACK);
      return answer.state.type;
    };
    const memory = machine.space(Number(addr));
    assert.equal((await driver.plug(blocks(0, 1))).type, ERROR, "outside of what is usable");
    await want(BLOCKS * BLOCK);
    assert.ok(driver.config.usableRegionSize >= BigInt(BLOCKS * BLOCK));
    assert.equal(await state(0, BLOCKS), UNPLUGGED);
    assert.equal((await driver.plug(blocks(0, BLOCKS))).type, ACK);
    assert.equal(await plugged(), BLOCKS * BLOCK);
    assert.equal(await state(0, BLOCKS), PLUGGED);
    assert.equal((await driver.plug(blocks(BLOCKS, 1))).type, NACK, "more than wanted");
    for (const at of [0, BLOCK]) await memory.write(at, 4, WORD);
    assert.equal((await driver.unplug({ addr: addr + 1n, nbBlocks: 1 })).type, ERROR, "unaligned");
    assert.equal((await driver.unplug(blocks(1, 1))).type, ACK);
    assert.equal(await state(0, BLOCKS), MIXED);
    assert.equal((await driver.unplug(blocks(1, 1))).type, ERROR, "unplugged already");
    assert.equal((await driver.plug(blocks(0, 1))).type, ERROR, "plugged already");
    assert.equal((await driver.plug(blocks(1, 1))).type, ACK);
    assert.deepEqual([await memory.read(0, 4), await memory.read(BLOCK, 4)], [WORD, 0]);
    await want(0);
    assert.equal(driver.config.pluggedSize, BigInt(BLOCKS * BLOCK));
    assert.equal((await driver.unplugAll()).type, ACK);
    assert.equal(await plugged(), 0);
    assert.equal((await driver.state(blocks(0, 1))).type, ERROR, "no longer usable");
  },
};

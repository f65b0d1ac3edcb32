/** A disk: QEMU's virtio-blk on a file. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../../../generated/blk/mod.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";

const SECTOR = 512;
const SIZE = 4 << 20;
const BLOCK = 4096;
const SECTORS = BLOCK / SECTOR;
const QUEUES = 2;

async function good(answer: Promise<{ readonly status: number }>): Promise<void> {
  assert.equal((await answer).status, BlockStatus.OK);
}

/** Finds what a block holds, by another queue than that which wrote it. */
async function check(driver: BlockDriver, at: number, expected: Uint8Array): Promise<void> {
  const read = new Uint8Array(BLOCK);
  await good(driver.in({ sector: SECTORS * at }, read, { queue: (at + 1) % QUEUES }));
  assert.deepEqual(read, expected);
}

/** Blocks that were written by all queues at once, are in the file, and were read. */
async function writeAndRead(driver: BlockDriver, path: string): Promise<Uint8Array[]> {
  const blocks = Array.from({ length: 32 }, () => crypto.getRandomValues(new Uint8Array(BLOCK)));
  await Promise.all(
    blocks.map((block, at) =>
      good(driver.out({ sector: SECTORS * at }, block, { queue: at % QUEUES }))
    ),
  );
  await good(driver.flush({ sector: 0 }));
  const file = Deno.readFileSync(path);
  for (const [at, block] of blocks.entries()) {
    assert.deepEqual(file.subarray(BLOCK * at, BLOCK * (at + 1)), block);
    await check(driver, at, block);
  }
  return blocks;
}

/** The first three blocks become zeroes, the next one stays. */
async function erase(driver: BlockDriver, blocks: readonly Uint8Array[]): Promise<void> {
  const segment = (at: number, unmap: number) => ({
    sector: 0,
    segments: [{ sector: SECTORS * at, numSectors: SECTORS, unmap }],
  });
  await good(driver.writeZeroes(segment(0, 0)));
  await good(driver.discard(segment(1, 0)));
  await good(driver.writeZeroes(segment(2, 1)));
  for (const at of [0, 1, 2]) await check(driver, at, new Uint8Array(BLOCK));
  await check(driver, 3, blocks[3]!);
}

/** The trial. */
export const blk: Trial = {
  device: "blk",
  name: "virtio-blk",
  properties: ["drive=d0", `num-queues=${QUEUES}`, "serial=virtio-ts"],
  options: (scratch) => {
    Deno.writeFileSync(scratch.path("disk"), new Uint8Array(SIZE));
    return ["-blockdev", `driver=file,filename=${scratch.path("disk")},node-name=d0,discard=unmap`];
  },
  proves:
    "read, write, flush, discard, write zeroes, get id, two queues, an error past the end, a " +
    "disk that grows, a queue reset where the bus and the device can",
  run: async (transport, { qmp }, scratch) => {
    await using driver = await BlockDriver.open(transport);
    assert.equal(driver.config.capacity, SIZE / SECTOR);
    assert.equal(driver.requestq.length, QUEUES);
    const blocks = await writeAndRead(driver, scratch.path("disk"));
    await erase(driver, blocks);
    assert.equal((await driver.getId({ sector: 0 })).id, "virtio-ts");
    const past = [{ sector: SIZE / SECTOR, numSectors: 1, unmap: 0 }];
    assert.equal((await driver.discard({ sector: 0, segments: past })).status, BlockStatus.IOERR);
    await qmp.execute("block_resize", { "node-name": "d0", size: 2 * SIZE });
    await eventually("the disk has grown", () => driver.config.capacity === 2 * SIZE / SECTOR);
    await good(driver.in({ sector: SIZE / SECTOR }, new Uint8Array(SECTOR)));
    if (transport.facilities.name === "pci") {
      await driver.resetQueue(driver.requestq[1]!.ring); // which block 4 is read by
      await check(driver, 4, blocks[4]!);
    }
  },
};

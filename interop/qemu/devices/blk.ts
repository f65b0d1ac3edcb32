/** A disk: QEMU's virtio-blk on a file. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../../../generated/blk/mod.ts";
import type { Trial } from "../trial.ts";

const SECTOR = 512;
const SIZE = 4 << 20;
const BLOCK = 4096;
const QUEUES = 2;

/** The trial. */
export const blk: Trial = {
  device: "blk",
  name: "virtio-blk",
  properties: ["drive=d0", `num-queues=${QUEUES}`, "serial=virtio-ts"],
  options: (scratch) => {
    Deno.writeFileSync(scratch.path("disk"), new Uint8Array(SIZE));
    return ["-blockdev", `driver=file,filename=${scratch.path("disk")},node-name=d0,discard=unmap`];
  },
  proves: "read, write, flush, discard, write zeroes, get id, two queues, an error past the end",
  run: async (transport, _machine, scratch) => {
    await using driver = await BlockDriver.open(transport);
    assert.equal(driver.config.capacity, SIZE / SECTOR);
    assert.equal(driver.requestq.length, QUEUES);
    const good = async (answer: Promise<{ readonly status: number }>) =>
      assert.equal((await answer).status, BlockStatus.OK);
    const sectors = BLOCK / SECTOR;
    const blocks = Array.from({ length: 32 }, () => crypto.getRandomValues(new Uint8Array(BLOCK)));
    await Promise.all(
      blocks.map((block, at) =>
        good(driver.out({ sector: sectors * at }, block, { queue: at % QUEUES }))
      ),
    );
    await good(driver.flush({ sector: 0 }));
    const file = Deno.readFileSync(scratch.path("disk"));
    const check = async (at: number, expected: Uint8Array) => {
      const read = new Uint8Array(BLOCK);
      await good(driver.in({ sector: sectors * at }, read, { queue: (at + 1) % QUEUES }));
      assert.deepEqual(read, expected);
    };
    for (const [at, block] of blocks.entries()) {
      assert.deepEqual(file.subarray(BLOCK * at, BLOCK * (at + 1)), block);
      await check(at, block);
    }
    const segment = (at: number, unmap: number) => ({
      segments: [{ sector: sectors * at, numSectors: sectors, unmap }],
    });
    await good(driver.writeZeroes({ sector: 0, ...segment(0, 0) }));
    await good(driver.discard({ sector: 0, ...segment(1, 0) }));
    await good(driver.writeZeroes({ sector: 0, ...segment(2, 1) }));
    for (const at of [0, 1, 2]) await check(at, new Uint8Array(BLOCK));
    await check(3, blocks[3]!);
    assert.equal((await driver.getId({ sector: 0 })).id, "virtio-ts");
    const past = await driver.in({ sector: SIZE / SECTOR }, new Uint8Array(SECTOR));
    assert.equal(past.status, BlockStatus.IOERR);
  },
};

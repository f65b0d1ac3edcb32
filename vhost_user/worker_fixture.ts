/** A disk as a module that can be served: each thread has its own bytes. @module */

import { BlockDevice, BlockStatus } from "../generated/blk/mod.ts";

const choices = new URL(import.meta.url).searchParams;
const slow = choices.get("slow") === "true";
const queues = Number(choices.get("queues") ?? 1);
const disk = new Uint8Array(1 << 20); // each thread uses sectors of its own

async function later(status: BlockStatus): Promise<BlockStatus> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return status;
}

const device: BlockDevice = new BlockDevice({
  config: { capacity: disk.length / 512, ...(queues > 1 ? { numQueues: queues } : {}) },
  in: ({ sector }, data) => {
    data.write(disk, sector * 512);
    return slow ? later(BlockStatus.OK) : BlockStatus.OK;
  },
  out: ({ sector }, data) => {
    data.read(disk, sector * 512);
    return slow ? later(BlockStatus.OK) : BlockStatus.OK;
  },
});

export default device;

/** A disk of 16 MiB in memory, as a module that can be served. @module */

import { BlockDevice, BlockStatus } from "../../generated/blk/mod.ts";

const BLOCK = 4096;
const blocks = Array.from({ length: (16 << 20) / BLOCK }, () => new Uint8Array(BLOCK));

/** The disk; each thread has its own bytes. */
const device: BlockDevice = new BlockDevice({
  config: { capacity: blocks.length * BLOCK / 512 },
  in: ({ sector }, data) => {
    let at = sector * 512;
    while (data.remaining > 0) {
      at += data.write(blocks[Math.floor(at / BLOCK)]!, at % BLOCK);
    }
    return BlockStatus.OK;
  },
});

export default device;

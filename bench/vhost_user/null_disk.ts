/** A disk that answers reads without touching their data, as QEMU's null-co does; as a module that can be served. @module */

import { BlockDevice, BlockStatus } from "../../generated/blk/mod.ts";

/** The disk. */
const device: BlockDevice = new BlockDevice({
  config: { capacity: (16 << 20) / 512 },
  in: (_, data) => {
    data.advance(data.remaining);
    return BlockStatus.OK;
  },
});

export default device;

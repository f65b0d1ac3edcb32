/**
 * A disk in memory: a device in the form that can be served, by a program or by a Worker.
 *
 * @module
 */

import { BlockDevice, BlockStatus } from "../generated/blk/mod.ts";

const disk = new Uint8Array(64 << 20);

/** 64 MiB that start as zeroes and last as long as the process. */
const device: BlockDevice = new BlockDevice({
  config: { capacity: disk.length / 512 },
  in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
  out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
  flush: () => BlockStatus.OK, // because this handler exists, VIRTIO_BLK_F_FLUSH is offered
  getId: () => ({ id: "disk-in-memory" }),
});

export default device;

/** A Worker that serves a disk, for tests; its name says how it waits. @module */

import { BlockDevice, BlockStatus } from "../generated/blk/mod.ts";
import { GroupOwner } from "./admin/owner.ts";
import type { Waiting } from "./doorbell.ts";
import { serveThread } from "./thread_device.ts";
import { type DiskData, SECTOR } from "./thread_fixture.ts";

const [waiting, block] = (globalThis as unknown as { name: string }).name.split(" ");

const thread = serveThread((data) => disk(data as DiskData), {
  waiting: (waiting || "sleep") as Waiting,
  block: block === "block",
});

function disk({ sectors, served, owner = false }: DiskData): BlockDevice {
  if (sectors === undefined) throw new TypeError("Cannot make the disk: it has no sectors");
  const bytes = new Uint8Array(sectors);
  const count = new Int32Array(served);
  const device = new BlockDevice({
    config: { capacity: 2000, writeback: 0 },
    flush: () => BlockStatus.OK,
    in: ({ sector }, data) => {
      Atomics.add(count, 0, 1);
      if (sector >= SECTOR.SLOW) return odd(sector);
      data.write(bytes, sector * 512);
      return BlockStatus.OK;
    },
    out: ({ sector }, data) => {
      Atomics.add(count, 0, 1);
      if (sector >= SECTOR.SLOW) return odd(sector);
      data.read(bytes, sector * 512);
      return BlockStatus.OK;
    },
  });
  if (owner) device.own(new GroupOwner());
  return device;
}

function odd(sector: number): Promise<BlockStatus> {
  if (sector === SECTOR.THROW) {
    setTimeout(() => {
      throw new Error("the disk broke");
    }, 1);
  }
  if (sector === SECTOR.CLOSE) thread.close("the disk was taken out");
  while (sector === SECTOR.HANG);
  return new Promise((resolve) => {
    if (sector === SECTOR.SLOW) setTimeout(() => resolve(BlockStatus.OK), 2);
  });
}

/** A disk over a file, whose writes take a while and overtake each other: there are some in flight while one writes. @module */

import { BlockDevice, BlockStatus } from "../generated/blk/mod.ts";

const file = Deno.openSync(new URL(import.meta.url).searchParams.get("file")!, {
  read: true,
  write: true,
});
let count = 0;

/** Answers after 40 to 320 ms, of eight requests the first last. */
async function later(): Promise<BlockStatus> {
  await new Promise((resolve) => setTimeout(resolve, 320 - 40 * (count++ % 8)));
  return BlockStatus.OK;
}

const device: BlockDevice = new BlockDevice({
  config: { capacity: file.statSync().size / 512 },
  in: ({ sector }, data) => {
    const bytes = new Uint8Array(data.length);
    file.seekSync(sector * 512, Deno.SeekMode.Start);
    file.readSync(bytes);
    data.write(bytes, 0);
    return BlockStatus.OK;
  },
  out: ({ sector }, data) => {
    const bytes = new Uint8Array(data.length);
    data.read(bytes, 0);
    file.seekSync(sector * 512, Deno.SeekMode.Start);
    file.writeSync(bytes);
    return later();
  },
});

export default device;

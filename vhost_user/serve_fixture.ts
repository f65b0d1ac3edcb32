/** What tests of vhost-user have in common. @module */

import { BlockDevice, type BlockDeviceOptions, BlockStatus } from "../generated/blk/mod.ts";
import { isOpen } from "./ffi.ts";

let folder: string | undefined;
let paths = 0;

/** A path for a socket that nobody else uses, in a folder that goes with the process. */
export function socketPath(): string {
  if (folder === undefined) {
    folder = Deno.makeTempDirSync({ prefix: "virtio-" });
    addEventListener("unload", () => Deno.removeSync(folder!, { recursive: true }));
  }
  return `${folder}/${paths++}`;
}

/** The descriptors that are open; to be the same before and after. */
export function descriptors(): number[] {
  return Array.from({ length: 512 }, (_, fd) => fd).filter(isOpen);
}

/** A test that ends in time, whatever happens. */
export function limited(test: () => Promise<void>, seconds = 20): () => Promise<void> {
  return async () => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing after ${seconds} s`)), seconds * 1000);
    });
    try {
      await Promise.race([test(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** A disk in memory. */
export function memoryDisk(bytes: number, options: Partial<BlockDeviceOptions> = {}): BlockDevice {
  const disk = new Uint8Array(bytes);
  return new BlockDevice({
    config: { capacity: bytes / 512 },
    in: ({ sector }, data) => {
      data.write(disk, sector * 512, data.length);
      return BlockStatus.OK;
    },
    out: ({ sector }, data) => {
      data.read(disk, sector * 512);
      return BlockStatus.OK;
    },
    flush: () => BlockStatus.OK,
    ...options,
  });
}

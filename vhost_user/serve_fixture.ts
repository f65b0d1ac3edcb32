/** What tests of vhost-user have in common. @module */

import { BlockDevice, type BlockDeviceOptions, BlockStatus } from "../generated/blk/mod.ts";

/** A path for a socket that nobody else uses. */
export function socketPath(): string {
  return `${Deno.makeTempDirSync({ prefix: "virtio-" })}/s`;
}

/** What the process has open, by kind; to be the same before and after. */
export function descriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).replace(/\[\d+\]/, "");
    } catch {
      return "gone"; // the one that lists the folder
    }
  }).filter((name) => name !== "gone" && !name.startsWith("/proc")).sort();
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

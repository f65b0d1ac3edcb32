/** A disk in a Worker and its driver, for tests. @module */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { openThread, type OpenThreadOptions, type ThreadTransport } from "./thread_driver.ts";

/** What the test hands to the disk. */
export interface DiskData {
  /** The disk, in sectors of 512 bytes. */
  readonly sectors: SharedArrayBuffer;
  /** Counts requests of the thread that serves. */
  readonly served: SharedArrayBuffer;
  /** Whether it owns groups of devices. */
  readonly owner?: boolean;
}

/** Sectors that do something else than hold data. */
export const SECTOR: Readonly<Record<"SLOW" | "NEVER" | "THROW" | "CLOSE" | "HANG", number>> = {
  /** Answered in a later task. */
  SLOW: 1000,
  /** Never answered. */
  NEVER: 1001,
  /** An error that nobody catches, in a later task. */
  THROW: 1002,
  /** The device's thread ends. */
  CLOSE: 1003,
  /** The device's thread never comes back. */
  HANG: 1004,
};

const LIMIT_MS = 30_000;
const SECTORS = 1000;

/** A worker that serves a disk; its name says how it waits. */
export function diskWorker(name: string): Worker {
  return new Worker(new URL("./thread_worker_fixture.ts", import.meta.url), {
    type: "module",
    name,
  });
}

/** An empty disk. */
export function diskData(): DiskData {
  return {
    sectors: new SharedArrayBuffer(SECTORS * 512),
    served: new SharedArrayBuffer(4),
  };
}

/** A disk in a worker, and its driver. */
export interface Disk {
  readonly worker: Worker;
  readonly transport: ThreadTransport;
  readonly driver: BlockDriver;
  readonly data: DiskData;
}

/** Opens a disk, uses it and closes it; nothing of that for ever. */
export async function withDisk(
  name: string,
  options: OpenThreadOptions & { readonly packed?: boolean },
  use: (disk: Disk) => Promise<void>,
): Promise<void> {
  const data = diskData();
  const worker = diskWorker(name);
  const transport = await openThread(worker, { data, ...options });
  const ring = { packed: options.packed ?? false };
  const driver = await BlockDriver.open(transport, { ring });
  try {
    await within(use({ worker, transport, driver, data }));
  } finally {
    await within(driver.close());
  }
}

/** The promise's value; an error when it is not settled in time. */
export async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Cannot wait any longer")), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The requests of a disk. */
export function queue(driver: BlockDriver): BlockDriver["requestq"][number] {
  return driver.requestq[0]!;
}

/** Writes and reads sectors, many requests at a time, and compares. */
export async function exercise(
  driver: BlockDriver,
  rounds: number,
  outstanding: number,
): Promise<void> {
  const requestq = queue(driver);
  for (let round = 0; round < rounds; round++) {
    const sent = Array.from(
      { length: outstanding },
      (_, at) => new Uint8Array(512).fill(at * 7 + round),
    );
    await Promise.all(sent.map(async (bytes, at) => {
      const { status } = await requestq.out({ sector: at }, bytes);
      assert.equal(status, BlockStatus.OK);
    }));
    await Promise.all(sent.map(async (bytes, at) => {
      const into = new Uint8Array(512);
      await requestq.in({ sector: at }, into);
      assert.deepEqual(into, bytes);
    }));
  }
}

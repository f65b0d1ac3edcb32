/** A Worker that drives a disk in a Worker of its own, for tests. @module */

import { exercise, queue, SECTOR, withDisk } from "./thread_fixture.ts";

await withDisk("sleep block", { waiting: "sleep" }, async ({ driver }) => {
  await exercise(driver, 3, 20);
  await queue(driver).in({ sector: SECTOR.SLOW }, new Uint8Array(512));
});
(globalThis as unknown as { postMessage(message: string): void }).postMessage("done");

/**
 * Drives the disk of disk.ts in one thread: writes, reads back, and meets the end of the disk.
 *
 * Run it: `deno run examples/copy.ts`.
 *
 * @module
 */

import { BlockDriver } from "../generated/blk/mod.ts";
import { loopback } from "../mod.ts";
import disk from "./disk.ts";

await using driver = await BlockDriver.open(loopback(disk));
const { id } = await driver.getId({ sector: 0 });
console.log(`${id}: ${driver.config.capacity} sectors`);

const written = crypto.getRandomValues(new Uint8Array(64 * 1024));
await driver.out({ sector: 100 }, written);
await driver.flush({ sector: 0 });

const read = new Uint8Array(written.length);
await driver.in({ sector: 100 }, read);
console.log(read.every((byte, at) => byte === written[at]) ? "the same" : "not the same");

try {
  await driver.in({ sector: driver.config.capacity }, read);
  console.log("read past the end");
} catch (error) {
  console.log(error instanceof RangeError ? "no sector there" : error);
}

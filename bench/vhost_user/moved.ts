/** Whether the memory of a back end of ours grows while it moves much. @module */

import { DriverProcess } from "./peers.ts";
import { makeFile, SIDES } from "./sides.ts";

const GIB = 2 ** 30;
const READ_BYTES = 4096;
const MIB = 2 ** 20;

/** Resident MiB after each eighth, by back end. */
export type Moved = Readonly<Record<string, readonly number[]>>;

/** Reads so many GiB through each back end of ours; prints how much of its memory is resident on the way. */
export async function measureMoved(folder: string, gib: number): Promise<Moved> {
  await makeFile(folder);
  const found: Record<string, number[]> = {};
  for (
    const side of SIDES.filter(({ name }) => name === "our memory, 16 MiB" || name === "our file")
  ) {
    await using driver = new DriverProcess();
    await using end = await side.start(folder);
    const resident = found[side.name] = [] as number[];
    let moved = 0;
    for (let eighth = 1; eighth <= 8; eighth++) {
      while (moved < gib * GIB * eighth / 8) {
        moved += READ_BYTES * (await driver.measure(end.socket, 32, 500)).reads;
      }
      resident.push(Math.round(end.residentMemory() / MIB));
      const done = (moved / GIB).toFixed(1);
      console.log(`${side.name}: ${done} GiB moved, ${resident.at(-1)} MiB resident`);
    }
  }
  return found;
}

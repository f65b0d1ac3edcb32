/**
 * All trials, in the order of the tables.
 *
 * @module
 */

import type { Trial } from "../trial.ts";
import { balloon } from "./balloon.ts";
import { blk } from "./blk.ts";
import { consoles } from "./console.ts";
import { entropy } from "./entropy.ts";
import { gpu } from "./gpu.ts";
import { inputs } from "./input.ts";
import { net } from "./net.ts";
import { scsi } from "./scsi.ts";

/** All trials. */
export const TRIALS: readonly Trial[] = [
  balloon,
  blk,
  consoles,
  entropy,
  gpu,
  ...inputs,
  net,
  scsi,
];

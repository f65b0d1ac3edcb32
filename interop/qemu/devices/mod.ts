/**
 * All trials, in the order of the tables.
 *
 * @module
 */

import type { Trial } from "../trial.ts";
import { balloon } from "./balloon.ts";
import { blk } from "./blk.ts";
import { consoles } from "./console.ts";
import { cryptos } from "./crypto.ts";
import { entropy } from "./entropy.ts";
import { gpu } from "./gpu.ts";
import { inputs } from "./input.ts";
import { iommu } from "./iommu.ts";
import { mem } from "./mem.ts";
import { net } from "./net.ts";
import { pmem } from "./pmem.ts";
import { scsi } from "./scsi.ts";
import { sound } from "./sound.ts";

/** All trials. */
export const TRIALS: readonly Trial[] = [
  balloon,
  blk,
  consoles,
  cryptos,
  entropy,
  gpu,
  ...inputs,
  iommu,
  mem,
  net,
  pmem,
  scsi,
  sound,
];

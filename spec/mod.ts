/**
 * All descriptions: every device of the standard, and the layouts that belong to no device.
 *
 * @module
 */

import { admin } from "./admin.ts";
import { core } from "./core.ts";
import { balloon } from "./devices/balloon.ts";
import { blk } from "./devices/blk.ts";
import { can } from "./devices/can.ts";
import { console } from "./devices/console.ts";
import { entropy } from "./devices/entropy.ts";
import { gpu } from "./devices/gpu.ts";
import { input } from "./devices/input.ts";
import { net } from "./devices/net.ts";
import { scmi } from "./devices/scmi.ts";
import { scsi } from "./devices/scsi.ts";
import { sound } from "./devices/sound.ts";
import { spi } from "./devices/spi.ts";
import type { Device, Layout } from "./dsl.ts";
import { rings } from "./rings.ts";
import { ccw } from "./transports/ccw.ts";
import { mmio } from "./transports/mmio.ts";
import { pci } from "./transports/pci.ts";

/** The devices, by name. */
export const devices: readonly Device[] = [
  balloon,
  blk,
  can,
  console,
  entropy,
  gpu,
  input,
  net,
  scmi,
  scsi,
  sound,
  spi,
];

/** The layouts that belong to no device. */
export const layouts: readonly Layout[] = [core, rings, admin, mmio, pci, ccw];

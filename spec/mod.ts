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
import { crypto } from "./devices/crypto.ts";
import { entropy } from "./devices/entropy.ts";
import { fs } from "./devices/fs.ts";
import { gpio } from "./devices/gpio.ts";
import { gpu } from "./devices/gpu.ts";
import { i2c } from "./devices/i2c.ts";
import { input } from "./devices/input.ts";
import { iommu } from "./devices/iommu.ts";
import { media } from "./devices/media.ts";
import { mem } from "./devices/mem.ts";
import { net } from "./devices/net.ts";
import { pmem } from "./devices/pmem.ts";
import { rpmb } from "./devices/rpmb.ts";
import { rtc } from "./devices/rtc.ts";
import { scmi } from "./devices/scmi.ts";
import { scsi } from "./devices/scsi.ts";
import { sound } from "./devices/sound.ts";
import { spi } from "./devices/spi.ts";
import { vsock } from "./devices/vsock.ts";
import type { Device, Layout } from "./dsl.ts";
import { fuse } from "./fuse.ts";
import { rings } from "./rings.ts";
import { ccw } from "./transports/ccw.ts";
import { mmio } from "./transports/mmio.ts";
import { pci } from "./transports/pci.ts";
import { vhostUser } from "./transports/vhost_user.ts";

export type { Device, Layout } from "./dsl.ts";

/** The devices, by name. */
export const devices: readonly Device[] = [
  balloon,
  blk,
  can,
  console,
  crypto,
  entropy,
  fs,
  gpio,
  gpu,
  i2c,
  input,
  iommu,
  media,
  mem,
  net,
  pmem,
  rpmb,
  rtc,
  scmi,
  scsi,
  sound,
  spi,
  vsock,
];

/** The layouts that belong to no device. */
export const layouts: readonly Layout[] = [core, rings, admin, mmio, pci, ccw, vhostUser, fuse];

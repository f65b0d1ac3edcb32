/** A disk with zones, and what tries it. @module */

import {
  BlockDevice,
  type BlockDeviceOptions,
  BlockDriver,
  BlockStatus,
  BlockZoneModel,
} from "../../generated/blk/mod.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { loopback } from "../loopback.ts";

const { OK } = BlockStatus;

/** Sectors of a zone here. */
export const SIZE = 16;
/** Bytes of a sector. */
export const SECTOR = 512;

/** A disk of five zones, the last one short, the first conventional. */
export function disk(
  zoned: Partial<NonNullable<BlockDeviceOptions["config"]["zoned"]>> = {},
  options: Partial<BlockDeviceOptions> = {},
) {
  const medium = new Uint8Array((4 * SIZE + 8) * SECTOR).fill(0xdd);
  const device = new BlockDevice({
    config: {
      capacity: medium.length / SECTOR,
      zoned: {
        zoneSectors: SIZE,
        maxOpenZones: 0,
        maxActiveZones: 0,
        maxAppendSectors: 8,
        writeGranularity: 1024,
        model: BlockZoneModel.HM,
        ...zoned,
      },
    },
    zones: { conventional: 1 },
    in({ sector }, data: WritableBytes) {
      data.write(medium, sector * SECTOR, data.length);
      return OK;
    },
    out({ sector }, data: ReadableBytes) {
      data.read(medium, sector * SECTOR);
      return OK;
    },
    ...options,
  });
  return { device, medium };
}

/** What tries a disk: requests by zone, and the states of zones. */
export async function opened(device: BlockDevice) {
  const driver = await BlockDriver.open(loopback(device));
  const status = async (answer: Promise<{ readonly status: number }>) => (await answer).status;
  return {
    driver,
    write: (sector: number, sectors = 2, fill = 0xaa) =>
      status(driver.out({ sector }, new Uint8Array(sectors * SECTOR).fill(fill))),
    append: (zone: number, sectors = 2) =>
      driver.zoneAppend({ sector: zone * SIZE }, new Uint8Array(sectors * SECTOR)),
    open: (zone: number) => status(driver.zoneOpen({ sector: zone * SIZE })),
    close: (zone: number) => status(driver.zoneClose({ sector: zone * SIZE })),
    finish: (zone: number) => status(driver.zoneFinish({ sector: zone * SIZE })),
    reset: (zone: number) => status(driver.zoneReset({ sector: zone * SIZE })),
    read: async (sector: number, sectors: number) => {
      const bytes = new Uint8Array(sectors * SECTOR);
      const { status } = await driver.in({ sector }, bytes);
      return { status, bytes };
    },
    states: async () => {
      const { zones } = await driver.zoneReport({ sector: 0 }, 1024);
      return zones.map(({ zState }) => zState);
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

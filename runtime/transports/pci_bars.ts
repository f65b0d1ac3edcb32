/**
 * Base addresses, for machines without firmware that would have set them: sizes are found out by writing
 * all ones and reading back, then each range gets an address.
 *
 * @module
 */

import type { RegisterAccess } from "./bus.ts";
import { halves } from "./driver_core.ts";
import { type BarLayout, PciCommand, PciHeader } from "./pci_config.ts";

const BARS = 6;
const ALL_ONES = 0xffff_ffff;
const WORD = 2 ** 32;
/** Low bits of a base address register: I/O ports, and memory of 64 bits. */
const IO = 1;
const WIDE = 4;

/** The base address ranges that a function has. */
export function findBars(config: RegisterAccess): Promise<BarLayout[]> {
  return scanBars(config, PciHeader.BAR);
}

/** Gives a range its address, and lets the function decode it. */
export async function placeBar(
  config: RegisterAccess,
  bar: BarLayout,
  address: number,
): Promise<void> {
  await writeBar(config, PciHeader.BAR, bar, address);
  const command = await config.read(PciHeader.COMMAND, 2);
  const decode = bar.kind === "io" ? PciCommand.IO : PciCommand.MEMORY;
  await config.write(PciHeader.COMMAND, 2, command | decode);
}

/** The ranges of the six base address registers at an offset. */
export async function scanBars(config: RegisterAccess, registers: number): Promise<BarLayout[]> {
  const bars: BarLayout[] = [];
  for (let index = 0; index < BARS; index++) {
    const offset = registers + 4 * index;
    const type = await config.read(offset, 4);
    const wide = (type & IO) === 0 && (type & WIDE) !== 0 && index + 1 < BARS;
    const low = await probe(config, offset) & ((type & IO) !== 0 ? ~3 : ~15);
    const high = wide ? await probe(config, offset + 4) : 0;
    // The size is the lowest bit that the guest may write.
    const size = low !== 0 ? (low & -low) >>> 0 : ((high & -high) >>> 0) * WORD;
    const kind = (type & IO) !== 0 ? "io" : wide ? "memory64" : "memory";
    if (size > 0) bars.push({ index, kind, size });
    if (wide) index++;
  }
  return bars;
}

/** Writes the address of a range into its register, one of those at an offset. */
export async function writeBar(
  config: RegisterAccess,
  registers: number,
  { index, kind }: BarLayout,
  address: number,
): Promise<void> {
  const offset = registers + 4 * index;
  const [low, high] = halves(address);
  await config.write(offset, 4, low);
  if (kind === "memory64") await config.write(offset + 4, 4, high);
}

/** What a register of all ones reads back; it is left as it was. */
async function probe(config: RegisterAccess, offset: number): Promise<number> {
  const before = await config.read(offset, 4);
  await config.write(offset, 4, ALL_ONES);
  const found = await config.read(offset, 4);
  await config.write(offset, 4, before);
  return found;
}

// How wide the accesses to a configuration space are (VIRTIO 1.4, 4.1.3.1 and 4.2.2.2).

import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { CapabilityType } from "../../generated/layout/pci.ts";
import type { Transport } from "../../runtime/transport.ts";
import type { RegisterAccess } from "../../runtime/transports/bus.ts";
import { MmioDevice } from "../../runtime/transports/mmio_device.ts";
import { findMmio } from "../../runtime/transports/mmio_driver.ts";
import { findBars, placeBar } from "../../runtime/transports/pci_bars.ts";
import { PciDevice } from "../../runtime/transports/pci_device.ts";
import { findPci } from "../../runtime/transports/pci_driver.ts";
import { scanCapabilities } from "../../runtime/transports/pci_scan.ts";
import { access, machineMemory } from "../../runtime/transports/rigs_fixture.ts";
import { covers } from "../covers.ts";

/** Offsets in struct virtio_blk_config of what is 32 bits wide, or half of what has 64; of 16 bits; of 8 bits (5.2.4). */
const WIDE = [0, 4, 8, 12, 20, 28, 36, 40, 44, 48, 52, 60, 64, 68, 72, 76, 80, 84, 88];
const HALF = [16, 26, 34];
const BYTES = [18, 19, 24, 25, 32, 33, 56, 57, 58, 59, 92, 93, 94, 95];

/** A disk with every field. */
function disk(): BlockDevice {
  const ok = () => BlockStatus.OK;
  return new BlockDevice({
    config: {
      capacity: 64,
      sizeMax: 4096,
      segMax: 4,
      geometry: { cylinders: 0x102, heads: 3, sectors: 4 },
      blkSize: 512,
      topology: { physicalBlockExp: 1, alignmentOffset: 2, minIoSize: 0x304, optIoSize: 5 },
      writeback: 1,
      numQueues: 1,
      maxDiscardSectors: 6,
      maxDiscardSeg: 7,
      discardSectorAlignment: 8,
      maxWriteZeroesSectors: 9,
      maxWriteZeroesSeg: 10,
      writeZeroesMayUnmap: 1,
      maxSecureEraseSectors: 11,
      maxSecureEraseSeg: 12,
      secureEraseSectorAlignment: 16,
      zoned: {
        zoneSectors: 16,
        maxOpenZones: 1,
        maxActiveZones: 2,
        maxAppendSectors: 3,
        writeGranularity: 512,
        model: 0,
      },
    },
    zones: {},
    flush: ok,
    discard: ok,
    writeZeroes: ok,
    secureErase: ok,
  });
}

type Seen = [what: "read" | "write", offset: number, size: number][];

/** Notes accesses from an offset on. */
function noted(
  registers: RegisterAccess,
  base: number,
  length: number,
  seen: Seen,
): RegisterAccess {
  const note = (what: "read" | "write", offset: number, size: number) => {
    if (offset >= base && offset < base + length) seen.push([what, offset - base, size]);
  };
  return {
    read: (offset, size) => {
      note("read", offset, size);
      return registers.read(offset, size);
    },
    write: (offset, size, value) => {
      note("write", offset, size);
      return registers.write(offset, size, value);
    },
  };
}

/** Reads all of a configuration and switches the cache; every access has the width of its field. */
async function checked(device: BlockDevice, transport: Transport, seen: Seen): Promise<void> {
  await using driver = await BlockDriver.open(transport);
  assert.deepEqual(driver.config, device.settings);
  const sizes = new Map([
    ...WIDE.map((at) => [at, 4] as const),
    ...HALF.map((at) => [at, 2] as const),
    ...BYTES.map((at) => [at, 1] as const),
  ]);
  const read = seen.splice(0);
  for (const [, offset, size] of read) assert.equal(size, sizes.get(offset), `at ${offset}`);
  assert.equal(new Set(read.map(([, offset]) => offset)).size, sizes.size);
  await driver.setWriteback(0);
  assert.deepEqual(seen.filter(([what]) => what === "write"), [["write", 32, 1]]);
}

Deno.test("mmio: fields of the configuration are accessed as wide as they are (4.2.2.2)", async () => {
  covers(
    "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#5",
  );
  const device = disk();
  const memory = machineMemory();
  const file = new MmioDevice(device, { memory, interrupt: () => {} });
  const seen: Seen = [];
  const registers = noted(access(() => file, false), 0x100, 0x1000, seen);
  await checked(device, (await findMmio({ registers, memory }))!, seen);
});

Deno.test("pci: fields of the configuration are accessed as wide as they are (4.1.3.1)", async () => {
  covers("drivernormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout#1");
  const device = disk();
  const memory = machineMemory();
  const file = new PciDevice(device, { memory, interrupt: () => {} });
  const config = access(() => ({
    read: (offset, size) => file.readConfig(offset, size),
    write: (offset, size, value) => file.writeConfig(offset, size, value),
  }), false);
  for (const bar of await findBars(config)) await placeBar(config, bar, 0xe000_0000);
  const { structures } = await scanCapabilities(config, 2);
  const { bar, offset, length } = structures.find(({ type }) =>
    type === CapabilityType.DEVICE_CFG
  )!;
  const seen: Seen = [];
  const transport = await findPci({
    memory,
    config,
    bar: (index) => {
      const range = file.bars.find((one) => one.index === index);
      if (range === undefined) return undefined;
      const registers = access(() => range, false);
      const own = index === bar ? noted(registers, offset, length, seen) : registers;
      return { ...own, address: range.address! };
    },
  });
  await checked(device, transport!, seen);
});

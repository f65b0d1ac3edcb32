/** Our generated drivers on QEMU's own devices: microvm over MMIO, both versions. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { EntropyDriver } from "../generated/entropy/mod.ts";
import type { MmioTransport } from "../mod.ts";
import { peerTest, Scratch } from "./peers.ts";
import { QemuMachine } from "./qemu_machine.ts";

const DISK_SIZE = 4 << 20;
const [BLK, ENTROPY] = [2, 4];

/** Runs a test with a disk and an entropy device; their interrupt status is polled. */
async function withDevices(
  legacy: boolean,
  properties: string,
  test: (disk: MmioTransport, entropy: MmioTransport) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  Deno.writeFileSync(scratch.path("disk"), new Uint8Array(DISK_SIZE));
  await using machine = await QemuMachine.start(scratch, [
    ...["-global", `virtio-mmio.force-legacy=${legacy}`],
    ...["-blockdev", `driver=file,filename=${scratch.path("disk")},node-name=d0`],
    ...["-device", `virtio-blk-device,drive=d0${properties}`],
    ...["-object", "rng-random,id=r0,filename=/dev/urandom"],
    ...["-device", `virtio-rng-device,rng=r0${properties}`],
  ], "microvm");
  const found = await machine.mmio();
  assert.deepEqual(found.map(({ deviceId }) => deviceId).sort(), [BLK, ENTROPY]);
  const of = (id: number) => found.find(({ deviceId }) => deviceId === id)!;
  let looking = true;
  const look = async () => {
    while (looking) {
      for (const transport of found) await transport.interrupt();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const looked = look();
  try {
    await test(of(BLK), of(ENTROPY));
  } finally {
    looking = false;
    await looked;
  }
}

for (
  const [name, legacy, properties, packed] of [
    ["version 2, split", false, "", false],
    ["version 2, packed", false, ",packed=on", true],
    ["version 1", true, "", false],
  ] as const
) {
  peerTest(`QEMU's disk and entropy device answer our drivers over MMIO: ${name}`, [
    "qemu-system-x86_64",
  ], async () => {
    await withDevices(legacy, properties, async (disk, entropy) => {
      assert.equal(disk.facilities.name, legacy ? "mmio-legacy" : "mmio");
      await using source = await EntropyDriver.open(entropy);
      assert.equal(source.hasFeature(34), packed, "VIRTIO_F_RING_PACKED");
      const random = new Uint8Array(64);
      assert.equal(await source.random(random), 64);
      assert.notDeepEqual(random, new Uint8Array(64));
      await using driver = await BlockDriver.open(disk);
      assert.equal(driver.config.capacity, DISK_SIZE / 512);
      const blocks = Array.from({ length: 16 }, (_, at) => new Uint8Array(4096).fill(at + 1));
      await Promise.all(blocks.map(async (block, at) => {
        assert.equal((await driver.out({ sector: 8 * at }, block)).status, BlockStatus.OK);
      }));
      for (const [at, block] of blocks.entries()) {
        const read = new Uint8Array(4096);
        assert.equal((await driver.in({ sector: 8 * at }, read)).status, BlockStatus.OK);
        assert.deepEqual(read, block);
      }
    });
  });
}

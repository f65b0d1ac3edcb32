/** Our generated drivers on QEMU's own devices: q35 over PCI, through its qtest socket. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { EntropyDriver } from "../generated/entropy/mod.ts";
import { findLegacyPci, findPci, type PciTransport } from "../mod.ts";
import { peerTest, Scratch } from "./peers.ts";
import { QemuMachine } from "./qemu_machine.ts";

const SLOT = 4;
const VECTORS = 3;
const DISK_SIZE = 8 << 20;

/** How a device is reached. */
interface Way {
  readonly name: string;
  /** Properties of QEMU's device. */
  readonly properties: string;
  readonly suffix?: string;
  readonly legacy?: boolean;
  readonly messages?: boolean;
  readonly packed: boolean;
}

const WAYS: readonly Way[] = [
  { name: "split, messages", properties: "disable-legacy=on", messages: true, packed: false },
  { name: "split, pin", properties: "disable-legacy=on", packed: false },
  {
    name: "packed, messages",
    properties: "disable-legacy=on,packed=on",
    messages: true,
    packed: true,
  },
  { name: "packed, pin", properties: "disable-legacy=on,packed=on", packed: true },
  { name: "legacy, pin", properties: "", suffix: "-transitional", legacy: true, packed: false },
];

/** Runs a test with the transport to one device. */
async function withDevice(
  way: Way,
  device: string,
  options: (scratch: Scratch) => readonly string[],
  test: (transport: PciTransport) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const [name, ...rest] = device.split(",");
  const full = [`${name}${way.suffix ?? ""}`, `addr=${SLOT}`, way.properties, ...rest];
  await using machine = await QemuMachine.start(scratch, [
    ...options(scratch),
    ...["-device", full.filter((part) => part !== "").join(",")],
  ]);
  // A message is a store into memory that nobody else writes: one word for each vector.
  const words = machine.arena.allocate(4 * VECTORS, 4);
  words.bytes.fill(0);
  const vectors = Array.from({ length: VECTORS }, (_, vector) => ({
    address: words.address + 4 * vector,
    data: vector + 1,
  }));
  const pci = await machine.pci(SLOT, way.messages === true ? vectors : []);
  const transport = (await (way.legacy === true ? findLegacyPci(pci) : findPci(pci)))!;
  const view = new Int32Array(words.bytes.buffer, words.bytes.byteOffset, VECTORS);
  let arrived = 0;
  const look = setInterval(() => {
    for (let vector = 0; vector < VECTORS; vector++) {
      if (Atomics.exchange(view, vector, 0) === 0) continue;
      arrived++;
      transport.message(vector);
    }
  }, 1);
  machine.onInterrupt = () => {
    arrived++;
    transport.interrupt();
  };
  try {
    await test(transport);
    assert.ok(arrived > 0, "no interrupt came");
  } finally {
    clearInterval(look);
  }
}

for (const way of WAYS) {
  peerTest(`QEMU's entropy device answers our driver over PCI: ${way.name}`, [
    "qemu-system-x86_64",
  ], async () => {
    const options = () => ["-object", "rng-random,id=r0,filename=/dev/urandom"];
    await withDevice(way, "virtio-rng-pci,rng=r0", options, async (transport) => {
      await using driver = await EntropyDriver.open(transport);
      assert.equal(driver.hasFeature(34), way.packed, "VIRTIO_F_RING_PACKED");
      const [first, second] = [new Uint8Array(64), new Uint8Array(64)];
      assert.equal(await driver.random(first), 64);
      assert.equal(await driver.random(second), 64);
      assert.notDeepEqual(first, second);
    });
  });

  peerTest(`QEMU's disk reads and writes for our driver over PCI: ${way.name}`, [
    "qemu-system-x86_64",
  ], async () => {
    const options = (scratch: Scratch) => {
      Deno.writeFileSync(scratch.path("disk"), new Uint8Array(DISK_SIZE));
      return ["-blockdev", `driver=file,filename=${scratch.path("disk")},node-name=d0`];
    };
    const device = "virtio-blk-pci,drive=d0,num-queues=2,serial=virtio-ts";
    await withDevice(way, device, options, async (transport) => {
      await using driver = await BlockDriver.open(transport);
      assert.equal(driver.config.capacity, DISK_SIZE / 512);
      const blocks = Array.from({ length: 32 }, (_, at) => new Uint8Array(4096).fill(at + 1));
      await Promise.all(blocks.map(async (block, at) => {
        const { status } = await driver.out({ sector: 8 * at }, block, { queue: at % 2 });
        assert.equal(status, BlockStatus.OK);
      }));
      assert.equal((await driver.flush({ sector: 0 })).status, BlockStatus.OK);
      for (const [at, block] of blocks.entries()) {
        const read = new Uint8Array(4096);
        assert.equal((await driver.in({ sector: 8 * at }, read)).status, BlockStatus.OK);
        assert.deepEqual(read, block);
      }
      assert.equal((await driver.getId({ sector: 0 })).id, "virtio-ts");
      const past = await driver.in({ sector: DISK_SIZE / 512 }, new Uint8Array(512));
      assert.equal(past.status, BlockStatus.IOERR);
    });
  });
}

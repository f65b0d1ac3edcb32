/** Our driver against the vhost-user-blk export of QEMU's storage daemon. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { hasBit } from "../runtime/features.ts";
import { connect } from "../vhost_user/frontend.ts";
import { appeared, Peer, peerTest, Scratch } from "./peers.ts";

const SIZE = 16 << 20;
const RING_PACKED = 34;

/** The daemon, with a file of zeroes exported at the scratch folder's `s`. */
async function daemon(scratch: Scratch, queues: number): Promise<Peer> {
  Deno.writeFileSync(scratch.path("disk"), new Uint8Array(SIZE));
  const socket = scratch.path("s");
  const peer = new Peer("qemu-storage-daemon", [
    ...["--blockdev", `driver=file,node-name=f0,filename=${scratch.path("disk")},discard=unmap`],
    "--export",
    `type=vhost-user-blk,id=e0,node-name=f0,addr.type=unix,addr.path=${socket},writable=on,` +
    `num-queues=${queues}`,
  ], 60);
  await appeared(socket);
  return peer;
}

// The library that the daemon is made with has no packed rings.
peerTest(
  "our driver reads, writes, flushes, discards with QEMU's storage daemon, on the split rings that it offers",
  [
    "qemu-storage-daemon",
  ],
  async () => {
    using scratch = new Scratch();
    await using _daemon = await daemon(scratch, 1);
    const transport = await connect(scratch.path("s"));
    assert.ok(
      !hasBit(await transport.getFeatures(), RING_PACKED),
      "now packed rings can be tested",
    );
    await using driver = await BlockDriver.open(transport);
    assert.equal(driver.config.capacity, SIZE / 512);
    const written = crypto.getRandomValues(new Uint8Array(65536));
    assert.equal((await driver.out({ sector: 128 }, written)).status, BlockStatus.OK);
    assert.equal((await driver.flush({ sector: 0 })).status, BlockStatus.OK);
    const read = new Uint8Array(65536);
    assert.equal((await driver.in({ sector: 128 }, read)).status, BlockStatus.OK);
    assert.deepEqual(read, written);
    const file = Deno.readFileSync(scratch.path("disk"));
    assert.deepEqual(file.subarray(65536, 131072), written);
    const segments = [{ sector: 128, numSectors: 64, unmap: 0 }];
    assert.equal((await driver.writeZeroes({ sector: 0, segments })).status, BlockStatus.OK);
    assert.equal((await driver.discard({ sector: 0, segments })).status, BlockStatus.OK);
    assert.equal((await driver.in({ sector: 128 }, read)).status, BlockStatus.OK);
    assert.deepEqual(read.subarray(0, 32768), new Uint8Array(32768));
    assert.deepEqual(read.subarray(32768), written.subarray(32768));
    const past = [{ sector: SIZE / 512, numSectors: 1, unmap: 0 }];
    assert.equal((await driver.discard({ sector: 0, segments: past })).status, BlockStatus.IOERR);
  },
);

peerTest("our driver uses all queues of QEMU's storage daemon", [
  "qemu-storage-daemon",
], async () => {
  using scratch = new Scratch();
  await using _daemon = await daemon(scratch, 4);
  const transport = await connect(scratch.path("s"));
  assert.equal(transport.queueCount, 4);
  await using driver = await BlockDriver.open(transport);
  assert.equal(driver.requestq.length, 4);
  const blocks = Array.from({ length: 64 }, (_, at) => new Uint8Array(4096).fill(at + 1));
  await Promise.all(blocks.map(async (block, at) => {
    const { status } = await driver.out({ sector: 8 * at }, block, { queue: at % 4 });
    assert.equal(status, BlockStatus.OK);
  }));
  await Promise.all(blocks.map(async (block, at) => {
    const read = new Uint8Array(4096);
    const { status } = await driver.in({ sector: 8 * at }, read, { queue: (at + 1) % 4 });
    assert.equal(status, BlockStatus.OK);
    assert.deepEqual(read, block);
  }));
});

/**
 * Nanoseconds to copy a request header out of guest memory and decode it: `deno task bench`. Each iteration decodes
 * 1000 of them; divide by 1000.
 *
 * @module
 */

import { emptyBlockReq, readBlockReq } from "../generated/blk/wire.ts";
import { emptyVirtioNetHdr, readVirtioNetHdr } from "../generated/net/wire.ts";
import { createDeviceQueue } from "../runtime/queue.ts";
import { FEATURES, makeBench } from "./ring/rings.ts";

const COUNT = 1000;

/** A buffer that a device has popped, with that many readable bytes. */
function poppedChain(length: number) {
  const { driver, memory, layout, buffers } = makeBench("split", false);
  const device = createDeviceQueue(memory, layout, FEATURES);
  driver.readable(buffers, length);
  driver.add();
  driver.kick();
  return device.chain(device.pop());
}

const blockChain = poppedChain(16);
const blockRequest = emptyBlockReq();
Deno.bench("block request header x 1000", () => {
  for (let i = 0; i < COUNT; i++) {
    blockChain.readFixed(0, 16);
    readBlockReq(blockChain.view, 0, blockRequest);
  }
});

const netChain = poppedChain(64);
const netHeader = emptyVirtioNetHdr();
Deno.bench("network header of 12 bytes x 1000", () => {
  for (let i = 0; i < COUNT; i++) {
    netChain.readFixed(0, 12);
    readVirtioNetHdr(netChain.view, 0, netHeader, 12);
  }
});

Deno.bench("network header of 20 bytes, with a hash x 1000", () => {
  for (let i = 0; i < COUNT; i++) {
    netChain.readFixed(0, 20);
    readVirtioNetHdr(netChain.view, 0, netHeader, 20);
  }
});

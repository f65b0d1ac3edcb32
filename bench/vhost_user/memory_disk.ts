/**
 * A disk in memory, as a module that can be served; `?kib=` says how large. The C library copies: V8 copies to memory that is
 * shared in single words, which takes twice as long, and needs an object for each piece that is copied.
 *
 * @module
 */

import { BlockDevice, BlockStatus } from "../../generated/blk/mod.ts";
import { addressOf } from "../../vhost_user/ffi.ts";

const { memcpy } = Deno.dlopen("libc.so.6", {
  memcpy: { parameters: ["usize", "usize", "usize"], result: "void" },
}).symbols;

const kib = Number(new URL(import.meta.url).searchParams.get("kib"));
const bytes = new Uint8Array(kib << 10).fill(7);

// Parameters of memcpy: bigints out of an array are none for optimised code.
const WIDE = new BigUint64Array(3);
const HALVES = new Uint32Array(WIDE.buffer);
const source = addressOf(bytes);
let target: Uint8Array | undefined;
let start = 0;

function copy(from: number, memory: Uint8Array, to: number, length: number): void {
  if (target !== memory) start = addressOf(target = memory);
  HALVES[0] = start + to; // modulo 2^32
  HALVES[1] = (start + to) / 2 ** 32;
  HALVES[2] = source + from;
  HALVES[3] = (source + from) / 2 ** 32;
  HALVES[4] = length;
  memcpy(WIDE[0]!, WIDE[1]!, WIDE[2]!);
}

/** The disk; each thread has its own bytes. */
const device: BlockDevice = new BlockDevice({
  config: { capacity: bytes.length / 512 },
  in: ({ sector }, data) => {
    const memory = data.memory();
    if (memory === undefined) {
      data.write(bytes, sector * 512);
    } else {
      const { offset, remaining } = data;
      copy(sector * 512, memory, offset, remaining);
      data.advance(remaining);
    }
    return BlockStatus.OK;
  },
});

export default device;

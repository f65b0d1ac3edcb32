/**
 * The driver of both sides: reads lines `<socket> <depth> <milliseconds>`, keeps that many random 4 KiB reads
 * outstanding for that long, and answers each line with how many were answered and in how many nanoseconds each.
 *
 * It polls, and kicks when the device asks for it. The generated driver sets the disk up; its requests are then put
 * into the ring here, from prepared slots, so that the driver takes as little time as it can beside the device's.
 *
 * @module
 */

import { BlockDriver, BlockRequestType, BlockStatus } from "../../generated/blk/mod.ts";
import type { DriverQueue } from "../../runtime/queue.ts";
import { connect } from "../../vhost_user/frontend.ts";
import { readLines } from "../ring/lines.ts";

const BYTES = 4096;
const SECTORS = BYTES / 512;
const DEPTH_MAX = 64;
/** Bytes of a slot: header and status, a cache line each, then the data. */
const SLOT = 4096 + BYTES;
const STATUS = 64;
const DATA = 4096;
/** After so many answers they are given new work, so that the device need not wait for it. */
const BURST = 8;
/** Reads between two looks at the clock. */
const SLICE = 256;
/** Looks in vain after which the device has lost a kick: seconds. */
const PATIENCE = 2 ** 30;
/** Random blocks are prepared. */
const BLOCKS = 1 << 14;

/** A disk that is read. */
class Disk {
  readonly #ring: DriverQueue;
  readonly #address: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #sectors: Int32Array;
  readonly #slotOf: Int32Array;
  #next = 0;

  constructor(ring: DriverQueue, memory: { address: number; bytes: Uint8Array }, capacity: number) {
    const { address, bytes } = memory;
    this.#ring = ring;
    this.#address = address;
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#slotOf = new Int32Array(ring.size);
    const blocks = Math.floor(capacity / SECTORS);
    this.#sectors = Int32Array.from({ length: BLOCKS }, () => {
      return Math.floor(Math.random() * blocks) * SECTORS;
    });
  }

  /** Opens the disk that is served at a socket. */
  static async open(socket: string): Promise<Disk> {
    const transport = await connect(socket);
    const ring = { packed: false }; // the daemon has no other format
    const driver = await BlockDriver.open(transport, { polling: true, ring });
    const memory = transport.arena.allocate(DEPTH_MAX * SLOT, BYTES);
    return new Disk(driver.requestq[0]!.ring, memory, driver.config.capacity);
  }

  /** Keeps `depth` reads outstanding for that long; how many were answered, and the nanoseconds for each. */
  read(depth: number, milliseconds: number): { reads: number; nanoseconds: number } {
    const ring = this.#ring;
    const start = performance.now();
    const end = start + milliseconds;
    for (let slot = 0; slot < depth; slot++) this.#submit(slot);
    ring.kick();
    let reads = 0;
    for (let outstanding = depth, slice = 0, vain = 0, ended = false; outstanding > 0;) {
      let burst = 0;
      for (let head; burst < BURST && (head = ring.collect()) >= 0; burst++) {
        const slot = this.#slotOf[head]!;
        if (this.#bytes[slot * SLOT + STATUS] !== BlockStatus.OK) throw new Error("Cannot read");
        if (ended) outstanding--;
        else this.#submit(slot);
      }
      if (burst === 0) {
        if (++vain === PATIENCE) throw new Error(`Cannot read: ${outstanding} are not answered`);
        continue;
      }
      ring.kick();
      vain = 0;
      reads += burst;
      slice += burst;
      if (slice < SLICE) continue;
      slice = 0;
      ended = performance.now() >= end;
    }
    return { reads, nanoseconds: (performance.now() - start) * 1e6 / reads };
  }

  #submit(slot: number): void {
    const ring = this.#ring;
    const offset = slot * SLOT;
    const address = this.#address + offset;
    const word = offset >> 2;
    this.#words[word] = BlockRequestType.IN;
    this.#words[word + 2] = this.#sectors[this.#next++ & (BLOCKS - 1)]!;
    this.#bytes[offset + STATUS] = 0xff;
    ring.readable(address, 16);
    ring.writable(address + DATA, BYTES);
    ring.writable(address + STATUS, 1);
    const head = ring.add();
    if (head < 0) throw new Error("Cannot read: the ring is full");
    this.#slotOf[head] = slot;
  }
}

const disks = new Map<string, Disk>();
for await (const line of readLines(Deno.stdin.readable)) {
  const [socket, depth, milliseconds] = line.split(" ");
  const disk = disks.get(socket!) ?? await Disk.open(socket!);
  disks.set(socket!, disk);
  console.log(JSON.stringify(disk.read(Number(depth), Number(milliseconds))));
}
Deno.exit(0);

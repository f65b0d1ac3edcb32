/**
 * Hostile guests: sequences of register accesses of any size, at any offset, in any order, while the
 * rings are scribbled over. `deno task fuzz:registers` runs 100,000 sequences for each
 * transport; `--sequences 500` that many, `--seed 7` replays one. A failure prints its seed.
 *
 * @module
 */

import { DeviceStatus } from "../../generated/layout/core.ts";
import { EchoDevice } from "../echo_fixture.ts";
import { GuestMemory } from "../memory.ts";
import { Random } from "../random.ts";
import { type Plug, PLUGS, type Port } from "./fuzz_plugs.ts";

const MEMORY_SIZE = 16 << 10;
/** Bytes on both sides of the guest's memory, which nobody may touch. */
const GUARD = 4096;
const GUARD_BYTE = 0x5a;
const ADDRESS = 0x4000;

/** Runs the sequence of one seed against one transport, and returns how many accesses it had. */
export function fuzzRegisters(plug: Plug, seed: number): number {
  try {
    return sequence(plug, new Random(seed));
  } catch (cause) {
    throw new Error(`Cannot pass sequence ${seed} over ${plug.name}`, { cause });
  }
}

function sequence(plug: Plug, random: Random): number {
  const buffer = new Uint8Array(GUARD + MEMORY_SIZE + GUARD).fill(GUARD_BYTE);
  const guest = buffer.subarray(GUARD, GUARD + MEMORY_SIZE).fill(0);
  const memory = GuestMemory.of(guest, ADDRESS);
  const device = new EchoDevice({ queueSizeMax: 2 ** random.below(7) });
  const { ports, close } = plug.connect(device, memory);
  let accesses = 0;
  for (let left = 5 + random.below(60); left > 0; left--) {
    if (random.once(6)) accesses += setUp(random, ports);
    else if (random.once(5)) scribble(random, guest);
    else if (random.once(10)) {
      if (random.once(2)) device.needsReset(new Error("by itself"));
      else device.configChanged();
    } else accesses += access(random, random.pick(ports));
  }
  close();
  for (let at = 0; at < GUARD; at++) {
    if (buffer[at] !== GUARD_BYTE || buffer[GUARD + MEMORY_SIZE + at] !== GUARD_BYTE) {
      throw new Error(`Cannot find the guard byte ${at} as it was`);
    }
  }
  return accesses;
}

/** One access: mostly of a size that there is, near a register. */
function access(random: Random, port: Port): number {
  const size = random.once(10) ? random.pick([0, 3, 8, -1, 1.5, NaN]) : random.pick([1, 2, 4]);
  const offset = offsetIn(random, port);
  if (random.once(2)) {
    const value = port.read(offset, size);
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new Error(`Cannot take ${value} for the value of ${size} bytes at ${offset}`);
    }
  } else port.write(offset, size, valueOf(random));
  return 1;
}

function offsetIn(random: Random, port: Port): number {
  if (random.once(20)) return random.pick([-1, 0xffff_ffff, 2 ** 53, 0.5, NaN, port.size, -4]);
  const near = random.below(Math.min(port.size, random.pick([64, 300, port.size])));
  return random.once(3) ? near : near & ~3;
}

function valueOf(random: Random): number {
  const any = random.word();
  return random.pick([
    any,
    any & 0xff,
    any & 3,
    1,
    0,
    0xffff_ffff,
    ADDRESS + (any & 0x3ff0),
    -1,
    NaN,
  ]);
}

/** Steps of an honest driver, with queues anywhere. */
function setUp(random: Random, ports: readonly Port[]): number {
  const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = DeviceStatus;
  const features = random.pick([0x1, 0x5, 0x1_45]);
  let count = 0;
  for (const { driver } of ports) {
    if (driver === undefined) continue;
    const steps: (() => void)[] = [
      () => driver.status(0),
      () => driver.status(ACKNOWLEDGE | DRIVER),
      () => driver.features(0, random.pick([0, 0x3000_0000])),
      () => driver.features(1, features),
      () => driver.status(ACKNOWLEDGE | DRIVER | FEATURES_OK),
      () => driver.queue(0, 2 ** random.below(4), ADDRESS + (random.word() & 0x3ff0)),
      () => driver.status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK),
      () => driver.notify(0),
    ];
    for (const step of steps) {
      if (random.once(30)) continue;
      step();
      count++;
    }
  }
  return count;
}

/** Numbers that make sense in a ring, anywhere in the guest's memory. */
function scribble(random: Random, guest: Uint8Array): void {
  const view = new DataView(guest.buffer, guest.byteOffset, guest.length);
  for (let left = 1 + random.below(40); left > 0; left--) {
    const at = random.below(MEMORY_SIZE / 4) * 4;
    if (random.once(2)) view.setUint32(at, valueOf(random), true);
    else view.setUint16(at, random.pick([0, 1, 2, 3, 4, 0x80, 0x8080, 0x8082]), true);
  }
}

function option(name: string): number | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Number(Deno.args[at + 1]);
}

if (import.meta.main) {
  const seed = option("--seed");
  const first = seed ?? Date.now() % 1e9;
  const count = seed === undefined ? option("--sequences") ?? 100_000 : 1;
  for (const plug of PLUGS) {
    let accesses = 0;
    for (let at = 0; at < count; at++) {
      accesses += fuzzRegisters(plug, first + at);
      if (at % 1000 === 0) await new Promise((resolve) => setTimeout(resolve)); // what was left for later
    }
    console.log(`${plug.name}: ${count} sequences, ${accesses} accesses: nothing found`);
  }
}

/** Either end of a queue against a ring that a hostile peer writes at random. @module */

import assert from "node:assert/strict";
import { PeerError } from "./errors.ts";
import { Random } from "./random.ts";
import { makeRing, type Ring } from "./ring_fixture.ts";
import { ringSizes } from "./ring_sizes.ts";

type Area = "desc" | "driver" | "device";

/** Runs one case; returns the number of operations. */
export function fuzzHostile(seed: number): number {
  const random = new Random(seed);
  const format = random.pick(["split", "packed"] as const);
  const ring = makeRing({
    format,
    shared: random.once(2),
    size: 2 ** random.below(5),
    bytes: 8192 + 4096,
    eventIdx: random.once(2),
    indirect: random.once(2),
    inOrder: random.once(2),
  });
  return random.once(2) ? attackDevice(random, ring) : attackDriver(random, ring);
}

/** A hostile driver: the device may write only into its area of the ring and what elements call writable. */
function attackDevice(random: Random, ring: Ring): number {
  const { device, layout, driver } = ring;
  const all = ring.memory.regions[0]!.bytes;
  const operations = 20 + random.below(100);
  const pending: number[] = [];
  let errors = 0;
  device.onBroken = () => void errors++;
  for (let at = 0; at < operations; at++) {
    if (random.once(2)) honest(random, ring);
    else scribble(random, ring, random.pick(["desc", "driver"]));
    if (random.once(4)) random.once(2) ? driver.collect() : driver.arm();
    const before = all.slice();
    const allowed = new Uint8Array(all.length);
    allow(allowed, ring, "device");
    if (layout.format === "packed") allow(allowed, ring, "desc");
    for (let head = device.pop(); head >= 0; head = device.pop()) pending.push(head);
    for (let count = random.below(4); count > 0 && pending.length > 0; count--) {
      const [head] = pending.splice(random.below(pending.length), 1) as [number];
      const chain = device.chain(head);
      let length = 0;
      for (const element of chain.elements()) {
        assert.ok(element.length > 0);
        const offset = ring.memory.view(element.address, element.length)!.byteOffset -
          all.byteOffset;
        if (element.writable) allowed.fill(1, offset, offset + element.length);
        length += element.length;
      }
      assert.equal(length, chain.readableLength + chain.writableLength);
      chain.readable(0, chain.readableLength).bytes();
      chain.writable(0, chain.writableLength).write(new Uint8Array(chain.writableLength).fill(at));
      chain.readFixed(0, Math.min(chain.readableLength, 64));
      device.push(head, random.below(chain.writableLength + 1));
    }
    random.once(3) ? device.arm() : device.publish();
    const wrong = all.findIndex((byte, index) => byte !== before[index] && allowed[index] === 0);
    assert.equal(wrong, -1, `byte ${wrong} was written`);
  }
  check(device.broken, errors);
  return operations;
}

/** A hostile device: the driver must never take an id that is not pending, nor a length that is too long. */
function attackDriver(random: Random, ring: Ring): number {
  const { driver, device } = ring;
  const operations = 20 + random.below(200);
  const pending = new Map<number, number>();
  let errors = 0;
  driver.onBroken = () => void errors++;
  for (let at = 0; at < operations; at++) {
    if (random.once(2)) {
      const writable = random.below(40);
      const both = ring.layout.size > 1 && random.once(2);
      if (both || writable === 0) driver.readable(ring.buffer, 16);
      if (writable > 0) driver.writable(ring.buffer, writable);
      const room = driver.free > 1 && driver.broken === undefined;
      const head = driver.add();
      assert.ok(head >= 0 || !room);
      if (head >= 0) {
        assert.ok(!pending.has(head));
        pending.set(head, writable);
      }
    }
    random.once(3) ? driver.arm() : driver.kick();
    if (random.once(2)) {
      const head = device.pop();
      if (head >= 0) device.push(head, random.below(device.chain(head).writableLength + 1));
      device.publish();
    } else scribble(random, ring, random.pick(["desc", "device"]));
    for (let head = driver.collect(); head >= 0; head = driver.collect()) {
      assert.ok(driver.usedLength <= pending.get(head)!, "a length that is too long");
      assert.ok(pending.delete(head), "an id that is not pending");
    }
    assert.equal(driver.pending, pending.size);
  }
  check(driver.broken, errors);
  return operations;
}

function check(broken: PeerError | undefined, errors: number): void {
  assert.equal(errors, broken === undefined ? 0 : 1);
  if (broken !== undefined) assert.ok(broken instanceof PeerError && broken.queue === 3);
}

/** A buffer as an honest driver makes it. */
function honest(random: Random, ring: Ring): void {
  ring.driver.readable(ring.buffer + random.below(100), 1 + random.below(100));
  if (ring.layout.size > 1 && random.once(2)) ring.driver.writable(ring.buffer + 1000, 20);
  ring.driver.add();
  ring.driver.kick();
}

/** Writes nonsense, or something near to sense, into an area. */
function scribble(random: Random, ring: Ring, area: Area): void {
  const { size } = ringSizes(ring.layout.format, ring.layout.size)[area];
  const view = ring.memory.view(ring.layout[area], size)!;
  const data = new DataView(view.buffer, view.byteOffset, size);
  for (let count = 1 + random.below(3); count > 0; count--) {
    if (random.once(3)) {
      view[random.below(size)] = random.word();
    } else if (area === "desc" && random.once(2)) {
      const at = 16 * random.below(ring.layout.size);
      const address = random.pick([ring.buffer + random.below(4096), random.word()]);
      const flags = random.below(8) | random.pick([0, 0x80, 0x8000, 0x8080]);
      data.setBigUint64(at, BigInt(address), true);
      data.setUint32(at + 8, random.pick([16, 32, 48, random.below(5000)]), true);
      data.setUint16(at + 12, random.pick([flags, random.below(ring.layout.size + 1)]), true);
      data.setUint16(at + 14, random.pick([flags, random.below(ring.layout.size + 1)]), true);
    } else if (size >= 4) {
      const at = 2 * random.below(Math.min(size >> 1, 8));
      data.setUint16(at, data.getUint16(at, true) + random.pick([1, 2, -1, 3]), true);
    }
  }
}

function allow(allowed: Uint8Array, ring: Ring, area: Area): void {
  const { size } = ringSizes(ring.layout.format, ring.layout.size)[area];
  const offset = ring.layout[area] - ring.memory.regions[0]!.address;
  allowed.fill(1, offset, offset + size);
}

/** Both ends of a queue against a model of lists, with honest but random use. @module */

import assert from "node:assert/strict";
import { createDeviceQueue, createDriverQueue } from "./queue.ts";
import { Random } from "./random.ts";
import { makeRing, type Ring } from "./ring_fixture.ts";

const SLOT = 64; // bytes of memory for each buffer of the model

interface ModelBuffer {
  readonly head: number;
  readonly readable: Uint8Array;
  readonly writable: number;
  readonly address: number;
  written: Uint8Array | undefined;
}

/** What the standard promises, without a ring: buffers move through lists. */
class Model {
  added: ModelBuffer[] = [];
  available: ModelBuffer[] = [];
  taken = new Map<number, ModelBuffer>(); // by the device's head, in the order of taking
  pushed: ModelBuffer[] = [];
  used: ModelBuffer[] = [];

  /** Pushed buffers become visible; in order, only those before which all are pushed. */
  publish(inOrder: boolean): boolean {
    const before = this.used.length;
    if (!inOrder) {
      this.used.push(...this.pushed);
      this.pushed = [];
    } else {
      for (const [head, buffer] of this.taken) {
        if (buffer.written === undefined) break;
        this.taken.delete(head);
        this.used.push(buffer);
      }
    }
    return this.used.length > before;
  }
}

/** Runs one case; returns the number of operations. */
export function fuzzModel(seed: number): number {
  const random = new Random(seed);
  const run = new ModelRun(random);
  const operations = 50 + random.below(400);
  for (let at = 0; at < operations; at++) run.step();
  run.drain();
  return operations;
}

class ModelRun {
  readonly #random: Random;
  readonly #model = new Model();
  readonly #slots: number[];
  #ring: Ring;
  #deviceArmed = false; // the device sleeps until a notification
  #driverArmed = false;
  #kicks = 0;
  #notifications = 0;

  constructor(random: Random) {
    this.#random = random;
    const format = random.pick(["split", "packed"] as const);
    const power = 2 ** random.below(6);
    this.#ring = makeRing({
      format,
      shared: random.once(2),
      size: format === "split" ? power : 1 + random.below(40),
      base: random.pick([0, 0x1000_0000, 0xffff_8000, 2 ** 40]),
      bytes: 1 << 17,
      eventIdx: random.once(2),
      indirect: random.once(2),
      inOrder: random.once(2),
    });
    const { address } = this.#ring.arena.allocate(SLOT * 64);
    this.#slots = Array.from({ length: 64 }, (_, at) => address + at * SLOT);
    this.#listen();
  }

  step(): void {
    const actions = [
      () => this.#add(),
      () => this.#add(),
      () => this.#publish(),
      () => this.#kick(),
      () => this.#pop(),
      () => this.#pop(),
      () => this.#push(),
      () => this.#push(),
      () => this.#deviceArm(),
      () => this.#driverArm(),
      () => this.#devicePublish(),
      () => this.#collect(),
      () => this.#collect(),
      () => this.#resume(),
    ];
    this.#random.pick(actions)();
    assert.equal(this.#ring.device.broken ?? this.#ring.driver.broken, undefined);
  }

  /** Everything that was added comes back. */
  drain(): void {
    this.#kick();
    while (this.#pop());
    for (const [head, buffer] of this.#model.taken) {
      if (buffer.written === undefined) this.#pushOne(head, buffer);
    }
    this.#devicePublish();
    while (this.#collect());
    assert.equal(this.#ring.driver.pending + this.#ring.device.pending, 0);
    assert.equal(this.#ring.driver.free, this.#ring.layout.size);
  }

  #listen(): void {
    this.#ring.driver.onKick = () => void this.#kicks++;
    this.#ring.device.onNotify = () => void this.#notifications++;
  }

  #add(): void {
    const { driver, memory } = this.#ring;
    const random = this.#random;
    if (this.#slots.length === 0) return;
    const address = this.#slots.pop()!;
    const readable = new Uint8Array(random.below(30)).map(() => random.word());
    const writable = readable.length === 0 ? 1 + random.below(30) : random.below(30);
    memory.write(address, readable);
    const pieces = this.#cut(address, readable.length, (at, length) => driver.readable(at, length));
    const total = pieces +
      this.#cut(address + 32, writable, (at, length) => driver.writable(at, length));
    if (total > this.#ring.layout.size) {
      assert.throws(() => driver.add(), RangeError);
      this.#slots.push(address);
      return;
    }
    const free = driver.free;
    const head = driver.add();
    if (head < 0) {
      assert.ok(free < total, "there was room");
      this.#slots.push(address);
      return;
    }
    const all = [...this.#model.added, ...this.#model.available];
    assert.ok(all.every((buffer) => buffer.head !== head), "a head that is in use");
    this.#model.added.push({ head, readable, writable, address, written: undefined });
  }

  #cut(address: number, length: number, stage: (at: number, length: number) => void): number {
    let pieces = 0;
    for (let at = 0; at < length; pieces++) {
      const piece = Math.min(length - at, 1 + this.#random.below(this.#random.pick([40, 5])));
      stage(address + at, piece);
      at += piece;
    }
    return pieces;
  }

  #publish(): void {
    this.#ring.driver.publish();
    this.#model.available.push(...this.#model.added.splice(0));
  }

  #kick(): void {
    const fresh = this.#model.added.length > 0;
    this.#publish();
    this.#ring.driver.kick();
    if (this.#deviceArmed && fresh) assert.ok(this.#kicks > 0, "a lost kick");
    if (this.#kicks > 0) this.#deviceArmed = false;
  }

  #pop(): boolean {
    const { device } = this.#ring;
    const head = device.pop();
    const buffer = this.#model.available.shift();
    if (buffer === undefined) {
      assert.equal(head, -1);
      return false;
    }
    assert.ok(head >= 0 && !this.#model.taken.has(head));
    const chain = device.chain(head);
    assert.equal(chain.writableLength, buffer.writable);
    assert.deepEqual(chain.readable(0, chain.readableLength).bytes(), buffer.readable);
    this.#model.taken.set(head, buffer);
    return true;
  }

  #push(): void {
    const open = [...this.#model.taken].filter(([, buffer]) => buffer.written === undefined);
    if (open.length === 0) return;
    const [head, buffer] = this.#random.pick(open);
    this.#pushOne(head, buffer);
  }

  #pushOne(head: number, buffer: ModelBuffer): void {
    const { device, features } = this.#ring;
    const random = this.#random;
    const length = random.once(2) ? buffer.writable : random.below(buffer.writable + 1);
    const written = new Uint8Array(length).map(() => random.word());
    device.chain(head).writable(0, length).write(written);
    device.push(head, length);
    assert.throws(() => device.push(head, 0), TypeError);
    buffer.written = written;
    if (features.inOrder) return;
    this.#model.taken.delete(head);
    this.#model.pushed.push(buffer);
  }

  #devicePublish(): void {
    this.#ring.device.publish();
    const fresh = this.#model.publish(this.#ring.features.inOrder);
    if (this.#driverArmed && fresh) assert.ok(this.#notifications > 0, "a lost notification");
    if (this.#notifications > 0) this.#driverArmed = false;
  }

  #collect(): boolean {
    const { driver, memory } = this.#ring;
    const head = driver.collect();
    const buffer = this.#model.used.shift();
    if (buffer === undefined) {
      assert.equal(head, -1);
      return false;
    }
    assert.equal(head, buffer.head);
    assert.equal(driver.usedLength, buffer.written!.length);
    assert.deepEqual(memory.view(buffer.address + 32, driver.usedLength)!.slice(), buffer.written);
    this.#slots.push(buffer.address);
    return true;
  }

  #deviceArm(): void {
    const { device } = this.#ring;
    if (this.#random.once(3)) {
      device.suppress();
      this.#deviceArmed = false;
      return;
    }
    // Only what is added and kicked after this moment must notify.
    this.#kicks = 0;
    const sleep = device.arm();
    assert.equal(sleep, this.#model.available.length === 0);
    this.#deviceArmed = sleep;
  }

  #driverArm(): void {
    const { driver } = this.#ring;
    if (this.#random.once(3)) {
      driver.suppress();
      this.#driverArmed = false;
      return;
    }
    this.#notifications = 0;
    const sleep = driver.arm();
    assert.equal(sleep, this.#model.used.length === 0);
    this.#driverArmed = sleep;
  }

  /** Either end goes on as another object, from its saved position. */
  #resume(): void {
    const { memory, layout, features, arena, device, driver } = this.#ring;
    if (this.#random.once(2)) {
      const position = structuredClone(driver.position());
      this.#publish();
      const resumed = createDriverQueue(memory, layout, features, { arena, position });
      this.#ring = { ...this.#ring, driver: resumed };
      assert.equal(resumed.pending, driver.pending);
    } else {
      const position = structuredClone(device.position());
      this.#model.publish(features.inOrder);
      device.stop();
      const resumed = createDeviceQueue(memory, layout, features, { position });
      this.#ring = { ...this.#ring, device: resumed };
      this.#popAgain();
    }
    this.#listen();
    this.#deviceArmed = this.#driverArmed = false;
  }

  /** What was in flight is popped again, under heads that may be others. */
  #popAgain(): void {
    const { device, features } = this.#ring;
    const before = [...this.#model.taken];
    const open = before.filter(([, buffer]) => buffer.written === undefined);
    const heads = open.map(() => device.pop());
    this.#model.taken = new Map();
    if (features.inOrder) {
      // In order, the oldest comes first; complete ones keep their place among them.
      let at = 0;
      let done = -1; // a name no head has
      for (const [, buffer] of before) {
        this.#model.taken.set(buffer.written === undefined ? heads[at++]! : done--, buffer);
      }
      return;
    }
    for (const head of heads) {
      const chain = device.chain(head);
      const [address] = chain.elements().map((element) => element.address);
      const found = open.find(([, { address: slot }]) =>
        address! >= slot && address! < slot + SLOT
      );
      this.#model.taken.set(head, found![1]);
    }
  }
}

/** A ring between two threads under load: the driver's side, and what both sides agree on. @module */

import { Doorbell } from "./doorbell.ts";
import type { QueueFeatures, QueueLayout } from "./queue.ts";
import type { Ring } from "./ring_fixture.ts";
import { TO_DEVICE, TO_DRIVER } from "./thread_calls.ts";

/** What the other thread is to do. */
export interface StressJob {
  readonly role: "device" | "scribbler";
  readonly buffer: SharedArrayBuffer;
  readonly base: number;
  readonly layout: QueueLayout;
  readonly features: QueueFeatures;
  /** Whether it sleeps while there is nothing to do. */
  readonly asleep: boolean;
  /** Two doorbells. */
  readonly bells: SharedArrayBuffer;
  /** Words {@linkcode END} and {@linkcode ROUNDS}. */
  readonly control: SharedArrayBuffer;
}

/** Turns 1 when the thread is to end. */
export const END = 0;
/** Counts the thread's rounds. */
export const ROUNDS = 1;
/** Readable bytes of each buffer. */
export const PAYLOAD = 24;

const SLOT = 64;
const LIMIT_MS = 60_000;

/** The sum of a payload, for which the place of each word counts. */
export function checksum(view: DataView, at: number): number {
  let sum = 0;
  for (let word = 0; word < PAYLOAD; word += 4) {
    sum = Math.imul(sum, 31) + view.getInt32(at + word, true) | 0;
  }
  return sum;
}

/** Starts the other thread, runs `use` once it is ready, and ends it. */
export async function withThread(
  ring: Ring,
  role: StressJob["role"],
  asleep: boolean,
  use: (control: Int32Array, bells: SharedArrayBuffer) => void,
): Promise<void> {
  const url = new URL("./ring_stress_worker_fixture.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const control = new Int32Array(new SharedArrayBuffer(8));
  const bells = Doorbell.memory(2);
  const { layout, features, memory } = ring;
  const { address: base, bytes } = memory.regions[0]!;
  const buffer = bytes.buffer as SharedArrayBuffer;
  try {
    const ready = heard(worker, "ready");
    const job: StressJob = {
      ...{ role, buffer, base, layout, features, asleep, bells },
      control: control.buffer as SharedArrayBuffer,
    };
    worker.postMessage(job);
    await ready;
    try {
      use(control, bells);
    } finally {
      Atomics.store(control, END, 1);
      new Doorbell(bells, TO_DEVICE).ring(0);
    }
    await heard(worker, "done");
  } finally {
    worker.terminate();
  }
}

function heard(worker: Worker, word: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`Cannot hear "${word}"`)), LIMIT_MS);
    worker.onmessage = ({ data }) => {
      if (data !== word) return;
      clearTimeout(late);
      resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(late);
      reject(new Error(event.message));
    };
  });
}

/** How a ring is put under load. */
export interface StressLoad {
  /** Buffers in all. */
  readonly buffers: number;
  /** Buffers in the ring at a time. */
  readonly outstanding: number;
  /** Both sides sleep while there is nothing to do; otherwise they poll. */
  readonly asleep: boolean;
}

/** Sends buffers of two readable elements and a writable one, and compares each answer; how often it slept. */
export async function stress(ring: Ring, load: StressLoad): Promise<number> {
  let sleeps = 0;
  await withThread(ring, "device", load.asleep, (_, bells) => {
    const sender = new StressSender(ring, load, bells);
    sender.run();
    sleeps = sender.sleeps;
  });
  return sleeps;
}

class StressSender {
  sleeps = 0;
  readonly #ring: Ring;
  readonly #load: StressLoad;
  readonly #toDriver: Doorbell;
  readonly #base: number; // of the slots
  readonly #view: DataView;
  readonly #slotOf = new Int32Array(65536); // by head
  readonly #sums: Int32Array; // by slot
  readonly #free: number[];
  #sent = 0;
  #done = 0;

  constructor(ring: Ring, load: StressLoad, bells: SharedArrayBuffer) {
    const { arena, driver } = ring;
    this.#ring = ring;
    this.#load = load;
    this.#toDriver = new Doorbell(bells, TO_DRIVER);
    const toDevice = new Doorbell(bells, TO_DEVICE);
    driver.onKick = () => toDevice.ring(0);
    const { address, bytes } = arena.allocate(SLOT * load.outstanding, 64);
    this.#base = address;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#sums = new Int32Array(load.outstanding);
    this.#free = Array.from({ length: load.outstanding }, (_, slot) => slot);
  }

  run(): void {
    const { buffers, asleep } = this.#load;
    const { driver } = this.#ring;
    let end = performance.now() + LIMIT_MS;
    driver.suppress();
    for (let idle = 0; this.#done < buffers;) {
      const before = this.#done;
      while (this.#sent < buffers && this.#send());
      driver.kick();
      for (let head = driver.collect(); head >= 0; head = driver.collect()) this.#collect(head);
      if (driver.broken !== undefined) throw driver.broken;
      if (this.#done !== before) end = (idle = 0, performance.now() + LIMIT_MS);
      else if (asleep) this.#sleep(end);
      if ((asleep || idle++ % 1024 === 1023) && performance.now() > end) {
        throw new Error(`only ${this.#done} buffers of ${buffers} came back`);
      }
    }
  }

  #send(): boolean {
    const { driver } = this.#ring;
    const slot = driver.free >= 3 ? this.#free.pop() : undefined;
    if (slot === undefined) return false;
    const at = slot * SLOT;
    for (let word = 0; word < PAYLOAD; word += 4) {
      this.#view.setInt32(at + word, Math.imul(this.#sent * 8 + word, 0x9e3779b1), true);
    }
    const address = this.#base + at;
    driver.readable(address, 10);
    driver.readable(address + 10, PAYLOAD - 10);
    driver.writable(address + 32, 4);
    this.#sums[slot] = checksum(this.#view, at);
    this.#slotOf[driver.add()] = slot;
    this.#sent++;
    return true;
  }

  #collect(head: number): void {
    const slot = this.#slotOf[head]!;
    const answer = this.#view.getInt32(slot * SLOT + 32, true);
    if (answer !== this.#sums[slot] || this.#ring.driver.usedLength !== 4) {
      throw new Error(`buffer ${this.#done}: ${answer} instead of ${this.#sums[slot]}`);
    }
    this.#free.push(slot);
    this.#done++;
  }

  /** Sleeps until the bell is rung, and no pulse saves who loses a wake. */
  #sleep(end: number): void {
    if (this.#ring.driver.arm()) {
      this.sleeps++;
      while (!this.#toDriver.rung && performance.now() < end) this.#toDriver.block();
    }
    this.#toDriver.take();
    this.#ring.driver.suppress();
  }
}

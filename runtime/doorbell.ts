/**
 * Doorbells: how a thread tells another that queues have news, and how the other waits for it.
 *
 * A doorbell is one word of shared memory with a bit for each queue that was rung since somebody last looked, beside
 * the rings and never in them, so that a queue costs the same whether its ends share a thread or not: the bell is rung
 * only where a ring's own event suppression asks for a notification. Queues from {@linkcode QUEUE_BITS} on share the
 * bits of those before, as looking into a queue for nothing does no harm.
 *
 * No ring is lost. Who rings sets the bit, then reads whether the listener sleeps; who listens says that it sleeps, then
 * sleeps only if the word is still 0. All four are in the one total order of atomic accesses, so either the ringer
 * sees the sleeper and wakes it, or the sleeper sees the bit.
 *
 * @module
 */

import { queueTask } from "./task.ts";

/** Queues that have a bit of their own. */
export const QUEUE_BITS = 30;
/** The bit that says: the configuration or the status changed. */
export const CONFIG_BIT: number = 1 << 30;
/** The bit that says: a message was posted, which only the event loop can hear. */
const MESSAGE_BIT = 1 << 31;

/** Milliseconds after which every sleep ends, to show that the thread lives. */
export const PULSE_MS = 250;

// Places of words; a bell has a cache line to itself.
const [RUNG, ASLEEP, PULSE, POSTED] = [0, 1, 2, 3];
const WORDS = 16;
const BYTES = WORDS * 4;

/** One direction between two threads: one of them rings, one listens. */
export class Doorbell {
  readonly #words: Int32Array;

  /** The bell with this number in shared memory that {@linkcode Doorbell.memory} gave. */
  constructor(memory: SharedArrayBuffer, number: number) {
    this.#words = new Int32Array(memory, number * BYTES, WORDS);
  }

  /** Shared memory for so many bells. */
  static memory(bells: number): SharedArrayBuffer {
    return new SharedArrayBuffer(bells * BYTES);
  }

  /** Says that a queue has news. */
  ring(index: number): void {
    this.signal(1 << index % QUEUE_BITS);
  }

  /** Sets bits, and wakes the listener if it sleeps. */
  signal(bits: number): void {
    const words = this.#words;
    if (Atomics.or(words, RUNG, bits) !== 0) return; // who made it other than 0 wakes the listener
    if (Atomics.load(words, ASLEEP) !== 0) Atomics.notify(words, RUNG);
  }

  /** Says that the configuration or the status changed. */
  signalConfig(): void {
    this.signal(CONFIG_BIT);
  }

  /** Notes a message that was posted, so that a listener outside its event loop goes there. */
  post(): void {
    Atomics.add(this.#words, POSTED, 1);
    this.signal(MESSAGE_BIT);
  }

  /** Counts messages from 0 again, for a new listener. */
  restart(): void {
    Atomics.store(this.#words, POSTED, 0);
  }

  /** How many messages were posted to this listener, modulo 2^32. */
  get posted(): number {
    return Atomics.load(this.#words, POSTED);
  }

  /** Whether there are bits to take. */
  get rung(): boolean {
    return Atomics.load(this.#words, RUNG) !== 0;
  }

  /** Takes all bits; what the ringer published before is visible then. */
  take(): number {
    return this.rung ? Atomics.exchange(this.#words, RUNG, 0) : 0;
  }

  /** Shows that the listener lives. */
  beat(): void {
    Atomics.add(this.#words, PULSE, 1);
  }

  /** Changes as long as the listener lives. */
  get pulse(): number {
    return Atomics.load(this.#words, PULSE);
  }

  /** Stops the whole thread until the bell is rung, for {@linkcode PULSE_MS} at most; not for a page's main thread. */
  block(): void {
    const words = this.#words;
    Atomics.store(words, ASLEEP, 1);
    Atomics.wait(words, RUNG, 0, PULSE_MS);
    Atomics.store(words, ASLEEP, 0);
  }

  /** Settles when the bell is rung, after {@linkcode PULSE_MS} at most; the thread goes on. */
  async sleep(): Promise<void> {
    const words = this.#words;
    Atomics.store(words, ASLEEP, 1);
    const sleep = Atomics.waitAsync(words, RUNG, 0, PULSE_MS);
    if (sleep.async) await sleep.value;
    Atomics.store(words, ASLEEP, 0);
  }
}

/**
 * How an end of a queue waits for the other: `"sleep"` at once; `"adaptive"`: first look for longer than a wake takes,
 * as long as that helps; `"poll"`: never sleep, which takes a whole core.
 */
export type Waiting = "poll" | "sleep" | "adaptive";

// A wake across cores takes 35 µs one way (measured); a spin that is to spare one lasts longer.
const SPIN_MS: Readonly<Record<Waiting, number>> = { poll: PULSE_MS, adaptive: 0.1, sleep: 0 };
/** Looks at the bell between two looks at the clock. */
const LOOKS = 64;
// Looking in vain costs 0.1 ms. Where it always is in vain, as when both threads get one core between them, a round trip
// took 230 µs instead of 20: the more often it was in vain, the more waits go without, up to this.
const SKIPS_MAX = 64;

/** The listening end of a doorbell. */
export class Listener {
  readonly #bell: Doorbell;
  readonly #spin: number;
  readonly #sleeps: boolean;
  readonly #mayBlock: boolean;
  #skips = 0; // waits that are to go without a look
  #nextSkips = 1;

  /** `mayBlock` says that the thread may stop as a whole while it has nothing else to do. */
  constructor(bell: Doorbell, waiting: Waiting, mayBlock: boolean) {
    this.#bell = bell;
    this.#spin = SPIN_MS[waiting];
    this.#sleeps = waiting !== "poll";
    this.#mayBlock = mayBlock;
  }

  /** Waits until the bell is rung, {@linkcode PULSE_MS} at most; when `busy`, the event loop turns meanwhile. */
  async wait(busy: boolean): Promise<void> {
    const stop = this.#mayBlock && !busy;
    if (this.#spin > 0 && --this.#skips < 0) {
      if (stop ? this.#look() : await this.#glance()) {
        this.#skips = 0;
        this.#nextSkips = 1;
        return;
      }
      if (!this.#sleeps) return;
      this.#skips = this.#nextSkips;
      this.#nextSkips = Math.min(SKIPS_MAX, 2 * this.#nextSkips);
    }
    if (stop) this.#bell.block();
    else await this.#bell.sleep();
  }

  /** Looks at the bell without rest. */
  #look(): boolean {
    const end = performance.now() + this.#spin;
    do {
      for (let looks = 0; looks < LOOKS; looks++) if (this.#bell.rung) return true;
    } while (performance.now() < end);
    return false;
  }

  /** Looks at the bell once in each turn of the event loop. */
  async #glance(): Promise<boolean> {
    const end = performance.now() + this.#spin;
    do {
      if (this.#bell.rung) return true;
      await turn();
    } while (performance.now() < end);
    return this.#bell.rung;
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => queueTask(resolve));
}

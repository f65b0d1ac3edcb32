/**
 * The few places of a ring through which its two ends talk: index words and event words.
 *
 * Memory ordering. With memory that somebody else writes, every publication is one `Atomics.store` and every
 * observation one `Atomics.load` of the same bytes. Both are sequentially consistent, so in JavaScript's memory model
 * a load that sees a store synchronises with it: all that the writer did before the store, plain or not, happens
 * before all that the reader does after the load. And because all such accesses lie in one total order, "publish, then
 * read the other side's event word" on one side and "store the event word, then read the index again" on the other
 * can not both miss each other: no wake-up is lost. Within one agent program order gives the same, and plain access
 * costs 0.6 ns instead of 7 to 10.
 *
 * @module
 */

// What fields of the rings hold before the ring is mapped: V8 checks no kind that never changes.
/** No words. */
export const NO_WORDS: Int32Array = new Int32Array(0);
/** No halves of words. */
export const NO_HALVES: Uint16Array = new Uint16Array(0);

/** A 32-bit word made of two 16-bit fields, `low | high << 16`, at a place that is a multiple of 2 bytes. */
export class RingWord {
  // Both are compared with `true` below: for V8 a bare test of a field is a test of all that may be false.
  #atomic = false;
  #aligned = false;
  #word: Int32Array = NO_WORDS;
  #halves: Uint16Array = NO_HALVES;

  /** The word is the first four bytes; `atomic` when somebody outside this agent accesses it. */
  constructor(bytes: Uint8Array, atomic: boolean) {
    this.#atomic = atomic;
    this.#aligned = bytes.byteOffset % 4 === 0;
    this.#halves = new Uint16Array(bytes.buffer, bytes.byteOffset, 2);
    this.#word = this.#aligned
      ? new Int32Array(bytes.buffer, bytes.byteOffset, 1)
      : new Int32Array(0);
  }

  /** Both fields; synchronises with the other side's store. */
  load(): number {
    if (this.#aligned !== true) return this.#load16();
    return this.#atomic === true ? Atomics.load(this.#word, 0) : this.#word[0]!;
  }

  /** Both fields, perhaps old: worth confirming by {@linkcode RingWord.load} when they differ from what is known. */
  peek(): number {
    return this.#aligned === true ? this.#word[0]! : this.#halves[0]! | this.#halves[1]! << 16;
  }

  /** Stores both fields; what was written before is visible to whom sees them. */
  store(value: number): void {
    if (this.#aligned !== true) this.#store16(value);
    else if (this.#atomic === true) Atomics.store(this.#word, 0, value);
    else this.#word[0] = value;
  }

  // An available ring may start at any multiple of 2. The index comes first when it is loaded and last when it is
  // stored, so that it alone orders everything else.
  #load16(): number {
    if (!this.#atomic) return this.peek();
    const high = Atomics.load(this.#halves, 1);
    return Atomics.load(this.#halves, 0) | high << 16;
  }

  #store16(value: number): void {
    if (this.#atomic) {
      Atomics.store(this.#halves, 0, value & 0xffff);
      Atomics.store(this.#halves, 1, value >>> 16);
    } else {
      this.#halves[0] = value;
      this.#halves[1] = value >>> 16;
    }
  }
}

/** A 16-bit event index. */
export class RingEvent {
  #atomic = false;
  #half: Uint16Array = NO_HALVES;

  /** The event index is the first two bytes; `atomic` when somebody outside this agent accesses it. */
  constructor(bytes: Uint8Array, atomic: boolean) {
    this.#atomic = atomic;
    this.#half = new Uint16Array(bytes.buffer, bytes.byteOffset, 1);
  }

  /** The event index, read after all that this side published. */
  load(): number {
    return this.#atomic === true ? Atomics.load(this.#half, 0) : this.#half[0]!;
  }

  /** Stores the event index, before this side looks at the other's index again. */
  store(value: number): void {
    if (this.#atomic === true) Atomics.store(this.#half, 0, value);
    else this.#half[0] = value;
  }
}

/** A word of no ring. */
export const NO_RING_WORD: RingWord = new RingWord(new Uint8Array(4), false);
/** An event index of no ring. */
export const NO_RING_EVENT: RingEvent = new RingEvent(new Uint8Array(2), false);

/** Whether going from index `old` to `now` passed the event index, all modulo 65536 (VIRTIO 1.4, 2.7.7). */
export function passedEvent(event: number, now: number, old: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - old) & 0xffff);
}

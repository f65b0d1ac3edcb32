/** Buffers in the order in which they were taken, for VIRTIO_F_IN_ORDER (VIRTIO 1.4, 2.7.9 and 2.8.9). @module */

/** A first-in first-out list of buffers, each complete or not. */
export class InOrder {
  readonly #heads: Uint16Array;
  readonly #done: Uint8Array;
  readonly #written: Float64Array;
  #front = 0;
  #count = 0;

  /** At most `size` buffers at a time, named by numbers below `size`. */
  constructor(size: number) {
    this.#heads = new Uint16Array(size);
    this.#done = new Uint8Array(size);
    this.#written = new Float64Array(size);
  }

  /** Appends a buffer that is not complete; false when one of that name is complete and still here. */
  add(head: number): boolean {
    if (this.#done[head] === 1) return false;
    let at = this.#front + this.#count++;
    if (at >= this.#heads.length) at -= this.#heads.length;
    this.#heads[at] = head;
    return true;
  }

  /** Marks a buffer complete. */
  complete(head: number, written: number): void {
    this.#done[head] = 1;
    this.#written[head] = written;
  }

  /** The oldest buffer when it is complete, otherwise -1. */
  front(): number {
    if (this.#count === 0) return -1;
    const head = this.#heads[this.#front]!;
    return this.#done[head] === 1 ? head : -1;
  }

  /** Drops the oldest buffer. */
  shift(): void {
    this.#done[this.#heads[this.#front]!] = 0;
    this.#count--;
    if (++this.#front === this.#heads.length) this.#front = 0;
  }

  /** Bytes written into a complete buffer, undefined for another. */
  written(head: number): number | undefined {
    return this.#done[head] === 1 ? this.#written[head] : undefined;
  }

  /** All buffers, oldest first. */
  heads(): number[] {
    const size = this.#heads.length;
    return Array.from({ length: this.#count }, (_, at) => this.#heads[(this.#front + at) % size]!);
  }
}

/**
 * Requests in flight, on the driver's side.
 *
 * Every request has a slot: a number, a piece of guest memory for its fixed parts, and a place for
 * what settles its promise. Slots are numbers in tables rather than objects, so that a request costs
 * its promise and nothing else; memory that the device can not reach is bounced through buffers
 * that are kept by size and used again.
 *
 * @module
 */

import type { Arena, DmaBuffer } from "./arena.ts";
import { RequestAborted } from "./errors.ts";
import type { DriverQueue } from "./queue.ts";

/** Bounce buffers come in powers of two from this size on. */
const SMALLEST_BOUNCE = 256;

type Resolve = (value: unknown) => void;
type Reject = (error: Error) => void;

/** A bounce buffer on loan to a slot; a slot's buffers form a list. */
interface Bounce {
  readonly buffer: DmaBuffer;
  readonly order: number; // its size class
  data: Uint8Array;
  part: Uint8Array; // of the buffer, as long as the last data
  next: Bounce | undefined;
}

interface Waiter {
  readonly cost: number;
  readonly resolve: (slot: number) => void;
  readonly reject: Reject;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** The slots of one queue: as many as it has entries. */
export class RequestSlots {
  /** Bytes of each slot. */
  readonly slotSize: number;
  /** The memory of all slots, in guest memory. */
  readonly bytes: Uint8Array;
  /** The same memory, for fields of several bytes. */
  readonly view: DataView;

  readonly #queue: DriverQueue;
  readonly #arena: Arena;
  readonly #memory: DmaBuffer;
  readonly #indirect: boolean;
  readonly #free: Int32Array; // a stack
  #freeCount: number;
  readonly #slotOf: Int32Array; // by head
  readonly #resolve: (Resolve | undefined)[];
  readonly #reject: (Reject | undefined)[];
  readonly #bounces: (Bounce | undefined)[];
  readonly #idle: (Bounce | undefined)[] = []; // by size class
  readonly #reserved: Int32Array; // descriptors kept for a slot that was waited for
  #reservedCount = 0;
  #waiters: Waiter[] = [];
  #paused = false;
  #ended: RequestAborted | undefined;

  /**
   * Allocates `slotSize` bytes, rounded up to 16, for each entry of the queue. `indirect` says that
   * a buffer costs one descriptor whatever it has (VIRTIO_F_INDIRECT_DESC). RangeError when the
   * arena is full.
   */
  constructor(queue: DriverQueue, arena: Arena, slotSize: number, indirect = false) {
    const { size } = queue;
    this.slotSize = Math.ceil(slotSize / 16) * 16;
    this.#queue = queue;
    this.#arena = arena;
    this.#indirect = indirect;
    this.#memory = arena.allocate(this.slotSize * size, 64);
    this.bytes = this.#memory.bytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.#free = Int32Array.from({ length: size }, (_, at) => size - 1 - at);
    this.#freeCount = size;
    this.#slotOf = new Int32Array(size).fill(-1);
    this.#reserved = new Int32Array(size);
    this.#resolve = new Array(size).fill(undefined);
    this.#reject = new Array(size).fill(undefined);
    this.#bounces = new Array(size).fill(undefined);
  }

  /** Why there will be no more slots, once the queue was reset, closed or lost. */
  get ended(): RequestAborted | undefined {
    return this.#ended;
  }

  /** Guest address of a slot's first byte. */
  addressOf(slot: number): number {
    return this.#memory.address + slot * this.slotSize;
  }

  /** Where a slot begins in `bytes` and `view`. */
  offsetOf(slot: number): number {
    return slot * this.slotSize;
  }

  /**
   * A free slot, when the ring has room for `descriptors` too and nobody waits for it; else -1,
   * which is the time for {@linkcode RequestSlots.wait}. RangeError when the ring never has room.
   */
  acquire(descriptors: number): number {
    const cost = this.#cost(descriptors);
    if (this.#waiters.length > 0 || !this.#hasRoom(cost)) return -1;
    return this.#free[--this.#freeCount]!;
  }

  /**
   * A slot, as soon as there is one with room in the ring; first come, first served. Rejects with
   * RequestAborted when the signal aborts, or when the queue is reset, closed or lost.
   */
  wait(descriptors: number, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      if (signal?.aborted) throw abortedBy(signal);
      const onAbort = () => this.#giveUp(waiter, abortedBy(signal!));
      const waiter = { cost: this.#cost(descriptors), resolve, reject, signal, onAbort };
      signal?.addEventListener("abort", onAbort);
      this.#waiters.push(waiter);
      this.#admit();
    });
  }

  /**
   * Notes that the slot's buffer was added to the ring under this head. RangeError when it was not
   * (-1): there was room in the ring, so memory for an indirect table was wanting; the slot is released.
   */
  sent(head: number, slot: number): void {
    if (head < 0) {
      this.release(slot);
      throw new RangeError("Cannot send the request: the arena is full");
    }
    this.#slotOf[head] = slot;
    this.#unreserve(slot);
  }

  /** The slot of a head that was collected. */
  slotOf(head: number): number {
    return this.#slotOf[head]!;
  }

  /** The promise of a slot's answer: the one allocation of a request. */
  promise<T>(slot: number): Promise<T> {
    const promise = new Promise<T>(capture);
    this.#resolve[slot] = capturedResolve;
    this.#reject[slot] = capturedReject;
    return promise;
  }

  /** Releases the slot, then fulfils its promise. */
  resolve(slot: number, value: unknown): void {
    const resolve = this.#resolve[slot];
    this.release(slot);
    resolve?.(value);
  }

  /** Releases the slot, then rejects its promise. */
  reject(slot: number, error: Error): void {
    const reject = this.#reject[slot];
    this.release(slot);
    reject?.(error);
  }

  /** Gives a slot back with its bounce buffers; its promise, if it has one, stays as it is. */
  release(slot: number): void {
    this.#resolve[slot] = this.#reject[slot] = undefined;
    if (this.#bounces[slot] !== undefined) this.#returnBounces(slot);
    this.#unreserve(slot);
    this.#free[this.#freeCount++] = slot;
    if (this.#waiters.length > 0) this.#admit();
  }

  /**
   * Guest address of data for the device to read: of the data itself where the device can reach it,
   * else of a copy that lives as long as the slot. RangeError when the arena is full; the slot is
   * released then, so all addresses are asked for before the first of them is staged.
   */
  readable(slot: number, data: Uint8Array): number {
    const address = this.#arena.memory.addressOf(data);
    if (address >= 0) return address;
    const bounce = this.#bounce(slot, data);
    bounce.part.set(data);
    return bounce.buffer.address;
  }

  /**
   * Guest address of memory for the device to write: of the data itself where the device can reach
   * it, else of a bounce buffer of zeroes, from which {@linkcode RequestSlots.fetch} copies the answer: where a
   * device claims to have written more than it did, nothing of an earlier request shows.
   * RangeError as for {@linkcode RequestSlots.readable}.
   */
  writable(slot: number, data: Uint8Array): number {
    const address = this.#arena.memory.addressOf(data);
    if (address >= 0) return address;
    const bounce = this.#bounce(slot, data);
    clear(bounce.part);
    return bounce.buffer.address;
  }

  /** Copies the first `length` bytes that the device wrote into `data`, if they were bounced. */
  fetch(slot: number, data: Uint8Array, length: number = data.length): void {
    for (let bounce = this.#bounces[slot]; bounce !== undefined; bounce = bounce.next) {
      if (bounce.data !== data) continue;
      if (length === data.length) data.set(bounce.part);
      else data.set(bounce.part.subarray(0, length));
      return;
    }
  }

  /** No slots until {@linkcode RequestSlots.unpause}: for a device that is suspended. */
  pause(): void {
    this.#paused = true;
  }

  /** Slots again, for who waited first. */
  unpause(): void {
    this.#paused = false;
    this.#admit();
  }

  /**
   * Rejects every request in flight and every waiter with a RequestAborted of that cause, for good.
   * The device may still write to the slots until it, or the queue, has been reset.
   */
  abortAll(cause: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = new RequestAborted(`Cannot complete the request: ${cause.message}`, { cause });
    const rejects = this.#reject.filter((reject) => reject !== undefined);
    this.#reject.fill(undefined);
    this.#resolve.fill(undefined);
    for (const reject of rejects) reject(this.#ended);
    while (this.#waiters.length > 0) this.#giveUp(this.#waiters[0]!, this.#ended);
  }

  /** Gives all memory back to the arena, once the device has let go of the queue; aborts what is left. */
  close(cause: Error): void {
    this.abortAll(cause);
    this.#bounces.forEach((_, slot) => this.#returnBounces(slot));
    for (const first of this.#idle) {
      for (let bounce = first; bounce !== undefined; bounce = bounce.next) {
        this.#arena.free(bounce.buffer);
      }
    }
    this.#idle.length = 0;
    this.#arena.free(this.#memory);
  }

  #cost(descriptors: number): number {
    if (descriptors > this.#queue.size) {
      throw new RangeError(
        `Cannot send a request of ${descriptors} descriptors: the queue has ${this.#queue.size}`,
      );
    }
    return this.#indirect ? 1 : descriptors;
  }

  #hasRoom(cost: number): boolean {
    return this.#freeCount > 0 && this.#queue.free - this.#reservedCount >= cost &&
      !this.#paused && this.#ended === undefined;
  }

  #admit(): void {
    for (;;) {
      const waiter = this.#waiters[0];
      if (waiter === undefined || !this.#hasRoom(waiter.cost)) return;
      this.#waiters.shift();
      waiter.signal?.removeEventListener("abort", waiter.onAbort);
      const slot = this.#free[--this.#freeCount]!;
      this.#reserved[slot] = waiter.cost;
      this.#reservedCount += waiter.cost;
      waiter.resolve(slot);
    }
  }

  #giveUp(waiter: Waiter, error: RequestAborted): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    waiter.signal?.removeEventListener("abort", waiter.onAbort);
    waiter.reject(error);
    this.#admit();
  }

  #unreserve(slot: number): void {
    this.#reservedCount -= this.#reserved[slot]!;
    this.#reserved[slot] = 0;
  }

  #bounce(slot: number, data: Uint8Array): Bounce {
    const order = Math.max(0, Math.ceil(Math.log2(data.length / SMALLEST_BOUNCE)));
    const bounce = this.#idle[order] ?? this.#newBounce(slot, order);
    this.#idle[order] = bounce.next;
    bounce.data = data;
    if (bounce.part.length !== data.length) {
      bounce.part = bounce.buffer.bytes.subarray(0, data.length);
    }
    bounce.next = this.#bounces[slot];
    this.#bounces[slot] = bounce;
    return bounce;
  }

  #newBounce(slot: number, order: number): Bounce {
    const buffer = this.#arena.tryAllocate(SMALLEST_BOUNCE * 2 ** order, 64);
    if (buffer === undefined) {
      this.release(slot);
      throw new RangeError("Cannot send the request: the arena is full");
    }
    return { buffer, order, data: NO_DATA, part: buffer.bytes, next: undefined };
  }

  #returnBounces(slot: number): void {
    for (let bounce = this.#bounces[slot]; bounce !== undefined;) {
      const next = bounce.next;
      bounce.data = NO_DATA;
      bounce.next = this.#idle[bounce.order];
      this.#idle[bounce.order] = bounce;
      bounce = next;
    }
    this.#bounces[slot] = undefined;
  }
}

const NO_DATA = new Uint8Array(0);
const ZEROES = new Uint8Array(4096);

/** Fills shared memory with zeroes: copies of some are seven times as fast as `fill`, which goes byte by byte there. */
function clear(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += ZEROES.length) {
    const left = bytes.length - at;
    bytes.set(left < ZEROES.length ? ZEROES.subarray(0, left) : ZEROES, at);
  }
}

// An executor that is made once: the closure of `new Promise((resolve) => …)` would be one more
// allocation for each request.
let capturedResolve: Resolve;
let capturedReject: Reject;
function capture(resolve: (value: never) => void, reject: Reject): void {
  capturedResolve = resolve as Resolve;
  capturedReject = reject;
}

function abortedBy(signal: AbortSignal): RequestAborted {
  return new RequestAborted("Cannot complete the request: it was aborted", {
    cause: signal.reason,
  });
}

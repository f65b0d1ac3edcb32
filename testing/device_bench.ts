/**
 * A generated device on one queue, driven by hand.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Arena } from "../runtime/arena.ts";
import type { Device } from "../runtime/device.ts";
import { queueFeatures, queueFormat } from "../runtime/features.ts";
import { LOOPBACK_FACILITIES } from "../runtime/loopback.ts";
import { GuestMemory } from "../runtime/memory.ts";
import { allocateQueue, createDriverQueue, type DriverQueue } from "../runtime/queue.ts";
import { QUEUE_SIZE_MAX } from "./subjects.ts";

/** What lies between the elements of a buffer. */
const GUARD = 0xa5;
/** What writable elements hold until the device writes to them. */
export const UNWRITTEN = 0x5a;

/** Bytes of guard before each element: odd, so that nothing is aligned by luck. */
const GAP = 3;

/** What became of a buffer. */
export interface Used {
  /** The used length. */
  readonly length: number;
  /** The writable part afterwards. */
  readonly bytes: Uint8Array;
}

/** A buffer: the readable part and the length of the writable part, each in pieces. */
export interface Pieces {
  readonly readable: readonly Uint8Array[];
  readonly writable: readonly number[];
}

/** A buffer in the ring: where its bytes begin, what they were, and which of them may change. */
interface Place {
  readonly from: number;
  readonly image: Uint8Array;
  readonly writable: readonly (readonly [number, number])[];
}

/** A device with one live queue. */
export class DeviceBench {
  readonly device: Device;
  readonly driver: DriverQueue;
  /** What the device reported. */
  readonly errors: unknown[] = [];
  readonly #address: number;
  readonly #area: Uint8Array;
  readonly #places = new Map<number, Place>();
  readonly #index: number;
  #end = 0;

  /** Brings a device up with these features, and one queue of it. */
  constructor(device: Device, features: bigint, index: number) {
    const config = device.config.bytes.slice();
    const memory = GuestMemory.of(new ArrayBuffer(1 << 18), 0x4000_0000);
    const arena = new Arena(memory, 0x4000_0000, 1 << 18);
    this.device = device;
    this.#index = index;
    device.onError = (error) => void this.errors.push(error);
    device.bind({ memory, facilities: LOOPBACK_FACILITIES, notifyQueue() {}, notifyConfig() {} });
    assert.equal(features & ~device.getFeatures(), 0n, "features that the device does not offer");
    for (const status of [1, 3]) device.setStatus(status);
    device.setFeatures(features);
    device.setStatus(11);
    assert.equal(device.getStatus(), 11, "the device refuses the features");
    device.writeConfig(0, config); // a reset undid what the driver may write
    const layout = allocateQueue(arena, index, QUEUE_SIZE_MAX, queueFormat(features));
    device.enableQueue(layout);
    device.setStatus(15);
    this.driver = createDriverQueue(memory, layout, queueFeatures(features), { arena });
    const area = arena.allocate(QUEUE_SIZE_MAX * (GAP + 1) * 2);
    this.#address = area.address;
    this.#area = area.bytes;
    this.#area.fill(GUARD);
  }

  /** Forgets all buffers. */
  clear(): void {
    assert.equal(this.driver.pending, 0);
    this.#area.fill(GUARD, 0, this.#end);
    this.#places.clear();
    this.#end = 0;
  }

  /** Puts a buffer into the ring; its pieces lie apart. */
  add({ readable, writable }: Pieces): number {
    const from = this.#end;
    const spans: [number, number][] = [];
    for (const bytes of readable) {
      const at = this.#place(bytes.length);
      this.#area.set(bytes, at);
      this.driver.readable(this.#address + at, bytes.length);
    }
    for (const length of writable) {
      const at = this.#place(length);
      this.#area.fill(UNWRITTEN, at, at + length);
      this.driver.writable(this.#address + at, length);
      spans.push([at, at + length]);
    }
    this.#end += GAP;
    const head = this.driver.add();
    assert.ok(head >= 0, "no room in the ring");
    this.#places.set(head, { from, image: this.#area.slice(from, this.#end), writable: spans });
    return head;
  }

  /** Tells the device, and lets it work. */
  kick(): void {
    this.driver.publish();
    this.device.notify(this.#index);
  }

  /** The next buffer that came back; undefined when there is none. Nothing but its writable part has changed. */
  collect(): Used | undefined {
    const head = this.driver.collect();
    if (head < 0) return undefined;
    const place = this.#places.get(head)!;
    this.#places.delete(head);
    this.#checkRest(place);
    const bytes = place.writable.flatMap(([from, to]) => [...this.#area.subarray(from, to)]);
    return { length: this.driver.usedLength, bytes: Uint8Array.from(bytes) };
  }

  /** Serves one buffer; waits for a device that answers later. */
  async serve(pieces: Pieces): Promise<Used> {
    this.clear();
    this.add(pieces);
    this.kick();
    for (let turn = 0; turn < 20; turn++) {
      const used = this.collect();
      if (used !== undefined) return used;
      await undefined;
    }
    assert.fail("the device gave no buffer back");
  }

  /** Fails when the device is not well. */
  check(): void {
    assert.equal(this.driver.broken, undefined);
    assert.equal(this.device.getStatus(), 15, "the device broke");
  }

  #place(length: number): number {
    const at = this.#end + GAP;
    this.#end = at + length;
    assert.ok(this.#end + GAP <= this.#area.length, "the buffer is too large for the bench");
    return at;
  }

  #checkRest({ from, image, writable }: Place): void {
    const now = this.#area.slice(from, from + image.length);
    for (const [start, end] of writable) now.fill(UNWRITTEN, start - from, end - from);
    assert.deepEqual(now, image, "the device wrote where it must not");
  }
}

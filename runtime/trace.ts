/**
 * Watching a device or a queue: a line for each request and each answer, with the names of their fields.
 *
 * Nothing is paid for it until it is asked for: a traced queue gets methods of its own in place of those of its class,
 * which make it slow, and no other.
 *
 * @module
 */

import { describer } from "./describe.ts";
import type { Device } from "./device.ts";
import type { GuestMemory } from "./memory.ts";
import type { BufferElement, DeviceQueue, DriverQueue } from "./queue.ts";

/** Takes a line. */
export type TraceSink = (line: string) => void;

/**
 * Says in words what a buffer of a queue holds: what the device reads, and what it has written. Before it is used,
 * `written` is undefined.
 */
export type Describe = (
  queue: number,
  readable: Uint8Array,
  written: Uint8Array | undefined,
) => string;

/**
 * Tells `sink` of every request that a device takes and every answer that it gives, on all its queues from now on, as
 * in `blk requestq[0] #5 > in: type=VIRTIO_BLK_T_IN sector=8`. `model` is the content of `virtio.json`, or a part of it
 * that has the device; without it the bytes are shown.
 */
export function trace(device: Device, sink: TraceSink, model?: unknown): void {
  const told: TraceSink = (line) => sink(`${device.info.name} ${line}`);
  device.watchQueues((queue, memory) => {
    const describe = model === undefined ? describeBytes : describer(model, device);
    traceDeviceQueue(queue, memory, told, describe);
  });
}

/** The same for one end of one queue, which the device sees. */
export function traceDeviceQueue(
  queue: DeviceQueue,
  memory: GuestMemory,
  sink: TraceSink,
  describe: Describe = describeBytes,
): void {
  const buffers = new Map<number, TracedBuffer>();
  const { pop, push } = queue;
  queue.pop = outermost(() => pop.call(queue), (head) => {
    if (head < 0) return;
    const buffer = new TracedBuffer(memory, queue.chain(head).elements());
    buffers.set(head, buffer);
    sink(`${describe(queue.index, buffer.readable, undefined)} #${head}`);
  });
  queue.push = (head: number, written: number): void => {
    const buffer = buffers.get(head);
    buffers.delete(head);
    const bytes = buffer?.written(written);
    push.call(queue, head, written);
    if (bytes !== undefined) sink(`${describe(queue.index, buffer!.readable, bytes)} #${head}`);
  };
}

/** The same for the driver's end of one queue. */
export function traceDriverQueue(
  queue: DriverQueue,
  memory: GuestMemory,
  sink: TraceSink,
  describe: Describe = describeBytes,
): void {
  const buffers = new Map<number, TracedBuffer>();
  const { readable, writable, add, collect } = queue;
  let staged: BufferElement[] = [];
  queue.readable = (address: number, length: number): void => {
    readable.call(queue, address, length);
    staged.push({ address, length, writable: false });
  };
  queue.writable = (address: number, length: number): void => {
    writable.call(queue, address, length);
    staged.push({ address, length, writable: true });
  };
  queue.add = outermost(() => add.call(queue), (head) => {
    const elements = staged;
    staged = [];
    if (head < 0) return;
    const buffer = new TracedBuffer(memory, elements);
    buffers.set(head, buffer);
    sink(`${describe(queue.index, buffer.readable, undefined)} #${head}`);
  });
  queue.collect = outermost(() => collect.call(queue), (head) => {
    const buffer = buffers.get(head);
    if (buffer === undefined) return;
    buffers.delete(head);
    const bytes = buffer.written(queue.usedLength);
    sink(`${describe(queue.index, buffer.readable, bytes)} #${head}`);
  });
}

/** A method that calls itself tells once. */
function outermost(method: () => number, tell: (result: number) => void): () => number {
  let inside = false;
  return () => {
    if (inside) return method();
    inside = true;
    let result: number;
    try {
      result = method();
    } finally {
      inside = false;
    }
    tell(result);
    return result;
  };
}

/** A buffer in the ring: what the device reads, as it was when it was taken, and where it writes. */
class TracedBuffer {
  readonly readable: Uint8Array;
  readonly #memory: GuestMemory;
  readonly #elements: readonly BufferElement[];

  constructor(memory: GuestMemory, elements: readonly BufferElement[]) {
    this.#memory = memory;
    this.#elements = elements;
    this.readable = this.#bytes(false, Infinity);
  }

  written(length: number): Uint8Array {
    return this.#bytes(true, length);
  }

  #bytes(writable: boolean, most: number): Uint8Array {
    const parts = this.#elements.filter((element) => element.writable === writable);
    const length = Math.min(most, parts.reduce((sum, part) => sum + part.length, 0));
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      const count = Math.min(part.length, length - at);
      // A region may be gone by now.
      if (this.#memory.contains(part.address, count)) {
        this.#memory.read(part.address, bytes.subarray(at, at + count));
      }
      at += count;
    }
    return bytes;
  }
}

function describeBytes(
  queue: number,
  readable: Uint8Array,
  written: Uint8Array | undefined,
): string {
  const bytes = written ?? readable;
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, "0"));
  const more = bytes.length > 32 ? ` and ${bytes.length - 32} more bytes` : "";
  return `queue ${queue} ${written === undefined ? ">" : "<"} ${shown.join(" ")}${more}`;
}

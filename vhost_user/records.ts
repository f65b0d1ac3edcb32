/**
 * What is recorded while a ring is served: buffers in flight, and the pages that were written.
 *
 * A recorded queue gets methods of its own in place of those of its class; others pay nothing.
 *
 * @module
 */

import { VHOST_LOG_PAGE } from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { type DeviceQueue, type QueueLayout, ringSizes } from "../runtime/queue.ts";
import { InflightRecords } from "./inflight.ts";

/** What is to be recorded of one ring, as plain data. */
export interface Records {
  /** Where the ring lies. */
  readonly layout: QueueLayout;
  /** Memory for the buffers in flight. */
  readonly inflight?: Uint8Array;
  /** The log: a bit for each page of guest memory. */
  readonly log?: Uint8Array;
  /** Address under which writes to the used ring are logged; not at all when not given. */
  readonly usedAddress?: number;
}

const awaited = new WeakMap<Device, Map<number, Records>>();

/** Has the queue recorded that `enable` makes the device enable. */
export function recorded(device: Device, records: Records, enable: () => void): void {
  let of = awaited.get(device);
  if (of === undefined) {
    const fresh = of = new Map<number, Records>();
    awaited.set(device, fresh);
    device.watchQueues((queue) => {
      const wanted = fresh.get(queue.index);
      if (wanted !== undefined) record(queue, wanted);
    });
  }
  const { index } = records.layout;
  of.set(index, records);
  try {
    enable();
  } finally {
    of.delete(index);
  }
}

function record(queue: DeviceQueue, records: Records): void {
  const { inflight, log } = records;
  if (inflight !== undefined && queue.format === "split") {
    recordInflight(queue, new InflightRecords(inflight, queue.size));
  }
  if (log !== undefined) recordWrites(queue, log, records);
}

function recordInflight(queue: DeviceQueue, records: InflightRecords): void {
  const { pop, push, expose } = queue;
  records.recover(usedIndexNow(queue));
  queue.pop = () => {
    const head = pop.call(queue);
    if (head >= 0) records.taken(head);
    return head;
  };
  queue.push = (head, written) => {
    records.given(head);
    push.call(queue, head, written);
  };
  queue.expose = () => {
    expose.call(queue);
    records.published();
  };
}

function usedIndexNow(queue: DeviceQueue): number {
  return queue.position().used;
}

function recordWrites(queue: DeviceQueue, log: Uint8Array, records: Records): void {
  const { push, expose, arm, suppress } = queue;
  const { layout, usedAddress } = records;
  const sizes = ringSizes(layout.format, layout.size);
  const markRing = () => {
    if (usedAddress === undefined) return;
    mark(log, usedAddress, sizes.device.size);
    // Used descriptors of a packed ring lie where the available ones did.
    if (layout.format === "packed") mark(log, layout.desc, sizes.desc.size);
  };
  queue.push = (head, written) => {
    let left = written;
    for (const { address, length, writable } of queue.chain(head).elements()) {
      if (!writable) continue;
      mark(log, address, Math.min(length, left));
      left -= Math.min(length, left);
    }
    push.call(queue, head, written);
  };
  queue.expose = () => {
    expose.call(queue);
    markRing();
  };
  queue.arm = () => {
    const idle = arm.call(queue);
    markRing();
    return idle;
  };
  queue.suppress = () => {
    suppress.call(queue);
    markRing();
  };
}

/** Sets the bits of the pages of a range; pages past the end of the log have none. */
export function mark(log: Uint8Array, address: number, length: number): void {
  if (length === 0) return;
  const last = Math.floor((address + length - 1) / VHOST_LOG_PAGE);
  for (let page = Math.floor(address / VHOST_LOG_PAGE); page <= last; page++) {
    const byte = Math.floor(page / 8);
    if (byte >= log.length) return;
    Atomics.or(log, byte, 1 << page % 8);
  }
}

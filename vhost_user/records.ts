/**
 * What is recorded while a ring is served: buffers in flight, and the pages that were written.
 *
 * A recorded queue gets methods of its own in place of those of its class; others pay nothing.
 *
 * @module
 */

import { VHOST_LOG_PAGE } from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { ReservedFeature } from "../runtime/features.ts";
import { InOrder } from "../runtime/in_order.ts";
import type { GuestMemory } from "../runtime/memory.ts";
import { type DeviceQueue, type QueueLayout, ringSizes } from "../runtime/queue.ts";
import type { RingRecords } from "./inflight.ts";
import { PackedRecords } from "./inflight_packed.ts";
import { SplitRecords } from "./inflight_split.ts";

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
      if (wanted !== undefined) record(device, queue, wanted);
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

function record(device: Device, queue: DeviceQueue, records: Records): void {
  const { inflight, layout, log } = records;
  if (inflight !== undefined) {
    const inOrder = device.hasFeature(ReservedFeature.VIRTIO_F_IN_ORDER);
    recordInflight(queue, inflight, layout, device.memory!, inOrder);
  }
  if (log !== undefined) recordWrites(queue, log, records);
}

/** Has the buffers in flight of a queue that was just made recorded, until it stops or breaks. */
export function recordInflight(
  queue: DeviceQueue,
  bytes: Uint8Array,
  layout: QueueLayout,
  memory: GuestMemory,
  inOrder: boolean,
): void {
  const records = recordsOf(queue, bytes, layout, memory);
  if (records === undefined) return;
  const order = inOrder ? new InOrder(queue.size) : undefined;
  const { inflight } = queue.position();
  for (const [at, { id, written }] of inflight.entries()) {
    const head = queue.format === "packed" ? at : id;
    order?.add(head);
    if (written !== undefined) order?.complete(head, written);
  }
  let resumed = inflight.filter(({ written }) => written === undefined).length;
  let popping = false;
  let stopped = false;
  const isOver = () => stopped || queue.broken !== undefined;
  const batch: number[] = []; // records of what was pushed and is not visible yet
  const { pop, push, expose, stop } = queue;
  queue.pop = () => {
    if (popping) return pop.call(queue); // for itself, when memory has changed
    popping = true;
    const head = pop.call(queue);
    popping = false;
    if (head < 0) return head;
    records.taken(head);
    if (resumed > 0) resumed--;
    else order?.add(head);
    return head;
  };
  queue.push = (head, written) => {
    push.call(queue, head, written); // which throws for a head that is not pending
    if (isOver()) return;
    if (order === undefined) batch.push(records.pushed(head));
    else order.complete(head, written);
  };
  queue.expose = () => {
    if (isOver()) return expose.call(queue);
    for (let head = order?.front() ?? -1; head >= 0; head = order!.front()) {
      order!.shift();
      batch.push(records.pushed(head));
    }
    if (batch.length > 0) records.giving(batch);
    expose.call(queue);
    if (batch.length > 0 && !isOver()) records.given(batch);
    batch.length = 0;
  };
  queue.stop = () => {
    stop.call(queue);
    stopped = true;
  };
}

/** The records of a queue; undefined when it can not be recorded. */
function recordsOf(
  queue: DeviceQueue,
  bytes: Uint8Array,
  layout: QueueLayout,
  memory: GuestMemory,
): RingRecords | undefined {
  const position = queue.position();
  if (queue.format === "packed") {
    const records = new PackedRecords(bytes, queue, layout, memory);
    return records.begin(position) ? records : undefined;
  }
  const records = new SplitRecords(bytes, queue.size);
  records.recover(position.used);
  return records;
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

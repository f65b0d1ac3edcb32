/**
 * Queues: what both ends of both ring formats look like from outside, and how they are made.
 *
 * @module
 */

import type { Arena } from "./arena.ts";
import type { Chain } from "./chain.ts";
import type { PeerError } from "./errors.ts";
import type { GuestMemory } from "./memory.ts";
import { PackedDeviceQueue } from "./packed_device.ts";
import { PackedDriverQueue } from "./packed_driver.ts";
import { legacyAreas, ringSizes } from "./ring_sizes.ts";
import { SplitDeviceQueue } from "./split_device.ts";
import { SplitDriverQueue } from "./split_driver.ts";

export { type AreaSize, ringSizes } from "./ring_sizes.ts";

/** The two ring formats: split (VIRTIO 1.4, 2.7) and packed (VIRTIO 1.4, 2.8). */
export type QueueFormat = "split" | "packed";

/** Where a queue lies in guest memory, as plain data. */
export interface QueueLayout {
  /** Index of the queue, 0 to 65535. */
  readonly index: number;
  /** Entries, 1 to 32768; in the split format a power of two. */
  readonly size: number;
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Guest address of the descriptor area. */
  readonly desc: number;
  /** Guest address of the driver area: the available ring, or the driver event suppression. */
  readonly driver: number;
  /** Guest address of the device area: the used ring, or the device event suppression. */
  readonly device: number;
}

/**
 * What a used length is worth to a driver: the bytes that the device wrote, where more than the buffer
 * holds is a lie; at most those, where more than the buffer holds stands for all of it; or nothing, and
 * all of the buffer counts (VIRTIO 1.4, 2.7.8.1).
 */
export type UsedLengths = "exact" | "bound" | "ignored";

/** What was negotiated about the rings, as plain data. */
export interface QueueFeatures {
  /** VIRTIO_F_EVENT_IDX: notifications are asked for by position. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_INDIRECT_DESC: descriptors may refer to tables of descriptors. */
  readonly indirect: boolean;
  /** VIRTIO_F_IN_ORDER: buffers are used in the order in which they were made available. */
  readonly inOrder: boolean;
  /** VIRTIO_F_NOTIFICATION_DATA: a kick carries the driver's position. */
  readonly notificationData: boolean;
  /** Driver only: what used lengths are worth; exact when not given. */
  readonly lengths?: UsedLengths;
}

/** One element of a buffer. */
export interface BufferElement {
  /** Guest address of the first byte. */
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  /** Whether the device writes it; otherwise the device reads it. */
  readonly writable: boolean;
}

/** A buffer that the device has taken and not yet given back. */
export interface InflightBuffer {
  /** Head in the split ring, buffer id in the packed ring. */
  readonly id: number;
  /** Descriptors that it occupies in the ring. */
  readonly descriptors: number;
  /** Its elements, in order. */
  readonly elements: readonly BufferElement[];
  /** In-order queues: bytes written, when it is complete and waits for an older one. */
  readonly written?: number;
}

/** Where a device stands in a queue: plain data from which another agent, or a later one, resumes. */
export interface QueuePosition {
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Where the next available buffer is read: an index, or an offset with the wrap counter in bit 15. */
  readonly avail: number;
  /** Where the next used buffer is written, in the same form. */
  readonly used: number;
  /** Buffers taken and not given back, in-order queues: oldest first; they are popped again after resuming. */
  readonly inflight: readonly InflightBuffer[];
}

/** A buffer that the driver has added and not yet collected. */
export interface PendingBuffer {
  /** Head in the split ring, buffer id in the packed ring. */
  readonly id: number;
  /** Split ring: its descriptors' indices, head first; packed ring: how many they are. */
  readonly descriptors: number | readonly number[];
  /** Bytes that the device may write. */
  readonly writableLength: number;
}

/** Where a driver stands in a queue: plain data from which another agent, or a later one, resumes. */
export interface DriverPosition {
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Where the next available buffer is written: an index, or an offset with the wrap counter in bit 15. */
  readonly avail: number;
  /** Where the next used buffer is read, in the same form. */
  readonly used: number;
  /** Split ring: the descriptor that the next buffer starts with. */
  readonly next?: number;
  /** In-order queues: how many buffers of a batch are to be collected still, and the used length of its last. */
  readonly batch?: { readonly count: number; readonly length: number };
  /** Buffers published and not collected; in-order queues: oldest first. */
  readonly pending: readonly PendingBuffer[];
}

/** The device's end of a queue. A lie of the driver never throws: it breaks the queue. */
export interface DeviceQueue {
  /** Index of the queue. */
  readonly index: number;
  /** Entries of the ring. */
  readonly size: number;
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Buffers popped and not yet pushed. */
  readonly pending: number;
  /** Buffers given back so far, modulo 2^31; counted when asked for. */
  readonly completed: number;
  /** Whether the next pop would take a buffer, or find something wrong. */
  readonly waiting: boolean;
  /** What broke the queue; nothing is popped or published from then on. */
  readonly broken: PeerError | undefined;
  /** Called by {@linkcode DeviceQueue.publish} when the driver is to be notified. */
  onNotify: () => void;
  /** Called once, when the queue breaks. */
  onBroken: (error: PeerError) => void;
  /** Heads of buffers that were taken and not begun, oldest first: in a position they come behind the others. */
  heldBack: () => readonly number[];
  /** Takes the next available buffer: its head (split) or slot (packed), 0 to size - 1; -1 when there is none. */
  pop(): number;
  /** The buffer of that head, valid until it is pushed. */
  chain(head: number): Chain;
  /**
   * Gives a buffer back, of whose writable part the first `written` bytes were written.
   * TypeError when the head is not pending (a second time, say), RangeError when `written` exceeds the writable part.
   * After the queue broke or stopped, nothing is given back and nothing thrown.
   */
  push(head: number, written: number): void;
  /** Makes all pushed buffers visible, and notifies nobody: to be followed by a publish soon. */
  expose(): void;
  /** Makes all pushed buffers visible, then notifies the driver if it wants that. */
  publish(): void;
  /** Asks the driver for no notifications. */
  suppress(): void;
  /** Asks for a notification and looks again: true when nothing waits, false when there is more to pop. */
  arm(): boolean;
  /** Ends the use of the ring, as for a reset: pending buffers become unusable, their memory is not touched again. */
  stop(): void;
  /**
   * Makes all pushed buffers visible and says where the queue stands. Who resumes there considers a notification at its
   * first publish, whether or not something was pushed.
   */
  position(): QueuePosition;
}

/** The driver's end of a queue. A lie of the device never throws: it breaks the queue. */
export interface DriverQueue {
  /** Index of the queue. */
  readonly index: number;
  /** Entries of the ring. */
  readonly size: number;
  /** Format of the ring. */
  readonly format: QueueFormat;
  /** Descriptors that are free: a buffer takes one for each element, or a single one when indirect. */
  readonly free: number;
  /** Buffers added and not yet collected. */
  readonly pending: number;
  /** After {@linkcode DriverQueue.collect}: bytes that the device wrote, never more than the writable part has. */
  readonly usedLength: number;
  /** What broke the queue; nothing is added or collected from then on. */
  readonly broken: PeerError | undefined;
  /** Called by {@linkcode DriverQueue.kick} when the device is to be notified. */
  onKick: () => void;
  /** Called once, when the queue breaks. */
  onBroken: (error: PeerError) => void;
  /** Stages an element that the device reads; TypeError after a writable one, RangeError when it is empty. */
  readable(address: number, length: number): void;
  /** Stages an element that the device writes; RangeError when it is empty. */
  writable(address: number, length: number): void;
  /**
   * Turns the staged elements into a buffer and returns its head (split) or id (packed), 0 to size - 1; -1 when there
   * is no room. Either way nothing is staged afterwards. TypeError when nothing was staged, RangeError when there are
   * more elements than the ring has entries.
   */
  add(): number;
  /** Makes all added buffers visible. */
  publish(): void;
  /** Publishes, then notifies the device if it wants that. */
  kick(): void;
  /** What a kick carries under VIRTIO_F_NOTIFICATION_DATA: queue index, next offset, next wrap (VIRTIO 1.4, 2.9). */
  notificationData(): number;
  /** Takes the next used buffer: its head or id, or -1 when there is none. */
  collect(): number;
  /** Asks the device for no notifications. */
  suppress(): void;
  /** Asks for a notification and looks again: true when nothing waits, false when there is more to collect. */
  arm(): boolean;
  /** Ends the use of the ring, once the device has reset it, and gives indirect tables back to the arena. */
  stop(): void;
  /**
   * Publishes and says where the queue stands; who resumes there considers a notification at its first kick. To go on
   * elsewhere, leave this end as it is: stopping it would give indirect tables back that the device may still read.
   */
  position(): DriverPosition;
}

/** Choices of the device's end. */
export interface DeviceQueueOptions {
  /** Bytes of private memory for each buffer's fixed part: 64 when not given. */
  readonly fixedSize?: number;
  /** Where to resume; the beginning when not given. RangeError or TypeError when it makes no sense. */
  readonly position?: QueuePosition;
}

/** Choices of the driver's end. */
export interface DriverQueueOptions {
  /** Where indirect tables are allocated; without it, or when it is full, buffers use direct descriptors. */
  readonly arena?: Arena;
  /** Where to resume; the beginning when not given. RangeError or TypeError when it makes no sense. */
  readonly position?: DriverPosition;
}

/**
 * Allocates the memory of a queue and fills it with zeroes, for a legacy interface in one piece of that
 * alignment; RangeError when the arena is full.
 */
export function allocateQueue(
  arena: Arena,
  index: number,
  size: number,
  format: QueueFormat,
  legacyAlign?: number,
): QueueLayout {
  const place = (bytes: number, align: number) => {
    const buffer = arena.allocate(bytes, align);
    buffer.bytes.fill(0);
    return buffer.address;
  };
  if (legacyAlign !== undefined) {
    const desc = place(legacyAreas(0, size, legacyAlign).end, legacyAlign);
    const { driver, device } = legacyAreas(desc, size, legacyAlign);
    return { index, size, format, desc, driver, device };
  }
  const sizes = ringSizes(format, size);
  const [desc, driver, device] = [sizes.desc, sizes.driver, sizes.device].map((area) =>
    place(roomOf(area.size), AREA_ALIGN)
  );
  return { index, size, format, desc: desc!, driver: driver!, device: device! };
}

/** Gives the memory of a queue back that {@linkcode allocateQueue} took, with the same alignment. */
export function freeQueue(arena: Arena, layout: QueueLayout, legacyAlign?: number): void {
  const free = (address: number, size: number) =>
    arena.free({ address, bytes: arena.memory.view(address, size)! });
  const { desc, size, format } = layout;
  if (legacyAlign !== undefined) {
    return free(desc, legacyAreas(desc, size, legacyAlign).end - desc);
  }
  const sizes = ringSizes(format, size);
  for (const area of ["desc", "driver", "device"] as const) {
    free(layout[area], roomOf(sizes[area].size));
  }
}

/** Areas that the two sides write to start on cache lines of their own. */
const AREA_ALIGN = 64;

function roomOf(size: number): number {
  return Math.ceil(size / AREA_ALIGN) * AREA_ALIGN;
}

/** The device's end of a queue; RangeError when size, alignment or place of its areas is not possible. */
export function createDeviceQueue(
  memory: GuestMemory,
  layout: QueueLayout,
  features: QueueFeatures,
  options: DeviceQueueOptions = {},
): DeviceQueue {
  checkLayout(memory, layout);
  const Queue = layout.format === "packed" ? PackedDeviceQueue : SplitDeviceQueue;
  return new Queue(memory, layout, features, options);
}

/** The driver's end of a queue over zeroed areas; RangeError as for {@linkcode createDeviceQueue}. */
export function createDriverQueue(
  memory: GuestMemory,
  layout: QueueLayout,
  features: QueueFeatures,
  options: DriverQueueOptions = {},
): DriverQueue {
  checkLayout(memory, layout);
  const Queue = layout.format === "packed" ? PackedDriverQueue : SplitDriverQueue;
  return new Queue(memory, layout, features, options);
}

function checkLayout(memory: GuestMemory, layout: QueueLayout): void {
  const what = `Cannot make queue ${layout.index}`;
  if (!Number.isInteger(layout.index) || layout.index < 0 || layout.index > 0xffff) {
    throw new RangeError(`${what}: the index is not 0 to 65535`);
  }
  const sizes = ringSizes(layout.format, layout.size);
  for (const area of ["desc", "driver", "device"] as const) {
    const { size, align } = sizes[area];
    const address = layout[area];
    if (address % align !== 0) {
      throw new RangeError(`${what}: ${area} area at ${address} is not at a multiple of ${align}`);
    }
    const view = memory.view(address, size);
    if (view === undefined) {
      throw new RangeError(`${what}: ${area} area at ${address} is not inside a region`);
    }
    if (view.byteOffset % Math.min(align, 4) !== 0) {
      throw new RangeError(`${what}: ${area} area lies at odd bytes of its ArrayBuffer`);
    }
  }
}

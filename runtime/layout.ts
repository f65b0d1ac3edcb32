/**
 * Constants of both ring formats under short names, from the description of the rings (VIRTIO 1.4,
 * 2.7 and 2.8).
 *
 * @module
 */

import {
  AvailableFlag,
  DescriptorFlag,
  EventFlags,
  UsedFlag,
  VIRTQ_DESC_SIZE,
  VIRTQUEUE_MAX_SIZE,
} from "../generated/layout/rings.ts";

/** The buffer goes on in another descriptor (VIRTIO 1.4, 2.7.5). */
export const DESC_F_NEXT: number = DescriptorFlag.NEXT;
/** The device writes this element; otherwise it reads it (VIRTIO 1.4, 2.7.5). */
export const DESC_F_WRITE: number = DescriptorFlag.WRITE;
/** The element holds a table of descriptors (VIRTIO 1.4, 2.7.5.3). */
export const DESC_F_INDIRECT: number = DescriptorFlag.INDIRECT;
/** Packed ring: equals the driver's wrap counter once available (VIRTIO 1.4, 2.8.1). */
export const DESC_F_AVAIL: number = DescriptorFlag.AVAIL;
/** Packed ring: equals the device's wrap counter once used (VIRTIO 1.4, 2.8.1). */
export const DESC_F_USED: number = DescriptorFlag.USED;

/** The driver asks for no used buffer notification (VIRTIO 1.4, 2.7.7). */
export const AVAIL_F_NO_INTERRUPT: number = AvailableFlag.NO_INTERRUPT;
/** The device asks for no available buffer notification (VIRTIO 1.4, 2.7.10). */
export const USED_F_NO_NOTIFY: number = UsedFlag.NO_NOTIFY;

/** Packed ring: send every event (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_ENABLE: number = EventFlags.ENABLE;
/** Packed ring: send no event (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_DISABLE: number = EventFlags.DISABLE;
/** Packed ring: send an event when one given descriptor is reached (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_DESC: number = EventFlags.DESC;

/** Bytes of one descriptor, in both formats. */
export const DESCRIPTOR_BYTES: number = VIRTQ_DESC_SIZE;
/** Most entries of a queue (VIRTIO 1.4, 2.7 and 2.8). */
export const QUEUE_SIZE_MAX: number = VIRTQUEUE_MAX_SIZE;
/** Most bytes of one buffer, all its elements together (VIRTIO 1.4, 2.7.5.2). */
export const BUFFER_BYTES_MAX = 2 ** 32;

/** Constants of both ring formats (VIRTIO 1.4, 2.7 and 2.8). @module */

/** The buffer goes on in another descriptor (VIRTIO 1.4, 2.7.5). */
export const DESC_F_NEXT = 1;
/** The device writes this element; otherwise it reads it (VIRTIO 1.4, 2.7.5). */
export const DESC_F_WRITE = 2;
/** The element holds a table of descriptors (VIRTIO 1.4, 2.7.5.3). */
export const DESC_F_INDIRECT = 4;
/** Packed ring: equals the driver's wrap counter once available (VIRTIO 1.4, 2.8.1). */
export const DESC_F_AVAIL = 1 << 7;
/** Packed ring: equals the device's wrap counter once used (VIRTIO 1.4, 2.8.1). */
export const DESC_F_USED = 1 << 15;

/** The driver asks for no used buffer notification (VIRTIO 1.4, 2.7.7). */
export const AVAIL_F_NO_INTERRUPT = 1;
/** The device asks for no available buffer notification (VIRTIO 1.4, 2.7.10). */
export const USED_F_NO_NOTIFY = 1;

/** Packed ring: send every event (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_ENABLE = 0;
/** Packed ring: send no event (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_DISABLE = 1;
/** Packed ring: send an event when one given descriptor is reached (VIRTIO 1.4, 2.8.10). */
export const RING_EVENT_FLAGS_DESC = 2;

/** Bytes of one descriptor, in both formats. */
export const DESCRIPTOR_BYTES = 16;
/** Most entries of a queue (VIRTIO 1.4, 2.7 and 2.8). */
export const QUEUE_SIZE_MAX = 32768;
/** Most bytes of one buffer, all its elements together (VIRTIO 1.4, 2.7.5.2). */
export const BUFFER_BYTES_MAX = 2 ** 32;

/**
 * What a driver and a device see of the bus between them.
 *
 * @module
 */

import type { Arena } from "./arena.ts";
import type { TransportError } from "./errors.ts";
import type { GuestMemory } from "./memory.ts";
import type { QueueLayout } from "./queue.ts";

/** What a transport can carry; it masks the features that both sides see. */
export interface Facilities {
  /** Name for messages, such as `"mmio"`. */
  readonly name: string;
  /** How many feature bits fit: 32, 64 or 128. */
  readonly featureBits: number;
  /** A queue can be reset alone (VIRTIO_F_RING_RESET). */
  readonly queueReset: boolean;
  /** Shared memory regions can be found (VIRTIO 1.4, 2.10). */
  readonly sharedMemory: boolean;
  /** Administration queues can be found (VIRTIO_F_ADMIN_VQ). */
  readonly adminQueue: boolean;
  /** Kicks carry 32 bits (VIRTIO_F_NOTIFICATION_DATA). */
  readonly notificationData: boolean;
  /** The status field has SUSPEND (VIRTIO_F_SUSPEND). */
  readonly suspend: boolean;
  /** There is a generation to read; without it, one read of the configuration is atomic. */
  readonly configGeneration: boolean;
}

/** Memory of the device that the driver can reach (VIRTIO 1.4, 2.10). */
export interface SharedMemory {
  /** Id of the region, as the device type defines it. */
  readonly id: number;
  /** The bytes, where they can be had in this process. */
  readonly bytes?: Uint8Array;
  /** Address of the first byte as the driver sees it. */
  readonly address: number;
  /** Bytes in the region. */
  readonly length: number;
}

/** Memory that a device shares, before it has the id of its region. */
export type SharedRegion = Omit<SharedMemory, "id">;

/** Where the administration queues of a device are (VIRTIO 1.4, 2.13). */
export interface AdminQueues {
  /** Index of the first, behind all other queues. */
  readonly index: number;
  /** How many there are; 0 unless VIRTIO_F_ADMIN_VQ is negotiated. */
  readonly count: number;
}

/** How queues lie over a legacy interface: each in one piece (VIRTIO 1.4, 2.7.2). */
export interface LegacyQueues {
  /** The piece and the used ring in it start at multiples of this. */
  readonly align: number;
  /** The driver takes the size that the device names. */
  readonly fixedSize: boolean;
}

/** Fields that follow each other: the bytes of each, and how many there are of that width. */
export type ConfigFields = readonly (readonly [width: number, count: number])[];

/** The driver's end of any bus. What cannot be carried rejects with a TransportError. */
export interface Transport {
  /** What this transport can carry. */
  readonly facilities: Facilities;
  /** Device id that was found (VIRTIO 1.4, 5); undefined on a bus that does not tell. */
  readonly deviceId: number | undefined;
  /** The memory that the device can reach. */
  readonly memory: GuestMemory;
  /** The part of that memory which the driver may allocate from. */
  readonly arena: Arena;
  /** Legacy interfaces alone: how queues lie. */
  readonly legacyQueues?: LegacyQueues;
  /** Reads the device status field. */
  getStatus(): Promise<number>;
  /** Writes the device status field; 0 asks for a reset, which is complete once 0 is read. */
  setStatus(status: number): Promise<void>;
  /** Reads the features that the device offers. */
  getFeatures(): Promise<bigint>;
  /** Writes the features that the driver accepts. */
  setFeatures(features: bigint): Promise<void>;
  /** The largest size of a queue, in descriptors; 0 when there is no such queue. */
  queueSizeMax(index: number): Promise<number>;
  /** Finds the administration queues, once they are negotiated; there where the facilities say so. */
  adminQueues?(): Promise<AdminQueues>;
  /** Tells the device where a queue lies, and enables it. */
  enableQueue(layout: QueueLayout): Promise<void>;
  /** Resets one queue; settles once the device has let go of it (VIRTIO 1.4, 2.6.1). */
  resetQueue(index: number): Promise<void>;
  /** The fields of the configuration space, for buses whose accesses have their widths (VIRTIO 1.4, 4.1.3.1). */
  configFields?: ConfigFields;
  /** Reads configuration space; bytes past its end are undefined. */
  readConfig(offset: number, length: number): Promise<Uint8Array>;
  /** Writes configuration space. */
  writeConfig(offset: number, bytes: Uint8Array): Promise<void>;
  /** Reads the generation of the configuration space. */
  configGeneration(): Promise<number>;
  /** Finds a shared memory region. */
  sharedMemory(id: number): Promise<SharedMemory | undefined>;
  /** Kicks: tells the device that a queue has buffers. `data` is the index, or 32 bits of position. */
  notify(index: number, data: number): void;
  /** Called when the device has used buffers of a queue. */
  onQueueNotify: (index: number) => void;
  /** Called when the configuration or the status changed. */
  onConfigNotify: () => void;
  /** Called once when the way to the device is lost. */
  onLost: (error: TransportError) => void;
  /** Lets go of the device; nothing is called back afterwards. */
  close(): Promise<void>;
}

/** What a device needs from its end of a bus. */
export interface DeviceBinding {
  /** The memory that the driver lends. */
  readonly memory: GuestMemory;
  /** What the transport can carry. */
  readonly facilities: Facilities;
  /** Whether the device may access that memory now; always when not given. */
  readonly mayAccess?: () => boolean;
  /** Tells the driver that buffers of a queue were used. */
  notifyQueue(index: number): void;
  /** Tells the driver that the configuration or the status changed. */
  notifyConfig(): void;
}

/**
 * What a user implements so that drivers run on a machine of his: access to registers and memory. What
 * he gets is a transport, of which he calls a method when the device interrupts.
 *
 * @module
 */

import type { Arena } from "../arena.ts";
import type { GuestMemory } from "../memory.ts";
import type { AdminQueues, Transport } from "../transport.ts";
import type { ChannelCommand, ChannelStatus } from "./ccw_channel.ts";
import type { BarLayout } from "./pci_config.ts";

/** Bytes of one register access. */
export type AccessSize = 1 | 2 | 4;

/**
 * Access to a range of registers, little-endian. Each access may be at once or a promise; one that
 * throws or rejects means that the device is lost. Accesses must take effect in the order of the
 * calls, but a call may come before the promise of the last one settled.
 */
export interface RegisterAccess {
  /** Reads a register as an unsigned number. */
  read(offset: number, size: AccessSize): number | Promise<number>;
  /** Writes a register. */
  write(offset: number, size: AccessSize, value: number): void | Promise<void>;
}

/** A machine with memory that the device can reach. */
export interface Machine {
  /** The memory that the device can reach. */
  readonly memory: GuestMemory;
  /** The part of it that the driver may allocate from; all of its first region when not given. */
  readonly arena?: Arena;
  /** The bytes of device memory at an address, where this process can have them; for shared memory regions. */
  readonly map?: (address: number, length: number) => Uint8Array | undefined;
}

/** A machine with a virtio device behind MMIO registers. */
export interface MmioMachine extends Machine {
  /** The registers; their offsets are from the device's base address. */
  readonly registers: RegisterAccess;
}

/** One base address range of a PCI function, as the machine reaches it. */
export interface BarAccess extends RegisterAccess {
  /** Where the range lies, as the driver sees it; needed for shared memory regions alone. */
  readonly address?: number;
}

/** Where a message-signalled interrupt is written, and what. */
export interface MessageVector {
  /** Address of the write. */
  readonly address: number;
  /** The 32 bits that are written. */
  readonly data: number;
}

/** A machine with a virtio device behind a PCI function, whose base addresses are set. */
export interface PciMachine extends Machine {
  /** The function's configuration space, of which 4096 bytes are read if the device offers VIRTIO_F_SR_IOV. */
  readonly config: RegisterAccess;
  /** A base address range, 0 to 5; undefined where it is not mapped: then the device's own window is used. */
  bar(index: number): BarAccess | undefined;
  /** Messages that the machine can tell apart, two at least; without them the interrupt pin is used. */
  readonly vectors?: readonly MessageVector[];
}

/** A machine with a virtio device behind a subchannel. */
export interface CcwMachine extends Machine {
  /** Carries out one channel command on the subchannel. */
  start(command: ChannelCommand): ChannelStatus | Promise<ChannelStatus>;
  /** Diagnose 0x500 with subcode 3 for the subchannel, and this notification data. */
  notify(data: number): void | Promise<void>;
  /** Interruption subclass of adapter interrupts; without it queues interrupt through the subchannel. */
  readonly adapterSubclass?: number;
}

/** The driver's end of a bus, for a machine that can lose the device. */
export interface MachineTransport extends Transport {
  /** To be called when the device was unplugged, or the way to it is known to be gone. */
  unplugged(cause?: unknown): void;
}

/** The driver's end of MMIO. */
export interface MmioTransport extends MachineTransport {
  /** To be called when the device's interrupt line rises: finds out why, acknowledges and delivers. */
  interrupt(): Promise<void>;
}

/** The virtual functions that a PCI function can have, off until they are enabled (PCI Express, 9.3.3). */
export interface VirtualFunctions {
  /** How many there can be (`TotalVFs`). */
  readonly total: number;
  /** The ranges that each of them has; not to be asked while any is there. */
  findBars(): Promise<BarLayout[]>;
  /** Gives a range of the first of them its address, behind which those of the others follow one by one. */
  placeBar(bar: BarLayout, address: number): Promise<void>;
  /**
   * Enables functions 1 to `count`, whose ranges have addresses by then; settles once they can be used, 100
   * milliseconds later.
   * RangeError for more than there can be, TransportError while some are there or when the device refuses.
   */
  enable(count: number): Promise<void>;
  /** Takes all of them away; settles once they can be enabled again, a second later. */
  disable(): Promise<void>;
  /** What function `number` adds to the routing id of its owner; RangeError when there can be no such one. */
  routingOffset(number: number): Promise<number>;
  /** The configuration space of one of them, with the ids that only its owner knows, as {@linkcode findPci} needs it. */
  config(registers: RegisterAccess): RegisterAccess;
}

/** The driver's end of PCI. */
export interface PciTransport extends MachineTransport {
  /** To be called when the function's interrupt pin is raised: finds out why, and delivers. */
  interrupt(): Promise<void>;
  /** To be called when a message arrives: its place among the machine's vectors. */
  message(vector: number): void;
  /** The administration queues, once VIRTIO_F_ADMIN_VQ is negotiated (VIRTIO 1.4, 2.13). */
  adminQueues(): Promise<AdminQueues>;
  /** The virtual functions, from when VIRTIO_F_SR_IOV is negotiated on (VIRTIO 1.4, 6.1); undefined when there can be none. */
  readonly functions: VirtualFunctions | undefined;
}

/** The driver's end of channel I/O. */
export interface CcwTransport extends MachineTransport {
  /** To be called when the subchannel's I/O interrupt was unsolicited: looks into the indicators. */
  interrupt(): void;
  /** To be called on an adapter interrupt of the machine's subclass. */
  adapterInterrupt(): void;
}

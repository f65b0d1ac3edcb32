/** Both ends of each transport against each other, in one process, for the shared suite. @module */

import type { Device } from "../device.ts";
import { GuestMemory } from "../memory.ts";
import type { TransportName } from "../../spec/transports/facilities.ts";
import type { AccessSize, RegisterAccess } from "./bus.ts";
import type { BusTransport } from "./driver_core.ts";
import { MmioDevice } from "./mmio_device.ts";
import { findMmio } from "./mmio_driver.ts";

const MEMORY_ADDRESS = 0x8000_0000;
const MEMORY_SIZE = 4 << 20;

/** A device and the driver's end of a bus to it. */
export interface Link {
  readonly transport: BusTransport;
  /** Takes the device away under the driver. */
  unplug(): void;
  save(): unknown;
  /** The device's end exchanged for that of another device, which becomes what was saved. */
  restore(device: Device, snapshot: unknown): void;
}

/** One way to connect the two ends. */
export interface Rig {
  readonly name: string;
  /** The transport's row in the table of facilities. */
  readonly carries: TransportName;
  /** Whether the tests of all generated devices run over it as well. */
  readonly wholeDevices: boolean;
  connect(device: Device): Promise<Link>;
}

/** What all register files of devices can do. */
interface File {
  close(): void;
  save(): unknown;
  restore(snapshot: unknown): void;
}

/** Guest memory for one machine. */
export function machineMemory(): GuestMemory {
  return GuestMemory.of(new ArrayBuffer(MEMORY_SIZE), MEMORY_ADDRESS);
}

/** A register file as a user's machine reaches it: at once, or through something that takes its time. */
export function access(
  file: () => {
    read(offset: number, size: number): number;
    write(offset: number, size: number, value: number): void;
  },
  late: boolean,
): RegisterAccess {
  const read = (offset: number, size: AccessSize) => file().read(offset, size);
  const write = (offset: number, size: AccessSize, value: number) =>
    file().write(offset, size, value);
  if (!late) return { read, write };
  return {
    read: (...args) => new Promise((resolve) => queueMicrotask(() => resolve(read(...args)))),
    write: (...args) => new Promise((resolve) => queueMicrotask(() => resolve(write(...args)))),
  };
}

/** An interrupt line: each rise is handled in a microtask to come. */
class Line {
  handler: () => unknown = () => {};

  readonly set = (level: boolean): void => {
    if (level) queueMicrotask(() => this.handler());
  };
}

/** The parts of a link that do not depend on the transport. */
export function link<F extends File>(
  transport: BusTransport,
  slot: { file: F },
  make: (device: Device) => F,
): Link {
  return {
    transport,
    unplug: () => {
      slot.file.close();
      transport.unplugged();
    },
    save: () => slot.file.save(),
    restore: (device, snapshot) => {
      slot.file.close();
      slot.file = make(device);
      slot.file.restore(snapshot);
    },
  };
}

function mmio(late: boolean): Rig {
  return {
    name: late ? "mmio, asynchronous" : "mmio",
    carries: "mmio",
    wholeDevices: !late,
    connect: async (device) => {
      const memory = machineMemory();
      const line = new Line();
      const make = (device: Device) => new MmioDevice(device, { memory, interrupt: line.set });
      const slot = { file: make(device) };
      const registers = access(() => slot.file, late);
      const map = (address: number, length: number) => sharedBytes(device, address, length);
      const transport = (await findMmio({ registers, memory, map }))!;
      line.handler = () => transport.interrupt();
      return link(transport, slot, make);
    },
  };
}

function sharedBytes(device: Device, address: number, length: number): Uint8Array | undefined {
  for (let id = 0; id < 256; id++) {
    const region = device.sharedMemory(id);
    if (region?.address === address && region.length === length) return region.bytes;
  }
  return undefined;
}

/** All ways to connect a driver and a device. */
export const RIGS: readonly Rig[] = [mmio(false), mmio(true)];

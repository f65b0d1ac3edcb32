/** Both ends of each transport against each other, in one process, for the shared suite. @module */

import type { Device } from "../device.ts";
import { GuestMemory } from "../memory.ts";
import type { TransportName } from "../../spec/transports/facilities.ts";
import type { AccessSize, MachineTransport, PciMachine, RegisterAccess } from "./bus.ts";
import { CcwDevice } from "./ccw_device.ts";
import { findCcw } from "./ccw_driver.ts";
import { MmioDevice } from "./mmio_device.ts";
import { findMmio } from "./mmio_driver.ts";
import { MmioLegacyDevice } from "./mmio_legacy_device.ts";
import { findBars, placeBar } from "./pci_bars.ts";
import { PciDevice } from "./pci_device.ts";
import type { PciBar } from "./pci_device_options.ts";
import { findPci } from "./pci_driver.ts";
import { findLegacyPci } from "./pci_legacy_driver.ts";

const MEMORY_ADDRESS = 0x8000_0000;
const MEMORY_SIZE = 4 << 20;

/** A device and the driver's end of a bus to it. */
export interface Link {
  readonly transport: MachineTransport;
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

/** The configuration space of a function as its driver reaches it, at once. */
export function configOf(file: PciDevice): Pick<PciBar, "read" | "write"> {
  return {
    read: (offset, size) => file.readConfig(offset, size),
    write: (offset, size, value) => file.writeConfig(offset, size, value),
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
  transport: MachineTransport,
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

function mmio(name: string, late: boolean, legacy: boolean): Rig {
  const File = legacy ? MmioLegacyDevice : MmioDevice;
  return {
    name,
    carries: legacy ? "mmio-legacy" : "mmio",
    wholeDevices: name === "mmio",
    connect: async (device) => {
      const memory = machineMemory();
      const line = new Line();
      const make = (device: Device) => new File(device, { memory, interrupt: line.set });
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

/** How a PCI rig differs from another. */
interface PciKind {
  readonly name: string;
  readonly late?: boolean;
  readonly vectors?: number;
  readonly io?: boolean;
  /** Reaches ranges through the window of the configuration space alone. */
  readonly window?: boolean;
  readonly wholeDevices?: boolean;
  readonly legacy?: boolean;
}

const BARS_ADDRESS = 0xe000_0000;
const MESSAGE_ADDRESS = 0xfee0_0000;

function pci(kind: PciKind): Rig {
  const { name, late = false, vectors = 0, io = false, window = false, legacy = false } = kind;
  return {
    name,
    carries: legacy ? "pci-legacy" : "pci",
    wholeDevices: kind.wholeDevices ?? false,
    connect: async (device) => {
      const memory = machineMemory();
      const line = new Line();
      const messages = new Messages();
      const make = (device: Device) =>
        new PciDevice(device, {
          memory,
          interrupt: line.set,
          ...(vectors > 0 ? { message: messages.send } : {}),
          io,
          transitional: legacy,
        });
      const slot = { file: make(device) };
      const config = access(() => configOf(slot.file), late);
      for (const bar of await findBars(config)) {
        await placeBar(
          config,
          bar,
          bar.kind === "io" ? 0xc000 + bar.index * 0x400 : BARS_ADDRESS + bar.index * 0x10_0000,
        );
      }
      const file = (index: number) => slot.file.bars.find((bar) => bar.index === index);
      const machine: PciMachine = {
        memory,
        config,
        bar: (index) => {
          const bar = file(index);
          if (bar === undefined || window && index === 4) return undefined;
          return { ...access(() => file(index)!, late), address: bar.address! };
        },
        map: (address) => pciBytes(device, address),
        vectors: Array.from({ length: vectors }, (_, data) => ({ address: MESSAGE_ADDRESS, data })),
      };
      const transport = (await (legacy ? findLegacyPci(machine) : findPci(machine)))!;
      line.handler = () => transport.interrupt();
      messages.handler = (vector) => transport.message(vector);
      return link(transport, slot, make);
    },
  };
}

/** Delivers messages by their data. */
class Messages {
  handler: (vector: number) => void = () => {};

  readonly send = (address: number, data: number): void => {
    if (address !== MESSAGE_ADDRESS) throw new Error(`Cannot deliver a message to ${address}`);
    queueMicrotask(() => this.handler(data));
  };
}

/** The bytes at an address: regions of shared memory follow each other in pages of their own. */
function pciBytes(device: Device, address: number): Uint8Array | undefined {
  let at = BARS_ADDRESS + 2 * 0x10_0000;
  for (let id = 0; id < 256; id++) {
    const region = device.sharedMemory(id);
    if (region === undefined) continue;
    if (at === address) return region.bytes;
    at += Math.ceil(region.length / 4096) * 4096;
  }
  return undefined;
}

function ccw(name: string, adapter: boolean, late: boolean): Rig {
  return {
    name,
    carries: "ccw",
    wholeDevices: adapter,
    connect: async (device) => {
      const memory = machineMemory();
      const line = new Line();
      const adapterLine = new Line();
      const make = (device: Device) =>
        new CcwDevice(device, {
          memory,
          interrupt: () => line.set(true),
          ...(adapter ? { adapterInterrupt: () => adapterLine.set(true) } : {}),
        });
      const slot = { file: make(device) };
      const transport = await findCcw({
        memory,
        start: (command) =>
          late
            ? new Promise((resolve) => queueMicrotask(() => resolve(slot.file.execute(command))))
            : slot.file.execute(command),
        notify: (data) => slot.file.notify(data),
        adapterSubclass: 3,
      });
      line.handler = () => transport.interrupt();
      adapterLine.handler = () => transport.adapterInterrupt();
      return link(transport, slot, make);
    },
  };
}

/** All ways to connect a driver and a device. */
export const RIGS: readonly Rig[] = [
  mmio("mmio", false, false),
  mmio("mmio, asynchronous", true, false),
  mmio("mmio-legacy", false, true),
  pci({ name: "pci, messages", vectors: 3, wholeDevices: true }),
  pci({ name: "pci, interrupt pin" }),
  pci({ name: "pci, messages, asynchronous", vectors: 16, late: true }),
  pci({ name: "pci, I/O ports", io: true }),
  pci({ name: "pci, through the window", window: true, late: true }),
  pci({ name: "pci-legacy", legacy: true }),
  pci({ name: "pci-legacy, messages", legacy: true, vectors: 3 }),
  ccw("ccw, adapter indicators", true, false),
  ccw("ccw, classic indicators", false, true),
];

/** The device's ends of all transports, as a hostile guest reaches them. @module */

import { MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import { PCI_COMMON as C } from "../../generated/layout/pci.ts";
import type { Device } from "../device.ts";
import type { GuestMemory } from "../memory.ts";
import { MmioDevice } from "./mmio_device.ts";
import { PciDevice } from "./pci_device.ts";

/** The few things that bring a device to life, done as an honest driver would. */
export interface Steps {
  status(value: number): void;
  features(word: number, value: number): void;
  /** Enables a queue of that size, all areas around one address. */
  queue(index: number, size: number, address: number): void;
  notify(index: number): void;
}

/** Something that takes accesses. */
export interface Port {
  readonly size: number;
  read(offset: number, size: number): number;
  write(offset: number, size: number, value: number): void;
  readonly driver?: Steps;
}

/** A transport. */
export interface Plug {
  readonly name: string;
  connect(device: Device, memory: GuestMemory): { ports: readonly Port[]; close: () => void };
}

/** All transports. */
export const PLUGS: readonly Plug[] = [{
  name: "mmio",
  connect: (device, memory) => {
    const file = new MmioDevice(device, { memory, interrupt: () => {} });
    const put = (name: keyof typeof R, value: number) => file.write(R[name].offset, 4, value);
    const driver: Steps = {
      status: (value) => put("Status", value),
      features: (word, value) => {
        put("DriverFeaturesSel", word);
        put("DriverFeatures", value);
      },
      queue: (index, size, address) => {
        put("QueueSel", index);
        put("QueueSize", size);
        put("QueueDescLow", address);
        put("QueueDriverLow", address + 0x200);
        put("QueueDeviceLow", address + 0x400);
        put("QueueReady", 1);
      },
      notify: (index) => put("QueueNotify", index),
    };
    return { ports: [port(file, 0x120, driver)], close: () => file.close() };
  },
}, {
  name: "pci",
  connect: (device, memory) => {
    const file = new PciDevice(device, {
      memory,
      interrupt: () => {},
      message: () => {},
      vectors: 3,
    });
    const space = {
      read: (offset: number, size: number) => file.readConfig(offset, size),
      write: (offset: number, size: number, value: number) => file.writeConfig(offset, size, value),
    };
    const ports = file.bars.map((bar) =>
      port(bar, bar.index === 4 ? 0x120 : 64, bar.index === 4 ? pciSteps(bar) : undefined)
    );
    return { ports: [port(space, 256), ...ports], close: () => file.close() };
  },
}];

function pciSteps(bar: Pick<Port, "write">): Steps {
  const put = (name: keyof typeof C, value: number) =>
    bar.write(C[name].offset, Math.min(C[name].size, 4), value);
  return {
    status: (value) => put("deviceStatus", value),
    features: (word, value) => {
      put("driverFeatureSelect", word);
      put("driverFeature", value);
    },
    queue: (index, size, address) => {
      put("queueSelect", index);
      put("queueSize", size);
      put("queueMsixVector", 1);
      put("queueDesc", address);
      put("queueDriver", address + 0x200);
      put("queueDevice", address + 0x400);
      put("queueEnable", 1);
    },
    notify: (index) => bar.write(0x80, 2, index),
  };
}

function port(
  file: Pick<Port, "read" | "write">,
  size: number,
  driver?: Steps,
): Port {
  const read = (offset: number, bytes: number) => file.read(offset, bytes);
  const write = (offset: number, bytes: number, value: number) => file.write(offset, bytes, value);
  return driver === undefined ? { size, read, write } : { size, read, write, driver };
}

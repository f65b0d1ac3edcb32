/** The device's ends of all transports, as a hostile guest reaches them. @module */

import { MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import type { Device } from "../device.ts";
import type { GuestMemory } from "../memory.ts";
import { MmioDevice } from "./mmio_device.ts";

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
}];

function port(
  file: Pick<Port, "read" | "write">,
  size: number,
  driver?: Steps,
): Port {
  const read = (offset: number, bytes: number) => file.read(offset, bytes);
  const write = (offset: number, bytes: number, value: number) => file.write(offset, bytes, value);
  return driver === undefined ? { size, read, write } : { size, read, write, driver };
}

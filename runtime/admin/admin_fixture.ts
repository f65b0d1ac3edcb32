/** An owner of groups and its driver, with virtual functions that have drivers of their own. @module */

import type { Device } from "../device.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import type { RingOptions } from "../features.ts";
import { GuestMemory } from "../memory.ts";
import { loopback } from "../loopback.ts";
import type { Transport } from "../transport.ts";
import type { PciTransport } from "../transports/bus.ts";
import { findBars, placeBar } from "../transports/pci_bars.ts";
import { PciDevice } from "../transports/pci_device.ts";
import { findPci } from "../transports/pci_driver.ts";
import type { AdminDriver } from "./driver.ts";
import { GroupOwner, type GroupOwnerOptions } from "./owner.ts";

/** A PCI function in memory of its own, and the driver's end of it. */
export interface Function {
  readonly pci: PciDevice;
  readonly transport: PciTransport;
  readonly memory: GuestMemory;
}

/** Puts a device behind a PCI function, in given memory or memory of its own. */
export async function pciFunction(device: Device, memory = freshMemory()): Promise<Function> {
  const line: { handler: () => unknown } = { handler: () => {} };
  const interrupt = (level: boolean) => {
    if (level) queueMicrotask(() => line.handler());
  };
  const pci = new PciDevice(device, { memory, interrupt });
  const config = {
    read: (offset: number, size: number) => pci.readConfig(offset, size),
    write: (offset: number, size: number, value: number) => pci.writeConfig(offset, size, value),
  };
  for (const bar of await findBars(config)) {
    await placeBar(config, bar, 0xe000_0000 + bar.index * 0x10_0000);
  }
  const bar = (index: number) => {
    const found = pci.bars.find((one) => one.index === index);
    return found === undefined ? undefined : {
      read: (offset: number, size: number) => found.read(offset, size),
      write: (offset: number, size: number, value: number) => found.write(offset, size, value),
    };
  };
  const transport = (await findPci({ memory, config, bar }))!;
  line.handler = () => transport.interrupt();
  return { pci, transport, memory };
}

/** Guest memory for one function. */
export function freshMemory(): GuestMemory {
  return GuestMemory.of(new ArrayBuffer(4 << 20), 0x8000_0000);
}

/** The buses that carry administration queues. */
export const BUSES = ["loopback", "pci"] as const;

/** An owner whose driver has begun. */
export interface Scene extends AsyncDisposable {
  readonly device: EchoDevice;
  readonly owner: GroupOwner;
  readonly transport: Transport;
  readonly driver: EchoDriver;
  readonly admin: AdminDriver;
}

/** An owner over one bus, with its driver. */
export async function scene(
  bus: typeof BUSES[number],
  options: GroupOwnerOptions = {},
  ring: RingOptions = {},
): Promise<Scene> {
  const device = new EchoDevice();
  const owner = new GroupOwner(options);
  device.own(owner);
  const transport = bus === "loopback" ? loopback(device) : (await pciFunction(device)).transport;
  const driver = await EchoDriver.open(transport, ring);
  const admin = driver.admin!;
  return { device, owner, transport, driver, admin, [Symbol.asyncDispose]: () => driver.close() };
}

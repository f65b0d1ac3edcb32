/** An owner of groups and its driver, with virtual functions that have drivers of their own. @module */

import type { Device } from "../device.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import type { RingOptions } from "../features.ts";
import { GuestMemory } from "../memory.ts";
import { loopback } from "../loopback.ts";
import { until } from "../task.ts";
import type { Transport } from "../transport.ts";
import type { BarAccess, PciTransport, VirtualFunctions } from "../transports/bus.ts";
import { findBars, placeBar } from "../transports/pci_bars.ts";
import { PciDevice } from "../transports/pci_device.ts";
import type { PciDeviceOptions } from "../transports/pci_device_options.ts";
import { findPci } from "../transports/pci_driver.ts";
import { configOf } from "../transports/rigs_fixture.ts";
import { AdminError } from "./command.ts";
import type { AdminDriver } from "./driver.ts";
import { AdminQualifier, AdminStatus } from "./mod.ts";
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
  const config = configOf(pci);
  for (const bar of await findBars(config)) {
    await placeBar(config, bar, 0xe000_0000 + bar.index * 0x10_0000);
  }
  const transport = (await findPci({ memory, config, bar: rangesOf(pci) }))!;
  line.handler = () => transport.interrupt();
  return { pci, transport, memory };
}

/** Its ranges. */
export function rangesOf(pci: PciDevice): (index: number) => BarAccess | undefined {
  return (index) => {
    const found = pci.bars.find((one) => one.index === index);
    return found === undefined ? undefined : {
      read: (offset, size) => found.read(offset, size),
      write: (offset, size, value) => found.write(offset, size, value),
    };
  };
}

/** Guest memory for one function. */
export function freshMemory(): GuestMemory {
  return GuestMemory.of(new ArrayBuffer(4 << 20), 0x8000_0000);
}

/** A virtual function before it is enabled. */
export class Virtual {
  readonly pci: PciDevice;
  readonly #memory: GuestMemory;
  #handler: (vector: number) => void = () => {};

  /** Puts a device behind it. */
  constructor(device: Device, memory: GuestMemory, options: Partial<PciDeviceOptions> = {}) {
    this.#memory = memory;
    this.pci = new PciDevice(device, {
      memory,
      virtual: true,
      message: (_address, data) => queueMicrotask(() => this.#handler(data)),
      ...options,
    });
  }

  /** Finds it for a driver once it is enabled. */
  async find(functions: VirtualFunctions): Promise<Function> {
    const { pci } = this;
    const memory = this.#memory;
    const transport = (await findPci({
      memory,
      config: functions.config(configOf(pci)),
      bar: rangesOf(pci),
      vectors: [0, 1].map((data) => ({ address: 0xfee0_0000, data })),
    }))!;
    this.#handler = (vector) => transport.message(vector);
    return { pci, transport, memory };
  }
}

/** Gives all ranges of virtual functions their addresses. */
export async function placeFunctions(functions: VirtualFunctions): Promise<void> {
  for (const bar of await functions.findBars()) {
    await functions.placeBar(bar, 0xf000_0000 + bar.index * 0x100_0000);
  }
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
  /** The members of its SR-IOV group, in one memory. */
  readonly functions: readonly Function[];
  /** Over PCI, how its driver enabled them. */
  readonly virtual: VirtualFunctions | undefined;
}

/** An owner over one bus, with its driver, and devices that are its virtual functions. */
export async function scene(
  bus: typeof BUSES[number],
  options: GroupOwnerOptions = {},
  ring: RingOptions = {},
  members: readonly Device[] = [],
): Promise<Scene> {
  const memory = freshMemory();
  const device = new EchoDevice();
  const own = (functions: readonly { readonly pci: PciDevice }[]) => {
    const all = functions.map(({ pci }) => pci.member());
    const owner = new GroupOwner(all.length > 0 ? { ...options, functions: all } : options);
    device.own(owner);
    return owner;
  };
  const begin = async (owner: GroupOwner, transport: Transport) => {
    const driver = await EchoDriver.open(transport, ring);
    const close = () => driver.close();
    return { device, owner, transport, driver, admin: driver.admin!, [Symbol.asyncDispose]: close };
  };
  if (bus === "loopback") {
    const functions = await Promise.all(members.map((member) => pciFunction(member, memory)));
    return { ...await begin(own(functions), loopback(device)), functions, virtual: undefined };
  }
  const plugged = members.map((member) => new Virtual(member, memory));
  const owner = own(plugged);
  const { transport } = await pciFunction(device);
  const begun = await begin(owner, transport);
  const virtual = transport.functions;
  if (virtual === undefined) return { ...begun, functions: [], virtual };
  await placeFunctions(virtual);
  await virtual.enable(members.length);
  const functions = await Promise.all(plugged.map((one) => one.find(virtual)));
  return { ...begun, functions, virtual };
}

/** Whether a command failed like this. */
export function fails(
  status: keyof typeof AdminStatus,
  qualifier?: keyof typeof AdminQualifier,
): (error: unknown) => boolean {
  return (error) =>
    error instanceof AdminError && error.status === AdminStatus[status] &&
    (qualifier === undefined || error.qualifier === AdminQualifier[qualifier]);
}

/** Waits until something is so. */
export function soon(condition: () => boolean): Promise<void> {
  return until(() => Promise.resolve(condition()), () => "Cannot wait any longer");
}

/** The accesses of a driver to a PCI function, over its whole life. @module */

import assert from "node:assert/strict";
import { CapabilityType, PCI_COMMON as C } from "../../generated/layout/pci.ts";
import { tasks } from "../../runtime/driver_fixture.ts";
import { EchoDevice, EchoDriver } from "../../runtime/echo_fixture.ts";
import type { RingOptions } from "../../runtime/features.ts";
import type { AccessSize, PciMachine } from "../../runtime/transports/bus.ts";
import { findBars, placeBar } from "../../runtime/transports/pci_bars.ts";
import { PciDevice } from "../../runtime/transports/pci_device.ts";
import type { PciDeviceOptions } from "../../runtime/transports/pci_device_options.ts";
import { findPci } from "../../runtime/transports/pci_driver.ts";
import { type PciStructure, scanCapabilities } from "../../runtime/transports/pci_scan.ts";
import { access, machineMemory } from "../../runtime/transports/rigs_fixture.ts";

/** One access. */
export interface Access {
  readonly what: "read" | "write";
  /** A field of the common structure, another structure, or "config": the configuration space of PCI. */
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly value: number;
}

/** How a life differs from another. */
export interface Choice {
  /** Changes what is read, by the name of the access and its offset. */
  readonly change?: (name: string, value: number, offset: number, size: number) => number;
  readonly ring?: RingOptions;
  /** Vectors of the device, as many as the machine has. */
  readonly vectors?: number;
  /** Reaches the structures through the window of the configuration space alone. */
  readonly window?: boolean;
  /** Whether the queue is reset once. */
  readonly resets?: boolean;
  /** How the function is made. */
  readonly options?: Partial<PciDeviceOptions>;
  /** The device; an echo device when not given. */
  readonly device?: EchoDevice;
}

/** Name of a place in a range. */
function nameOf(structures: readonly PciStructure[], bar: number, offset: number): string {
  const found = structures.find((one) =>
    one.type !== CapabilityType.PCI_CFG && one.bar === bar && offset >= one.offset &&
    offset < one.offset + one.length
  );
  if (found === undefined) return "nothing";
  if (found.type === CapabilityType.NOTIFY_CFG) return "notify";
  if (found.type === CapabilityType.ISR_CFG) return "isr";
  if (found.type === CapabilityType.DEVICE_CFG) return "device";
  const at = offset - found.offset;
  const field = Object.entries(C).find(([, { offset, size }]) =>
    at >= offset && at < offset + size
  );
  return field?.[0] ?? "nothing";
}

/** The accesses of a driver's whole life. */
export async function life(choice: Choice = {}) {
  const { change = (_, value) => value, ring = {}, vectors = 0, window = false } = choice;
  const log: Access[] = [];
  const memory = machineMemory();
  const device = choice.device ?? new EchoDevice();
  let interrupt = () => {};
  let deliver = (_vector: number) => {};
  const file = new PciDevice(device, {
    memory,
    interrupt: (level) => level && interrupt(),
    ...(vectors > 0 ? { vectors, message: (_, data) => deliver(data) } : {}),
    ...choice.options,
  });
  const raw = access(() => ({
    read: (offset, size) => file.readConfig(offset, size),
    write: (offset, size, value) => file.writeConfig(offset, size, value),
  }), false);
  for (const bar of await findBars(raw)) {
    await placeBar(raw, bar, 0xe000_0000 + bar.index * 0x10_0000);
  }
  const { structures } = await scanCapabilities(raw, 9);
  const bars = new Map(file.bars.map((bar) => [bar.index, bar]));
  const noted = (
    name: (offset: number) => string,
    read: (offset: number, size: AccessSize) => number | Promise<number>,
    write: (offset: number, size: AccessSize, value: number) => unknown,
  ) => ({
    read: (offset: number, size: AccessSize) => {
      const value = change(name(offset), read(offset, size) as number, offset, size);
      log.push({ what: "read", name: name(offset), offset, size, value });
      return value;
    },
    write: (offset: number, size: AccessSize, value: number) => {
      log.push({ what: "write", name: name(offset), offset, size, value });
      write(offset, size, value);
    },
  });
  const machine: PciMachine = {
    memory,
    config: noted(() => "config", raw.read, raw.write),
    bar: (index) => {
      const bar = bars.get(index);
      if (bar === undefined || window && index === 4) return undefined;
      const name = (offset: number) => nameOf(structures, index, offset);
      return {
        ...noted(
          name,
          (offset, size) => bar.read(offset, size),
          (offset, size, value) => bar.write(offset, size, value),
        ),
        address: bar.address!,
      };
    },
    vectors: Array.from({ length: vectors }, (_, data) => ({ address: 0xfee0_0000, data })),
  };
  const transport = (await findPci(machine))!;
  interrupt = () => queueMicrotask(() => transport.interrupt());
  deliver = (vector) => queueMicrotask(() => transport.message(vector));
  const driver = new EchoDriver(transport);
  await driver.start({ want: 1n, ring: { packed: false, ...ring } });
  const echoed = async () => (await driver.echo(Uint8Array.of(1, 2))).join() === "1,2";
  assert.ok(await echoed());
  await driver.read(0, 8);
  if (choice.resets ?? true) driver.use(await driver.resetQueue(driver.queue!));
  assert.ok(await echoed());
  let told = 0;
  driver.onConfigChange = () => void told++;
  device.configChanged();
  assert.ok(await echoed());
  await tasks();
  assert.equal(told, 1);
  await driver.close();
  return { log, structures, features: device.features };
}

/** The writes to one register. */
export function writes(log: readonly Access[], name: string): Access[] {
  return log.filter((one) => one.what === "write" && one.name === name);
}

/** The device's ends of all transports, as a hostile guest reaches them. @module */

import { Command } from "../../generated/layout/ccw.ts";
import { MMIO_LEGACY as L, MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import { PCI_COMMON as C } from "../../generated/layout/pci.ts";
import { GroupOwner } from "../admin/owner.ts";
import type { Device } from "../device.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { GuestMemory } from "../memory.ts";
import { CcwDevice } from "./ccw_device.ts";
import { MmioDevice } from "./mmio_device.ts";
import { MmioLegacyDevice } from "./mmio_legacy_device.ts";
import { PciDevice } from "./pci_device.ts";
import { EXTENDED_CAPABILITIES, SriovControl, SriovRegister } from "./pci_sriov.ts";
import { configOf } from "./rigs_fixture.ts";

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
  name: "mmio-legacy",
  connect: (device, memory) => {
    const file = new MmioLegacyDevice(device, { memory, interrupt: () => {} });
    const put = (name: keyof typeof L, value: number) => file.write(L[name].offset, 4, value);
    const driver: Steps = {
      status: (value) => put("Status", value),
      features: (word, value) => {
        put("GuestFeaturesSel", word);
        put("GuestFeatures", value);
      },
      queue: (index, size, address) => {
        put("GuestPageSize", 256);
        put("QueueSel", index);
        put("QueueSize", size);
        put("QueueAlign", 16);
        put("QueuePFN", address >> 8);
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
      transitional: true,
    });
    const ports = file.bars.map((bar) =>
      port(bar, bar.index === 4 ? 0x120 : 64, bar.index === 4 ? pciSteps(bar) : undefined)
    );
    return { ports: [port(configOf(file), 256), ...ports], close: () => file.close() };
  },
}, {
  name: "pci, virtual functions",
  connect: (device, memory) => {
    const functions = [new EchoDevice(), new EchoDevice()].map((one) =>
      new PciDevice(one, { memory, virtual: true, message: () => {}, vectors: 3 })
    );
    device.own(new GroupOwner({ functions: functions.map((one) => one.member()) }));
    const owner = new PciDevice(device, { memory, message: () => {}, vectors: 3 });
    const ports = [owner, ...functions].flatMap((file) => {
      const bar = file.bars.find(({ index }) => index === 4)!;
      const steps = file === owner ? sriovSteps(file) : undefined;
      return [port(configOf(file), 0x140, steps), port(bar, 0x120, pciSteps(bar))];
    });
    return { ports, close: () => [owner, ...functions].forEach((file) => file.close()) };
  },
}, {
  name: "ccw",
  connect: (device, memory) => {
    const file = new CcwDevice(device, { memory, interrupt: () => {}, adapterInterrupt: () => {} });
    const start = (command: number, count: number, address: number, flags: number) => {
      const { residual } = file.execute({ command, count, address, flags });
      if (residual > count) throw new Error(`Cannot leave ${residual} of ${count} bytes`);
      return residual >>> 0;
    };
    // An access is a command: the offset chooses it and its length, the value where its data is.
    const access = (offset: number, size: number, value: number) => {
      const [command, length] = COMMANDS[(offset >>> 0) % COMMANDS.length]!;
      const at = memory.regions[0]!.address + (value & 0x3fff);
      start(command, (value & 3) === 0 ? value >>> 20 : length, at, size === 1 ? 0x20 : 0);
      file.notify(value);
    };
    const any = {
      read: (offset: number, size: number) => start(offset & 0xff, size & 0x3f, offset, 0),
      write: access,
    };
    return {
      ports: [port(any, COMMANDS.length, ccwSteps(file, memory))],
      close: () => file.close(),
    };
  },
}];

/** Commands with their lengths. */
const COMMANDS: readonly (readonly [command: number, length: number])[] = [
  [Command.SET_VQ, 32],
  [Command.VDEV_RESET, 0],
  [Command.SET_IND, 8],
  [Command.SET_CONF_IND, 8],
  [Command.SET_IND_ADAPTER, 25],
  [Command.READ_FEAT, 5],
  [Command.WRITE_FEAT, 5],
  [Command.READ_CONF, 8],
  [Command.WRITE_CONF, 8],
  [Command.WRITE_STATUS, 1],
  [Command.READ_VQ_CONF, 4],
  [Command.SET_VIRTIO_REV, 4],
  [Command.READ_STATUS, 1],
  [0x04, 32],
  [0xe4, 7],
];

function ccwSteps(file: CcwDevice, memory: GuestMemory): Steps {
  const address = memory.regions[0]!.address;
  const start = (command: number, ...data: readonly number[]) => {
    memory.write(address, Uint8Array.from(data));
    file.execute({ command, count: data.length, address, flags: 0 });
  };
  const be64 = (value: number) => [0, 0, 0, 0, value >>> 24, value >>> 16, value >>> 8, value];
  return {
    status: (value) => {
      if (value === 0) {
        file.disabled();
        start(Command.SET_VIRTIO_REV, 0, 2, 0, 0);
        start(Command.VDEV_RESET);
        start(Command.SET_IND, ...be64(address + 0x100));
        start(Command.SET_CONF_IND, ...be64(address + 0x108));
      } else start(Command.WRITE_STATUS, value);
    },
    features: (word, value) =>
      start(Command.WRITE_FEAT, value, value >>> 8, value >>> 16, value >>> 24, word),
    queue: (index, size, at) =>
      start(
        Command.SET_VQ,
        ...[...be64(at), 0, 0, 0, 0, 0, index, 0, size, ...be64(at + 0x200), ...be64(at + 0x400)],
      ),
    notify: (index) => file.notify(index),
  };
}

/** Each status switches other virtual functions on. */
function sriovSteps(file: PciDevice): Steps {
  const put = (register: number, value: number) =>
    file.writeConfig(EXTENDED_CAPABILITIES + register, 2, value);
  return {
    status: (value) => {
      put(SriovRegister.NUM_VFS, value & 3);
      put(SriovRegister.CONTROL, value === 0 ? 0 : SriovControl.VF_ENABLE | SriovControl.VF_MSE);
    },
    features: (word, value) => put(SriovRegister.BAR + 4 * word, value),
    queue: (_index, size) => put(SriovRegister.SYSTEM_PAGE_SIZE, size),
    notify: () => put(SriovRegister.CONTROL, SriovControl.VF_ENABLE),
  };
}

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

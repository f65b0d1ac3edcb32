/** A function with a guest that makes raw accesses, for tests. @module */

import { DeviceStatus } from "../../generated/layout/core.ts";
import { PCI_COMMON as C } from "../../generated/layout/pci.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { GuestMemory } from "../memory.ts";
import type { RegisterAccess } from "./bus.ts";
import { PciCommand, PciHeader } from "./pci_config.ts";
import { PciDevice } from "./pci_device.ts";
import type { PciBar, PciDeviceOptions } from "./pci_device_options.ts";
import { scanCapabilities } from "./pci_scan.ts";
import { access, configOf, machineMemory } from "./rigs_fixture.ts";

export const FOUND = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER;
export const { FEATURES_OK, DRIVER_OK, DEVICE_NEEDS_RESET } = DeviceStatus;
export const NO_VECTOR = 0xffff;
export const MSIX_ENABLED = 0x8000;

type Name = keyof typeof C;

/** A function that may access memory, with a guest that makes raw accesses. */
export class Bench {
  readonly device: EchoDevice;
  readonly memory: GuestMemory = machineMemory();
  readonly levels: boolean[] = [];
  readonly messages: [number, number][] = [];
  readonly moves: string[] = [];
  readonly file: PciDevice;
  readonly config: RegisterAccess;

  constructor(options: Partial<PciDeviceOptions> = {}, device = new EchoDevice()) {
    this.device = device;
    this.file = new PciDevice(this.device, {
      memory: this.memory,
      interrupt: (level) => this.levels.push(level),
      message: (address, data) => this.messages.push([address, data]),
      vectors: 4,
      moved: ({ index, address }) => this.moves.push(`${index} ${address?.toString(16)}`),
      ...options,
    });
    this.file.writeConfig(PciHeader.COMMAND, 2, PciCommand.BUS_MASTER);
    this.config = access(() => configOf(this.file), false);
  }

  bar(index: number): PciBar {
    return this.file.bars.find((bar) => bar.index === index)!;
  }

  get(name: Name): number {
    return this.bar(4).read(C[name].offset, Math.min(C[name].size, 4));
  }

  set(name: Name, value: number): void {
    this.bar(4).write(C[name].offset, Math.min(C[name].size, 4), value);
  }

  /** Negotiates VERSION_1 and these features of the second word. */
  agree(second = 0): void {
    this.set("deviceStatus", FOUND);
    this.set("driverFeatureSelect", 1);
    this.set("driverFeature", 1 | second);
    this.set("deviceStatus", FOUND | FEATURES_OK);
  }

  enable(): void {
    this.set("queueDesc", 0x8000_0000);
    this.set("queueDriver", 0x8001_0000);
    this.set("queueDevice", 0x8002_0000);
    this.set("queueEnable", 1);
  }

  /** Goes live with a buffer of four bytes in queue 0. */
  usable(): void {
    this.enable();
    this.set("deviceStatus", FOUND | FEATURES_OK | DRIVER_OK);
    const desc = new DataView(this.memory.regions[0]!.bytes.buffer);
    desc.setUint32(0, 0x8003_0000, true);
    desc.setUint32(8, 4, true);
    desc.setUint16(12, 2, true);
    desc.setUint16(0x1_0002, 1, true);
  }

  /** How many buffers of queue 0 were used. */
  get used(): number {
    return new DataView(this.memory.regions[0]!.bytes.buffer).getUint16(0x2_0002, true);
  }

  /** Offset of the MSI-X capability. */
  async msix(): Promise<number> {
    return (await scanCapabilities(this.config, 0)).msix;
  }
}

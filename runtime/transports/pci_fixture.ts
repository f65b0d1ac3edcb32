/** A function with a guest that makes raw accesses, for tests. @module */

import { DeviceStatus } from "../../generated/layout/core.ts";
import { PCI_COMMON as C } from "../../generated/layout/pci.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { GuestMemory } from "../memory.ts";
import type { RegisterAccess } from "./bus.ts";
import { type PciBar, PciDevice, type PciDeviceOptions } from "./pci_device.ts";
import { scanCapabilities } from "./pci_scan.ts";
import { access, machineMemory } from "./rigs_fixture.ts";

export const FOUND = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER;
export const { FEATURES_OK, DRIVER_OK, DEVICE_NEEDS_RESET } = DeviceStatus;
export const NO_VECTOR = 0xffff;
export const MSIX_ENABLED = 0x8000;

type Name = keyof typeof C;

/** A function with a guest that makes raw accesses. */
export class Bench {
  readonly device = new EchoDevice();
  readonly memory: GuestMemory = machineMemory();
  readonly levels: boolean[] = [];
  readonly messages: [number, number][] = [];
  readonly moves: string[] = [];
  readonly file: PciDevice;
  readonly config: RegisterAccess;

  constructor(options: Partial<PciDeviceOptions> = {}) {
    this.file = new PciDevice(this.device, {
      memory: this.memory,
      interrupt: (level) => this.levels.push(level),
      message: (address, data) => this.messages.push([address, data]),
      vectors: 4,
      moved: ({ index, address }) => this.moves.push(`${index} ${address?.toString(16)}`),
      ...options,
    });
    this.config = access(() => ({
      read: (offset, size) => this.file.readConfig(offset, size),
      write: (offset, size, value) => this.file.writeConfig(offset, size, value),
    }), false);
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

  /** Offset of the MSI-X capability. */
  async msix(): Promise<number> {
    return (await scanCapabilities(this.config, 0)).msix;
  }
}

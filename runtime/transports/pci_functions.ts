/**
 * Virtual functions as the driver of their owner finds and enables them, through the SR-IOV extended
 * capability (PCI Express, 9.3.3).
 *
 * Security model: the function is the other side. Links are followed a bounded number of times, and what
 * was written is read back.
 *
 * @module
 */

import { pause } from "../task.ts";
import type { AccessSize, RegisterAccess, VirtualFunctions } from "./bus.ts";
import { scanBars, writeBar } from "./pci_bars.ts";
import { type BarLayout, PCI_EXTENDED_CONFIG_SIZE, PciHeader } from "./pci_config.ts";
import {
  EXTENDED_CAPABILITIES,
  SRIOV_CAPABILITY,
  SriovControl,
  SriovRegister,
} from "./pci_sriov.ts";
import { low } from "./register_bank.ts";

const CAPABILITIES_MAX = (PCI_EXTENDED_CONFIG_SIZE - EXTENDED_CAPABILITIES) / 8;
const { VF_ENABLE, VF_MSE } = SriovControl;
/** How long functions take to be there, and to be gone, in milliseconds. */
const ENABLE_TIME = 100;
const DISABLE_TIME = 1000;

/** How a sequence of accesses is run, and ended with an error after which the function is still there. */
export interface FunctionAccess {
  /** Runs accesses when those before have ended. */
  readonly sequence: <T>(steps: () => Promise<T>) => Promise<T>;
  /** Throws a TransportError. */
  readonly refuse: (message: string) => never;
}

/** The virtual functions that a function can have; undefined when it has no such capability, or none of them. */
export async function findFunctions(
  config: RegisterAccess,
  access: FunctionAccess,
): Promise<VirtualFunctions | undefined> {
  const at = await findSriov(config);
  if (at === 0) return undefined;
  const total = await config.read(at + SriovRegister.TOTAL_VFS, 2);
  return total === 0 ? undefined : new FunctionsLink(config, access, at, total);
}

/** Offset of the capability; 0 when there is none. */
async function findSriov(config: RegisterAccess): Promise<number> {
  let at = EXTENDED_CAPABILITIES;
  for (let count = 0; count < CAPABILITIES_MAX && at >= EXTENDED_CAPABILITIES; count++) {
    const found = await config.read(at, 4);
    if ((found & 0xffff) === SRIOV_CAPABILITY) return at;
    at = found >>> 20 & ~3;
  }
  return 0;
}

class FunctionsLink implements VirtualFunctions {
  readonly total: number;
  readonly #config: RegisterAccess;
  readonly #access: FunctionAccess;
  readonly #at: number;

  constructor(config: RegisterAccess, access: FunctionAccess, at: number, total: number) {
    this.total = total;
    this.#config = config;
    this.#access = access;
    this.#at = at;
  }

  findBars(): Promise<BarLayout[]> {
    return this.#access.sequence(() => scanBars(this.#config, this.#at + SriovRegister.BAR));
  }

  placeBar(bar: BarLayout, address: number): Promise<void> {
    const registers = this.#at + SriovRegister.BAR;
    return this.#access.sequence(() => writeBar(this.#config, registers, bar, address));
  }

  async enable(count: number): Promise<void> {
    this.#check(count, `enable ${count} virtual functions`);
    const cannot = (why: string) =>
      this.#access.refuse(`Cannot enable ${count} virtual functions: ${why}`);
    await this.#access.sequence(async () => {
      const control = await this.#read("CONTROL");
      if ((control & VF_ENABLE) !== 0) cannot("some are there already");
      await this.#write("NUM_VFS", count);
      await this.#write("CONTROL", control | VF_ENABLE | VF_MSE);
      const enabled = (await this.#read("CONTROL") & VF_ENABLE) !== 0;
      if (!enabled || await this.#read("NUM_VFS") !== count) cannot("the device refuses");
    });
    await pause(ENABLE_TIME);
  }

  async disable(): Promise<void> {
    await this.#access.sequence(async () => {
      const control = await this.#read("CONTROL");
      await this.#write("CONTROL", control & ~(VF_ENABLE | VF_MSE));
    });
    await pause(DISABLE_TIME);
  }

  async routingOffset(number: number): Promise<number> {
    this.#check(number, `find virtual function ${number}`);
    return await this.#access.sequence(async () => {
      const first = await this.#read("FIRST_VF_OFFSET");
      return first + (number - 1) * await this.#read("VF_STRIDE");
    });
  }

  config(registers: RegisterAccess): RegisterAccess {
    const ids = () =>
      this.#access.sequence(async () =>
        await this.#config.read(PciHeader.VENDOR_ID, 2) +
        await this.#read("VF_DEVICE_ID") * 0x1_0000
      );
    const end = PciHeader.DEVICE_ID + 2;
    return {
      read: async (offset: number, size: AccessSize) =>
        offset + size <= end
          ? low(await ids() >>> 8 * offset, size)
          : await registers.read(offset, size),
      write: (offset, size, value) => registers.write(offset, size, value),
    };
  }

  #check(number: number, verb: string): void {
    if (Number.isInteger(number) && number >= 1 && number <= this.total) return;
    throw new RangeError(`Cannot ${verb}: not 1 to ${this.total}`);
  }

  async #read(name: keyof typeof SriovRegister): Promise<number> {
    return await this.#config.read(this.#at + SriovRegister[name], 2);
  }

  async #write(name: keyof typeof SriovRegister, value: number): Promise<void> {
    await this.#config.write(this.#at + SriovRegister[name], 2, value);
  }
}

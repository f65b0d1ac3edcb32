/**
 * The SR-IOV extended capability (PCI Express, 9.3.3), by which a guest switches the virtual functions of a
 * device on and off and places their ranges: what it says is what the SR-IOV group has (VIRTIO 1.4, 2.12).
 *
 * Where PCI Express leaves the results undefined, `NumVFs` and the page size stand still while functions
 * are there, and more than there can be are never there: `VF Enable` then stays clear. Virtual function
 * `n` has the routing id of its owner plus `n`.
 *
 * @module
 */

import type { GroupMember, VirtualFunction } from "../admin/group.ts";
import type { AdminServer } from "../device_hooks.ts";
import type { BarLayout, PciConfigSpace } from "./pci_config.ts";

/** Where extended capabilities begin. */
export const EXTENDED_CAPABILITIES = 0x100;
/** Id of the SR-IOV extended capability. */
export const SRIOV_CAPABILITY = 0x10;

/** Offsets in the capability. */
export const SriovRegister = {
  CONTROL: 0x08,
  INITIAL_VFS: 0x0c,
  TOTAL_VFS: 0x0e,
  NUM_VFS: 0x10,
  FIRST_VF_OFFSET: 0x14,
  VF_STRIDE: 0x16,
  VF_DEVICE_ID: 0x1a,
  SUPPORTED_PAGE_SIZES: 0x1c,
  SYSTEM_PAGE_SIZE: 0x20,
  BAR: 0x24,
} as const;

/** Bits of the control register. */
export const SriovControl = { VF_ENABLE: 1, VF_MSE: 8 } as const;

const BARS = EXTENDED_CAPABILITIES + SriovRegister.BAR;
const VERSION = 1;
/** Most functions that have routing ids on the bus of their owner. */
const FUNCTIONS_MAX = 255;
/** 4 KiB, 8 KiB, 64 KiB, 256 KiB, 1 MiB and 4 MiB, a bit each, as all functions support them. */
const PAGE_SIZES = 0x553;
const PAGE = 4096;

/** The virtual functions that a device owns, if any; TypeError or RangeError when no PCI function can have those. */
export function functionsOf({ functions: members = [] }: AdminServer): VirtualFunction[] {
  if (members.length > FUNCTIONS_MAX) {
    throw new RangeError(
      `Cannot have ${members.length} virtual functions: not 1 to ${FUNCTIONS_MAX}`,
    );
  }
  const functions = members.map(virtualOf);
  const shape = ({ id, bars }: VirtualFunction) =>
    JSON.stringify([id, bars.map(({ index, kind, size }) => [index, kind, size])]);
  const odd = functions.findIndex((one) => shape(one) !== shape(functions[0]!)) + 1;
  if (odd === 0) return functions;
  throw new TypeError(
    `Cannot have virtual functions of two kinds: member ${odd} has another id, or other ranges`,
  );
}

function virtualOf({ virtual }: GroupMember, at: number): VirtualFunction {
  if (virtual !== undefined) return virtual;
  throw new TypeError(`Cannot have virtual functions: member ${at + 1} is no virtual PciDevice`);
}

/** The capability, and what its registers do. */
export class PciSriov {
  readonly #space: PciConfigSpace;
  readonly #groups: AdminServer;
  readonly #functions: readonly VirtualFunction[];
  #count: number | undefined;
  #pageSize = 0;

  /** Adds the capability to a configuration space; all functions are switched off. */
  constructor(space: PciConfigSpace, groups: AdminServer, functions: readonly VirtualFunction[]) {
    this.#space = space;
    this.#groups = groups;
    this.#functions = functions;
    const { view } = space;
    const word = (register: number, value: number) =>
      view.setUint16(EXTENDED_CAPABILITIES + register, value, true);
    word(0, SRIOV_CAPABILITY);
    word(2, VERSION);
    word(SriovRegister.INITIAL_VFS, functions.length);
    word(SriovRegister.TOTAL_VFS, functions.length);
    word(SriovRegister.FIRST_VF_OFFSET, 1);
    word(SriovRegister.VF_STRIDE, 1);
    word(SriovRegister.VF_DEVICE_ID, functions[0]!.id);
    word(SriovRegister.SUPPORTED_PAGE_SIZES, PAGE_SIZES);
    this.#allow(SriovRegister.CONTROL, SriovControl.VF_ENABLE | SriovControl.VF_MSE);
    this.reset();
  }

  /** Does what follows from the registers. */
  written(): void {
    this.#resize();
    const enabled = this.#enabled();
    if (enabled !== this.#count) this.#switch(enabled);
    this.#allow(SriovRegister.NUM_VFS, enabled === undefined ? 0xffff : 0);
    this.#allow(SriovRegister.SYSTEM_PAGE_SIZE, enabled === undefined ? PAGE_SIZES : 0);
    this.#functions.slice(0, enabled ?? 0).forEach((one, at) => {
      one.place((bar) => this.#address(bar, at));
    });
  }

  /** Switches all functions off, with registers as in the beginning. */
  reset(): void {
    const { view } = this.#space;
    view.setUint16(EXTENDED_CAPABILITIES + SriovRegister.CONTROL, 0, true);
    view.setUint16(EXTENDED_CAPABILITIES + SriovRegister.NUM_VFS, 0, true);
    view.setUint32(EXTENDED_CAPABILITIES + SriovRegister.SYSTEM_PAGE_SIZE, 1, true);
    this.written();
  }

  /** How many functions there are by the registers, of which a false one is made right. */
  #enabled(): number | undefined {
    const { VF_ENABLE } = SriovControl;
    if ((this.#control & VF_ENABLE) === 0) return undefined;
    const count = this.#word(SriovRegister.NUM_VFS);
    if (count <= this.#functions.length) return count;
    const at = EXTENDED_CAPABILITIES + SriovRegister.CONTROL;
    this.#space.view.setUint16(at, this.#control & ~VF_ENABLE, true);
    return undefined;
  }

  #switch(count: number | undefined): void {
    const gone = this.#functions.slice(0, this.#count ?? 0);
    this.#count = count;
    this.#groups.enableFunctions?.(count);
    for (const one of gone) one.place();
  }

  /** The ranges of a function are no smaller than a page: the least one chosen, or 4 KiB. */
  #resize(): void {
    const chosen = this.#word(SriovRegister.SYSTEM_PAGE_SIZE) & PAGE_SIZES || 1;
    const pageSize = (chosen & -chosen) * PAGE;
    if (pageSize === this.#pageSize) return;
    this.#pageSize = pageSize;
    for (const { index, kind, size } of this.#functions[0]!.bars) {
      this.#space.layBar({ index, kind, size: Math.max(size, pageSize) }, BARS);
    }
  }

  #address(bar: BarLayout, at: number): number | undefined {
    if ((this.#control & SriovControl.VF_MSE) === 0) return undefined;
    return this.#space.addressIn(bar, BARS) + at * Math.max(bar.size, this.#pageSize);
  }

  #allow(register: number, mask: number): void {
    this.#space.allow(EXTENDED_CAPABILITIES + register, mask & 0xff, mask >> 8);
  }

  get #control(): number {
    return this.#word(SriovRegister.CONTROL);
  }

  #word(register: number): number {
    return this.#space.view.getUint16(EXTENDED_CAPABILITIES + register, true);
  }
}

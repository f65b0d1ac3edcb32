/**
 * The PCI Express capability (PCI Express, 7.5.3) of a function that has extended capabilities, or is a
 * virtual one: that of an endpoint integrated in the root complex, which has no link.
 *
 * @module
 */

import type { PciConfigSpace } from "./pci_config.ts";

/** Id of the PCI Express capability. */
export const EXPRESS_CAPABILITY = 0x10;

const SIZE = 0x3c;
/** Registers of the capability. */
const FLAGS = 2;
const DEVICE_CAPABILITIES = 4;
const DEVICE_CONTROL = 8;
/** Version 2, of an endpoint integrated in the root complex. */
const INTEGRATED_ENDPOINT = 0x92;
const ROLE_BASED_ERRORS = 0x8000;
const RESET_CAPABLE = 0x1000_0000;
const INITIATE_RESET = 0x8000;

/** The capability, by which a guest resets the function. */
export class PciExpress {
  readonly #view: DataView;
  readonly #control: number;

  /** Adds the capability to a configuration space. */
  constructor(space: PciConfigSpace) {
    const capability = new Uint8Array(SIZE);
    const view = new DataView(capability.buffer);
    capability[0] = EXPRESS_CAPABILITY;
    view.setUint16(FLAGS, INTEGRATED_ENDPOINT, true);
    view.setUint32(DEVICE_CAPABILITIES, ROLE_BASED_ERRORS | RESET_CAPABLE, true);
    this.#view = space.view;
    this.#control = space.addCapability(capability) + DEVICE_CONTROL;
    space.allow(this.#control + 1, INITIATE_RESET >> 8);
  }

  /** Whether the guest asked for a function-level reset since the last call; the bit reads 0. */
  takeReset(): boolean {
    const asked = (this.#view.getUint16(this.#control, true) & INITIATE_RESET) !== 0;
    if (asked) this.#view.setUint16(this.#control, 0, true);
    return asked;
  }
}

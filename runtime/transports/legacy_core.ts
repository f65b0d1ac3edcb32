/**
 * The legacy interface in front of a device that knows VIRTIO 1 alone (VIRTIO 1.4, 2.2.3 and 3.1.2):
 * FEATURES_OK and VERSION_1, which legacy drivers do not know, are set in their name when they first
 * enable a queue or go on to DRIVER_OK. Guests are taken for little-endian.
 *
 * @module
 */

import { PeerError } from "../errors.ts";
import { featureSet } from "../features.ts";
import { legacyAreas } from "../ring_sizes.ts";
import { Status } from "../status.ts";
import { type DeviceCore, QueueWord } from "./device_core.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND } = Status;
/** VERSION_1 in the second word. */
const VERSION_1 = 1;

/** A device as a legacy driver sees it. */
export class LegacyCore {
  readonly #core: DeviceCore;
  /** Features 0 to 31 without those that there are for modern drivers alone. */
  readonly #known: number;

  /** In front of a device whose transport offers VERSION_1. */
  constructor(core: DeviceCore) {
    this.#core = core;
    const modern = core.device.info.features.filter((feature) => feature.modern === true);
    this.#known = Number(~featureSet(...modern.map(({ bit }) => bit)) & 0xffff_ffffn);
  }

  /** Offered features 0 to 31. */
  offered(): number {
    this.#core.deviceFeatureSelect = 0;
    return (this.#core.deviceFeatures() & this.#known) >>> 0;
  }

  /** Accepted features 0 to 31. */
  accepted(): number {
    this.#core.driverFeatureSelect = 0;
    return this.#core.driverFeatures();
  }

  /** Accepts features 0 to 31. */
  accept(features: number): void {
    this.#core.driverFeatureSelect = 0;
    this.#core.setDriverFeatures((features & this.#known) >>> 0);
  }

  /** The device status, without what legacy drivers do not know. */
  status(): number {
    return this.#core.status() & ~(FEATURES_OK | SUSPEND);
  }

  /** Writes the device status, of which 0 resets. */
  setStatus(status: number): void {
    if (status === 0) return this.#core.setStatus(0);
    const known = status & ~(FEATURES_OK | SUSPEND);
    if ((known & DRIVER_OK) !== 0) {
      this.#core.setStatus(known & ~DRIVER_OK);
      this.#agree();
    }
    this.#core.setStatus(known);
  }

  /** Enables the selected queue: all of it behind one address (VIRTIO 1.4, 2.7.2). */
  enableQueue(address: number, align: number): void {
    this.#agree();
    const core = this.#core;
    const size = core.queueSize();
    if (size === 0) return;
    if (
      size > 0x8000 || !Number.isInteger(Math.log2(size)) || !Number.isInteger(Math.log2(align))
    ) {
      const got = `a size of ${size}, an alignment of ${align}`;
      core.device.needsReset(
        new PeerError("Cannot enable the queue", { field: "queue", wanted: "powers of two", got }),
      );
      return;
    }
    const { driver, device } = legacyAreas(address, size, align);
    core.enableQueueAt(address, driver, device);
  }

  #agree(): void {
    const core = this.#core;
    if ((core.status() & FEATURES_OK) !== 0) return;
    core.driverFeatureSelect = 1;
    core.setDriverFeatures(VERSION_1);
    core.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK, true);
  }
}

/** Whether the selected queue is in use, and with it the page that its address register reads. */
export function legacyPage(core: DeviceCore): number {
  return core.queueWord(QueueWord.ENABLED) === 0 ? 0 : core.queueWord(QueueWord.DESC_LOW);
}

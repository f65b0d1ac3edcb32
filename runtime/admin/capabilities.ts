/**
 * Capabilities: what the device can, and how much of it the driver said that it uses (VIRTIO 1.4,
 * 2.12.1.2).
 *
 * @module
 */

import {
  GroupType,
  Opcode,
  Status,
  VIRTIO_ADMIN_CMD_CAP_GET_DATA,
  VIRTIO_ADMIN_CMD_CAP_GET_DATA_SIZE,
  VIRTIO_ADMIN_CMD_CAP_SET_DATA,
} from "../../generated/layout/admin.ts";
import { AdminError, bitmapOf, fitted, invalidField, viewOf } from "./command.ts";
import type { GroupCommand } from "./group.ts";
import type { CapabilityLayout } from "./layouts.ts";

/** One capability of a device. */
export interface Capability {
  /** Number: below 0x800 for all device types, 0x800 to 0xfff for one. */
  readonly id: number;
  /** What the device can, in the capability's own layout. */
  readonly data: Uint8Array;
  /**
   * Bytes that count of what the driver sets: shorter data are filled with zeroes, longer ones cut.
   * As many as the device's own when not given. Throws an AdminError to refuse.
   */
  readonly size?: (driver: Uint8Array) => number;
  /** Whether the driver may use so much, in the same layout; each byte no greater when not given. */
  readonly allows?: (driver: Uint8Array) => boolean;
}

/** Told before the driver sets a capability, with what it would be; throws an AdminError to refuse. */
export type CapabilityWatcher = (id: number, driver: Uint8Array) => void;

/** The capabilities of one device. */
export class Capabilities {
  readonly #all: ReadonlyMap<number, Capability>;
  readonly #driver = new Map<number, Uint8Array>();
  readonly #watcher: CapabilityWatcher;

  /** RangeError when two have one number. */
  constructor(all: readonly Capability[], watcher: CapabilityWatcher) {
    this.#all = new Map(all.map((one) => [one.id, one]));
    this.#watcher = watcher;
    if (this.#all.size === all.length) return;
    throw new RangeError("Cannot have the capabilities: two have the same number");
  }

  /** Whether the device has a capability. */
  has(id: number): boolean {
    return this.#all.has(id);
  }

  /** What the driver set; zeroes until then. */
  get(id: number): Uint8Array;
  /** The same, as the value that it says. */
  get<T>(layout: CapabilityLayout<T>): T;
  get<T>(of: number | CapabilityLayout<T>): Uint8Array | T {
    if (typeof of !== "number") return of.decode(this.get(of.id));
    return this.#driver.get(of) ?? new Uint8Array(this.#all.get(of)?.data.length ?? 0);
  }

  /** What the driver set is gone. */
  reset(): void {
    this.#driver.clear();
  }

  /** What the driver set, by number. */
  save(): (readonly [id: number, data: readonly number[]])[] {
    return [...this.#driver].map(([id, data]) => [id, [...data]]);
  }

  /** Sets what the driver uses; AdminError when that cannot be. */
  set(id: number, data: Uint8Array): void {
    const one = this.#find(id);
    const driver = fitted(data, one.size?.(data) ?? one.data.length);
    const allows = one.allows ?? ((set) => set.every((byte, at) => byte <= (one.data[at] ?? 0)));
    if (!allows(driver)) throw invalidField();
    this.#watcher(id, driver);
    this.#driver.set(id, driver);
  }

  /** The commands for the device itself; none when it has no capabilities. */
  commands(): GroupCommand[] {
    if (this.#all.size === 0) return [];
    const groupType = GroupType.SELF;
    return [
      { groupType, opcode: Opcode.CAP_ID_LIST_QUERY, run: () => bitmapOf(this.#all.keys()) },
      {
        groupType,
        opcode: Opcode.DEVICE_CAP_GET,
        run: ({ data }) => this.#find(idIn(data)).data,
      },
      {
        groupType,
        opcode: Opcode.DRIVER_CAP_SET,
        run: ({ data }) =>
          this.set(idIn(data), data.slice(VIRTIO_ADMIN_CMD_CAP_SET_DATA.capSpecificData)),
      },
    ];
  }

  #find(id: number): Capability {
    const one = this.#all.get(id);
    if (one === undefined) throw new AdminError(Status.ENXIO);
    return one;
  }
}

function idIn(data: Uint8Array): number {
  const view = viewOf(data, VIRTIO_ADMIN_CMD_CAP_GET_DATA_SIZE);
  return view.getUint16(VIRTIO_ADMIN_CMD_CAP_GET_DATA.id, true);
}

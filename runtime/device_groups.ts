/**
 * The administration queue of a device that owns groups: whether there is one, where, and who serves it.
 *
 * @module
 */

import type { Device } from "./device.ts";
import type { AdminServer } from "./device_hooks.ts";
import { hasBit, ReservedFeature } from "./features.ts";
import type { DeviceQueue } from "./queue.ts";
import { refuseField, type SavedAdmin } from "./snapshot.ts";
import type { AdminQueues } from "./transport.ts";

/** No index of a queue. */
const NOWHERE = -1;

/** What a device knows about the groups that it owns. */
export class OwnedGroups {
  readonly #allowed: boolean;
  #server: AdminServer | undefined;
  #index = NOWHERE;

  /** None at first; `allowed` says whether there may be any. */
  constructor(allowed: boolean) {
    this.#allowed = allowed;
  }

  /** Takes who serves them; TypeError when that cannot be. */
  take(server: AdminServer, device: Device, bound: boolean): void {
    const cannot = (why: string) => new TypeError(`Cannot own groups of devices: ${why}`);
    if (bound) throw cannot("the device is bound already");
    if (this.#server !== undefined) throw cannot("the device owns some already");
    if (!this.#allowed) throw cannot("`ring.admin` is false");
    server.attach(device);
    this.#server = server;
  }

  /** Who serves them, if there are any. */
  get server(): AdminServer | undefined {
    return this.#server;
  }

  /** Whether the queue at an index is one of administration. */
  has(index: number): boolean {
    return index === this.#index && index !== NOWHERE;
  }

  /** Where the queues are, behind `count` others. */
  queues(count: number): AdminQueues {
    return this.#index === NOWHERE ? { index: count, count: 0 } : { index: this.#index, count: 1 };
  }

  /** Serves an administration queue. */
  serve(queue: DeviceQueue): boolean {
    return this.#server!.serve(queue);
  }

  /** These features are in force: from here on the queue stands behind `count` others, come what may. */
  agree(features: bigint, count: number): void {
    this.#index = hasBit(features, ReservedFeature.VIRTIO_F_ADMIN_VQ) ? count : NOWHERE;
  }

  /** The device was reset. */
  reset(): void {
    this.#server?.reset();
    this.#index = NOWHERE;
  }

  /** What the driver set up; nothing when there are no groups. */
  save(): { admin?: SavedAdmin } {
    if (this.#server === undefined) return {};
    return { admin: { index: Math.max(this.#index, 0), state: this.#server.save() } };
  }

  /** Takes back what was saved, behind `count` other queues. */
  restore(saved: SavedAdmin | undefined, count: number): void {
    if (saved === undefined) return;
    const { index, state } = saved;
    if (this.#server === undefined) refuseField("admin", "absent: no groups are owned", index);
    if (this.#index !== NOWHERE) {
      if (index < count) refuseField("admin.index", `at least ${count}`, index);
      this.#index = index;
    }
    this.#server.restore(state);
  }
}

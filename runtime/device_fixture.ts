/**
 * A device on a bench, driven by hand, for tests of its control plane.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { EchoDevice } from "./echo_fixture.ts";
import { PeerError } from "./errors.ts";
import { featureSet, queueFeatures, ReservedFeature } from "./features.ts";
import { LOOPBACK_FACILITIES } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";
import { allocateQueue, createDriverQueue, type DriverQueue, type QueueLayout } from "./queue.ts";
import { Status } from "./status.ts";
import type { Facilities } from "./transport.ts";

export const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } =
  Status;
export const FOUND = ACKNOWLEDGE | DRIVER;
export const AGREED = FOUND | FEATURES_OK;
export const READY = AGREED | DRIVER_OK;
export const VERSION_1 = featureSet(ReservedFeature.VIRTIO_F_VERSION_1);
export const EVENT_IDX = featureSet(ReservedFeature.VIRTIO_F_EVENT_IDX);
export const SUSPENDS = VERSION_1 | featureSet(ReservedFeature.VIRTIO_F_SUSPEND);

/** A device on a bench: what it says is counted, what a driver does is done by hand. */
export class Bench {
  readonly memory = GuestMemory.of(new ArrayBuffer(1 << 20), 0x10_0000);
  readonly arena = new Arena(this.memory, 0x10_0000, 1 << 20);
  readonly device: EchoDevice;
  readonly notified: number[] = [];
  configNotified = 0;

  constructor(device = new EchoDevice(), facilities: Partial<Facilities> = {}) {
    this.device = device;
    device.bind({
      memory: this.memory,
      facilities: { ...LOOPBACK_FACILITIES, ...facilities },
      notifyQueue: (index) => this.notified.push(index),
      notifyConfig: () => this.configNotified++,
    });
  }

  agree(features: bigint): number {
    this.device.setStatus(ACKNOWLEDGE);
    this.device.setStatus(FOUND);
    this.device.setFeatures(features);
    this.device.setStatus(AGREED);
    return this.device.getStatus();
  }

  /** Goes all the way to DRIVER_OK, with queue 0 open unless told otherwise. */
  run(features = VERSION_1): DriverQueue {
    assert.equal(this.agree(features), AGREED);
    const queue = this.open(0);
    this.device.setStatus(READY);
    assert.equal(this.device.getStatus(), READY);
    return queue;
  }

  layout(index: number, size = 8): QueueLayout {
    return allocateQueue(this.arena, index, size, "split");
  }

  open(index: number, size = 8): DriverQueue {
    const layout = this.layout(index, size);
    this.device.enableQueue(layout);
    return createDriverQueue(this.memory, layout, queueFeatures(this.device.features));
  }

  /** Makes single-descriptor buffers available, without a kick. */
  fill(queue: DriverQueue, count: number): void {
    for (let sent = 0; sent < count; sent++) {
      queue.readable(this.memory.regions[0]!.address, 4);
      assert.ok(queue.add() >= 0);
    }
    queue.publish();
  }

  /** Makes a buffer to be echoed available, without a kick. */
  send(queue: DriverQueue): void {
    const { address } = this.arena.allocate(16);
    queue.readable(address, 4);
    queue.writable(address + 8, 4);
    assert.ok(queue.add() >= 0);
    queue.publish();
  }
}

/** Whether an error is the refusal of this field. */
export function refused(field: string): (error: unknown) => boolean {
  return (error) => error instanceof PeerError && error.field === field;
}

/** Lets all tasks that are queued now run. */
export function tasks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

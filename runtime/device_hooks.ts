/**
 * What a device type adds to the control plane of every device: the hooks that generated code fills,
 * and who serves administration queues.
 *
 * @module
 */

import type { GroupMember } from "./admin/group.ts";
import { DeviceBehaviours } from "./behaviour.ts";
import type { Device } from "./device.ts";
import { PeerError } from "./errors.ts";
import type { DeviceQueue } from "./queue.ts";
import type { SharedMemory } from "./transport.ts";

/** Serves the administration queues of a device that owns groups of devices (VIRTIO 1.4, 2.13). */
export interface AdminServer {
  /** The virtual functions that there can be: members 1, 2, … of the device's SR-IOV group. */
  readonly functions?: readonly GroupMember[];
  /** The device is his from now on; TypeError when he has one already. */
  attach(device: Device): void;
  /** Takes and answers buffers of an administration queue, as {@linkcode DeviceHooks.serve} does of others. */
  serve(queue: DeviceQueue): boolean;
  /**
   * The first `count` virtual functions are there from now on; undefined while they are switched off.
   * Until a transport says so, all of them are.
   */
  enableFunctions?(count: number | undefined): void;
  /** The device was reset: what its driver set up is gone. */
  reset(): void;
  /** What its driver set up, as plain data. */
  save(): unknown;
  /** Takes back what `save` gave, as untrusted data; TypeError or RangeError naming the field. */
  restore(state: unknown): void;
}

/** The hooks of a device: what generated code implements. */
export abstract class DeviceHooks {
  /** Told about lies of the driver and errors of handlers; the latter go to the console when it is not set. */
  onError: ((error: unknown) => void) | undefined = undefined;

  /** Reports an error after which the device goes on, such as one that a handler threw. */
  protected report(error: unknown): void {
    if (this.onError !== undefined) this.onError(error);
    else if (!(error instanceof PeerError)) console.error(error);
  }

  /** What the protocol prescribes beyond messages; generated code adds it. */
  protected readonly behaviours: DeviceBehaviours = new DeviceBehaviours();

  /**
   * Pops, answers and publishes up to `queue.size` buffers; true when it stopped there with more
   * waiting. Suppressing and arming is done around it.
   */
  protected abstract serve(queue: DeviceQueue): boolean;

  /** How many queues there are with the features and the configuration of this moment. */
  protected abstract countQueues(): number;

  /** A shared memory region; a device type that has some overrides it. */
  sharedMemory(_id: number): SharedMemory | undefined {
    return undefined;
  }

  /** Whether the device can work with these features; they are offered, and closed (VIRTIO 1.4, 2.2.2). */
  protected acceptsFeatures(_features: bigint): boolean {
    return true;
  }

  /** Buffers of a queue that are being processed, for which a suspend waits. */
  protected inFlight(queue: DeviceQueue): number {
    return queue.pending;
  }

  /** Features were negotiated; queues are to come. A restore puts back what this changes. */
  protected featuresAgreed(): void {}

  /** A queue went live. */
  protected queueStarted(_queue: DeviceQueue): void {}

  /** A live queue was reset, alone or with the device. */
  protected queueStopped(_index: number): void {}

  /** The driver wrote to `config.bytes`. */
  protected configWritten(_offset: number, _length: number): void {}

  /** A restore exchanged `config.bytes`; queues and state follow. */
  protected configRestored(): void {}

  /** The driver set DRIVER_OK: once after each initialisation, not on resume or restore. */
  protected driverOk(): void {}

  /** The device was reset. */
  protected deviceReset(): void {}

  /** What the device type wants saved beside status, features, configuration and queues. */
  protected saveState(): unknown {
    return undefined;
  }

  /** Takes back what {@linkcode DeviceHooks.saveState} gave, as untrusted data. */
  protected restoreState(_state: unknown): void {}
}
